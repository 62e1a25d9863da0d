import { expect, test } from "bun:test";
import { appendQuery, appendToTarget, parseTarget } from "../../../lib/http/url.ts";

function href(typed: string, defaultScheme: "http" | "https" = "http"): string {
  return parseTarget(typed, { defaultScheme }).url.href;
}

test.each([
  { name: "a colon is this machine", typed: ":", want: "http://localhost/" },
  { name: "a port is this machine", typed: ":8080", want: "http://localhost:8080/" },
  { name: "a port and a path", typed: ":8080/x", want: "http://localhost:8080/x" },
  { name: "a colon and a path", typed: ":/p", want: "http://localhost/p" },
  { name: "a colon and a query", typed: ":?q=1", want: "http://localhost/?q=1" },
  { name: "a pasted URL cut before its colon", typed: "://h/p", want: "http://h/p" },
  { name: "both shorthands", typed: "://:8080/x", want: "http://localhost:8080/x" },
  { name: "two slashes and a host", typed: "//h/p", want: "http://h/p" },
  { name: "a host", typed: "example.test", want: "http://example.test/" },
  { name: "a host and a port, which is no scheme", typed: "h:8080/x", want: "http://h:8080/x" },
  { name: "a host called as a scheme", typed: "data:8080", want: "http://data:8080/" },
  { name: "a host and a query", typed: "h?q=1", want: "http://h/?q=1" },
  { name: "a URL inside a query", typed: "h?u=http://x/", want: "http://h/?u=http://x/" },
  { name: "an IPv6 address", typed: "[::1]:8080/x", want: "http://[::1]:8080/x" },
  { name: "an upper-case scheme", typed: "HTTPS://h/p", want: "https://h/p" },
  { name: "a colon without a port", typed: "http://h:/p", want: "http://h/p" },
  { name: "a fragment is dropped", typed: "h/p?x=1#f?y", want: "http://h/p?x=1" },
  { name: "spaces are encoded", typed: "h/a b?c d", want: "http://h/a%20b?c%20d" },
  { name: "white space around is dropped", typed: " h/p\n", want: "http://h/p" },
  { name: "percent-encoding stays", typed: "h/a%2Fb%20c%zz", want: "http://h/a%2Fb%20c%zz" },
  { name: "dot segments are resolved", typed: "h/a/../b/./c", want: "http://h/b/c" },
  { name: "a backslash in the path is no slash", typed: "h/a\\b", want: "http://h/a%5Cb" },
  {
    name: "a host beyond ASCII",
    typed: "münchen.test/ü",
    want: "http://xn--mnchen-3ya.test/%C3%BC",
  },
])("parseTarget() $name", ({ typed, want }) => {
  expect(href(typed)).toBe(want);
});

test.each([
  { name: "a port too high", typed: "http://h:65536/x", code: "USAGE_BAD_URL" },
  { name: "port 0", typed: "http://h:0/x", code: "USAGE_BAD_URL" },
  { name: "a label that is no punycode", typed: "http://xn--/x", code: "USAGE_BAD_URL" },
])("parseTarget() refuses $name in a URL of plain characters", ({ typed, code }) => {
  expect(() => href(typed)).toThrow(expect.objectContaining({ code }));
});

test.each([
  {
    name: "dot segments",
    typed: "http://h:8080/a/../b/%2e%2e/c?d=1&e=/../f",
    want: "http://h:8080/c?d=1&e=/../f",
  },
  { name: "the port of the scheme", typed: "https://h:443/", want: "https://h/" },
  { name: "an address in an old form", typed: "http://0x7f.1/", want: "http://127.0.0.1/" },
])("parseTarget() reads $name in a URL of plain characters as in any other", ({ typed, want }) => {
  expect(href(typed)).toBe(want);
  expect(href(`${typed}#`)).toBe(want);
});

test("parseTarget() puts the default scheme before a URL without one, and only there", () => {
  expect(href("h/x", "https")).toBe("https://h/x");
  expect(href("://h/x", "https")).toBe("https://h/x");
  expect(href(":8443", "https")).toBe("https://localhost:8443/");
  expect(href("http://h/x", "https")).toBe("http://h/x");
});

test.each([
  { name: "ftp", typed: "ftp://h/x" },
  { name: "file with slashes", typed: "file:///etc/passwd" },
  { name: "file without slashes", typed: "file:/etc/passwd" },
  { name: "javascript", typed: "javascript:alert(1)" },
  { name: "mailto, which looks like a user name", typed: "mailto:a@b.test" },
  { name: "data", typed: "data:text/html,<p>" },
  { name: "a WebSocket", typed: "wss://h/x" },
  { name: "an unknown one", typed: "x-y+z.1://h" },
  { name: "one behind the paste shorthand", typed: "://file:///etc/passwd" },
])("parseTarget() names the schemes it takes when it gets $name", ({ typed }) => {
  expect(() => href(typed)).toThrow(
    expect.objectContaining({
      code: "USAGE_BAD_SCHEME",
      details: expect.objectContaining({ supported: ["http", "https"] }),
    }),
  );
});

test.each([
  { name: "nothing", typed: "" },
  { name: "only slashes", typed: "http://" },
  { name: "no host before the path", typed: "/p" },
  { name: "no host before the query", typed: "?q=1" },
  { name: "three slashes, of which a browser makes a host", typed: "http:///h/x" },
  { name: "no host before the port", typed: "http://:8080/" },
  { name: "no host after the userinfo", typed: "http://u:p@/" },
  { name: "one slash", typed: "http:/h/x" },
  { name: "a port above the range", typed: "h:65536" },
  { name: "port 0", typed: "h:0" },
  { name: "a port of letters", typed: "h:abc" },
  { name: "a port of letters of this machine", typed: ":abc/x" },
  { name: "an IPv6 address without brackets", typed: "::1/x" },
  { name: "an IPv6 address that does not end", typed: "http://[::1" },
  { name: "a space in the host", typed: "a b/" },
  { name: "a backslash in the host, which hides another host", typed: "good.test\\@evil.test" },
  { name: "a line break", typed: "http://h/a\nb" },
  { name: "a NUL", typed: "http://h/a\u0000b" },
  { name: "a host that IDNA refuses", typed: "http://xn--/" },
])("parseTarget() refuses $name with a hint", ({ typed }) => {
  expect(() => href(typed)).toThrow(
    expect.objectContaining({ code: "USAGE_BAD_URL", hint: expect.stringMatching(/^[A-Z]/) }),
  );
});

test("parseTarget() keeps a password out of its messages", () => {
  const typed = "http://u:hunter2@h:99999/?token=hunter3";
  try {
    href(typed);
    expect.unreachable();
  } catch (error) {
    const { message, details } = error as { message: string; details: unknown };
    expect(`${message} ${JSON.stringify(details)}`).not.toContain("hunter");
  }
});

test.each([
  { name: "user and password", typed: "http://u:pw@h/", user: "u", password: "pw" },
  { name: "no scheme", typed: "u:pw@h:80/x", user: "u", password: "pw" },
  { name: "percent-encoding", typed: "http://a%40b:p%3Aq@h/", user: "a@b", password: "p:q" },
  { name: "a percent sign of its own", typed: "http://u:50%@h/", user: "u", password: "50%" },
  { name: "a colon in the password", typed: "http://u:a:b@h/", user: "u", password: "a:b" },
  { name: "an at sign in the user", typed: "http://a@b@h/", user: "a@b", password: "" },
  { name: "no user", typed: "http://:pw@h/", user: "", password: "pw" },
])("parseTarget() takes userinfo out of the URL with $name", ({ typed, user, password }) => {
  const { url, userinfo } = parseTarget(typed, { defaultScheme: "http" });
  expect(url.host).toBe("h");
  expect([url.username, url.password]).toEqual(["", ""]);
  expect(userinfo?.user).toBe(user);
  expect(userinfo?.password.open()).toBe(password);
});

test("parseTarget() takes an empty userinfo for none", () => {
  expect(parseTarget("http://@h/", { defaultScheme: "http" }).userinfo).toBeUndefined();
});

test.each([
  { name: "dot segments", typed: "h/a/../b?x=1#f", want: "/a/../b?x=1", judged: "/b" },
  { name: "encoded dot segments", typed: "h/a/%2e%2e/b", want: "/a/%2e%2e/b", judged: "/b" },
  { name: "double slashes", typed: "h//a//b", want: "//a//b", judged: "//a//b" },
  {
    name: "characters a URL parser encodes",
    typed: "h/{a}|\\b",
    want: "/{a}|\\b",
    judged: "/%7Ba%7D|%5Cb",
  },
  { name: "a query without a path", typed: "h?q", want: "/?q", judged: "/" },
  { name: "nothing", typed: "h", want: "/", judged: "/" },
  {
    name: "text beyond ASCII, which is encoded",
    typed: "h/ü🐎",
    want: "/%C3%BC%F0%9F%90%8E",
    judged: "/%C3%BC%F0%9F%90%8E",
  },
])("parseTarget() with isPathAsIs keeps $name", ({ typed, want, judged }) => {
  const { url, target } = parseTarget(typed, { defaultScheme: "http", isPathAsIs: true });
  expect(target).toBe(want);
  expect(url.pathname).toBe(judged);
});

test("parseTarget() with isPathAsIs refuses what would split the request line", () => {
  for (const typed of ["h/a b", "h/a?b c", "h/a\tb"]) {
    expect(() => parseTarget(typed, { defaultScheme: "http", isPathAsIs: true })).toThrow(
      expect.objectContaining({ code: "USAGE_BAD_URL" }),
    );
  }
});

test.each([
  { name: "starts a query", url: "http://h/x", want: "http://h/x?q=1" },
  { name: "goes on with a query", url: "http://h/x?a", want: "http://h/x?a&q=1" },
  { name: "fills an empty query", url: "http://h/x?", want: "http://h/x?q=1" },
  { name: "goes on with a question mark", url: "http://h/x??", want: "http://h/x??&q=1" },
  { name: "adds no second ampersand", url: "http://h/x?a&", want: "http://h/x?a&q=1" },
  {
    name: "leaves the bytes of the query",
    url: "http://h/?b=%41+c&'=%zz",
    want: "http://h/?b=%41+c&%27=%zz&q=1",
  },
])("appendQuery() $name", ({ url, want }) => {
  const before = new URL(url);
  expect(appendQuery(before, [["q", "1"]]).href).toBe(want);
  expect(before.href).toBe(new URL(url).href);
});

test("appendQuery() encodes as HTTPie and xh do", () => {
  const pairs = [
    ["a b", "1&é~*+"],
    ["", "v"],
    ["z", ""],
  ] as const;
  expect(appendQuery(new URL("http://h/"), pairs).search).toBe("?a+b=1%26%C3%A9~%2A%2B&=v&z=");
});

test("appendQuery() without pairs changes nothing", () => {
  expect(appendQuery(new URL("http://h/x?"), []).href).toBe("http://h/x?");
});

test("appendToTarget() keeps a path as typed", () => {
  expect(appendToTarget("/a/../b?c", [["d", "e"]])).toBe("/a/../b?c&d=e");
});
