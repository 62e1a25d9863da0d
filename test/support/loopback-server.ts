import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import "./show-suppressed.ts";

/** What the server answers. Everything has a default: 200, no header, no body. */
export interface Reply {
  readonly status?: number;
  readonly headers?:
    | Readonly<Record<string, string>>
    | readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
  /** Sent as JSON, with its Content-Type. */
  readonly json?: unknown;
  /** Sends `body` gzip-coded. */
  readonly gzip?: boolean;
  /** Waits before the answer. */
  readonly delayMs?: number;
}

/** One request as it arrived. */
export interface Hit {
  readonly method: string;
  /** Request target as it stood on the wire. */
  readonly target: string;
  /** `target` up to the question mark. */
  readonly path: string;
  /** Decoded pairs in the order sent. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Header lines in the order and case of the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** `body` as UTF-8. */
  readonly text: string;
  /** Number of the connection it came on, from 1. */
  readonly connection: number;
  /** Grows with every request to any server of this process. */
  readonly order: number;
  /** Returns the value of a header, joined by ", " when it was sent more than once. */
  header(name: string): string | undefined;
}

/** Answers one request; returns nothing when it wrote to `response` itself. */
export type Handler = (
  hit: Hit,
  response: http.ServerResponse,
) => Reply | undefined | Promise<Reply | undefined>;

/** What a server does. */
export interface ServerScript {
  /** Answers in order, one a request; the last one repeats. Tried after `routes`. */
  readonly replies?: readonly Reply[];
  /** Answers by `"GET /path"` or `"/path"`. */
  readonly routes?: Readonly<Record<string, Reply | Handler>>;
  /**
   * How many requests must have come when the server closes: one for each of `replies` unless said
   * otherwise; routes must each be asked at least once, in any order. "any" asks for nothing.
   */
  readonly hits?: number | "any";
  /** Makes it speak TLS. */
  readonly tls?: https.ServerOptions;
}

/** A server on 127.0.0.1 that records what it is asked and complains about what nobody expected. */
export interface LoopbackServer extends Disposable {
  readonly port: number;
  /** Scheme, host and port, without a final slash. */
  readonly url: string;
  /** Requests in the order in which they arrived whole. */
  readonly hits: readonly Hit[];
  /** Connections that were opened. */
  readonly connections: () => number;
  /** Forgets all hits and starts another script; ports and connections stay. */
  play(script: ServerScript): void;
  /** Closes; throws when a request was not expected or an expected one did not come. */
  [Symbol.dispose](): void;
}

const UNEXPECTED: Reply = { status: 599, body: "The test did not expect this request" };

let arrivals = 0;

async function readHit(request: http.IncomingMessage, connection: number): Promise<Hit> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const raw = request.rawHeaders;
  const headers = raw.flatMap((name, at) =>
    at % 2 === 0 ? [[name, raw[at + 1] ?? ""] as const] : [],
  );
  const target = request.url ?? "";
  const [path = "", ...query] = target.split("?");
  return {
    method: request.method ?? "",
    target,
    path,
    query: [...new URLSearchParams(query.join("?"))],
    headers,
    body,
    text: body.toString("utf8"),
    connection,
    order: ++arrivals,
    header: (name) => {
      const wanted = name.toLowerCase();
      const values = headers
        .filter(([one]) => one.toLowerCase() === wanted)
        .map(([, value]) => value);
      return values.length > 0 ? values.join(", ") : undefined;
    },
  };
}

function headerPairs(headers: Reply["headers"] = []): (readonly [string, string])[] {
  // Array.isArray does not narrow a readonly array, hence the cast the check has just proved.
  return Array.isArray(headers) ? headers : Object.entries(headers as Record<string, string>);
}

async function answer(reply: Reply, hit: Hit, response: http.ServerResponse): Promise<void> {
  if (reply.delayMs !== undefined) await Bun.sleep(reply.delayMs);
  if (response.destroyed) return;
  const text = reply.json === undefined ? (reply.body ?? "") : JSON.stringify(reply.json);
  const body = reply.gzip === true ? gzipSync(text) : Buffer.from(text);
  const lines: (readonly [string, string])[] = headerPairs(reply.headers);
  if (reply.json !== undefined) lines.push(["Content-Type", "application/json"]);
  if (reply.gzip === true) lines.push(["Content-Encoding", "gzip"]);
  const status = reply.status ?? 200;
  const hasNoBody = status === 204 || status === 304;
  if (!hasNoBody) lines.push(["Content-Length", String(body.byteLength)]);
  response.writeHead(status, lines.flat());
  response.end(hasNoBody || hit.method === "HEAD" ? undefined : body);
}

/** What came against what was expected, kept apart from the sockets. */
class Ledger {
  readonly hits: Hit[] = [];
  readonly #surprises: string[] = [];
  readonly #asked = new Set<string>();
  #scripted = 0;
  readonly #script: ServerScript;

  constructor(script: ServerScript) {
    this.#script = script;
  }

  /** Records `hit` and returns what answers it. */
  take(hit: Hit): Reply | Handler {
    this.hits.push(hit);
    const { routes = {}, replies = [], hits } = this.#script;
    const key = [`${hit.method} ${hit.path}`, hit.path].find((one) => Object.hasOwn(routes, one));
    const route = key === undefined ? undefined : routes[key];
    if (key !== undefined && route !== undefined) {
      this.#asked.add(key);
      return route;
    }
    this.#scripted++;
    const isTooMany = hits === undefined && this.#scripted > replies.length;
    const reply = replies[Math.min(this.#scripted, replies.length) - 1];
    if (isTooMany || reply === undefined) this.#surprises.push(`${hit.method} ${hit.target}`);
    return reply ?? UNEXPECTED;
  }

  /** Records that a handler of the test itself failed. */
  fail(error: unknown): void {
    this.#surprises.push(`a handler threw ${Bun.inspect(error)}`);
  }

  /** Returns a complaint a line, "" when all went as expected. */
  complaints(): string {
    const { routes = {}, replies, hits } = this.#script;
    const lines = this.#surprises.map((text) => `unexpected: ${text}`);
    const unasked = Object.keys(routes).filter((route) => !this.#asked.has(route));
    if (hits === undefined) lines.push(...unasked.map((route) => `never asked: ${route}`));
    if (hits === undefined && replies !== undefined && this.#scripted < replies.length) {
      lines.push(
        `${replies.length - this.#scripted} of ${replies.length} replies were never asked for`,
      );
    }
    if (typeof hits === "number" && this.hits.length !== hits) {
      lines.push(`expected ${hits} requests, got ${this.hits.length}`);
    }
    return lines.join("\n");
  }
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startServer(script: ServerScript = {}): Promise<LoopbackServer> {
  let ledger = new Ledger(script);
  const numbers = new WeakMap<object, number>();
  let opened = 0;
  const listener = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> => {
    const current = ledger;
    const hit = await readHit(request, numbers.get(request.socket) ?? 0).catch(() => undefined);
    // The client went away in the middle of its request.
    if (hit === undefined) return;
    try {
      const found = current.take(hit);
      const reply = typeof found === "function" ? await found(hit, response) : found;
      if (reply !== undefined) await answer(reply, hit, response);
    } catch (error) {
      current.fail(error);
      response.destroy();
    }
  };
  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void =>
    void listener(request, response);
  const server =
    script.tls === undefined ? http.createServer(handle) : https.createServer(script.tls, handle);
  server.on("connection", (socket: object) => numbers.set(socket, ++opened));
  server.on("secureConnection", (socket: object) => numbers.set(socket, opened));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // address() is a string for pipes only, and this server listens on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${script.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    get hits() {
      return ledger.hits;
    },
    connections: () => opened,
    play(next) {
      ledger = new Ledger(next);
    },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
      const complaints = ledger.complaints();
      if (complaints !== "") throw new Error(`Loopback server on ${port}:\n${complaints}`);
    },
  };
}

/** Returns a port of 127.0.0.1 on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await startServer({ hits: "any" });
  server[Symbol.dispose]();
  return server.port;
}
