import { once } from "node:events";
import * as net from "node:net";
import * as tls from "node:tls";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { collectBytes } from "../../lib/base/bytes.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { WeirError } from "../../lib/base/errors.ts";
import { NO_BODY } from "../../lib/http/body.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import type { Network } from "../../lib/runtime/runtime.ts";
import { createTransport, type TransportOptions } from "../../lib/transport/transport.ts";
import type { Transport, WireRequest, WireResponse } from "../../lib/transport/wire.ts";

/** The runtime that the tests run under. */
export const runtime = await detectRuntime();

const CERTIFICATES = join(import.meta.dirname, "../../fixtures/certificates");

/** Returns a PEM file of `fixtures/certificates`. */
export function pem(name: string): string {
  return readFileSync(join(CERTIFICATES, `${name}.pem`), "utf8");
}

/** Returns certificate and key of a server of `fixtures/certificates`. */
export function identity(name: string): { readonly cert: string; readonly key: string } {
  return { cert: pem(name), key: pem(`${name}.key`) };
}

/** A socket server on 127.0.0.1, for bytes that no HTTP library would send or accept. */
export interface WireServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly sockets: readonly net.Socket[];
  /** Resolves when every connection that was made has been closed. */
  allClosed(): Promise<void>;
}

/** What a server does with a connection; `number` counts from 1. */
export type Serve = (socket: net.Socket, number: number) => void;

/** Starts a server; with `options` it speaks TLS. */
export async function listen(serve: Serve, options?: tls.TlsOptions): Promise<WireServer> {
  const sockets: net.Socket[] = [];
  const accept = (socket: net.Socket): void => {
    sockets.push(socket);
    // Clients that reset are part of these tests.
    socket.on("error", () => undefined);
    serve(socket, sockets.length);
  };
  const server =
    options === undefined ? net.createServer(accept) : tls.createServer(options, accept);
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // address() is a string for pipes only, and this server listens on TCP.
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    url: `${options === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    sockets,
    async allClosed() {
      const open = sockets.filter((socket) => !socket.closed);
      // Not once() of node:events: a reset on the way is an error to it.
      const closing = open.map(
        (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
      );
      await Promise.all(closing);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Returns a server script that answers each request head with `data`, then closes if told so. */
export function answer(data: string | Uint8Array, how: "keep" | "end" = "keep"): Serve {
  return (socket) => {
    onRequest(socket, () => {
      socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
      if (how === "end") socket.end();
    });
  };
}

/** Calls `task` with the head of each request that came whole (their bodies are not awaited). */
export function onRequest(socket: net.Socket, task: (head: string) => void): void {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      const head = text.slice(0, end + 4);
      text = text.slice(end + 4);
      if (/^[!-~]+ [!-~]+ HTTP\/1\.1\r\n/.test(head)) task(head);
    }
  });
}

/** Collects everything a socket receives, one character a byte. */
export function record(socket: net.Socket): () => string {
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  return () => text;
}

/** A transport that closes itself. */
export type TestTransport = Transport & Disposable;

/** What a test changes of its transport. */
export type TransportChanges = Partial<Omit<TransportOptions, "runtime">> & {
  readonly network?: Partial<Network>;
  readonly clock?: TransportOptions["runtime"]["clock"];
};

let engine: TransportOptions["engine"];

/** Makes every transport made from now on use this engine; undefined is the default one. */
export function useEngine(name: TransportOptions["engine"]): void {
  engine = name;
}

/** Returns a transport that trusts the test authority and lets everything through. */
export function testTransport(changes: TransportChanges = {}): TestTransport {
  const { network, clock = systemClock, ...options } = changes;
  const transport = createTransport({
    keepAlive: false,
    engine,
    judge: () => ({ verdict: "allow", rule: "test" }),
    tls: { isVerified: true, authorities: pem("authority") },
    ...options,
    runtime: { clock, network: { ...runtime.network, ...network } },
  });
  return { ...transport, [Symbol.dispose]: () => transport.close() };
}

/** Returns a GET of `url` with a Host header, changed as told. */
export function requestOf(url: string, changes: Partial<WireRequest> = {}): WireRequest {
  const parsed = new URL(url);
  return {
    method: "GET",
    url: parsed,
    target: parsed.pathname + parsed.search,
    headers: [["Host", parsed.host]],
    body: NO_BODY,
    limits: {},
    isDecoded: true,
    ...changes,
  };
}

/** A response with its body read. */
export interface ReadResponse extends WireResponse {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Sends a request and reads the body of its response. */
export async function fetchAll(transport: Transport, request: WireRequest): Promise<ReadResponse> {
  const response = await transport.send(request);
  const bytes = await collectBytes(response.body.chunks);
  return { ...response, bytes, text: new TextDecoder().decode(bytes) };
}

/** Returns the WeirError that `work` ends with; "hang" when it does not end within two seconds. */
export async function failure(work: Promise<unknown>): Promise<WeirError> {
  try {
    await within(work);
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error("it should have failed");
}

/** Returns what `work` returns, and fails the test when that takes more than two seconds. */
export async function within<T>(work: Promise<T>, limitMs = 15_000): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when `isTrue` holds; looked at on every turn of the event loop, for fifteen seconds. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + 15_000;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error("it never became true");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
