import type { Socket } from "node:net";
import type { Address, Runtime } from "../runtime/runtime.ts";
import { connectFirst, type Opening, type Winner } from "./connect.ts";
import type { Watch } from "./watch.ts";

/** Where a TCP connection goes. */
export interface TcpPlace {
  /** At least one, in the order to be tried. */
  readonly addresses: readonly Address[];
  readonly port: number;
  readonly localAddress?: string | undefined;
}

/**
 * Connects to one of the addresses.
 *
 * Rejects with the system's error, or with that of the watch.
 */
export function connectTcp(
  { addresses, port, localAddress }: TcpPlace,
  { clock, network }: Pick<Runtime, "clock" | "network">,
  watch: Watch,
): Promise<Winner<Socket>> {
  const opening = connectFirst({
    addresses,
    clock,
    open: ({ address }) => openSocket(network.connect({ address, port, localAddress })),
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
function openSocket(socket: Socket): Opening<Socket> {
  // Between two users of the socket nobody else listens, and an error must not end the process.
  socket.on("error", () => undefined);
  const result = new Promise<Socket>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
  return { result, cancel: () => void socket.destroy() };
}
