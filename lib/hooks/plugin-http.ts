import { collectUpTo } from "../base/bytes.ts";
import { type ErrorCode, toWeirError, WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import type { Ports } from "../exchange/ports.ts";
import type { Guard } from "../guard/decision.ts";
import { createGuard } from "../guard/deny-by-default.ts";
import { compilePolicy } from "../guard/policy.ts";
import { NO_BODY } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import { hasHeader } from "../http/headers.ts";
import { parseMethod } from "../http/method.ts";
import { appendQuery } from "../http/url.ts";
import type { OperationAnswer } from "./seat.ts";

/** Bounds of one request of a plugin. */
export interface PluginRequestOptions {
  readonly totalTimeoutMs: number;
  readonly decodedCapBytes: number;
  readonly signal: AbortSignal;
  /** Authorization of its client, for the origin of the request; put on after the hooks. */
  readonly authorization?: string | undefined;
  /** Of this one request, in place of the client's. */
  readonly ports?: Partial<Pick<Ports, "record" | "quota">> | undefined;
}

/** A client for the requests of one plugin: its own jar, credentials and connections. */
export interface PluginClient {
  perform(draft: Draft, options: PluginRequestOptions): Promise<Exchange>;
  close(): void;
}

/** Makes a client for a plugin, by its name, that `guard` watches over. */
export type PluginClientFactory = (guard: Guard, plugin: string) => PluginClient;

/** What the requests of one plugin depend on. */
export interface PluginHttpOptions {
  readonly name: () => string;
  /** Returns the hosts it may reach; none: nothing. */
  readonly net: () => readonly string[];
  readonly ownAddresses: () => readonly string[];
  readonly createClient: PluginClientFactory;
  /** Returns the bytes of a response it may hold. */
  readonly capBytes: () => number;
}

/** A request as the guest's part wrote it, checked. */
interface RequestArgs {
  readonly client: number;
  readonly method: string;
  readonly url: string;
  readonly base: string | undefined;
  readonly headers: HeaderList;
  /** Undefined too when the request has a line of its own. */
  readonly authorization: string | undefined;
  readonly query: HeaderList;
  readonly timeoutMs: number;
  readonly type: string | undefined;
  readonly hasBody: boolean;
}

/** Clients one plugin may have open, its default one included. */
const CLIENT_LIMIT = 32;

/** Redirects a plugin's request follows. */
const REDIRECT_LIMIT = 10;

/** The client of `http.*` itself; those a plugin makes are numbered from 1. */
const DEFAULT_CLIENT = 0;

const LONGEST_TIMEOUT_MS = 600_000;

/** Words a script can compare, by the beginning of the code. */
const ERROR_CODES: readonly (readonly [prefix: string, word: string])[] = [
  ["NET_DNS", "dns"],
  ["POLICY_RESOLVE", "dns"],
  ["NET_PROTOCOL", "protocol"],
  ["NET_TRUNCATED", "protocol"],
  ["NET_HEADERS_TOO_LARGE", "too_large"],
  ["BODY_TOO_LARGE", "too_large"],
  ["NET_", "connect"],
  ["TLS_", "tls"],
  ["TIMEOUT_", "timeout"],
  ["POLICY_", "policy"],
  ["SECRET_", "policy"],
  ["AUDIT_", "policy"],
  ["CANCELLED", "aborted"],
];

function errorWord(code: ErrorCode): string {
  return ERROR_CODES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "protocol";
}

function pairs(value: unknown): HeaderList {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: unknown): HeaderEntry[] => {
    const [name, text]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    return typeof name === "string" && typeof text === "string" ? [[name, text]] : [];
  });
}

function readArgs(value: unknown): RequestArgs {
  const args = isRecord(value) ? value : {};
  const { client, method, url, base, timeout, type, authorization } = args;
  if (typeof url !== "string" || typeof method !== "string" || typeof client !== "number") {
    throw new WeirError("HOOK_FAILED", "The request is not one");
  }
  const headers = pairs(args["headers"]);
  const isAuthorized = typeof authorization === "string" && !hasHeader(headers, "authorization");
  const seconds = typeof timeout === "number" && timeout > 0 ? timeout : 30;
  return {
    client,
    method,
    url,
    base: typeof base === "string" ? base : undefined,
    headers,
    authorization: isAuthorized ? authorization : undefined,
    query: pairs(args["query"]),
    timeoutMs: Math.min(Math.ceil(seconds * 1000), LONGEST_TIMEOUT_MS),
    type: typeof type === "string" ? type : undefined,
    hasBody: args["hasBody"] === true,
  };
}

/** Events show this line, and who sends their headers on asks for nothing with it. */
function isKept([name, value]: HeaderEntry): boolean {
  return name.toLowerCase() === "connection" && value.toLowerCase() === "keep-alive";
}

function draftOf(args: RequestArgs, body: Uint8Array): Draft {
  const parsed = URL.parse(args.url, args.base);
  if (parsed === null)
    throw new WeirError("USAGE_BAD_URL", `Invalid URL: ${args.url.slice(0, 200)}`);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new WeirError("USAGE_BAD_URL", "Invalid URL: it holds a user name or a password");
  }
  parsed.hash = "";
  const headers = args.headers.filter((line) => !isKept(line));
  const isTyped = args.type === undefined || hasHeader(headers, "content-type");
  return {
    method: parseMethod(args.method),
    url: appendQuery(parsed, args.query),
    headers: isTyped ? headers : [...headers, ["content-type", args.type]],
    defaults: [
      ["User-Agent", "weir"],
      ["Accept", "*/*"],
    ],
    unset: [],
    body: args.hasBody ? { kind: "bytes", bytes: body } : NO_BODY,
  };
}

/** Rule of the guard for a host that is not in the list. */
const UNLISTED = "http_request.allowed_domains";

/** Text of a failure as scripts see it; what the guard refuses names no list of hosts. */
function failureText(error: WeirError, net: readonly string[]): string {
  if (error.code.startsWith("TIMEOUT_")) return "Request timed out";
  if (error.code === "USAGE_BAD_URL") return error.message;
  if (error.code.startsWith("BODY_")) return `Failed to read body: ${error.message}`;
  if (error.details["rule"] !== UNLISTED) return `HTTP request failed: ${error.message}`;
  const what = net.length === 0 ? "No host is granted" : error.message;
  return `HTTP request failed: ${what}; name it in net of the manifest, or with --allow-net`;
}

/** The requests of one plugin: its clients, each with cookies and connections of its own. */
export class PluginHttp {
  readonly #options: PluginHttpOptions;
  readonly #clients = new Map<number, { client: PluginClient; stop: AbortController }>();
  #guard: Promise<Guard> | undefined;
  #isClosed = false;

  constructor(options: PluginHttpOptions) {
    this.#options = options;
  }

  /** Sends a request; resolves also when it fails, as scripts expect it. */
  async send(value: unknown, body: Uint8Array): Promise<OperationAnswer> {
    try {
      const args = readArgs(value);
      const draft = draftOf(args, body);
      const { client, stop } = this.#client(args.client, await this.#watcher());
      const capBytes = this.#options.capBytes();
      const exchange = await client.perform(draft, {
        totalTimeoutMs: args.timeoutMs,
        decodedCapBytes: capBytes,
        signal: stop.signal,
        authorization: args.authorization,
      });
      return await answerOf(exchange, capBytes);
    } catch (thrown) {
      const error = toWeirError(thrown);
      const value = {
        status: 0,
        headers: [],
        url: "",
        error: failureText(error, this.#options.net()),
        error_code: errorWord(error.code),
      };
      return { value };
    }
  }

  /** Closes a client and aborts what it has under way. */
  closeClient(id: unknown): void {
    const open = typeof id === "number" ? this.#clients.get(id) : undefined;
    if (open === undefined || typeof id !== "number") return;
    this.#clients.delete(id);
    open.stop.abort(new WeirError("CANCELLED", "The client of this request was closed"));
    open.client.close();
  }

  /** Asks for the granted hosts anew; clients made under another grant are closed. */
  reset(): void {
    this.#guard = undefined;
    for (const id of this.#clients.keys()) this.closeClient(id);
  }

  /**
   * Closes the clients a plugin made, before it is loaded anew: it then numbers its clients from 1
   * again, and none may take over cookies or connections of another.
   */
  restart(): void {
    for (const id of this.#clients.keys()) if (id !== DEFAULT_CLIENT) this.closeClient(id);
  }

  /** Closes every client. */
  close(): void {
    this.#isClosed = true;
    for (const id of this.#clients.keys()) this.closeClient(id);
  }

  async #watcher(): Promise<Guard> {
    const { net, ownAddresses } = this.#options;
    this.#guard ??= compilePolicy(
      { http_request: { enabled: true, allowed_domains: net(), max_redirects: REDIRECT_LIMIT } },
      { keychain: new Map() },
    ).then((policy) => createGuard(policy, { ownAddresses: ownAddresses(), tool: "plugin" }));
    return await this.#guard;
  }

  #client(id: number, guard: Guard): { client: PluginClient; stop: AbortController } {
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    if (this.#isClosed) throw new WeirError("CANCELLED", "The plugin is being unloaded");
    if (this.#clients.size >= CLIENT_LIMIT) {
      throw new WeirError("POLICY_QUOTA", `A plugin has at most ${CLIENT_LIMIT} clients open`);
    }
    const { createClient, name } = this.#options;
    const made = { client: createClient(guard, name()), stop: new AbortController() };
    this.#clients.set(id, made);
    return made;
  }
}

async function answerOf(exchange: Exchange, capBytes: number): Promise<OperationAnswer> {
  const bytes = await collectUpTo(exchange.body.chunks, capBytes + 1);
  if (bytes.byteLength > capBytes) {
    throw new WeirError("BODY_TOO_LARGE", `it is larger than ${capBytes} bytes`);
  }
  const { status, headers } = exchange.response;
  const value = {
    status,
    headers: headers.map(([name, text]) => [name.toLowerCase(), text]),
    url: exchange.hops.at(-1)?.request.url.href ?? exchange.draft.url.href,
  };
  return { value, body: { kind: "text", bytes } };
}
