import { expect, test } from "bun:test";
import type { RuleInput } from "../../../lib/guard/rule-input.ts";
import { permittingRule } from "../../../lib/guard/deny-by-default.ts";
import { admitUrl, brief, guardOf, judgeUrl, policyOf } from "./support.ts";

const READ_ONLY: RuleInput = {
  host: "api.github.com",
  methods: ["GET", "HEAD"],
  paths: ["/repos/acme/**"],
  reason: "read only",
};

interface Row {
  readonly name: string;
  readonly rule: readonly RuleInput[];
  readonly allowed_domains?: readonly string[];
  readonly url: string;
  readonly method?: string;
  readonly want: string;
}

const rows: readonly Row[] = [
  {
    name: "an allow rule admits its host without an entry in allowed_domains",
    rule: [READ_ONLY],
    url: "https://api.github.com/repos/acme/weir",
    want: "allow",
  },
  {
    name: "another method is refused",
    rule: [READ_ONLY],
    url: "https://api.github.com/repos/acme/weir",
    method: "POST",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "another path is refused, although the host is listed",
    rule: [READ_ONLY],
    allowed_domains: ["api.github.com"],
    url: "https://api.github.com/user",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "a host that no rule names has all methods and paths",
    rule: [READ_ONLY],
    allowed_domains: ["other.test"],
    url: "https://other.test/user",
    method: "DELETE",
    want: "allow",
  },
  {
    name: "a host that no rule names and no entry lists is refused",
    rule: [READ_ONLY],
    url: "https://other.test/",
    want: "POLICY_DENIED http_request.allowed_domains",
  },
  {
    name: "deny wins over an allow before it",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin/**"], action: "deny" }],
    url: "https://a.test/admin/users",
    want: "POLICY_DENIED http_request.rule[1]",
  },
  {
    name: "a deny that does not match leaves the allow",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin/**"], action: "deny" }],
    url: "https://a.test/public",
    want: "allow",
  },
  {
    name: "a host that only deny rules name is refused",
    rule: [{ host: "a.test", paths: ["/admin/**"], action: "deny" }],
    allowed_domains: ["a.test"],
    url: "https://a.test/public",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "the first of allow and supervised counts",
    rule: [{ host: "a.test", methods: ["POST"], action: "supervised" }, { host: "a.test" }],
    url: "https://a.test/",
    method: "POST",
    want: "ask",
  },
  {
    name: "the next rule counts when the first does not match",
    rule: [{ host: "a.test", methods: ["POST"], action: "supervised" }, { host: "a.test" }],
    url: "https://a.test/",
    want: "allow",
  },
  {
    name: "a scheme is compared",
    rule: [{ host: "a.test", schemes: ["https"] }],
    url: "http://a.test/",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "a wildcard names the hosts below",
    rule: [{ host: "*.corp.test", methods: ["GET"] }],
    allowed_domains: ["x.corp.test"],
    url: "https://x.corp.test/",
    method: "PUT",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "a deny without a port denies on every port",
    rule: [{ host: "admin.test", action: "deny" }],
    allowed_domains: ["admin.test:*"],
    url: "https://admin.test:8443/",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "an allow without a port restricts the other ports too",
    rule: [{ host: "a.test", methods: ["GET"] }],
    allowed_domains: ["a.test:*"],
    url: "https://a.test:8443/",
    method: "DELETE",
    want: "POLICY_DENIED http_request.rule[0]",
  },
  {
    name: "a rule with a port names that port only",
    rule: [{ host: "a.test:8443", methods: ["GET"] }],
    allowed_domains: ["a.test"],
    url: "https://a.test/",
    method: "DELETE",
    want: "allow",
  },
  {
    name: "a literal may be named by a rule alone",
    rule: [{ host: "10.1.2.3:8080", methods: ["GET"] }],
    url: "http://10.1.2.3:8080/",
    want: "allow",
  },
  {
    name: "a path that cannot be judged is refused where a rule looks at paths",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin"], action: "deny" }],
    url: "https://a.test/x%2fadmin",
    want: "POLICY_BAD_URL lexis:path",
  },
  {
    name: "the same path passes where no rule looks at paths",
    rule: [{ host: "a.test", methods: ["GET"] }],
    url: "https://a.test/x%2fadmin",
    want: "allow",
  },
  {
    name: "a trailing slash does not lead round a deny",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin"], action: "deny" }],
    url: "https://a.test/admin/",
    want: "POLICY_DENIED http_request.rule[1]",
  },
  {
    name: "a deny with a trailing slash denies without one",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin/"], action: "deny" }],
    url: "https://a.test/admin",
    want: "POLICY_DENIED http_request.rule[1]",
  },
  {
    name: "encoding does not lead round a deny",
    rule: [{ host: "a.test" }, { host: "a.test", paths: ["/admin/**"], action: "deny" }],
    url: "https://a.test/%61dmin/x",
    want: "POLICY_DENIED http_request.rule[1]",
  },
  {
    name: "dot segments do not lead out of an allowed path",
    rule: [{ host: "a.test", paths: ["/repos/**"] }],
    url: "https://a.test/repos/%2e%2e/user",
    want: "POLICY_DENIED http_request.rule[0]",
  },
];

test.each(rows)("applyRules() $name", async ({ rule, allowed_domains, url, method, want }) => {
  const guard = await guardOf({ allowed_domains, rule });
  expect(brief(admitUrl(guard, url, method))).toBe(want);
});

test("applyRules() tells the operator's reason", async () => {
  const guard = await guardOf({ rule: [READ_ONLY] });
  expect(admitUrl(guard, "https://api.github.com/repos/acme/x", "POST")).toMatchObject({
    reason: "No rule for api.github.com allows this POST request: read only",
  });
});

test("a name outside ASCII does not lead round a deny rule with a wildcard", async () => {
  const guard = await guardOf({
    allowed_domains: ["bücher.example.com"],
    rule: [{ host: "*.example.com", action: "deny" }],
  });
  const url = new URL("https://bücher.example.com/");
  const request = { method: "GET", url, headers: [], body: { kind: "none" }, hop: 0 } as const;
  const decision = guard.admit({ ...request, written: "https://bücher.example.com/" });
  expect(brief(decision)).toBe("POLICY_DENIED http_request.rule[0]");
});

test("a deny rule for an address closes it to names that resolve there", async () => {
  const guard = await guardOf({
    allowed_domains: ["x.test", "10.1.2.0/24", "8.8.8.0/24"],
    rule: [
      { host: "10.1.2.5", action: "deny" },
      { host: "8.8.8.8", action: "deny" },
      { host: "10.1.2.6", action: "deny", methods: ["DELETE"] },
    ],
  });
  const judged = ["10.1.2.4", "10.1.2.5", "10.1.2.6", "8.8.8.8"].map((address) =>
    brief(judgeUrl(guard, "http://x.test/", address)),
  );
  expect(judged).toEqual([
    "allow",
    "POLICY_ADDRESS http_request.rule[0]",
    "allow",
    "POLICY_ADDRESS http_request.rule[1]",
  ]);
});

test("permittingRule() finds the credential of a request", async () => {
  const policy = await policyOf({ rule: [{ ...READ_ONLY, credential: "github" }] });
  const url = new URL("https://api.github.com/repos/acme/weir");
  expect(permittingRule(policy, { url, method: "GET" })?.credential).toBe("github");
  expect(permittingRule(policy, { url, method: "POST" })).toBeUndefined();
});
