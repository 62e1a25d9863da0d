import { once } from "node:events";
import * as net from "node:net";
import "./show-suppressed.ts";

/** One accepted connection, byte for byte. */
export interface RawConnection {
  /** Number of the connection, from 1. */
  readonly id: number;
  /** Everything received so far. */
  received(): Buffer;
  /** `received()` with one character a byte. */
  text(): string;
  /** Resolves when `isEnough` holds for `text()`, or the client has closed. */
  until(isEnough: (text: string) => boolean): Promise<void>;
  write(data: string | Uint8Array): void;
  /** Closes in order, after what was written. */
  end(): void;
  /** Closes with a reset. */
  reset(): void;
}

/** A TCP server on 127.0.0.1 for what no HTTP library would send or accept. */
export interface RawServer extends Disposable {
  readonly port: number;
  readonly url: string;
  readonly connections: readonly RawConnection[];
}

/** Says whether `text` holds a whole HTTP/1.1 request: its head and the body its head announces. */
export function isWholeRequest(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  if (/^transfer-encoding:.*chunked/im.test(head))
    return /(^|\r\n)0\r\n(?:.+\r\n)*\r\n$/.test(body);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return body.length >= Number(length ?? 0);
}

function connection(id: number, socket: net.Socket): RawConnection {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  let isClosed = false;
  const wake = (): void => waiting.forEach((look) => look());
  const received = (): Buffer => Buffer.concat(chunks);
  const text = (): string => received().toString("latin1");
  const close = (): void => {
    isClosed = true;
    wake();
  };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  socket.on("end", close);
  socket.on("close", close);
  // A client that resets is part of what such tests do; "close" follows.
  socket.on("error", () => {});
  return {
    id,
    received,
    text,
    until: (isEnough) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isClosed && !isEnough(text())) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    write: (data) => void socket.write(data),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

/**
 * Starts a TCP server that hands each connection to `serve`.
 *
 * Disposing it throws when `serve` did.
 */
export async function startRawServer(
  serve: (connection: RawConnection) => void | Promise<void>,
): Promise<RawServer> {
  const connections: RawConnection[] = [];
  const sockets = new Set<net.Socket>();
  const failures: unknown[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const one = connection(connections.length + 1, socket);
    connections.push(one);
    Promise.try(serve, one).catch((error: unknown) => failures.push(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // address() is a string for pipes only, and this server listens on TCP.
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    connections,
    [Symbol.dispose]() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Returns a handler that waits for one whole request, answers with `data` and closes. */
export function answerOnce(
  data: string | Uint8Array,
): (connection: RawConnection) => Promise<void> {
  return async (one) => {
    await one.until(isWholeRequest);
    one.write(data);
    one.end();
  };
}
