import { describe, expect, test } from "bun:test";
import { nextDraft } from "../../../lib/exchange/redirect.ts";
import { textBody } from "../../../lib/http/body.ts";
import { hasHeader } from "../../../lib/http/headers.ts";
import { draftOf, headOf } from "../../support/drafts.ts";

const START = "http://one.test/a/b?x=1";

describe("nextDraft() method and body", () => {
  test.each([
    { name: "301 turns POST into GET", status: 301, method: "POST", want: "GET" },
    { name: "302 turns POST into GET", status: 302, method: "POST", want: "GET" },
    { name: "302 keeps PUT", status: 302, method: "PUT", want: "PUT" },
    { name: "303 turns PUT into GET", status: 303, method: "PUT", want: "GET" },
    { name: "303 keeps HEAD", status: 303, method: "HEAD", want: "HEAD" },
    { name: "307 keeps POST", status: 307, method: "POST", want: "POST" },
    { name: "308 keeps a custom method", status: 308, method: "PURGE", want: "PURGE" },
  ])("$name", ({ status, method, want }) => {
    const draft = draftOf(START, {
      method,
      body: textBody("x"),
      headers: [["Content-Type", "text/x"]],
      defaults: [["content-language", "en"]],
    });
    const next = nextDraft(draft, headOf(status, [["Location", "/end"]]));
    expect(next?.method).toBe(want);
    const isKept = want === method;
    expect(next?.body.kind).toBe(isKept ? "bytes" : "none");
    expect(hasHeader(next?.headers ?? [], "content-type")).toBe(isKept);
    expect(hasHeader(next?.defaults ?? [], "content-language")).toBe(isKept);
  });

  test("307 with a body that can be read only once is an error", () => {
    const open = (): AsyncIterable<Uint8Array> => (async function* () {})();
    const body = { kind: "stream", replayable: false, open } as const;
    const draft = draftOf(START, { method: "POST", body });
    expect(() => nextDraft(draft, headOf(307, [["Location", "/"]]))).toThrow(
      expect.objectContaining({ code: "REDIRECT_BODY" }),
    );
  });
});

describe("nextDraft() location", () => {
  test.each([
    { name: "a path", location: "/end", want: "http://one.test/end" },
    { name: "a relative path", location: "c", want: "http://one.test/a/c" },
    { name: "a query", location: "?y=2", want: "http://one.test/a/b?y=2" },
    { name: "another scheme's host", location: "//two.test/", want: "http://two.test/" },
    {
      name: "userinfo, which is dropped",
      location: "http://u:p@one.test/",
      want: "http://one.test/",
    },
    { name: "a fragment, which is dropped", location: "/e#f", want: "http://one.test/e" },
    { name: "non-ASCII, which is encoded", location: "/é", want: "http://one.test/%C3%A9" },
  ])("takes $name", ({ location, want }) => {
    expect(nextDraft(draftOf(START), headOf(302, [["Location", location]]))?.url.href).toBe(want);
  });

  test.each([
    { name: "a status that is no redirect", head: headOf(200, [["Location", "/x"]]) },
    { name: "304", head: headOf(304, [["Location", "/x"]]) },
    { name: "300", head: headOf(300, [["Location", "/x"]]) },
    { name: "no Location", head: headOf(302) },
    { name: "an empty Location", head: headOf(302, [["Location", ""]]) },
  ])("does not follow $name", ({ head }) => {
    expect(nextDraft(draftOf(START), head)).toBeUndefined();
  });

  test("a Location that is no URL is an error", () => {
    expect(() => nextDraft(draftOf(START), headOf(302, [["Location", "http://[::"]]))).toThrow(
      expect.objectContaining({ code: "REDIRECT_BAD_LOCATION" }),
    );
  });
});

describe("nextDraft() credentials", () => {
  const headers = [
    ["Authorization", "Basic x"],
    ["cookie", "a=1"],
    ["Host", "front.test"],
    ["X-Api-Key", "k"],
    ["X-Own", "keep"],
  ] as const;

  test.each([
    { name: "another host", location: "http://two.test/" },
    { name: "another port", location: "http://one.test:81/" },
    { name: "another scheme", location: "https://one.test/" },
    { name: "a subdomain", location: "http://a.one.test/" },
  ])("do not follow to $name", ({ location }) => {
    const next = nextDraft(draftOf(START, { headers }), headOf(307, [["Location", location]]), [
      "x-api-key",
    ]);
    expect(next?.headers).toEqual([["X-Own", "keep"]]);
  });

  test("stay for the same origin", () => {
    const next = nextDraft(draftOf(START, { headers }), headOf(307, [["Location", "/x"]]));
    expect(next?.headers).toEqual(headers);
  });
});
