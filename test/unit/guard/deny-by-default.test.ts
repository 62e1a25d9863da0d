import { describe, expect, test } from "bun:test";
import { createGuard, judgeCall } from "../../../lib/guard/deny-by-default.ts";
import { compilePolicy } from "../../../lib/guard/policy.ts";
import { readToolPolicy, toolVerdict } from "../../../lib/guard/tool-policy.ts";
import { admitUrl, brief, callOf, guardOf, judgeUrl, policyOf } from "./support.ts";

const FACTS = { ownAddresses: [] };
const UNLISTED = "POLICY_DENIED http_request.allowed_domains";

test("PX1 a tool that is off refuses every call and names the key", async () => {
  const table = { enabled: false, allowed_domains: ["a.test"] };
  const policy = await compilePolicy({ http_request: table }, { keychain: new Map() });
  for (const url of ["https://a.test/", "not a URL"]) {
    expect(judgeCall(policy, FACTS, callOf(url)).decision).toMatchObject({
      code: "POLICY_DISABLED",
      rule: "http_request.enabled",
      reason: expect.stringContaining("http_request.enabled = true"),
    });
  }
});

test("PX2 an empty list allows nothing and names the key", async () => {
  const { decision } = judgeCall(await policyOf({}), FACTS, callOf("https://a.test/"));
  expect(decision).toMatchObject({
    code: "POLICY_DENIED",
    reason: "No host is allowed: http_request.allowed_domains is empty",
  });
});

test("a denial is final and does not print the policy", async () => {
  const policy = await policyOf({ allowed_domains: ["internal-name.test", "10.1.2.0/24"] });
  for (const url of ["https://evil.test/", "http://10.9.9.9/", "https://a b/", "ftp://x/"]) {
    const { decision } = judgeCall(policy, FACTS, callOf(url));
    expect(decision).toMatchObject({ verdict: "deny", hint: expect.stringContaining("final") });
    expect(JSON.stringify(decision)).not.toMatch(/internal-name|10\.1\.2/);
  }
});

test("judgeCall() hands back the URL that was judged", async () => {
  const policy = await policyOf({ allowed_domains: ["api.test"] });
  const { decision, url } = judgeCall(policy, FACTS, callOf("HTTPS://API.test.:443/a#b"));
  expect(decision).toEqual({ verdict: "allow", rule: "http_request.allowed_domains[0]" });
  expect(url?.href).toBe("https://api.test/a");
});

test("D6 a name outside ASCII needs its own entry", async () => {
  const url = callOf("https://bücher.example.com/");
  const wide = await policyOf({ allowed_domains: ["*.example.com"] });
  const exact = await policyOf({ allowed_domains: ["xn--bcher-kva.example.com"] });
  expect(judgeCall(wide, FACTS, url).decision.verdict).toBe("deny");
  expect(judgeCall(exact, FACTS, url).decision.verdict).toBe("allow");
});

test.each([
  { name: "userinfo", url: "https://u:p@a.test/", want: "POLICY_BAD_URL lexis:userinfo" },
  { name: "another scheme", url: "ftp://a.test/", want: "POLICY_BAD_URL lexis:scheme" },
  { name: "an empty label", url: "https://x..a.test/", want: "POLICY_BAD_URL lexis:host" },
  {
    name: "a long URL",
    url: `https://a.test/${"x".repeat(9000)}`,
    want: "POLICY_BAD_URL lexis:length",
  },
  { name: "port 0", url: "https://a.test:0/", want: "POLICY_BAD_URL lexis:port" },
])("admit() refuses $name in a parsed URL too", async ({ url, want }) => {
  const guard = await guardOf({ allowed_domains: ["a.test:*", "*.a.test:*"] });
  expect(brief(admitUrl(guard, url))).toBe(want);
});

describe("D4 D9 D10 D21 PX19 PX20 judge()", () => {
  const table = {
    allowed_domains: [
      "x.test",
      "intranet.corp",
      "port.corp:8443",
      "dev.test:*",
      "localhost",
      "app.localhost",
      "127.0.0.1",
      "10.1.2.0/24",
      "169.254.0.0/16",
      "168.63.129.16",
    ],
    allowed_private: ["intranet.corp", "port.corp", "198.18.0.0/15", "192.168.7.0/24:8443"],
  };

  test.each([
    { name: "a public answer", url: "http://x.test/", answers: ["8.8.8.8"], want: "allow" },
    { name: "several", url: "http://x.test/", answers: ["8.8.8.8", "2606:4700::1"], want: "allow" },
    { name: "NAT64", url: "http://x.test/", answers: ["64:ff9b::808:808"], want: "allow" },
    { name: "a listed address", url: "http://dev.test/", answers: ["127.0.0.1"], want: "allow" },
    { name: "a listed range", url: "http://x.test/", answers: ["10.1.2.9"], want: "allow" },
    {
      name: "a mapped listed address",
      url: "http://x.test/",
      answers: ["::ffff:10.1.2.9"],
      want: "allow",
    },
    { name: "an exempted range", url: "http://x.test/", answers: ["198.18.0.25"], want: "allow" },
    {
      name: "an exempted name",
      url: "http://intranet.corp/",
      answers: ["172.16.0.9"],
      want: "allow",
    },
    {
      name: "it on its port",
      url: "https://port.corp:8443/",
      answers: ["10.9.9.9"],
      want: "allow",
    },
    { name: "a link-local range", url: "http://x.test/", answers: ["169.254.7.7"], want: "allow" },
    { name: "localhost", url: "http://localhost/", answers: ["127.0.0.1", "::1"], want: "allow" },
    { name: "below localhost", url: "http://app.localhost/", answers: ["::1"], want: "allow" },
    { name: "a listed literal", url: "http://10.1.2.9/", answers: ["10.1.2.9"], want: "allow" },
    { name: "metadata, exact", url: "http://x.test/", answers: ["168.63.129.16"], want: "allow" },
  ])("allows $name", async ({ url, answers }) => {
    expect(brief(judgeUrl(await guardOf(table), url, ...answers))).toBe("allow");
  });

  test.each([
    { name: "no answer", url: "http://x.test/", answers: [], want: "POLICY_RESOLVE address:none" },
    { name: "private", url: "http://x.test/", answers: ["10.9.9.9"], want: "private" },
    {
      name: "one bad of many",
      url: "http://x.test/",
      answers: ["8.8.8.8", "10.9.9.9"],
      want: "private",
    },
    { name: "another loopback", url: "http://dev.test/", answers: ["127.0.0.2"], want: "loopback" },
    {
      name: "another port",
      url: "https://dev.test:8443/",
      answers: ["127.0.0.1"],
      want: "loopback",
    },
    {
      name: "the port of a range",
      url: "http://x.test/",
      answers: ["192.168.7.7"],
      want: "private",
    },
    {
      name: "loopback by name",
      url: "http://intranet.corp/",
      answers: ["127.0.0.2"],
      want: "loopback",
    },
    {
      name: "link-local by name",
      url: "http://intranet.corp/",
      answers: ["fe80::1"],
      want: "link-local",
    },
    {
      name: "metadata by name",
      url: "http://intranet.corp/",
      answers: ["fd00:ec2::254"],
      want: "metadata",
    },
    {
      name: "metadata by range",
      url: "http://x.test/",
      answers: ["169.254.169.254"],
      want: "metadata",
    },
    {
      name: "this machine by name",
      url: "http://intranet.corp/",
      answers: ["10.7.7.7"],
      want: "own",
    },
    {
      name: "this machine in public",
      url: "http://x.test/",
      answers: ["203.0.114.7"],
      want: "own",
    },
    { name: "localhost elsewhere", url: "http://localhost/", answers: ["8.8.8.8"], want: "public" },
    { name: "localhost, own", url: "http://localhost/", answers: ["10.7.7.7"], want: "own" },
    {
      name: "unspecified",
      url: "http://intranet.corp/",
      answers: ["0.0.0.0"],
      want: "unspecified",
    },
    { name: "multicast", url: "http://intranet.corp/", answers: ["ff02::1"], want: "multicast" },
    {
      name: "6to4",
      url: "http://intranet.corp/",
      answers: ["2002:808:808::1"],
      want: "transition",
    },
    { name: "an unlisted literal", url: "http://8.8.4.4/", answers: ["8.8.4.4"], want: UNLISTED },
    {
      name: "a literal that answers else",
      url: "http://10.1.2.9/",
      answers: ["10.9.9.9"],
      want: "private",
    },
    {
      name: "a literal by allowed_private",
      url: "http://198.18.0.9/",
      answers: ["198.18.0.9"],
      want: UNLISTED,
    },
    {
      name: "a metadata literal by a range",
      url: "http://169.254.169.254/",
      answers: ["169.254.169.254"],
      want: "metadata",
    },
    {
      name: "a name that was never admitted",
      url: "http://y.test/",
      answers: ["8.8.8.8"],
      want: UNLISTED,
    },
    {
      name: "a literal that answers in public",
      url: "http://10.1.2.9/",
      answers: ["8.8.8.8"],
      want: "public",
    },
    { name: "nonsense", url: "http://x.test/", answers: ["8.8.8"], want: "reserved" },
  ])("refuses $name", async ({ url, answers, want }) => {
    const guard = await guardOf(table, ["10.7.7.7", "203.0.114.7", "fe80::7%eth0"]);
    const full = want.includes(" ") ? want : `POLICY_ADDRESS address:${want}`;
    expect(brief(judgeUrl(guard, url, ...answers))).toBe(full);
  });

  test("opens an address of this machine by its own entry only", async () => {
    const own = ["10.7.7.7"];
    const listed = await guardOf({ allowed_domains: ["x.test", "10.7.7.7"] }, own);
    const exempted = await guardOf(
      { allowed_domains: ["x.test"], allowed_private: ["10.0.0.0/8", "x.test"] },
      own,
    );
    expect(brief(judgeUrl(listed, "http://x.test/", "10.7.7.7"))).toBe("allow");
    expect(brief(judgeUrl(exempted, "http://x.test/", "10.7.7.7"))).toBe(
      "POLICY_ADDRESS address:own",
    );
    expect(brief(judgeUrl(exempted, "http://x.test/", "10.7.7.8"))).toBe("allow");
  });

  test("decodes a NAT64 literal, which has to be listed as it is written", async () => {
    const url = "http://[64:ff9b::808:808]/";
    const inner = "http://[64:ff9b::7f00:1]/";
    const entries = ["[64:ff9b::808:808]", "[64:ff9b::7f00:1]"];
    const listed = await guardOf({ allowed_domains: entries });
    const both = await guardOf({ allowed_domains: [...entries, "127.0.0.1"] });
    const decoded = await guardOf({ allowed_domains: ["8.8.8.8"] });
    expect(brief(admitUrl(listed, url))).toBe("allow");
    expect(brief(admitUrl(listed, inner))).toBe("POLICY_ADDRESS address:loopback");
    expect(brief(admitUrl(both, inner))).toBe("allow");
    expect(brief(admitUrl(decoded, url))).toBe(UNLISTED);
  });

  test("never opens an address of transition, although a range around it is listed", async () => {
    const guard = await guardOf({ allowed_domains: ["x.test", "192.88.0.0/16"] });
    expect(brief(judgeUrl(guard, "http://x.test/", "192.88.98.1"))).toBe("allow");
    expect(brief(judgeUrl(guard, "http://x.test/", "192.88.99.1"))).toBe(
      "POLICY_ADDRESS address:transition",
    );
  });

  test("a rule that names a literal opens it for itself, not for names", async () => {
    const guard = await guardOf({ allowed_domains: ["x.test"], rule: [{ host: "10.1.2.3" }] });
    expect(brief(judgeUrl(guard, "http://10.1.2.3/", "10.1.2.3"))).toBe("allow");
    expect(brief(judgeUrl(guard, "http://x.test/", "10.1.2.3"))).toBe(
      "POLICY_ADDRESS address:private",
    );
  });
});

describe("PX23 tool policy", () => {
  test.each([
    { name: "no table allows", table: undefined, want: "allow" },
    { name: "a table without default supervises", table: {}, want: "supervised" },
    { name: "the default counts", table: { default: "allow" }, want: "allow" },
    { name: "an unknown default denies", table: { default: "ask" }, want: "deny" },
    {
      name: "the tool wins",
      table: { default: "deny", tools: { http_request: "allow" } },
      want: "allow",
    },
    { name: "an unknown word denies", table: { tools: { http_request: "Allow" } }, want: "deny" },
    { name: "a name of the language is no word", table: { default: "toString" }, want: "deny" },
  ])("$name", ({ table, want }) => {
    expect<string>(toolVerdict(readToolPolicy(table), "http_request")).toBe(want);
  });

  test("http_get follows http_request, unless it is named", () => {
    const followed = readToolPolicy({ default: "deny", tools: { http_request: "supervised" } });
    const named = readToolPolicy({ tools: { http_request: "allow", http_get: "deny" } });
    expect(toolVerdict(followed, "http_get")).toBe("supervised");
    expect(toolVerdict(named, "http_get")).toBe("deny");
  });

  test("a supervised tool asks, a denied one refuses, after everything else", async () => {
    const table = { allowed_domains: ["a.test"] };
    const tool_policy = { default: "supervised", tools: { off: "deny", on: "allow" } };
    const policy = await policyOf(table, { security: { tool_policy } });
    const verdicts = [undefined, "on", "off"].map((tool) =>
      brief(admitUrl(createGuard(policy, { ownAddresses: [], tool }), "https://a.test/")),
    );
    expect(verdicts).toEqual(["ask", "allow", "POLICY_DENIED security.tool_policy.tools.off"]);
    const guard = createGuard(policy, FACTS);
    expect(admitUrl(guard, "https://b.test/").verdict).toBe("deny");
  });

  test("a rule that asks is named, also where the tool asks", async () => {
    const rule = [{ host: "a.test", action: "supervised", reason: "costs money" }];
    const tool_policy = { default: "supervised" };
    const policy = await policyOf({ rule }, { security: { tool_policy } });
    expect(admitUrl(createGuard(policy, FACTS), "https://a.test/")).toEqual({
      verdict: "ask",
      rule: "http_request.rule[0]",
      reason: "costs money",
    });
  });
});
