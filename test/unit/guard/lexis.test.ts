import { expect, test } from "bun:test";
import { judgeLocation, judgeUrlText, type UrlReading } from "../../../lib/guard/lexis.ts";

function ruleOf(reading: UrlReading): string {
  return "denial" in reading ? reading.denial.rule : reading.url.href;
}

test.each([
  { name: "a plain URL", text: "https://api.test/a?b=c", want: "https://api.test/a?b=c" },
  { name: "case", text: "HTTPS://API.Test/A", want: "https://api.test/A" },
  { name: "a root dot", text: "https://api.test./a", want: "https://api.test/a" },
  { name: "a fragment", text: "https://api.test/#@evil.test/", want: "https://api.test/" },
  { name: "a port", text: "https://api.test:8443/", want: "https://api.test:8443/" },
  { name: "its own port", text: "https://api.test:443/", want: "https://api.test/" },
  { name: "no path", text: "https://api.test?x", want: "https://api.test/?x" },
  {
    name: "a URL in the query",
    text: "http://a.test/?u=http://b@c/",
    want: "http://a.test/?u=http://b@c/",
  },
  { name: "IPv4", text: "http://8.8.8.8/", want: "http://8.8.8.8/" },
  { name: "IPv6", text: "http://[2606:4700:0::1]:80/", want: "http://[2606:4700::1]/" },
  { name: "an underscore", text: "http://a_b.test/", want: "http://a_b.test/" },
  { name: "IDNA", text: "https://bücher.test/ä", want: "https://xn--bcher-kva.test/%C3%A4" },
  { name: "IDNA in capitals", text: "https://BÜCHER.test/", want: "https://xn--bcher-kva.test/" },
  {
    name: "encoded control characters",
    text: "http://a.test/%0d%0a",
    want: "http://a.test/%0d%0a",
  },
])("PX17 judgeUrlText() takes $name", ({ text, want }) => {
  expect(ruleOf(judgeUrlText(text))).toBe(want);
});

test.each([
  { name: "nothing", text: "", want: "scheme" },
  { name: "no scheme", text: "api.test/a", want: "scheme" },
  { name: "a relative URL", text: "//api.test/a", want: "scheme" },
  { name: "file", text: "file:///etc/passwd", want: "scheme" },
  { name: "data", text: "data:text/plain,x", want: "scheme" },
  { name: "blob", text: "blob:https://api.test/1", want: "scheme" },
  { name: "ws", text: "ws://api.test/", want: "scheme" },
  { name: "one slash", text: "https:/api.test/", want: "slashes" },
  { name: "three slashes", text: "https:///api.test/", want: "slashes" },
  {
    name: "a backslash in the authority",
    text: "https://evil.test\\.api.test/",
    want: "backslash",
  },
  { name: "a backslash in the path", text: "https://api.test/a\\b", want: "backslash" },
  { name: "backslashes for slashes", text: "https:\\\\api.test/", want: "backslash" },
  { name: "a tab in the host", text: "https://api.te\tst/", want: "control" },
  { name: "a line break at the end", text: "https://api.test/\n", want: "control" },
  { name: "NUL", text: "https://api.test\0.evil.test/", want: "control" },
  { name: "a C1 control character", text: "https://api.test/\u0085", want: "control" },
  { name: "a soft hyphen", text: "https://api.te\u00adst/", want: "control" },
  { name: "a direction mark", text: "https://api.test/\u202egpj", want: "control" },
  { name: "a lone surrogate", text: "https://api.test/\ud800", want: "control" },
  { name: "a byte order mark", text: "\ufeffhttps://api.test/", want: "control" },
  { name: "a space before", text: " https://api.test/", want: "space" },
  { name: "a space in the query", text: "https://api.test/?a b", want: "space" },
  { name: "an ideographic space", text: "https://api.test/\u3000", want: "space" },
  { name: "userinfo", text: "https://user:pw@api.test/", want: "userinfo" },
  { name: "empty userinfo", text: "https://@api.test/", want: "userinfo" },
  { name: "a name as userinfo", text: "https://api.test@evil.test/", want: "userinfo" },
  { name: "percent in the host", text: "https://%61pi.test/", want: "percent" },
  { name: "a zone", text: "http://[fe80::1%25eth0]/", want: "percent" },
  { name: "no host", text: "https://", want: "host" },
  { name: "only a port", text: "https://:443/", want: "host" },
  { name: "an empty label", text: "https://a..test/", want: "host" },
  { name: "two root dots", text: "https://api.test../", want: "host" },
  { name: "only a dot", text: "https://./", want: "host" },
  { name: "a forbidden character", text: "https://api.test|evil.test/", want: "host" },
  { name: "a star", text: "https://*.api.test/", want: "host" },
  { name: "a comma", text: "https://a.test,b.test/", want: "host" },
  { name: "a long label", text: `https://${"a".repeat(64)}.test/`, want: "host" },
  { name: "an empty port", text: "https://api.test:/", want: "port" },
  { name: "port 0", text: "https://api.test:0/", want: "port" },
  { name: "port 65536", text: "https://api.test:65536/", want: "port" },
  { name: "a zero before the port", text: "https://api.test:0443/", want: "port" },
  { name: "a signed port", text: "https://api.test:+80/", want: "port" },
  { name: "a port that is a name", text: "https://api.test:443.evil.test/", want: "port" },
  { name: "a decimal address", text: "http://2130706433/", want: "ip-literal" },
  { name: "a hex address", text: "http://0x7f000001/", want: "ip-literal" },
  { name: "an octal octet", text: "http://0177.0.0.1/", want: "ip-literal" },
  { name: "a short address", text: "http://127.1/", want: "ip-literal" },
  { name: "a root dot after an address", text: "http://127.0.0.1./", want: "ip-literal" },
  { name: "a name that ends in a number", text: "http://api.test.1/", want: "ip-literal" },
  { name: "a name that ends in hex", text: "http://api.test.0x1/", want: "ip-literal" },
  { name: "mapped IPv4", text: "http://[::ffff:8.8.8.8]/", want: "ip-literal" },
  { name: "mapped IPv4 in hex", text: "http://[::ffff:808:808]/", want: "ip-literal" },
  { name: "dots in IPv6", text: "http://[64:ff9b::8.8.8.8]/", want: "ip-literal" },
  { name: "bad IPv6", text: "http://[1:2]/", want: "ip-literal" },
  { name: "an unclosed bracket", text: "http://[::1/", want: "host" },
  { name: "text after a bracket", text: "http://[::1]x/", want: "host" },
  { name: "circled letters", text: "http://\u24db\u24de\u24d2\u24d0\u24db/", want: "folding" },
  { name: "an ideographic full stop", text: "http://127\u30020\u30020\u30021/", want: "folding" },
  { name: "a full stop inside a label", text: "http://b\u00fc\u3002test/", want: "folding" },
  { name: "full width", text: "http://\uff41pi.test/", want: "folding" },
  { name: "the Kelvin sign", text: "http://\u212aube.test/", want: "folding" },
  { name: "the Kelvin sign beside others", text: "http://\u212aübe.test/", want: "folding" },
  { name: "a dotless capital", text: "http://\u0130x.test/", want: "folding" },
  { name: "mathematical letters", text: "http://\u{1d41a}pi.test/", want: "folding" },
  { name: "half-width letters", text: "http://\uff8a\uff8a.test/", want: "folding" },
  { name: "a letter and its mark apart", text: "http://bu\u0308cher.test/", want: "folding" },
  { name: "a variation selector after ü", text: "http://\u00fc\ufe0f.test/", want: "folding" },
  { name: "a variation selector", text: "http://api\ufe0f.test/", want: "folding" },
  { name: "a wrong xn-- label", text: "http://xn--a/", want: "parse" },
  { name: "8193 bytes", text: `https://a.test/${"x".repeat(8178)}`, want: "length" },
  { name: "8 KiB once encoded", text: `https://a.test/${"ä".repeat(2000)}`, want: "length" },
])("PX17 judgeUrlText() refuses $name", ({ text, want }) => {
  expect(ruleOf(judgeUrlText(text))).toBe(`lexis:${want}`);
});

test("PX17 judgeUrlText() takes 8 KiB", () => {
  const text = `https://a.test/${"x".repeat(8177)}`;
  expect(ruleOf(judgeUrlText(text))).toBe(text);
});

test("judgeUrlText() tells a host outside ASCII from its xn-- form", () => {
  expect(judgeUrlText("https://bücher.test/")).toMatchObject({ isUnicode: true });
  expect(judgeUrlText("https://xn--bcher-kva.test/")).toMatchObject({ isUnicode: false });
});

test.each([
  { name: "a path", text: "/b?c", want: "https://api.test/b?c" },
  { name: "a relative path", text: "b", want: "https://api.test/a/b" },
  { name: "a query", text: "?c", want: "https://api.test/a/x?c" },
  { name: "nothing", text: "", want: "https://api.test/a/x" },
  { name: "another host", text: "//b.test/c", want: "https://b.test/c" },
  { name: "another URL", text: "http://b.test/c", want: "http://b.test/c" },
  { name: "a letter outside ASCII in the path", text: "/ä", want: "https://api.test/%C3%A4" },
  { name: "a backslash", text: "/\\evil.test/", want: "lexis:backslash" },
  { name: "three slashes", text: "///evil.test/", want: "lexis:slashes" },
  { name: "a scheme without slashes", text: "https:evil.test", want: "lexis:slashes" },
  { name: "a tab between slashes", text: "/\t/evil.test/", want: "lexis:control" },
  { name: "another scheme", text: "file:///etc/passwd", want: "lexis:scheme" },
  { name: "script", text: "javascript:alert(1)", want: "lexis:scheme" },
  { name: "userinfo", text: "//u:p@api.test/", want: "lexis:userinfo" },
  { name: "a decimal address", text: "//2130706433/", want: "lexis:ip-literal" },
  { name: "a space before", text: " //evil.test/", want: "lexis:space" },
])("PX18 judgeLocation() reads $name", ({ text, want }) => {
  expect(ruleOf(judgeLocation(text, new URL("https://api.test/a/x")))).toBe(want);
});
