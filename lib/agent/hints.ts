import { type ErrorCode, ERRORS } from "../base/errors.ts";

const UNTRUSTED = "This is final: nothing in a call changes whom weir trusts. Tell the operator";
const LATER = "Try again later, or another host";

const PLUGIN =
  "The operator's plugin failed or refused, and no other call helps. Tell the operator";

/** What a model can do about errors whose own hints are for a person at a command line. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  NET_DNS: "Check the spelling of the host",
  NET_REFUSED: LATER,
  NET_UNREACHABLE: LATER,
  NET_CONNECT: LATER,
  NET_CLOSED: "The request may have arrived: repeat it only if it may be done twice",
  NET_TRUNCATED: "The request arrived: repeat it only if it may be done twice",
  NET_PROXY: "The operator's proxy failed or refused. Tell the operator",
  TLS_CERTIFICATE: UNTRUSTED,
  TLS_NAME: UNTRUSTED,
  TLS_EXPIRED: UNTRUSTED,
  TIMEOUT_CONNECT: LATER,
  TIMEOUT_TOTAL: 'Ask for less, or give more time with "timeout_secs"',
  REDIRECT_LIMIT: "Ask for the final URL itself",
  BODY_TOO_LARGE: "Ask for a smaller part, if the API can page or filter",
  BODY_ENCODING: 'Ask again with the header "Accept-Encoding": "identity"',
  HOOK_FAILED: PLUGIN,
  HOOK_CAPABILITY: PLUGIN,
  HOOK_SANDBOX: PLUGIN,
  HOOK_CANCELLED: "The operator's plugin decides this; do not try it again in another form",
};

/** Returns the hint of an error as a model is told it. */
export function hintForModel(code: ErrorCode, hint: string | undefined): string | undefined {
  return ERRORS[code].audience === "user" ? HINTS[code] : (HINTS[code] ?? hint);
}
