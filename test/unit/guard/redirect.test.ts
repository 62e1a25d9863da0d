import { expect, test } from "bun:test";
import { NO_BODY, textBody, type Body } from "../../../lib/http/body.ts";
import { brief, guardOf } from "./support.ts";

interface Row {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly hop?: number;
  readonly body?: Body;
  readonly want: string;
}

const rows: readonly Row[] = [
  { name: "to the same origin", from: "https://a.test/", to: "/b", want: "allow" },
  { name: "to another allowed host", from: "https://a.test/", to: "//b.test/", want: "allow" },
  { name: "from http to https", from: "http://a.test/", to: "https://a.test/", want: "allow" },
  {
    name: "from https to http",
    from: "https://a.test/",
    to: "http://a.test/",
    want: "POLICY_REDIRECT redirect:downgrade",
  },
  {
    name: "with its body to the same origin",
    from: "https://a.test/",
    to: "/b",
    body: textBody("x"),
    want: "allow",
  },
  {
    name: "with its body to another origin",
    from: "https://a.test/",
    to: "https://b.test/",
    body: textBody("x"),
    want: "POLICY_REDIRECT redirect:body",
  },
  {
    name: "with its body to another port",
    from: "https://a.test/",
    to: "https://a.test:8443/",
    body: textBody("x"),
    want: "POLICY_REDIRECT redirect:body",
  },
  { name: "at the limit", from: "https://a.test/", to: "/b", hop: 5, want: "allow" },
  {
    name: "past the limit",
    from: "https://a.test/",
    to: "/b",
    hop: 6,
    want: "POLICY_REDIRECT redirect:limit",
  },
  {
    name: "out of the allowlist",
    from: "https://a.test/",
    to: "https://evil.test/",
    want: "POLICY_REDIRECT http_request.allowed_domains",
  },
  {
    name: "to a loopback literal",
    from: "http://a.test/",
    to: "http://127.0.0.1/",
    want: "POLICY_REDIRECT http_request.allowed_domains",
  },
  {
    name: "written with a backslash",
    from: "https://a.test/",
    to: "/\\b.test/",
    want: "POLICY_REDIRECT lexis:backslash",
  },
  {
    name: "with userinfo",
    from: "https://a.test/",
    to: "https://u@b.test/",
    want: "POLICY_REDIRECT lexis:userinfo",
  },
  {
    name: "to a file",
    from: "https://a.test/",
    to: "file:///etc/passwd",
    want: "POLICY_REDIRECT lexis:scheme",
  },
];

test.each(rows)("D11 PX18 a redirect $name", async ({ from, to, hop = 1, body, want }) => {
  const guard = await guardOf({ allowed_domains: ["a.test", "a.test:8443", "b.test"] });
  const decision = guard.admit({
    method: body === undefined ? "GET" : "POST",
    url: new URL(to, from),
    headers: [],
    body: body ?? NO_BODY,
    hop,
    from: new URL(from),
    written: to,
  });
  expect(brief(decision)).toBe(want);
});

test("PX18 the denial of a redirect says where it leads", async () => {
  const guard = await guardOf({ allowed_domains: ["a.test"] });
  const url = new URL("https://evil.test/steal?x=1");
  const request = { method: "GET", url, headers: [], body: NO_BODY, hop: 2 };
  expect(guard.admit({ ...request, from: new URL("https://a.test/") })).toMatchObject({
    reason: expect.stringContaining("Redirect 2 leads to evil.test: "),
  });
});
