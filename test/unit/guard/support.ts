import type { Decision, Guard } from "../../../lib/guard/decision.ts";
import { createGuard, type Call } from "../../../lib/guard/deny-by-default.ts";
import { readEntry, type Destination, type Entry } from "../../../lib/guard/entry.ts";
import { readHost } from "../../../lib/guard/host.ts";
import { compilePolicy, type CompiledPolicy } from "../../../lib/guard/policy.ts";
import type { HttpRequestInput, PolicyInput } from "../../../lib/guard/policy.ts";
import { NO_BODY, textBody } from "../../../lib/http/body.ts";

/** The keychain of the tests: one entry bound to a host, one bound to none. */
const KEYCHAIN = new Map<string, readonly string[] | undefined>([
  ["github", ["api.github.com"]],
  ["everywhere", undefined],
]);

/** Returns the policy of a table `[http_request]` that is switched on. */
export function policyOf(
  table: HttpRequestInput,
  more: Omit<PolicyInput, "http_request"> = {},
): Promise<CompiledPolicy> {
  const input = { ...more, http_request: { enabled: true, ...table } };
  return compilePolicy(input, { keychain: KEYCHAIN });
}

/** Returns a guard for a table `[http_request]` that is switched on. */
export async function guardOf(
  table: HttpRequestInput,
  ownAddresses: readonly string[] = [],
): Promise<Guard> {
  return createGuard(await policyOf(table), { ownAddresses });
}

/** Returns a call as a model would write it. */
export function callOf(
  urlText: string,
  {
    method = "GET",
    headers = {},
    body,
  }: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
  } = {},
): Call {
  const content = body === undefined ? NO_BODY : textBody(body);
  return { urlText, method, headers: Object.entries(headers), body: content };
}

/** Returns the decision on a GET of `url` without its text. */
export function admitUrl(guard: Guard, url: string, method = "GET"): Decision {
  return guard.admit({ method, url: new URL(url), headers: [], body: NO_BODY, hop: 0 });
}

/** Returns the decision on `url`'s host resolving to `addresses`. */
export function judgeUrl(guard: Guard, url: string, ...addresses: readonly string[]): Decision {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === "https:" ? "https" : "http";
  const target = {
    scheme,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port === "" ? (scheme === "https" ? 443 : 80) : port),
  } as const;
  return guard.judge(
    target,
    addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
  );
}

/** Returns what a decision amounts to, in one word and its rule. */
export function brief(decision: Decision): string {
  return decision.verdict === "deny" ? `${decision.code} ${decision.rule}` : decision.verdict;
}

/** Returns a well-formed entry. */
export function entryOf(text: string): Entry {
  const reading = readEntry(text);
  if ("problem" in reading) throw new Error(`${text} ${reading.problem}`);
  return reading.entry;
}

/** Returns where a well-formed URL leads. */
export function destinationOf(text: string): Destination {
  const url = new URL(text);
  const reading = readHost(url.hostname);
  if ("problem" in reading) throw new Error(reading.problem.reason);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port === "" ? (scheme === "https" ? 443 : 80) : url.port);
  return { scheme, host: reading.host, port, isUnicode: reading.isUnicode };
}
