import { describe, expect, test } from "bun:test";
import corpus from "../../../fixtures/ssrf-cases.json";
import type { Decision, Guard } from "../../../lib/guard/decision.ts";
import { createGuard, judgeCall, type Call } from "../../../lib/guard/deny-by-default.ts";
import { compilePolicy, type CompiledPolicy } from "../../../lib/guard/policy.ts";
import { takeFromQuota, NO_USE } from "../../../lib/guard/quota.ts";
import type { RuleInput } from "../../../lib/guard/rule-input.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import { callOf, judgeUrl } from "./support.ts";

/** The fields of a case that decide it before anything is sent. */
interface Case {
  readonly id: string;
  readonly url: string;
  readonly allowlist: readonly (string | RuleInput)[];
  readonly expect: string;
  readonly why: string;
  readonly stage?: string;
  readonly resolver?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly config?: { readonly allow_resolved?: readonly string[]; readonly tool_policy?: string };
  readonly limits?: { readonly max_redirects?: number; readonly rate_per_minute?: number };
  readonly calls_before?: number;
  readonly request?: Parameters<typeof callOf>[1];
  readonly secrets?: Readonly<Record<string, { readonly hosts: readonly string[] }>>;
  readonly hops?: readonly { readonly headers?: { readonly location?: string } }[];
}

/** What the guard alone says of a case that needs more than the guard, and what it needs. */
interface Later {
  readonly guard: Decision["verdict"];
  readonly needs: string;
}

const RETRY = "the retry of a connection that could not be made";
const TOOL = "the arguments of a declared tool";
const RESPONSE = "a server that answers";
const STRIPPED = "two servers, to see which headers the second one gets";

/** Cases that are not decided here, by id; they run through the agent. Nothing else is left out. */
const LATER: Readonly<Record<string, Later>> = {
  "dns-18": { guard: "allow", needs: RETRY },
  "dns-19": { guard: "deny", needs: RETRY },
  "redirect-19": { guard: "allow", needs: STRIPPED },
  "redirect-26": { guard: "allow", needs: RESPONSE },
  "redirect-27": { guard: "allow", needs: RESPONSE },
  "ambient-01": { guard: "allow", needs: "the environment and the address dialled" },
  "ambient-06": { guard: "allow", needs: "a server with a wrong certificate" },
  "ambient-08": { guard: "allow", needs: "a netrc file, and a server that sees the headers" },
  "ambient-10": { guard: "allow", needs: "the check of the arguments of a call" },
  "secret-01": { guard: "allow", needs: "the opened secret, the answer and the audit" },
  "secret-08": { guard: "allow", needs: STRIPPED },
  "response-01": { guard: "allow", needs: RESPONSE },
  "response-02": { guard: "allow", needs: RESPONSE },
  "response-03": { guard: "allow", needs: RESPONSE },
  "response-04": { guard: "allow", needs: RESPONSE },
  "response-05": { guard: "allow", needs: RESPONSE },
  "response-07": { guard: "allow", needs: RESPONSE },
  "response-09": { guard: "allow", needs: RESPONSE },
  "response-11": { guard: "allow", needs: RESPONSE },
  "response-12": { guard: "allow", needs: RESPONSE },
  "response-14": { guard: "allow", needs: RESPONSE },
  "response-15": { guard: "allow", needs: RESPONSE },
  "response-16": { guard: "allow", needs: RESPONSE },
  "response-19": { guard: "allow", needs: RESPONSE },
  "response-20": { guard: "allow", needs: RESPONSE },
  "response-21": { guard: "allow", needs: RESPONSE },
  "response-22": { guard: "allow", needs: RESPONSE },
  "response-24": { guard: "allow", needs: RESPONSE },
  "tool-04": { guard: "allow", needs: TOOL },
  "tool-05": { guard: "allow", needs: TOOL },
  "tool-06": { guard: "allow", needs: TOOL },
  "tool-07": { guard: "allow", needs: TOOL },
  "tool-08": { guard: "allow", needs: TOOL },
  "tool-09": { guard: "allow", needs: TOOL },
  "tool-10": { guard: "allow", needs: TOOL },
  "tool-12": { guard: "allow", needs: TOOL },
  "tool-14": { guard: "allow", needs: TOOL },
  "tool-15": { guard: "allow", needs: TOOL },
  "tool-21": { guard: "allow", needs: TOOL },
  "quota-03": { guard: "ask", needs: "approvals: nobody to ask means refused" },
};

// JSON has no optional fields: each case is typed by what it happens to hold.
const cases = corpus.cases as unknown as readonly Case[];

function policyOf(row: Case): Promise<CompiledPolicy> {
  const secrets = Object.entries(row.secrets ?? {});
  const table = {
    enabled: true,
    allowed_domains: row.allowlist.filter((entry) => typeof entry === "string"),
    rule: row.allowlist.filter((entry) => typeof entry !== "string"),
    allowed_private: row.config?.allow_resolved,
    max_redirects: row.limits?.max_redirects,
    secrets: Object.fromEntries(secrets.map(([name]) => [name, name])),
    quota: { requests_per_minute: row.limits?.rate_per_minute },
  };
  const policy = row.config?.tool_policy;
  const security = policy === undefined ? undefined : { tool_policy: { default: policy } };
  const keychain = new Map(secrets.map(([name, { hosts }]) => [name, hosts]));
  return compilePolicy({ http_request: table, security }, { keychain });
}

/** Judges every answer the resolver would give for the host of `url`. */
function judgeAnswers(guard: Guard, row: Case, url: URL): Decision | undefined {
  const answers = row.resolver?.[url.hostname] ?? [];
  return answers
    .map((addresses) => judgeUrl(guard, url.href, ...addresses))
    .find((decision) => decision.verdict === "deny");
}

/** Follows the redirects of the case as far as the guard lets it; headers go at each new origin. */
function followHops(guard: Guard, row: Case, start: URL, call: Call): Decision | undefined {
  let from = start;
  let headers = call.headers;
  for (const [at, hop] of (row.hops ?? []).entries()) {
    const written = hop.headers?.location;
    if (written === undefined) return undefined;
    const url = new URL(written, from);
    if (url.origin !== from.origin) headers = [];
    const request = {
      method: call.method,
      url,
      headers,
      body: NO_BODY,
      hop: at + 1,
      from,
      written,
    };
    const decision = guard.admit(request);
    if (decision.verdict === "deny") return decision;
    const refused = judgeAnswers(guard, row, url);
    if (refused !== undefined) return refused;
    from = url;
  }
  return undefined;
}

function decideQuota(row: Case, policy: CompiledPolicy): Decision | undefined {
  let answer = { state: NO_USE, decision: undefined as Decision | undefined };
  for (let made = 0; made <= (row.calls_before ?? 0); made += 1) {
    const lease = { id: String(made), untilMs: 0 };
    answer = takeFromQuota(answer.state, policy.limits.quota, { nowMs: 1000 * made, lease });
  }
  return answer.decision?.verdict === "deny" ? answer.decision : undefined;
}

/** Returns everything the guard says of a case, the first refusal first. */
async function decide(row: Case): Promise<Decision> {
  const policy = await policyOf(row);
  const facts = { ownAddresses: [] };
  const call = callOf(row.url, row.request);
  const { decision, url } = judgeCall(policy, facts, call);
  if (decision.verdict === "deny" || url === undefined) return decision;
  const guard = createGuard(policy, facts);
  const refused =
    decideQuota(row, policy) ?? judgeAnswers(guard, row, url) ?? followHops(guard, row, url, call);
  return refused ?? decision;
}

test("the copy of the corpus is whole", () => {
  const ids = new Set(cases.map((row) => row.id));
  expect(cases).toHaveLength(211);
  expect(Object.keys(LATER).filter((id) => !ids.has(id))).toEqual([]);
});

describe("PX2 PX3 PX4 PX5 PX6 PX17 PX19 attack corpus", () => {
  const decided = cases.filter((row) => LATER[row.id] === undefined);
  for (const row of decided.filter(({ stage }) => stage !== "config")) {
    test(`${row.id}: ${row.why}`, async () => {
      expect((await decide(row)).verdict).toBe(row.expect === "deny" ? "deny" : "allow");
    });
  }
  for (const row of decided.filter(({ stage }) => stage === "config")) {
    test(`${row.id}: the policy is refused: ${row.why}`, async () => {
      const error: unknown = await policyOf(row).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "CONFIG_BAD_POLICY" });
    });
  }
});

describe("attack corpus, what the guard says of cases that need more", () => {
  for (const row of cases) {
    const later = LATER[row.id];
    if (later === undefined) continue;
    test(`${row.id} needs ${later.needs}`, async () => {
      expect((await decide(row)).verdict).toBe(later.guard);
    });
  }
});
