import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { compilePolicy, type HttpRequestInput } from "../../../lib/guard/policy.ts";
import { policyOf } from "./support.ts";

async function refusalOf(table: HttpRequestInput): Promise<WeirError> {
  const error: unknown = await policyOf(table).catch((thrown: unknown) => thrown);
  if (error instanceof WeirError) return error;
  throw new Error("the policy was read");
}

test("PX1 compilePolicy() has nothing on without a table", async () => {
  const policy = await compilePolicy({}, { keychain: new Map() });
  expect(policy).toMatchObject({ isEnabled: false, allowed: [], rules: [] });
});

test("PX7 PX9 PX18 compilePolicy() fills in the defaults of the specification", async () => {
  const { limits } = await policyOf({});
  expect(limits).toMatchObject({
    responseCapBytes: 1_000_000,
    timeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    maxTimeoutMs: 120_000,
    maxRedirects: 5,
    inlineCapBytes: 24_000,
  });
});

test("compilePolicy() reads the table of the seed and of the specification", async () => {
  const policy = await policyOf(
    {
      allowed_domains: ["api.github.com", "*.example.com", "api.test:8443", "10.1.2.0/24"],
      allowed_private: ["intranet.corp", "198.18.0.0/15"],
      max_response_size: 1_000_000,
      timeout_secs: 30,
      rule: [
        {
          host: "api.github.com",
          methods: ["GET", "HEAD"],
          paths: ["/repos/acme/**"],
          action: "allow",
          reason: "read only",
          credential: "github",
        },
      ],
      secrets: { gh: "github" },
      quota: { requests_per_minute: 60, requests: 1000, bytes: 50_000_000, concurrent: 4 },
    },
    { proxy: { trusted: true } },
  );
  expect(policy.limits.quota).toEqual({
    requestsPerMinute: 60,
    requests: 1000,
    capBytes: 50_000_000,
    concurrent: 4,
  });
  expect(policy.secrets.get("gh")).toMatchObject({ entry: "github" });
  expect(policy.isProxyTrusted).toBe(true);
});

test("compilePolicy() makes room for a timeout above the default maximum", async () => {
  expect((await policyOf({ timeout_secs: 300 })).limits.maxTimeoutMs).toBe(300_000);
});

interface Row {
  readonly name: string;
  readonly table: HttpRequestInput;
  readonly path: readonly (string | number)[];
  readonly entry: string;
}

const rows: readonly Row[] = [
  {
    name: "the second of three entries",
    table: { allowed_domains: ["a.test", "http://b.test", "c.test"] },
    path: ["allowed_domains", 1],
    entry: "http://b.test",
  },
  {
    name: "a wildcard below a top-level domain",
    table: { allowed_domains: ["*.com"] },
    path: ["allowed_domains", 0],
    entry: "*.com",
  },
  {
    name: "a wildcard below a suffix of two labels",
    table: { allowed_domains: ["*.co.uk"] },
    path: ["allowed_domains", 0],
    entry: "*.co.uk",
  },
  {
    name: "a wildcard below a suffix that a star of the list makes",
    table: { allowed_domains: ["*.kawasaki.jp"] },
    path: ["allowed_domains", 0],
    entry: "*.kawasaki.jp",
  },
  {
    name: "a wildcard below a suffix of the private section",
    table: { allowed_domains: ["*.github.io:*"] },
    path: ["allowed_domains", 0],
    entry: "*.github.io:*",
  },
  {
    name: "a wildcard below a suffix outside ASCII",
    table: { allowed_domains: ["*.рф"] },
    path: ["allowed_domains", 0],
    entry: "*.рф",
  },
  {
    name: "a wildcard below a single label",
    table: { allowed_domains: ["*.localhost"] },
    path: ["allowed_domains", 0],
    entry: "*.localhost",
  },
  {
    name: "loopback in allowed_private",
    table: { allowed_private: ["127.0.0.1"] },
    path: ["allowed_private", 0],
    entry: "127.0.0.1",
  },
  {
    name: "a range around loopback in allowed_private",
    table: { allowed_private: ["126.0.0.0/7"] },
    path: ["allowed_private", 0],
    entry: "126.0.0.0/7",
  },
  {
    name: "IPv6 loopback in allowed_private",
    table: { allowed_private: ["[::1]"] },
    path: ["allowed_private", 0],
    entry: "[::1]",
  },
  {
    name: "link-local addresses in allowed_private",
    table: { allowed_private: ["10.0.0.0/8", "169.254.1.0/24"] },
    path: ["allowed_private", 1],
    entry: "169.254.1.0/24",
  },
  {
    name: "a metadata address in allowed_private",
    table: { allowed_private: ["100.100.100.200"] },
    path: ["allowed_private", 0],
    entry: "100.100.100.200",
  },
  {
    name: "everything in allowed_private",
    table: { allowed_private: ["0.0.0.0/0"] },
    path: ["allowed_private", 0],
    entry: "0.0.0.0/0",
  },
  {
    name: "localhost in allowed_private",
    table: { allowed_private: ["app.localhost"] },
    path: ["allowed_private", 0],
    entry: "app.localhost",
  },
  {
    name: "a host of a rule",
    table: { rule: [{ host: "a.test" }, { host: "*" }] },
    path: ["rule", 1, "host"],
    entry: "*",
  },
  {
    name: "a method of a rule",
    table: { rule: [{ host: "a.test", methods: ["GET", "get"] }] },
    path: ["rule", 0, "methods", 1],
    entry: "get",
  },
  {
    name: "a rule that never matches",
    table: { rule: [{ host: "a.test", paths: [] }] },
    path: ["rule", 0, "paths"],
    entry: "[]",
  },
  {
    name: "a path of a rule",
    table: { rule: [{ host: "a.test", paths: ["/a/..", "/b"] }] },
    path: ["rule", 0, "paths", 0],
    entry: "/a/..",
  },
  {
    name: "a scheme of a rule",
    table: { rule: [{ host: "a.test", schemes: ["ftp"] }] },
    path: ["rule", 0, "schemes", 0],
    entry: "ftp",
  },
  {
    name: "an action of a rule",
    table: { rule: [{ host: "a.test", action: "allowed" }] },
    path: ["rule", 0, "action"],
    entry: "allowed",
  },
  {
    name: "a credential that is not there",
    table: { rule: [{ host: "a.test", credential: "gitlab" }] },
    path: ["rule", 0, "credential"],
    entry: "gitlab",
  },
  {
    name: "a secret that is not there",
    table: { secrets: { gl: "gitlab" } },
    path: ["secrets", "gl"],
    entry: "gitlab",
  },
  {
    name: "a secret that is bound to no host",
    table: { secrets: { any: "everywhere" } },
    path: ["secrets", "any"],
    entry: "everywhere",
  },
  {
    name: "a secret with a name that no call can write",
    table: { secrets: { "a b": "github" } },
    path: ["secrets", "a b"],
    entry: "a b",
  },
  { name: "11 redirects", table: { max_redirects: 11 }, path: ["max_redirects"], entry: "11" },
  { name: "no time", table: { timeout_secs: 0 }, path: ["timeout_secs"], entry: "0" },
  {
    name: "a time above the maximum",
    table: { timeout_secs: 60, max_timeout_secs: 30 },
    path: ["timeout_secs"],
    entry: "60",
  },
  {
    name: "half a byte",
    table: { max_response_size: 0.5 },
    path: ["max_response_size"],
    entry: "0.5",
  },
  { name: "no number", table: { inline_max: Number.NaN }, path: ["inline_max"], entry: "NaN" },
  {
    name: "a quota of nothing",
    table: { quota: { requests: 0 } },
    path: ["quota", "requests"],
    entry: "0",
  },
];

test.each(rows)("D16 PX6 compilePolicy() refuses $name and says where", async (row) => {
  const { code, hint, details } = await refusalOf(row.table);
  expect({ code, details }).toEqual({
    code: "CONFIG_BAD_POLICY",
    details: { path: ["http_request", ...row.path], entry: row.entry },
  });
  expect(hint).toMatch(/./);
});

test("D16 compilePolicy() refuses a bad host of a keychain entry where it stands", async () => {
  const input = { http_request: { enabled: true, secrets: { gh: "github" } } };
  const keychain = new Map([["github", ["api.github.com", "*.com"]]]);
  const error: unknown = await compilePolicy(input, { keychain }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ details: { path: ["keychain", "github", "hosts", 1] } });
});

test("compilePolicy() says what is wrong in words", async () => {
  const { message, hint } = await refusalOf({ allowed_domains: ["a.test", "https://b.test/x"] });
  expect(message).toBe('http_request.allowed_domains[1]: "https://b.test/x" has a scheme');
  expect(hint).toBe("Write the host alone; a [[http_request.rule]] has schemes");
});

test("compilePolicy() takes ranges that hold a metadata address, which stays closed", async () => {
  const policy = await policyOf({ allowed_private: ["100.64.0.0/10", "fc00::/7"] });
  expect(policy.allowedPrivate).toHaveLength(2);
});
