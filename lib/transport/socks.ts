import type { Socket } from "node:net";
import { messageOf } from "../base/errors.ts";
import { proxyError } from "./proxy-errors.ts";
import type { TunnelRequest } from "./tunnel.ts";

/** Longest handshake with a proxy, below the connect timer of the request. */
const HANDSHAKE_MS = 120_000;

/**
 * Asks a SOCKS5 proxy for a connection (RFC 1928, RFC 1929).
 *
 * @throws {WeirError} NET_PROXY
 */
export async function openSocks(socket: Socket, request: TunnelRequest): Promise<void> {
  const { SocksClient } = await import("socks");
  const { destination, proxy } = request;
  const { host, port, credentials } = proxy;
  try {
    await SocksClient.createConnection({
      command: "connect",
      destination: { host: destination.host, port: destination.port },
      existing_socket: socket,
      timeout: HANDSHAKE_MS,
      proxy: {
        host,
        port,
        type: 5,
        ...(credentials === undefined
          ? {}
          : { userId: credentials.user, password: credentials.password.open() }),
      },
    });
  } catch (error) {
    // Not kept as the cause: the error of the package carries the password.
    throw proxyError(request, `did not connect: ${messageOf(error)}`);
  }
}
