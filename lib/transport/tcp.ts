import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Address, ByteSocket, ConnectOptions, Runtime } from "../runtime/runtime.ts";
import { connectFirst, type Opening, type Winner } from "./connect.ts";
import type { Watch } from "./watch.ts";

/** Where a TCP connection goes. */
export interface TcpPlace {
  /** At least one, in the order to be tried. */
  readonly addresses: readonly Address[];
  readonly port: number;
  readonly localAddress?: string | undefined;
}

/** Starts connections of one kind of socket. */
export interface Connector<S extends ByteSocket> {
  readonly clock: Clock;
  readonly connect: (options: ConnectOptions) => S;
}

/**
 * Connects to one of the addresses.
 *
 * Rejects with the system's error, or with that of the watch.
 */
export function connectTcp<S extends ByteSocket>(
  { addresses, port, localAddress }: TcpPlace,
  { clock, connect }: Connector<S>,
  watch: Watch,
): Promise<Winner<S>> {
  const open = ({ address }: Address): Opening<S> =>
    openSocket(connect({ address, port, localAddress }));
  const opening = connectFirst({ addresses, clock, open });
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
