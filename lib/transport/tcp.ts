import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type {
  Address,
  ByteSocket,
  ConnectOptions,
  NativeSocket,
  Runtime,
} from "../runtime/runtime.ts";
import { connectFirst, type Opening, type Winner } from "./connect.ts";
import type { Watch } from "./watch.ts";

/** Where a TCP connection goes. */
export interface TcpPlace {
  /** At least one, in the order to be tried. */
  readonly addresses: readonly Address[];
  readonly port: number;
  readonly localAddress?: string | undefined;
}

/** What connections are made with. */
type TcpRuntime = Pick<Runtime, "clock" | "network">;

/**
 * Connects to one of the addresses.
 *
 * Rejects with the system's error, or with that of the watch.
 */
export function connectTcp(
  place: TcpPlace,
  { clock, network }: TcpRuntime,
  watch: Watch,
): Promise<Winner<Socket>> {
  return race(place, { clock, connect: (to) => network.connect(to) }, watch);
}

/** Connects as connectTcp() does, with a socket of the runtime itself where there are such. */
export function connectNative(
  place: TcpPlace,
  { clock, network }: TcpRuntime,
  watch: Watch,
): Promise<Winner<Socket | NativeSocket>> {
  const connect = (to: ConnectOptions): Socket | NativeSocket =>
    network.connect({ ...to, mayBeNative: true });
  return race(place, { clock, connect }, watch);
}

function race<S extends ByteSocket>(
  { addresses, port, localAddress }: TcpPlace,
  by: { readonly clock: Clock; readonly connect: (to: ConnectOptions) => S },
  watch: Watch,
): Promise<Winner<S>> {
  const opening = connectFirst({
    addresses,
    clock: by.clock,
    open: ({ address }) => openSocket(by.connect({ address, port, localAddress })),
  });
  return settle(opening, watch, (late) => late.socket.destroy());
}

/** Connects to a Unix domain socket. */
export function connectUnix(
  path: string,
  { network }: Pick<Runtime, "network">,
  watch: Watch,
): Promise<Socket> {
  return settle(openSocket(network.connectUnix(path)), watch, (late) => late.destroy());
}

/** Waits for a connection, and gives it up when the request is over before. */
async function settle<T>(opening: Opening<T>, watch: Watch, drop: (late: T) => void): Promise<T> {
  const stop = watch.onFail(() => opening.cancel());
  try {
    return await watch.race(opening.result, drop);
  } finally {
    stop();
  }
}

/** Waits for a socket to connect. */
function openSocket<S extends ByteSocket>(socket: S): Opening<S> {
  // Between two users of the socket nobody else listens, and an error must not end the process.
  socket.on("error", () => undefined);
  const result = new Promise<S>((resolve, reject) => {
    const onConnect = (): void => {
      socket.off("connect", onConnect);
      socket.off("error", reject);
      resolve(socket);
    };
    socket.on("error", reject);
    socket.on("connect", onConnect);
  });
  return { result, cancel: () => void socket.destroy() };
}
