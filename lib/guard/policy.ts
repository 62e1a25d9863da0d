import { badPolicy } from "./bad-policy.ts";
import { compileEntries, compilePrivateEntries } from "./entry-list.ts";
import type { Entry } from "./entry.ts";
import { readLimits, type LimitsInput, type PolicyLimits } from "./limits.ts";
import { loadPublicSuffixes, noSuffixNeeded, type IsPublicSuffix } from "./public-suffix.ts";
import { compileRule, type RuleInput } from "./rule-input.ts";
import type { Rule } from "./rules.ts";
import type { BoundSecret, SecretBindings } from "./secrets.ts";
import { readToolPolicy, type ToolPolicy, type ToolPolicyInput } from "./tool-policy.ts";

/** The table `[http_request]` as it is written. */
export interface HttpRequestInput extends LimitsInput {
  readonly enabled?: boolean | undefined;
  readonly allowed_domains?: readonly string[] | undefined;
  readonly allowed_private?: readonly string[] | undefined;
  readonly rule?: readonly RuleInput[] | undefined;
  /** Entries of the keychain by the name that calls use. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

/** The part of the operator's configuration that the guard enforces. */
export interface PolicyInput {
  readonly http_request?: HttpRequestInput | undefined;
  readonly security?: { readonly tool_policy?: ToolPolicyInput | undefined } | undefined;
  readonly proxy?: { readonly trusted?: boolean | undefined } | undefined;
}

/** What a policy refers to and does not hold. */
export interface PolicyContext {
  /** `hosts` of each entry of the keychain, by the name of the entry. */
  readonly keychain: ReadonlyMap<string, readonly string[] | undefined>;
}

/** A policy that was read whole; no other can be asked. */
export interface CompiledPolicy {
  readonly isEnabled: boolean;
  readonly allowed: readonly Entry[];
  readonly allowedPrivate: readonly Entry[];
  readonly rules: readonly Rule[];
  readonly secrets: SecretBindings;
  readonly limits: PolicyLimits;
  readonly tools: ToolPolicy;
  /** True: a proxy may resolve names by itself. */
  readonly isProxyTrusted: boolean;
}

/** Letters of a name that calls can refer to. */
const SECRET_NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Reads a policy. One malformed or over-broad entry refuses all of it: a policy with a hole is not
 * the one that the operator wrote.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY; `details.path` is the key path, `details.entry` the text
 */
export async function compilePolicy(
  input: PolicyInput,
  { keychain }: PolicyContext,
): Promise<CompiledPolicy> {
  const table = input.http_request ?? {};
  const isPublicSuffix = hasWildcard(table, keychain) ? await loadPublicSuffixes() : noSuffixNeeded;
  const at = (key: string) => ({ path: ["http_request", key], isPublicSuffix });
  const ruleContext = { isPublicSuffix, hasCredential: (name: string) => keychain.has(name) };
  return {
    isEnabled: table.enabled === true,
    allowed: compileEntries(table.allowed_domains ?? [], at("allowed_domains")),
    allowedPrivate: compilePrivateEntries(table.allowed_private ?? [], at("allowed_private")),
    rules: (table.rule ?? []).map((rule, index) => compileRule(rule, index, ruleContext)),
    secrets: bindSecrets(table.secrets ?? {}, { keychain, isPublicSuffix }),
    limits: readLimits(table),
    tools: readToolPolicy(input.security?.tool_policy),
    isProxyTrusted: input.proxy?.trusted === true,
  };
}

function hasWildcard(table: HttpRequestInput, keychain: PolicyContext["keychain"]): boolean {
  const texts = [
    ...(table.allowed_domains ?? []),
    ...(table.allowed_private ?? []),
    ...(table.rule ?? []).map((rule) => rule.host),
    ...Object.values(table.secrets ?? {}).flatMap((entry) => keychain.get(entry) ?? []),
  ];
  return texts.some((text) => text.startsWith("*."));
}

interface BindingContext extends PolicyContext {
  readonly isPublicSuffix: IsPublicSuffix;
}

function bindSecrets(
  secrets: Readonly<Record<string, string>>,
  context: BindingContext,
): SecretBindings {
  return new Map(
    Object.entries(secrets).map(([name, entry]) => [name, bindSecret(name, entry, context)]),
  );
}

function bindSecret(
  name: string,
  entry: string,
  { keychain, isPublicSuffix }: BindingContext,
): BoundSecret {
  const path = ["http_request", "secrets", name];
  if (!SECRET_NAME.test(name)) {
    const hint = "A name has letters, digits, _ . and -";
    throw badPolicy({ path, entry: name, problem: "is no name for a secret", hint });
  }
  const hosts = keychain.get(entry);
  if (hosts === undefined || hosts.length === 0) {
    throw badPolicy({
      path,
      entry,
      problem: keychain.has(entry) ? "is bound to no host" : "is not in the keychain",
      hint: `Add hosts = ["api.example.com"] to [keychain.${entry}]: a model may use it there only`,
    });
  }
  const list = { path: ["keychain", entry, "hosts"], isPublicSuffix };
  return { entry, hosts: compileEntries(hosts, list) };
}
