import corpus from "../../fixtures/ssrf-cases.json";
import knownFailures from "../../fixtures/ssrf-known-failures.json";
import type { RuleInput } from "../../lib/guard/rule-input.ts";

/** What a server of a case sends. */
export interface CaseResponse {
  readonly status?: number;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>> | "drip";
  readonly body?: string;
  readonly body_bytes?: number;
  readonly encoding?: string;
  readonly decoded_bytes?: number;
  readonly header_bytes?: number;
  readonly content_type?: string;
  readonly content_length?: number;
  readonly close?: boolean;
  readonly accept_only?: boolean;
}

/** One attack, or one thing that must stay possible. */
export interface SsrfCase {
  readonly id: string;
  readonly group: string;
  readonly url: string;
  readonly allowlist: readonly (string | RuleInput)[];
  readonly expect: "allow" | "deny";
  readonly why: string;
  readonly outcome?: string;
  readonly stage?: "config";
  readonly resolver?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly config?: {
    readonly allow_resolved?: readonly string[];
    readonly tool_policy?: string;
    readonly proxy?: string;
  };
  readonly limits?: {
    readonly max_redirects?: number;
    readonly max_response_size?: number;
    readonly timeout_secs?: number;
    readonly max_timeout_secs?: number;
    readonly rate_per_minute?: number;
    readonly max_memory_growth_mb?: number;
    readonly observe_after_ms?: number;
  };
  readonly calls_before?: number;
  readonly request?: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly timeout_secs?: number;
    readonly extra_args?: Readonly<Record<string, unknown>>;
  };
  readonly secrets?: Readonly<
    Record<string, { readonly hosts: readonly string[]; readonly value: string }>
  >;
  readonly hops?: readonly {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
  }[];
  readonly response?: CaseResponse;
  readonly fault?: "connect_reset_once" | "bad_certificate";
  readonly env?: Readonly<Record<string, string>>;
  readonly ambient?: { readonly netrc: Readonly<Record<string, string>> };
  readonly connect_to?: string;
  readonly max_lookups?: number;
  readonly expect_requests?: number;
  readonly must_not_send?: Readonly<Record<string, readonly string[]>>;
  readonly must_not_connect?: readonly string[];
  readonly must_not_appear?: readonly string[];
  readonly tool?: Readonly<Record<string, unknown>>;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly expect_target?: string;
  readonly expect_body_json?: unknown;
}

// JSON has no optional fields: each case is typed by what it happens to hold.
/** Every case of the corpus. */
export const SSRF_CASES = corpus.cases as unknown as readonly SsrfCase[];

/** Why a case cannot hold yet, by its id. */
export const KNOWN_FAILURES: Readonly<Record<string, string>> = knownFailures;

/** Returns the value as TOML: JSON's strings, numbers and lists are TOML's. */
function inline(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return JSON.stringify(value);
  }
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key} = ${inline(inner)}`)
    .join(", ")} }`;
}

function table(name: string, entries: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${inline(value)}\n`);
  return lines.length === 0 ? "" : `[${name}]\n${lines.join("")}`;
}

/** Returns the configuration of a case, TOML. */
export function configOf(row: SsrfCase): string {
  const { limits = {}, config = {}, secrets = {} } = row;
  const rules = row.allowlist.filter((entry) => typeof entry !== "string");
  const maxTimeout = limits.max_timeout_secs;
  return [
    table("http_request", {
      enabled: true,
      allowed_domains: row.allowlist.filter((entry) => typeof entry === "string"),
      allowed_private: config.allow_resolved,
      max_redirects: limits.max_redirects,
      max_response_size: limits.max_response_size,
      timeout_secs: limits.timeout_secs ?? maxTimeout,
      max_timeout_secs: maxTimeout,
    }),
    ...rules.map((rule) => table("[http_request.rule]", { ...rule })),
    table("http_request.quota", { requests_per_minute: limits.rate_per_minute }),
    table(
      "http_request.secrets",
      Object.fromEntries(Object.keys(secrets).map((name) => [name, name])),
    ),
    ...Object.entries(secrets).map(([name, { hosts }]) =>
      table(`keychain.${name}`, { kind: "bearer", token: `env:SECRET_${name}`, hosts }),
    ),
    config.tool_policy === undefined
      ? ""
      : table("security.tool_policy", { default: config.tool_policy }),
    config.proxy === undefined
      ? ""
      : table("proxy", { enabled: true, http_proxy: config.proxy, https_proxy: config.proxy }),
  ].join("");
}

/** Returns the environment of a case: its own, and its secrets. */
export function envOf(row: SsrfCase): Readonly<Record<string, string>> {
  const secrets = Object.entries(row.secrets ?? {}).map(
    ([name, { value }]) => [`SECRET_${name}`, value] as const,
  );
  return { ...row.env, ...Object.fromEntries(secrets) };
}

/** Says whether `weir agent check` can decide the case: nothing has to happen for it. */
export function isChecked(row: SsrfCase): boolean {
  const needed = [
    row.hops,
    row.response,
    row.fault,
    row.tool,
    row.calls_before,
    row.request?.extra_args,
    row.ambient,
    row.env,
  ];
  return needed.every((one) => one === undefined);
}
