import { describe, expect, test } from "bun:test";
import { covers, readEntry } from "../../../lib/guard/entry.ts";
import { destinationOf, entryOf } from "./support.ts";

test.each([
  { name: "a host", text: "api.github.com", want: { kind: "name", name: "api.github.com" } },
  { name: "case", text: "API.GitHub.com", want: { kind: "name", name: "api.github.com" } },
  { name: "a root dot", text: "api.github.com.", want: { kind: "name", name: "api.github.com" } },
  { name: "a single label", text: "intranet", want: { kind: "name", name: "intranet" } },
  { name: "a wildcard", text: "*.example.com", want: { kind: "below", name: "example.com" } },
  { name: "IDNA", text: "bücher.example", want: { kind: "name", name: "xn--bcher-kva.example" } },
  { name: "a port", text: "api.test:8443", want: { kind: "name", name: "api.test", port: 8443 } },
  { name: "any port", text: "*.a.test:*", want: { kind: "below", name: "a.test", port: "any" } },
  { name: "no port", text: "api.test", want: { port: "default" } },
  { name: "IPv4", text: "8.8.8.8", want: { kind: "range", range: { prefix: 32 } } },
  { name: "IPv4 and port", text: "8.8.8.8:53", want: { kind: "range", port: 53 } },
  { name: "IPv6", text: "[2606:4700::1111]", want: { kind: "range", range: { prefix: 128 } } },
  { name: "IPv6 and port", text: "[2606:4700::1111]:*", want: { kind: "range", port: "any" } },
  { name: "CIDR", text: "10.0.0.0/8", want: { kind: "range", range: { prefix: 8 } } },
  { name: "CIDR and port", text: "10.0.0.0/8:8080", want: { kind: "range", port: 8080 } },
  { name: "IPv6 CIDR and port", text: "fd00::/16:443", want: { kind: "range", port: 443 } },
  { name: "all unique local addresses", text: "fc00::/7", want: { range: { prefix: 7 } } },
])("PX6 readEntry() reads $name", ({ text, want }) => {
  expect(readEntry(text)).toMatchObject({ entry: { text, ...want } });
});

test.each([
  { name: "nothing", text: "" },
  { name: "a bare star", text: "*" },
  { name: "a bare star with a port", text: "*:443" },
  { name: "two stars", text: "*.*" },
  { name: "an inner star", text: "api.*.com" },
  { name: "a star in a label", text: "*github.com" },
  { name: "a star at the end", text: "github.*" },
  { name: "a star before an address", text: "*.8.8.8.8" },
  { name: "a scheme", text: "https://api.github.com" },
  { name: "a path", text: "api.github.com/repos" },
  { name: "a trailing slash", text: "api.github.com/" },
  { name: "userinfo", text: "user@api.github.com" },
  { name: "a query", text: "api.github.com?x" },
  { name: "white space", text: " api.github.com" },
  { name: "a line break", text: "api.github.com\nevil.com" },
  { name: "a zero-width space", text: "api.git\u200bhub.com" },
  { name: "letters that fold", text: "\u24d0.example.com" },
  { name: "an empty label", text: "api..github.com" },
  { name: "a leading dot", text: ".github.com" },
  { name: "two root dots", text: "api.github.com.." },
  { name: "a long label", text: `${"a".repeat(64)}.com` },
  { name: "a long name", text: `${"a.".repeat(130)}com` },
  { name: "percent-encoding", text: "api%2egithub.com" },
  { name: "an empty port", text: "api.github.com:" },
  { name: "port 0", text: "api.github.com:0" },
  { name: "a port out of range", text: "api.github.com:65536" },
  { name: "a port with a zero before it", text: "api.github.com:080" },
  { name: "two ports", text: "api.github.com:1:2" },
  { name: "a decimal address", text: "2130706433" },
  { name: "an octal address", text: "0177.0.0.1" },
  { name: "a short address", text: "127.1" },
  { name: "an address with a root dot", text: "8.8.8.8." },
  { name: "IPv6 without brackets", text: "2606:4700::1111" },
  { name: "IPv6 with a zone", text: "[fe80::1%eth0]" },
  { name: "mapped IPv4", text: "[::ffff:8.8.8.8]" },
  { name: "mapped IPv4 in hex", text: "[::ffff:808:808]" },
  { name: "a mapped range", text: "::ffff:0:0/96" },
  { name: "host bits in a range", text: "10.1.2.3/24" },
  { name: "a range of everything", text: "0.0.0.0/0" },
  { name: "a range of everything in IPv6", text: "::/0" },
  { name: "half of the Internet", text: "128.0.0.0/1" },
  { name: "all of global unicast", text: "2000::/3" },
  { name: "brackets around a range", text: "[fd00::]/8" },
  { name: "an unspecified address", text: "0.0.0.0" },
  { name: "a multicast address", text: "224.0.0.1" },
  { name: "a broadcast address", text: "255.255.255.255" },
  { name: "6to4", text: "2002::/16" },
  { name: "Teredo", text: "[2001::1]" },
  { name: "NAT64 of local use", text: "64:ff9b:1::/48" },
])("PX6 readEntry() refuses $name, and says what is right", ({ text }) => {
  expect(readEntry(text)).toMatchObject({
    problem: expect.stringMatching(/./),
    hint: expect.stringMatching(/./),
  });
});

describe("PX3 PX4 PX5 covers()", () => {
  test.each([
    { name: "an exact host", entry: "github.com", url: "https://github.com/", want: true },
    { name: "no host below it", entry: "github.com", url: "https://api.github.com/", want: false },
    {
      name: "no host that ends in it",
      entry: "github.com",
      url: "https://egithub.com/",
      want: false,
    },
    { name: "a root dot", entry: "github.com", url: "https://github.com./", want: true },
    { name: "one label below", entry: "*.github.com", url: "https://api.github.com/", want: true },
    {
      name: "many labels below",
      entry: "*.github.com",
      url: "https://a.b.github.com/",
      want: true,
    },
    { name: "not the apex", entry: "*.github.com", url: "https://github.com/", want: false },
    { name: "not a suffix", entry: "*.github.com", url: "https://evilgithub.com/", want: false },
    { name: "port 80 for http", entry: "a.test", url: "http://a.test/", want: true },
    { name: "port 443 for https", entry: "a.test", url: "https://a.test/", want: true },
    { name: "not port 443 for http", entry: "a.test", url: "http://a.test:443/", want: false },
    { name: "not port 80 for https", entry: "a.test", url: "https://a.test:80/", want: false },
    { name: "the port it names", entry: "a.test:8443", url: "https://a.test:8443/", want: true },
    { name: "no other port then", entry: "a.test:8443", url: "https://a.test/", want: false },
    { name: "any port", entry: "a.test:*", url: "http://a.test:1/", want: true },
    { name: "a literal", entry: "8.8.8.8", url: "http://8.8.8.8/", want: true },
    { name: "a literal in a range", entry: "10.0.0.0/8", url: "http://10.255.0.1/", want: true },
    { name: "no literal outside", entry: "10.0.0.0/8", url: "http://11.0.0.1/", want: false },
    { name: "IPv6 in any spelling", entry: "[1::2]", url: "http://[1:0:0::2]/", want: true },
    { name: "no name", entry: "10.0.0.0/8", url: "http://a.test/", want: false },
  ])("covers $name", ({ entry, url, want }) => {
    expect(covers(entryOf(entry), destinationOf(url))).toBe(want);
  });

  test("covers a name written outside ASCII by an exact entry only", () => {
    const to = { ...destinationOf("https://xn--bcher-kva.example.com/"), isUnicode: true };
    expect(covers(entryOf("bücher.example.com"), to)).toBe(true);
    expect(covers(entryOf("*.example.com"), to)).toBe(false);
  });
});
