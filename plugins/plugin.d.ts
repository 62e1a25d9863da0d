// What a plugin or a script of weir can use. For an editor: put this file beside yours (it is what
// `weir plugin types` prints) and write /// <reference path="./plugin.d.ts" /> above your code.

/** JSON, as far as TypeScript can say it. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What a plugin says of itself and asks for; unknown keys are errors. */
interface PluginManifest {
  /** Lower-case letters, digits, _ and -; that of the file unless said. Needed with storage. */
  name?: string;
  version?: string;
  description?: string;
  capabilities?: ("observe" | "cancel" | "rewrite" | "respond" | "secrets" | "storage")[];
  /** Hosts its own requests may reach. */
  net?: string[];
  limits?: {
    /** MiB of its whole engine; 64 unless said. */
    memory_mb?: number;
    /** Time without giving back control; 1000 unless said. */
    deadline_ms?: number;
    /** Wall time of one handler; 30000 unless said. */
    timeout_ms?: number;
    /** Requests of its own in one call; 20 unless said. */
    requests?: number;
    /** Bytes of a response to one of them; 1000000 unless said. */
    bytes?: number;
  };
  /** Whether a failing handler refuses the request: pre_* do, the rest do not. */
  fail?: { [event: string]: "open" | "closed" };
  /** Defaults of ctx.options. */
  options?: { [name: string]: unknown };
}

interface WeirContext {
  run_id: string;
  mode: "raw" | "agent" | "pipeline" | "script";
  plugin: string;
  attempt: number;
  options: { [name: string]: any };
  /** Kept for the run, 256 Ki characters; set() throws when it is full. */
  store: {
    get(key: string): any;
    set(key: string, value: unknown): void;
    has(key: string): boolean;
    delete(key: string): boolean;
    keys(): string[];
  };
  /** Kept across runs under the name of the plugin, 10 MB; capability storage. */
  storage: {
    get(key: string): Promise<any>;
    set(key: string, value: unknown): Promise<void>;
    delete(key: string): Promise<boolean>;
    keys(): Promise<string[]>;
  };
}

/** Names in lower case; lines of one name joined with ", ". */
type HeaderMap = { [name: string]: string };
type HeaderLists = { [name: string]: string[] };
type ReadonlyHeaderLists = { readonly [name: string]: readonly string[] };

interface WeirBody {
  text(): Promise<string>;
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
  /** Assign text, bytes or anything that becomes JSON; reading gives what was assigned. */
  body: any;
}

interface RequestEvent extends WeirBody {
  type: string;
  id: string;
  method: string;
  url: string;
  headers: HeaderMap;
  headers_all: HeaderLists;
}

interface FailedEvent extends RequestEvent {
  error: string;
  /** A code of `weir help errors`, such as NET_REFUSED. */
  error_code: string;
  status?: undefined;
}

/** The events of a try and of a wait show no body. */
type WithoutBody<E> = Omit<E, keyof WeirBody>;

interface ResponseEvent extends RequestEvent {
  status: number;
  ok: boolean;
  /** Headers of the response; those of the request are in `request`. */
  headers: HeaderMap;
  request: { method: string; url: string; headers: HeaderMap; headers_all: HeaderLists };
  timing: { elapsed_ms: number };
  hops: { url: string; status: number }[];
  error?: undefined;
}

interface ToolCallEvent {
  type: string;
  id: string;
  tool: string;
  args: { [name: string]: any };
}

interface ToolResultEvent extends ToolCallEvent {
  result?: any;
  error?: string;
}

interface PlainEvent {
  type: string;
  id: string;
}

/** A wait before a request is sent again. */
interface RetryEvent extends WithoutBody<RequestEvent> {
  /** Attempts made so far. */
  attempt: number;
  /** Milliseconds, 0 to a day; return another number to change it. */
  delay_ms: number;
  reason: string;
  /** Of the response, when one came. */
  status?: number;
  error?: string;
  error_code?: string;
}

/** A page of a pagination arrived. */
interface PageEvent extends PlainEvent {
  run_id: string;
  step: string;
  task: string;
  /** From 1. */
  page: number;
  url: string;
  status: number;
  counts?: { [name: string]: number };
}

/** A run or a step of a pipeline began or ended. */
interface RunEvent extends PlainEvent {
  run_id: string;
  /** Name of the pipeline. */
  name?: string;
  step?: string;
  task?: string;
  status?: string;
  counts?: { [name: string]: number };
  elapsed_ms?: number;
  error?: string;
  error_code?: string;
}

/** An answer in place of the network; capability respond. */
interface WeirResponse {
  status?: number;
  headers?: { [name: string]: string | string[] };
  body?: unknown;
}

interface WeirEvents {
  load: PlainEvent;
  unload: PlainEvent;
  pre_request: RequestEvent;
  pre_attempt: WithoutBody<RequestEvent>;
  post_attempt: WithoutBody<ResponseEvent> | WithoutBody<FailedEvent>;
  pre_retry: RetryEvent;
  post_request: ResponseEvent;
  error: FailedEvent;
  page: PageEvent;
  pre_tool_call: ToolCallEvent;
  post_tool_call: ToolResultEvent;
  run_start: RunEvent;
  step_start: RunEvent;
  step_end: RunEvent;
  run_end: RunEvent;
}

type Cancel = { cancel: true; reason?: string };
type Respond = { respond: WeirResponse };

/** What a handler may ask for beside a replacement. */
interface WeirRequests {
  pre_request: Cancel | Respond;
  pre_attempt: Cancel;
  pre_retry: Cancel;
  post_request: { fail: true; reason?: string };
  error: Respond;
  page: { stop: true; reason?: string };
  pre_tool_call: Cancel;
}

/** Nothing passes; the event, or some of it, replaces. */
type HandlerResult<N extends keyof WeirEvents> =
  | undefined
  | null
  | void
  | WeirEvents[N]
  | Partial<WeirEvents[N]>
  | (N extends keyof WeirRequests ? WeirRequests[N] : never);

type Handler<N extends keyof WeirEvents> = (
  event: WeirEvents[N],
  ctx: WeirContext,
) => HandlerResult<N> | Promise<HandlerResult<N>>;

interface HandlerOptions {
  /** Glob on the URL, or the name of the tool or step: ** is anything, * anything but a slash. */
  pattern?: string;
  /** Lower runs first; 100 unless said. post_* run in reverse. */
  priority?: number;
}

interface Weir {
  on<N extends keyof WeirEvents>(event: N, handler: Handler<N>): void;
  on<N extends keyof WeirEvents>(event: N, options: HandlerOptions, handler: Handler<N>): void;
  /** Text that stands for a secret; capability secrets. The value never comes here. */
  secret(name: string): string;
}

declare const weir: Weir;
declare const crucible: Weir;

/** Words after the file of a script. */
declare const args: string[];

interface HttpResponse {
  /** 0 when no response came. */
  readonly status: number;
  /** True for 2xx. */
  readonly ok: boolean;
  readonly headers: Readonly<HeaderMap>;
  readonly headers_all: ReadonlyHeaderLists;
  readonly body: string;
  readonly url: string;
  /** Only when no response came. */
  readonly error?: string;
  readonly error_code?:
    | "dns"
    | "connect"
    | "tls"
    | "timeout"
    | "policy"
    | "too_large"
    | "aborted"
    | "protocol";
}

interface HttpOptions {
  headers?: { [name: string]: string | number | string[] };
  /** Text, bytes, or anything that becomes JSON. */
  body?: unknown;
  /** Seconds; 30 unless said. */
  timeout?: number;
  query?: { [name: string]: unknown };
}

type HttpVerb = (url: string, options?: HttpOptions) => Promise<HttpResponse>;

interface HttpVerbs {
  get: HttpVerb;
  post: HttpVerb;
  put: HttpVerb;
  patch: HttpVerb;
  delete: HttpVerb;
  head: HttpVerb;
  options: HttpVerb;
  request(options: HttpOptions & { url: string; method?: string }): Promise<HttpResponse>;
}

interface ClientOptions {
  baseUrl?: string;
  headers?: { [name: string]: string };
  /** For the origin of each request; gives way to an authorization among the headers. */
  auth?: { user: string; password?: string } | { bearer: string };
  timeout?: number;
}

interface FluentRequest {
  header(name: string, value: string): FluentRequest;
  query(name: string, value: unknown): FluentRequest;
  body(value: unknown): FluentRequest;
  timeout(seconds: number): FluentRequest;
  /** Throws when no response came. */
  send(): Promise<FluentResponse>;
}

interface FluentResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Readonly<HeaderMap>;
  readonly headers_all: ReadonlyHeaderLists;
  readonly url: string;
  text(): Promise<string>;
  json(): Promise<any>;
}

type FluentVerb = (url: string) => FluentRequest;

declare const http: HttpVerbs & {
  /** A client with cookies, auth and connections of its own. */
  client(options?: ClientOptions): HttpVerbs & { close(): void };
  Client: new (options?: ClientOptions) => {
    get: FluentVerb;
    post: FluentVerb;
    put: FluentVerb;
    patch: FluentVerb;
    delete: FluentVerb;
    head: FluentVerb;
    options: FluentVerb;
    request(method: string, url: string): FluentRequest;
    close(): void;
  };
};

interface CoreResponse {
  /** 0 when the request failed. */
  status: number;
  body: string;
  headers: HeaderMap;
  error?: string;
}

type CoreCallback = (response: CoreResponse) => void;

interface CoreVerbs {
  get(url: string, callback: CoreCallback): void;
  get(url: string, headers: HeaderMap, callback: CoreCallback): void;
  delete(url: string, callback: CoreCallback): void;
  delete(url: string, headers: HeaderMap, callback: CoreCallback): void;
  post(url: string, body: string, callback: CoreCallback): void;
  post(url: string, body: string, contentType: string, callback: CoreCallback): void;
  post(
    url: string,
    body: string,
    contentType: string,
    headers: HeaderMap,
    callback: CoreCallback,
  ): void;
  put(url: string, body: string, callback: CoreCallback): void;
  put(url: string, body: string, contentType: string, callback: CoreCallback): void;
  put(
    url: string,
    body: string,
    contentType: string,
    headers: HeaderMap,
    callback: CoreCallback,
  ): void;
  request(method: string, url: string, callback: CoreCallback): void;
  request(method: string, url: string, body: string, callback: CoreCallback): void;
  request(
    method: string,
    url: string,
    body: string,
    headers: HeaderMap,
    callback: CoreCallback,
  ): void;
}

declare const core: {
  /** Callbacks run on a later turn, never inside the call. */
  http: CoreVerbs & { client(): CoreVerbs };
  log(value: unknown): void;
  log_warning(value: unknown): void;
  log_error(value: unknown): void;
};

type DataFormat = "json" | "yaml" | "toml";

declare const oq: {
  /** JSON, else TOML, else YAML that is a map or a list. */
  parse(text: string): any;
  parse_as(text: string, format: DataFormat): any;
  detect(text: string): DataFormat;
  json(value: unknown): string;
  json_pretty(value: unknown): string;
  yaml(value: unknown): string;
  toml(value: unknown): string;
  convert(value: unknown, format: DataFormat): string;
  /** JSONPath of RFC 9535: the value of one match, else a list. */
  query(value: unknown, path: string): any;
  null: null;
};

interface Logger {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

declare const log: Logger;
declare function print(...values: unknown[]): void;
declare const console: Logger & { log(...values: unknown[]): void };

declare const crypto: {
  randomUUID(): string;
  hash(
    algorithm: "sha256" | "sha384" | "sha512" | "sha1" | "md5",
    data: string | Uint8Array | ArrayBuffer,
    encoding?: "hex" | "base64" | "base64url",
  ): Promise<string>;
  /** The key may be what weir.secret() returned. */
  hmac(
    algorithm: "sha256" | "sha384" | "sha512" | "sha1" | "md5",
    key: string | Uint8Array | ArrayBuffer,
    data: string | Uint8Array | ArrayBuffer,
    encoding?: "hex" | "base64" | "base64url",
  ): Promise<string>;
};

declare function setTimeout(
  task: (...args: any[]) => void,
  delayMs?: number,
  ...args: any[]
): number;
declare function clearTimeout(id: number): void;
declare function queueMicrotask(task: () => void): void;
declare function structuredClone<T>(value: T): T;
declare function atob(text: string): string;
declare function btoa(text: string): string;

declare class URLSearchParams {
  constructor(init?: string | Iterable<[string, string]> | { [name: string]: string });
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(task: (value: string, name: string, all: URLSearchParams) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class URL {
  constructor(url: string, base?: string);
  static canParse(url: string, base?: string): boolean;
  static parse(url: string, base?: string): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toJSON(): string;
}

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  readonly encoding: string;
  decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}
