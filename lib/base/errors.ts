/** Who can act on an error: the person typing, the model calling, or whoever wrote the policy. */
export type Audience = "user" | "agent" | "operator";

/** What is fixed about an error code. */
export interface ErrorKind {
  /** Exit status of a command that ends with it. */
  readonly exit: number;
  /** True when the same request may succeed if it is sent again. */
  readonly retryable: boolean;
  readonly audience: Audience;
  /** One line for the table in `weir help errors`. */
  readonly summary: string;
}

const USAGE = { exit: 64, retryable: false, audience: "user" } as const;
const DATA = { exit: 65, retryable: false, audience: "user" } as const;
const NETWORK = { exit: 69, retryable: true, audience: "user" } as const;
const TLS = { exit: 69, retryable: false, audience: "user" } as const;
const FILE = { exit: 74, retryable: false, audience: "user" } as const;
const DENIED = { exit: 77, retryable: false, audience: "agent" } as const;
const CONFIG = { exit: 78, retryable: false, audience: "operator" } as const;
const HOOK = { exit: 7, retryable: false, audience: "operator" } as const;
const CHECK = { exit: 10, retryable: false, audience: "user" } as const;
const TIMEOUT = { exit: 2, retryable: true, audience: "user" } as const;

/**
 * Every error weir can report. README, `weir help errors` and the JSON Schema enumeration are made
 * from this table; a code never changes its meaning.
 */
export const ERRORS = {
  USAGE_UNKNOWN_COMMAND: { ...USAGE, summary: "The command does not exist" },
  USAGE_UNKNOWN_FLAG: { ...USAGE, summary: "The flag does not exist" },
  USAGE_BAD_VALUE: { ...USAGE, summary: "A flag got a value it cannot take" },
  USAGE_MISSING_VALUE: { ...USAGE, summary: "A flag or command lacks a value it needs" },
  USAGE_CONFLICT: { ...USAGE, summary: "Two flags or items contradict each other" },
  USAGE_BAD_ITEM: { ...USAGE, summary: "A request item cannot be read" },
  USAGE_BAD_URL: { ...USAGE, summary: "The URL cannot be read" },
  USAGE_BAD_SCHEME: { ...USAGE, summary: "The URL has a scheme other than http and https" },
  USAGE_BAD_METHOD: { ...USAGE, summary: "The method is not a token of RFC 9110" },
  USAGE_BAD_HEADER: { ...USAGE, summary: "A header name or value cannot be sent" },
  USAGE_BAD_FRAMING: { ...USAGE, summary: "Headers that frame the message contradict each other" },
  USAGE_UNKNOWN_TOPIC: { ...USAGE, summary: "No manual page has this name" },
  USAGE_NOT_SUPPORTED: { ...USAGE, summary: "This build or runtime cannot do what was asked" },
  DATA_BAD_JSON: { ...DATA, summary: "A JSON text given as input is not valid" },
  DATA_NOT_UTF8: { ...DATA, summary: "A file that must be text is not valid UTF-8" },
  DATA_BAD_SESSION: { ...DATA, summary: "A session file cannot be read" },
  DATA_BAD_CSV: { ...DATA, summary: "A CSV text given as input is not valid" },
  DATA_BAD_CALL: { ...DATA, audience: "agent", summary: "A tool call is not valid" },
  DATA_BAD_ROW: { ...DATA, summary: "A row cannot be written in the format of its file" },
  DATA_BAD_FILE: { ...DATA, summary: "A file cannot be written in the way that was asked" },
  CONFIG_UNREADABLE: { ...CONFIG, summary: "The configuration file cannot be read" },
  CONFIG_INVALID: { ...CONFIG, summary: "The configuration is not valid" },
  CONFIG_UNKNOWN_KEY: { ...CONFIG, summary: "The configuration has a key that does not exist" },
  CONFIG_UNSAFE: {
    ...CONFIG,
    summary: "Others may read or change a configuration file they must not",
  },
  CONFIG_BAD_POLICY: { ...CONFIG, summary: "The allowlist or a rule of it cannot be read" },
  NET_DNS: { ...NETWORK, summary: "The host name did not resolve" },
  NET_REFUSED: { ...NETWORK, summary: "The host refused the connection" },
  NET_UNREACHABLE: { ...NETWORK, summary: "No route leads to the host" },
  NET_CONNECT: { ...NETWORK, summary: "The connection could not be made" },
  NET_CLOSED: { ...NETWORK, summary: "The connection was closed before a response came" },
  NET_TRUNCATED: { ...NETWORK, summary: "The response ended before it was complete" },
  NET_PROTOCOL: { ...NETWORK, retryable: false, summary: "The response is not valid HTTP" },
  NET_HEADERS_TOO_LARGE: {
    ...NETWORK,
    retryable: false,
    summary: "The response headers are larger than the cap",
  },
  NET_PROXY: { ...NETWORK, summary: "The proxy refused or failed" },
  TLS_CERTIFICATE: { ...TLS, summary: "The certificate of the host is not trusted" },
  TLS_NAME: { ...TLS, summary: "The certificate is for another host" },
  TLS_EXPIRED: { ...TLS, summary: "The certificate has expired or is not yet valid" },
  TLS_HANDSHAKE: { ...TLS, summary: "The TLS handshake failed" },
  TLS_AUTHORITIES: { ...DATA, summary: "The authorities to trust are no PEM certificates" },
  TLS_CLIENT: { ...TLS, summary: "The client certificate or its key cannot be used" },
  TIMEOUT_CONNECT: { ...TIMEOUT, summary: "The connection was not made in time" },
  TIMEOUT_READ: { ...TIMEOUT, summary: "The host sent nothing for too long" },
  TIMEOUT_TOTAL: { ...TIMEOUT, summary: "The request, or the script, was not done in time" },
  REDIRECT_LIMIT: {
    exit: 6,
    retryable: false,
    audience: "user",
    summary: "The chain of redirects is too long",
  },
  REDIRECT_BAD_LOCATION: {
    exit: 69,
    retryable: false,
    audience: "user",
    summary: "A redirect names no usable location",
  },
  REDIRECT_BODY: {
    exit: 65,
    retryable: false,
    audience: "user",
    summary: "A redirect asks for a body that can be read only once",
  },
  BODY_TOO_LARGE: { ...DATA, summary: "A body that must be held is larger than the cap" },
  BODY_ENCODING: { ...DATA, summary: "The content coding of a body is broken or unknown" },
  BODY_LENGTH: { ...DATA, summary: "A body is shorter or longer than its declared length" },
  SELECT_BAD_PATH: { ...DATA, summary: "A path of select cannot be read" },
  SELECT_TOO_LARGE: { ...DATA, summary: "A selected field is larger than may be held" },
  SELECT_NOT_STREAMED: { ...DATA, summary: "A path cannot be followed in a body as large as this" },
  REFERENCE_NOT_AVAILABLE: {
    ...DATA,
    retryable: true,
    summary: "A stored result is missing, expired or broken",
  },
  IO_READ: { ...FILE, summary: "A file cannot be read" },
  IO_WRITE: { ...FILE, summary: "A file cannot be written" },
  AUTH_BODY: { ...DATA, summary: "A 401 asks for a body again that can be read only once" },
  AUTH_INVALID: { ...USAGE, summary: "A credential cannot be read" },
  SECRET_UNRESOLVED: { ...CONFIG, summary: "A secret reference has no value" },
  SECRET_REFERENCE: { ...CONFIG, summary: "A secret reference is not one weir can read" },
  SECRET_EXPOSED: { ...CONFIG, summary: "A file with a secret can be read by others" },
  SECRET_UNBOUND: { ...DENIED, summary: "A credential is not meant for this host" },
  SECRET_UNTRUSTED: {
    ...DENIED,
    audience: "user",
    summary: "A pipeline file has a secret reference that only a trusted one may have",
  },
  TOKEN_REFUSED: { ...CONFIG, summary: "A token request brought no token" },
  TOKEN_UNAVAILABLE: { ...NETWORK, summary: "A token endpoint cannot answer for now" },
  POLICY_DISABLED: { ...DENIED, audience: "operator", summary: "The HTTP tool is switched off" },
  POLICY_DENIED: { ...DENIED, summary: "The policy does not allow this request" },
  POLICY_BAD_URL: { ...DENIED, summary: "The URL is written in a form the guard refuses" },
  POLICY_HEADER: { ...DENIED, summary: "The call sets a header it may not set" },
  POLICY_BODY: { ...DENIED, summary: "The call has a body where none is allowed" },
  POLICY_ADDRESS: { ...DENIED, summary: "The host has an address that may not be reached" },
  POLICY_RESOLVE: { ...DENIED, summary: "The host did not resolve, so its address is not known" },
  POLICY_QUOTA: { ...DENIED, retryable: true, summary: "A quota of the policy is used up" },
  POLICY_APPROVAL: { ...DENIED, summary: "The call needs an approval that was not given" },
  POLICY_REDIRECT: { ...DENIED, summary: "A redirect leads where the policy does not allow" },
  TEMPLATE_SYNTAX: { ...DATA, summary: "A template cannot be read" },
  TEMPLATE_UNDEFINED: { ...DATA, summary: "A template uses a value that is not defined" },
  TEMPLATE_TYPE: { ...DATA, summary: "A template does something its values do not allow" },
  TEMPLATE_BUDGET: { ...DATA, summary: "A template takes more steps, text or depth than it may" },
  PIPELINE_INVALID: { ...DATA, summary: "A pipeline file is not valid" },
  PIPELINE_FAILED: { ...CHECK, summary: "A pipeline ended by fail or a failed check" },
  PIPELINE_UNTRUSTED: {
    ...DENIED,
    audience: "user",
    summary: "A pipeline names a file that only a trusted one may name",
  },
  EXPECT_FAILED: { ...CHECK, summary: "A response is not what the task expects" },
  PAGE_INVALID: { ...DATA, summary: "A page does not say where the next one is in a usable way" },
  PAGE_REPEATED: { ...DATA, summary: "A page leads back to one that was there before" },
  PAGE_REFUSED: { ...DENIED, audience: "user", summary: "The next page is on another origin" },
  PAGE_LIMIT: { ...DATA, summary: "There are more pages than the bound that nobody set" },
  AUDIT_WRITE: { ...DENIED, audience: "operator", summary: "The audit record cannot be written" },
  AUDIT_BROKEN: { ...DATA, audience: "operator", summary: "The audit chain is broken" },
  HOOK_FAILED: { ...HOOK, summary: "A plugin failed" },
  HOOK_CANCELLED: { ...HOOK, summary: "A plugin cancelled the request" },
  HOOK_CAPABILITY: { ...HOOK, summary: "A plugin did what it was not granted" },
  HOOK_SANDBOX: { ...HOOK, summary: "The sandbox of the plugins failed" },
  PLUGIN_INVALID: {
    ...DATA,
    audience: "operator",
    summary: "A plugin or its manifest is not valid",
  },
  PLUGIN_UNTRUSTED: {
    ...DENIED,
    audience: "operator",
    summary: "A plugin is not trusted, or has changed since it was",
  },
  CANCELLED: {
    exit: 130,
    retryable: false,
    audience: "user",
    summary: "The request was cancelled",
  },
  INTERNAL: { exit: 1, retryable: false, audience: "user", summary: "A bug in weir" },
} as const satisfies Readonly<Record<string, ErrorKind>>;

/** A key of ERRORS. */
export type ErrorCode = keyof typeof ERRORS;

/** What an error carries beside its message. */
export interface ErrorInit {
  /** What to do next, naming the flag or key. Sentence case, no final period. */
  readonly hint?: string | undefined;
  /** Facts for programs. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The only error weir throws. Behaviour depends on `code`, never on the message. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, init: ErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    // Minifying renames the class, and traces print this name.
    this.name = "WeirError";
    this.code = code;
    this.hint = init.hint;
    this.details = init.details ?? {};
  }
}

/** Returns `error` when it is a WeirError already, else wraps it as a bug. */
export function toWeirError(error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new WeirError("INTERNAL", message, {
    hint: "This is a bug in weir; run again with --debug and report what it prints",
    cause: error,
  });
}

/** Returns the same error with further facts; those it has under the same names are replaced. */
export function withDetails(error: WeirError, more: Readonly<Record<string, unknown>>): WeirError {
  const { code, message, hint, details, cause } = error;
  return new WeirError(code, message, { hint, details: { ...details, ...more }, cause });
}

/** Returns the string code of a foreign error such as ENOENT, or "" when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** Returns the text of a thrown value that may not be an Error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
