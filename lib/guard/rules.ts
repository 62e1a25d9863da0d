import type { Decision } from "./decision.ts";
import { deny, type Denial } from "./deny.ts";
import { covers, coversHost, coversPort, type Destination, type Entry } from "./entry.ts";
import { isInRange, type Ip } from "./ip.ts";
import { matchesPath, readPath, withoutTrailingSlash, type PathPattern } from "./path.ts";

/** One `[[http_request.rule]]`. An absent list stands for everything. */
export interface Rule {
  /** Place in the policy, from 0. */
  readonly index: number;
  readonly host: Entry;
  readonly methods: readonly string[] | undefined;
  readonly paths: readonly PathPattern[] | undefined;
  readonly schemes: readonly string[] | undefined;
  readonly action: "allow" | "deny" | "supervised";
  /** The operator's words, shown when the rule refuses or asks. */
  readonly reason: string | undefined;
  /** Keychain entry that dresses the request. */
  readonly credential: string | undefined;
}

/** What rules look at. */
export interface RuleSubject {
  readonly to: Destination;
  readonly method: string;
  /** Path of the parsed URL, still percent-encoded. */
  readonly pathname: string;
}

/** The rules' answer. */
export type RuleOutcome =
  /** No rule names the host. */
  | { readonly kind: "unnamed" }
  | { readonly kind: "refused"; readonly denial: Denial }
  | { readonly kind: "matched"; readonly rule: Rule; readonly decision: Decision };

/**
 * Applies the rules: any matching deny refuses, then the first matching allow or supervised counts,
 * and a host that rules name is refused when none of them matches.
 *
 * A rule whose host has no port names the host on every port and denies on every port, but allows on
 * 80 and 443 only: a port must never lead round a rule.
 */
export function applyRules(rules: readonly Rule[], subject: RuleSubject): RuleOutcome {
  const naming = rules.filter((rule) => names(rule, subject.to));
  const [first] = naming;
  if (first === undefined) return { kind: "unnamed" };
  const reading = naming.some((rule) => rule.paths !== undefined)
    ? readPath(subject.pathname)
    : { segments: [] };
  if ("problem" in reading) return { kind: "refused", denial: denyPath(reading.problem) };
  const request = { ...subject, segments: reading.segments };
  const denying = naming.find((rule) => rule.action === "deny" && denies(rule, request));
  if (denying !== undefined) return { kind: "refused", denial: denyByRule(denying, subject) };
  const rule = naming.find(
    (candidate) => candidate.action !== "deny" && permits(candidate, request),
  );
  if (rule !== undefined) return { kind: "matched", rule, decision: decisionOf(rule) };
  const speaking = naming.find((candidate) => candidate.reason !== undefined) ?? first;
  return { kind: "refused", denial: denyUnmatched(speaking, subject) };
}

/** Returns the deny rule that closes the address `ip` to every name that resolves to it. */
export function ruleAgainst(rules: readonly Rule[], ip: Ip, to: Destination): Rule | undefined {
  return rules.find(({ action, host, methods, paths, schemes }) => {
    // With conditions it speaks of requests to the literal: an answer of DNS has no path.
    const isPlain = methods === undefined && paths === undefined && schemes === undefined;
    if (action !== "deny" || !isPlain || host.kind !== "range") return false;
    return isInRange(ip, host.range) && (host.port === "default" || coversPort(host, to));
  });
}

/** Returns the name of a rule as decisions and audit records print it. */
export function ruleName(index: number): string {
  return `http_request.rule[${index}]`;
}

type DecodedSubject = RuleSubject & { readonly segments: readonly string[] };

/** A wildcard does not allow a name written outside ASCII, but it names it, so that it can deny it. */
function names({ host }: Rule, to: Destination): boolean {
  const isNamed = coversHost(host, { ...to, isUnicode: false });
  return isNamed && (host.port === "default" || coversPort(host, to));
}

function denies(rule: Rule, { to, method, segments }: DecodedSubject): boolean {
  const bare = withoutTrailingSlash(segments);
  return (
    includes(rule.methods, method) &&
    includes(rule.schemes, to.scheme) &&
    (rule.paths?.some(
      (path) => matchesPath(path, segments) || matchesPath(withoutSlash(path), bare),
    ) ??
      true)
  );
}

/** A deny for /admin/ is one for /admin: many servers take them for the same. */
function withoutSlash(path: PathPattern): PathPattern {
  return { ...path, segments: withoutTrailingSlash(path.segments) };
}

function permits(rule: Rule, { to, method, segments }: DecodedSubject): boolean {
  return (
    covers(rule.host, to) &&
    includes(rule.methods, method) &&
    includes(rule.schemes, to.scheme) &&
    (rule.paths?.some((path) => matchesPath(path, segments)) ?? true)
  );
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.includes(value);
}

function decisionOf({ index, action, reason }: Rule): Decision {
  const rule = ruleName(index);
  if (action !== "supervised") return { verdict: "allow", rule };
  return { verdict: "ask", rule, reason: reason ?? "The policy has this request supervised" };
}

function denyPath(problem: string): Denial {
  return deny("POLICY_BAD_URL", "lexis:path", {
    reason: `The path has ${problem}, and rules for this host look at paths`,
    hint: "Write the path plainly, each segment once percent-encoded at most",
  });
}

function denyByRule(rule: Rule, { to, method }: RuleSubject): Denial {
  const reason = rule.reason ?? `A rule denies this ${method} request to ${to.host.name}`;
  return deny("POLICY_DENIED", ruleName(rule.index), { reason });
}

function denyUnmatched(rule: Rule, { to, method }: RuleSubject): Denial {
  const because = rule.reason === undefined ? "" : `: ${rule.reason}`;
  const reason = `No rule for ${to.host.name} allows this ${method} request${because}`;
  return deny("POLICY_DENIED", ruleName(rule.index), { reason });
}
