import { expect, test } from "bun:test";
import {
  isSensitiveHeader,
  isSensitiveParameter,
  maskHeaders,
  maskUrl,
  maskUrlsIn,
} from "../../../lib/base/sensitive.ts";

// PX15: the list of names, and more.
test.each([
  "Authorization",
  "proxy-authorization",
  "Cookie",
  "Set-Cookie",
  "X-API-Key",
  "x-goog-api-key",
  "apikey",
  "X-Auth-Token",
  "Private-Token",
  "X-Amz-Security-Token",
  "Stripe-Signature",
  "X-Hub-Signature-256",
  "X-Client-Secret",
  "X-CSRF-Token",
  "x-xsrf-token",
  "Ocp-Apim-Subscription-Key",
  "X-Session-Id",
  "X-Auth",
  "DPoP",
  "X-Password",
])("isSensitiveHeader() takes %s for a secret", (name) => {
  expect(isSensitiveHeader(name)).toBe(true);
});

test.each([
  "Accept",
  "WWW-Authenticate",
  "Proxy-Authenticate",
  "Content-Type",
  "Idempotency-Key",
  "Sec-WebSocket-Key",
  "Access-Control-Allow-Credentials",
  "X-RateLimit-Remaining-Tokens",
  "Signature-Input",
  "ETag",
  "Author",
])("isSensitiveHeader() leaves %s alone", (name) => {
  expect(isSensitiveHeader(name)).toBe(false);
});

test.each([
  ["access_token", true],
  ["ACCESS-TOKEN", true],
  ["api_key", true],
  ["apiKey", true],
  ["sig", true],
  ["X-Amz-Signature", true],
  ["X-Goog-Credential", true],
  ["client_secret", true],
  ["user[password]", true],
  ["page_token", false],
  ["nextToken", false],
  ["q", false],
  ["keyword", false],
  ["design", false],
])("isSensitiveParameter(%s) is %p", (name, want) => {
  expect(isSensitiveParameter(name)).toBe(want);
});

test.each([
  {
    name: "a query parameter",
    url: "https://h.test/p?access_token=abc&x=1",
    want: "https://h.test/p?access_token=[redacted]&x=1",
  },
  {
    name: "a name written with percent signs",
    url: "https://h.test/?access%5Ftoken=abc",
    want: "https://h.test/?access%5Ftoken=[redacted]",
  },
  {
    name: "a value with semicolons and equal signs",
    url: "https://h.test/?sig=a;b=c=d&x=1",
    want: "https://h.test/?sig=[redacted]&x=1",
  },
  { name: "each of two", url: "/?a=1&sig=b&sig=c", want: "/?a=1&sig=[redacted]&sig=[redacted]" },
  {
    name: "a parameter of the path",
    url: "/a;jsessionid=12?x",
    want: "/a;jsessionid=[redacted]?x",
  },
  {
    name: "the fragment",
    url: "https://h.test/cb#access_token=abc&state=1",
    want: "https://h.test/cb#access_token=[redacted]&state=1",
  },
  {
    name: "the query of a fragment",
    url: "https://h.test/#/cb?code=abc",
    want: "https://h.test/#/cb?code=[redacted]",
  },
  {
    name: "a URL that is a value",
    url: "/login?next=https%3A%2F%2Fa.test%2F%3Ftoken%3Dabc&x=1",
    want: "/login?next=https%3A%2F%2Fa.test%2F%3Ftoken%3D%5Bredacted%5D&x=1",
  },
  {
    name: "user and password",
    url: "https://user:p@ss@h.test/",
    want: "https://[redacted]@h.test/",
  },
  { name: "a token as user", url: "https://ghp_1@h.test/", want: "https://[redacted]@h.test/" },
  {
    name: "userinfo that only a repairing parser sees",
    url: "https:user:pw@h.test/",
    want: "https:[redacted]@h.test/",
  },
  {
    name: "a quote in a password",
    url: 'https://u:p"w@h.test/',
    want: "https://[redacted]@h.test/",
  },
  {
    name: "nothing in an ordinary URL",
    url: "https://h.test/a@b?x=%41&page_token=2#top",
    want: "https://h.test/a@b?x=%41&page_token=2#top",
  },
  { name: "an empty value as it is", url: "/?token=&x=1", want: "/?token=&x=1" },
])("maskUrl() masks $name", ({ url, want }) => {
  expect(maskUrl(url)).toBe(want);
});

test("maskUrl() takes a URL object and keeps what is not secret", () => {
  expect(maskUrl(new URL("https://u:p@h.test:8443/a?token=1&b=2"))).toBe(
    "https://[redacted]@h.test:8443/a?token=[redacted]&b=2",
  );
});

test("maskUrlsIn() masks each URL of a text and keeps the words between them", () => {
  expect(
    maskUrlsIn('<https://h.test/?page=2&api_key=k1>; rel="next", <//u:p@h.test/>; rel="prev"'),
  ).toBe(
    '<https://h.test/?page=2&api_key=[redacted]>; rel="next", <//[redacted]@h.test/>; rel="prev"',
  );
});

test("maskUrl() is not slowed down by a hostile Location of 64 KiB", () => {
  const started = performance.now();
  for (const piece of [
    "%25",
    "//",
    "\\",
    "?a",
    ";a=",
    "a",
    ":",
    "//a@",
    "?token=%3Ftoken%3D",
    "?a=%41",
    ";sid=",
  ]) {
    maskUrl(`https://h.test/?x=${piece.repeat(65_536 / piece.length)}`);
    maskUrl(piece.repeat(65_536 / piece.length));
    maskUrlsIn(piece.repeat(65_536 / piece.length));
  }
  expect(performance.now() - started).toBeLessThan(1000);
});

test("maskHeaders() masks by name, and URLs in the headers that hold one", () => {
  expect(
    maskHeaders([
      ["Set-Cookie", "sid=SECRET"],
      ["WWW-Authenticate", "Bearer x"],
      ["Location", "/cb?code=abc&x=1"],
      ["Content-Type", "text/plain"],
    ]),
  ).toEqual([
    ["Set-Cookie", "[redacted]"],
    ["WWW-Authenticate", "Bearer x"],
    ["Location", "/cb?code=[redacted]&x=1"],
    ["Content-Type", "text/plain"],
  ]);
});
