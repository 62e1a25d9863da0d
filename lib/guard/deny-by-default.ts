/**
 * The guard of agent mode: nothing is allowed unless the operator's policy says so.
 *
 * Pure: it resolves nothing, reads no file and no clock, and opens no secret. Policies come from
 * `compilePolicy`; decisions go to the exchange (each hop, each connection), to the audit and, as
 * text, to the model. Quotas are counted by `takeFromQuota`, and their state is kept elsewhere.
 */
import type { Address } from "../runtime/runtime.ts";
import { parseResolved } from "./address.ts";
import type { Decision, Guard, HopRequest, Target } from "./decision.ts";
import { deny, type Denial } from "./deny.ts";
import { covers, type Destination } from "./entry.ts";
import { judgeBody, judgeHeaders, judgeMethod, type Message } from "./headers.ts";
import { readHost } from "./host.ts";
import type { Ip } from "./ip.ts";
import { judgeAddress } from "./judge-address.ts";
import { denyHost, judgeLocation, judgeUrlLength, judgeUrlText, type UrlReading } from "./lexis.ts";
import type { CompiledPolicy } from "./policy.ts";
import { asRedirectDenial, judgeRedirect } from "./redirect.ts";
import { applyRules, type Rule } from "./rules.ts";
import { judgeSecrets, judgeSecretsInUrl } from "./secrets.ts";
import { toolVerdict } from "./tool-policy.ts";

/** What the guard has to know beside the policy. */
export interface GuardFacts {
  /** Addresses of this machine's interfaces; they count as loopback. */
  readonly ownAddresses: readonly string[];
  /** The tool that makes the calls; `http_request` when not given. */
  readonly tool?: string | undefined;
}

/** A call as a model wrote it. */
export interface Call extends Omit<Message, "url"> {
  readonly urlText: string;
}

/** What becomes of a call. */
export interface CallJudgement {
  readonly decision: Decision;
  /** The URL to request, undefined when its text was refused. */
  readonly url?: URL | undefined;
}

interface Context {
  readonly policy: CompiledPolicy;
  readonly own: readonly Ip[];
  readonly tool: string;
}

/** Returns the guard that enforces `policy`. */
export function createGuard(policy: CompiledPolicy, facts: GuardFacts): Guard {
  const context = contextOf(policy, facts);
  return {
    admit(request) {
      const decision = judgeSwitches(context) ?? admitHop(context, request);
      return decision.verdict === "deny" ? asRedirectDenial(decision, request) : decision;
    },
    judge: (target, addresses) => judgeAddresses(context, target, addresses),
  };
}

/** Judges a call from the text of its URL on, as far as it can be judged before it is sent. */
export function judgeCall(policy: CompiledPolicy, facts: GuardFacts, call: Call): CallJudgement {
  const context = contextOf(policy, facts);
  const closed = judgeSwitches(context);
  if (closed !== undefined) return { decision: closed };
  const reading = judgeUrlText(call.urlText);
  if ("denial" in reading) return { decision: reading.denial };
  // The fragment is not in the parsed URL any more.
  const denial = judgeSecretsInUrl(call.urlText);
  if (denial !== undefined) return { decision: denial };
  const request = { ...call, url: reading.url, hop: 0 };
  return { url: reading.url, decision: judgeHop(context, request, reading.isUnicode) };
}

/** Returns the rule that allows the request, undefined when the allowlist alone does or nothing. */
export function permittingRule(
  policy: CompiledPolicy,
  { url, method }: Pick<HopRequest, "url" | "method">,
): Rule | undefined {
  const reading = readDestination(url, false);
  if ("denial" in reading) return undefined;
  const subject = { to: reading.to, method, pathname: url.pathname };
  const outcome = applyRules(policy.rules, subject);
  return outcome.kind === "matched" ? outcome.rule : undefined;
}

function contextOf(policy: CompiledPolicy, { ownAddresses, tool }: GuardFacts): Context {
  const own = ownAddresses.flatMap((address) => parseResolved(address) ?? []);
  return { policy, own, tool: tool ?? "http_request" };
}

/** Returns the denial of a tool that is off or forbidden as a whole. */
function judgeSwitches({ policy, tool }: Context): Denial | undefined {
  if (!policy.isEnabled) {
    return deny("POLICY_DISABLED", "http_request.enabled", {
      reason: "The HTTP tool is off: the configuration does not say http_request.enabled = true",
    });
  }
  if (toolVerdict(policy.tools, tool) !== "deny") return undefined;
  return deny("POLICY_DENIED", toolRule(tool), { reason: `Tool ${tool} is denied` });
}

function toolRule(tool: string): string {
  return `security.tool_policy.tools.${tool}`;
}

function admitHop(context: Context, request: HopRequest): Decision {
  const reading = readWritten(request);
  if ("denial" in reading) return reading.denial;
  return judgeHop(context, request, reading.isUnicode);
}

function readWritten({ written, url, from }: HopRequest): UrlReading {
  if (written === undefined) return { url, isUnicode: false };
  return from === undefined ? judgeUrlText(written) : judgeLocation(written, from);
}

/** The order of the guard, from the parsed URL to the last thing known before resolving. */
function judgeHop(context: Context, request: HopRequest, isUnicode: boolean): Decision {
  const { policy, tool } = context;
  const reading = readDestination(request.url, isUnicode);
  if ("denial" in reading) return reading.denial;
  const { to } = reading;
  const decision = judgeHost(policy, request, to);
  if (decision.verdict === "deny") return decision;
  const denial =
    judgeLiteral(context, to) ??
    judgeRedirect(request, policy.limits.maxRedirects) ??
    judgeHeaders(request) ??
    judgeBody(request) ??
    judgeSecrets(policy.secrets, request, to);
  if (denial !== undefined) return denial;
  if (decision.verdict === "ask" || toolVerdict(policy.tools, tool) === "allow") return decision;
  return { verdict: "ask", rule: toolRule(tool), reason: `Tool ${tool} is supervised` };
}

/** Reads where a parsed URL leads; the parser has repaired what it could. */
function readDestination(
  url: URL,
  isUnicode: boolean,
): { readonly to: Destination } | { readonly denial: Denial } {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const tooLong = judgeUrlLength(url.href);
  if (tooLong !== undefined) return { denial: tooLong };
  if (url.protocol !== `${scheme}:`) {
    return { denial: denyUrl("scheme", `Scheme ${url.protocol.slice(0, -1)} is not allowed`) };
  }
  if (url.username !== "" || url.password !== "") {
    return { denial: denyUrl("userinfo", "The URL has a user name or password") };
  }
  const reading = readHost(url.hostname);
  if ("problem" in reading) return { denial: denyHost(reading.problem) };
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  if (port === 0) return { denial: denyUrl("port", "The port is 0") };
  return { to: { scheme, host: reading.host, port, isUnicode } };
}

function denyUrl(rule: string, reason: string): Denial {
  return deny("POLICY_BAD_URL", `lexis:${rule}`, { reason });
}

/** Judges method, host, port and path: rules first, then the allowlist. */
function judgeHost(
  { rules, allowed }: CompiledPolicy,
  { method, url }: HopRequest,
  to: Destination,
): Decision {
  const badMethod = judgeMethod(method);
  if (badMethod !== undefined) return badMethod;
  const outcome = applyRules(rules, { to, method, pathname: url.pathname });
  if (outcome.kind === "refused") return outcome.denial;
  if (outcome.kind === "matched") return outcome.decision;
  const index = allowed.findIndex((entry) => covers(entry, to));
  if (index >= 0) return { verdict: "allow", rule: `http_request.allowed_domains[${index}]` };
  return denyUnlisted({ rules, allowed }, to);
}

type HostLists = Pick<CompiledPolicy, "allowed" | "rules">;

/** Says whether an entry or a rule lets anything at all go to this host and port. */
function isNamed({ allowed, rules }: HostLists, to: Destination): boolean {
  const permitting = rules.filter((rule) => rule.action !== "deny").map((rule) => rule.host);
  return [...allowed, ...permitting].some((entry) => covers(entry, to));
}

function denyUnlisted({ allowed, rules }: HostLists, { scheme, host, port }: Destination): Denial {
  const isEmpty = allowed.length === 0 && rules.length === 0;
  const name = host.ip?.family === 6 ? `[${host.name}]` : host.name;
  const reason = isEmpty
    ? "No host is allowed: http_request.allowed_domains is empty"
    : `The policy does not allow ${scheme}://${name} on port ${port}`;
  return deny("POLICY_DENIED", "http_request.allowed_domains", { reason });
}

function judgeLiteral({ policy, own }: Context, to: Destination): Denial | undefined {
  if (to.host.ip === undefined) return undefined;
  return judgeAddress(policy, { to, address: to.host.name, own });
}

function judgeAddresses(
  { policy, own }: Context,
  { scheme, host, port }: Target,
  addresses: readonly Address[],
): Decision {
  const reading = readHost(host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
  if ("problem" in reading) return denyHost(reading.problem);
  const to = { scheme, host: reading.host, port, isUnicode: false };
  // The hop was admitted already, unless whoever connects was led elsewhere since.
  if (!isNamed(policy, to)) return denyUnlisted(policy, to);
  if (addresses.length === 0) {
    return deny("POLICY_RESOLVE", "address:none", { reason: `${host} has no address` });
  }
  for (const { address } of addresses) {
    const denial = judgeAddress(policy, { to, address, own });
    if (denial !== undefined) return denial;
  }
  return { verdict: "allow", rule: "address" };
}
