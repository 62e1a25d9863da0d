import { expect, test } from "bun:test";
import { createGuard, judgeCall } from "../../../lib/guard/deny-by-default.ts";
import { NO_BODY, readBody } from "../../../lib/http/body.ts";
import { brief, callOf, policyOf } from "./support.ts";

const TABLE = {
  allowed_domains: ["api.github.com", "other.test"],
  secrets: { gh: "github" },
};
const URL_OK = "https://api.github.com/a";

interface Row {
  readonly name: string;
  readonly url?: string;
  readonly header?: string;
  readonly body?: string;
  readonly want: string;
}

const rows: readonly Row[] = [
  { name: "a header value may name it", header: "Bearer {{secret:gh}}", want: "allow" },
  { name: "a body may name it", body: '{"token":"{{secret:gh}}"}', want: "allow" },
  { name: "a value may name it twice", header: "{{secret:gh}}{{secret:gh}}", want: "allow" },
  { name: "other braces are text", body: "{{ name }} {{", want: "allow" },
  {
    name: "an unknown name is refused",
    header: "{{secret:nope}}",
    want: "POLICY_DENIED secret:unknown",
  },
  {
    name: "a name of the language is unknown too",
    header: "{{secret:constructor}}",
    want: "POLICY_DENIED secret:unknown",
  },
  {
    name: "the name of the keychain entry is not the name for calls",
    header: "{{secret:github}}",
    want: "POLICY_DENIED secret:unknown",
  },
  {
    name: "the second reference is judged too",
    header: "{{secret:gh}} {{secret:nope}}",
    want: "POLICY_DENIED secret:unknown",
  },
  {
    name: "an allowed host that it is not bound to is refused",
    url: "https://other.test/",
    header: "{{secret:gh}}",
    want: "SECRET_UNBOUND secret:host",
  },
  {
    name: "http is refused",
    url: "http://api.github.com/",
    header: "{{secret:gh}}",
    want: "SECRET_UNBOUND secret:scheme",
  },
  {
    name: "the query is refused",
    url: `${URL_OK}?t={{secret:gh}}`,
    want: "POLICY_DENIED secret:url",
  },
  {
    name: "the path is refused",
    url: "https://api.github.com/{{secret:gh}}",
    want: "POLICY_DENIED secret:url",
  },
  {
    name: "an encoded path is refused",
    url: "https://api.github.com/%7B%7bsecret:gh}}",
    want: "POLICY_DENIED secret:url",
  },
  {
    name: "the fragment is refused",
    url: `${URL_OK}#{{secret:gh}}`,
    want: "POLICY_DENIED secret:url",
  },
  { name: "spaces are refused", header: "{{ secret:gh }}", want: "POLICY_DENIED secret:form" },
  { name: "capitals are refused", header: "{{SECRET:gh}}", want: "POLICY_DENIED secret:form" },
  { name: "an open end is refused", header: "{{secret:gh", want: "POLICY_DENIED secret:form" },
  {
    name: "one brace at the end is refused",
    body: "{{secret:gh}",
    want: "POLICY_DENIED secret:form",
  },
  { name: "no name is refused", header: "{{secret:}}", want: "POLICY_DENIED secret:form" },
  {
    name: "a strange name is refused",
    header: "{{secret:a/b}}",
    want: "POLICY_DENIED secret:form",
  },
];

test.each(rows)("D17 $name", async ({ url = URL_OK, header, body, want }) => {
  const headers = header === undefined ? {} : { authorization: header };
  const call = callOf(url, { method: "POST", headers, body });
  const policy = await policyOf(TABLE);
  expect(brief(judgeCall(policy, { ownAddresses: [] }, call).decision)).toBe(want);
});

test("D17 a stream is not searched: what is not opened there cannot leak", async () => {
  const guard = createGuard(await policyOf(TABLE), { ownAddresses: [] });
  const open = (): AsyncIterable<Uint8Array> => readBody(NO_BODY);
  const body = { kind: "stream", replayable: false, open } as const;
  const url = new URL(URL_OK);
  expect(brief(guard.admit({ method: "POST", url, headers: [], body, hop: 0 }))).toBe("allow");
});
