import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Target } from "../../../lib/guard/decision.ts";
import {
  parseProxy,
  parseProxyFlag,
  proxiesFromEnv,
  proxyRules,
} from "../../../lib/transport/proxy-rules.ts";

test.each([
  { text: "proxy.test", want: ["http", "proxy.test", 80] },
  { text: "proxy.test:3128", want: ["http", "proxy.test", 3128] },
  { text: "http://proxy.test", want: ["http", "proxy.test", 80] },
  { text: "http://proxy.test:443/", want: ["http", "proxy.test", 443] },
  { text: "HTTP://Proxy.Test:80", want: ["http", "proxy.test", 80] },
  { text: "https://proxy.test", want: ["https", "proxy.test", 443] },
  { text: "https://proxy.test:80", want: ["https", "proxy.test", 80] },
  { text: "socks5://127.0.0.1", want: ["socks5", "127.0.0.1", 1080] },
  { text: "socks5://127.0.0.1:80", want: ["socks5", "127.0.0.1", 80] },
  { text: "socks5h://[::1]:443", want: ["socks5h", "::1", 443] },
  { text: "socks://proxy.test", want: ["socks5", "proxy.test", 1080] },
  { text: " http://bücher.test ", want: ["http", "xn--bcher-kva.test", 80] },
])("parseProxy() reads $text", ({ text, want }) => {
  const { scheme, host, port, credentials } = parseProxy(text);
  expect([scheme, host, port]).toEqual([...want]);
  expect(credentials).toBeUndefined();
});

test.each([
  { text: "http://user:pass@p.test", want: ["user", "pass"] },
  { text: "user:p%40ss%3A@p.test:1", want: ["user", "p@ss:"] },
  { text: "http://user@p.test", want: ["user", ""] },
  { text: "http://:pass@p.test", want: ["", "pass"] },
  { text: "http://user:100%@p.test", want: ["user", "100%"] },
  { text: "socks5://us%C3%A9r:p@p.test", want: ["usér", "p"] },
])("parseProxy() reads the credentials of $text", ({ text, want }) => {
  const { credentials } = parseProxy(text);
  expect([credentials?.user, credentials?.password.open()]).toEqual([...want]);
});

test.each([
  { name: "nothing", text: "" },
  { name: "a scheme alone", text: "http://" },
  { name: "another scheme", text: "ftp://s3cret:s3cret@p.test" },
  { name: "SOCKS 4", text: "socks4://s3cret@p.test" },
  { name: "a name of Object", text: "constructor://p.test" },
  { name: "a path", text: "http://u:s3cret@p.test/path" },
  { name: "a query", text: "http://u:s3cret@p.test?x" },
  { name: "a port that is none", text: "http://u:s3cret@p.test:99999" },
  { name: "a space in the host", text: "http://u:s3cret@p test" },
  { name: "a colon in the user name", text: "http://u%3A:s3cret@p.test" },
  { name: "a password too long for SOCKS", text: `socks5://u:s3cret${"x".repeat(256)}@p.test` },
])("parseProxy() refuses $name without printing it", ({ text }) => {
  try {
    parseProxy(text);
    throw new Error("it was taken");
  } catch (error) {
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: "USAGE_BAD_VALUE" });
    expect(Bun.inspect(error)).not.toContain("s3cret");
  }
});

test.each([
  { text: "http:http://p.test:3128", want: ["http", "http", "p.test"] },
  { text: "https:http://p.test", want: ["https", "http", "p.test"] },
  { text: "all:socks5://p.test", want: ["all", "socks5", "p.test"] },
  { text: "http:p.test", want: ["http", "http", "p.test"] },
  { text: "http://p.test", want: ["all", "http", "p.test"] },
  { text: "socks5h://p.test", want: ["all", "socks5h", "p.test"] },
  { text: "p.test:3128", want: ["all", "http", "p.test"] },
])("parseProxyFlag() reads $text", ({ text, want }) => {
  const { use, proxy } = parseProxyFlag(text);
  expect([use, proxy.scheme, proxy.host]).toEqual([...want]);
});

function target(text: string): Target {
  const url = new URL(text);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || (scheme === "https" ? 443 : 80));
  return { scheme, host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

test.each([
  { exempt: "a.test", url: "http://a.test", is: true },
  { exempt: "a.test", url: "http://b.a.test", is: true },
  { exempt: "a.test", url: "http://ba.test", is: false },
  { exempt: "a.test", url: "http://a.test.evil.test", is: false },
  { exempt: ".a.test", url: "http://a.test", is: true },
  { exempt: ".a.test", url: "http://b.a.test", is: true },
  { exempt: "*.a.test", url: "http://b.a.test", is: true },
  { exempt: "A.TEST", url: "http://a.test", is: true },
  { exempt: "a.test.", url: "http://a.test", is: true },
  { exempt: "a.test", url: "http://a.test.", is: true },
  { exempt: "bücher.test", url: "http://bücher.test", is: true },
  { exempt: "*", url: "http://a.test", is: true },
  { exempt: "b.test, a.test", url: "http://a.test", is: true },
  { exempt: "b.test a.test", url: "http://a.test", is: true },
  { exempt: ",, ,", url: "http://a.test", is: false },
  { exempt: "", url: "http://a.test", is: false },
  { exempt: "a.test:8080", url: "http://a.test:8080", is: true },
  { exempt: "a.test:8080", url: "http://a.test", is: false },
  { exempt: "a.test:443", url: "https://a.test", is: true },
  { exempt: "localhost", url: "http://localhost:3000", is: true },
  { exempt: "localhost", url: "http://127.0.0.1", is: false },
  { exempt: "127.0.0.1", url: "http://127.0.0.1:81", is: true },
  { exempt: "127.0.0.1:80", url: "http://127.0.0.1:81", is: false },
  { exempt: "10.0.0.0/8", url: "http://10.200.3.4", is: true },
  { exempt: "10.0.0.0/8", url: "http://11.0.0.1", is: false },
  { exempt: "10.0.0.0/8", url: "http://[::ffff:10.0.0.1]", is: false },
  { exempt: "10.0.0.0/8", url: "http://10.test", is: false },
  { exempt: "0.0.0.0/0", url: "http://1.2.3.4", is: true },
  { exempt: "10.0.0.0/33", url: "http://10.0.0.1", is: false },
  { exempt: "fd00::/8", url: "http://[fd12::1]", is: true },
  { exempt: "fd00::/8", url: "http://[fe80::1]", is: false },
  { exempt: "::1", url: "http://[::1]", is: true },
  { exempt: "[0:0::1]:80", url: "http://[::1]", is: true },
  { exempt: "[::1]:81", url: "http://[::1]", is: false },
  { exempt: "a/b, %, [", url: "http://a.test", is: false },
])("$exempt exempts $url: $is", ({ exempt, url, is }) => {
  const proxyFor = proxyRules({ all: parseProxy("http://p.test"), exempt });
  expect(proxyFor(target(url)) === undefined).toBe(is);
});

test("a scheme's own proxy comes before the one for all", () => {
  const proxyFor = proxyRules({ http: parseProxy("h.test"), all: parseProxy("a.test") });
  expect(proxyFor(target("http://x.test"))?.host).toBe("h.test");
  expect(proxyFor(target("https://x.test"))?.host).toBe("a.test");
});

test.each([
  { name: "lower case", env: { http_proxy: "a.test" }, want: "a.test" },
  { name: "upper case", env: { HTTP_PROXY: "a.test" }, want: "a.test" },
  {
    name: "lower before upper",
    env: { HTTP_PROXY: "b.test", http_proxy: "a.test" },
    want: "a.test",
  },
  { name: "an empty value as none", env: { http_proxy: "", ALL_PROXY: "a.test" }, want: "a.test" },
  { name: "nothing", env: {}, want: undefined },
  { name: "the proxy of another scheme as none", env: { https_proxy: "a.test" }, want: undefined },
  { name: "an exemption", env: { http_proxy: "a.test", NO_PROXY: "x.test" }, want: undefined },
])("proxiesFromEnv() reads $name", ({ env, want }) => {
  const variables: Readonly<Record<string, string | undefined>> = env;
  const proxyFor = proxyRules(proxiesFromEnv((name) => variables[name]));
  expect(proxyFor(target("http://x.test"))?.host).toBe(want);
});

test("proxiesFromEnv() names the variable that cannot be read, and not its value", () => {
  const env = (name: string) => (name === "ALL_PROXY" ? "gopher://u:s3cret@p" : undefined);
  try {
    proxiesFromEnv(env);
    throw new Error("it was taken");
  } catch (error) {
    expect(error).toMatchObject({ code: "USAGE_BAD_VALUE", details: { variable: "ALL_PROXY" } });
    expect(Bun.inspect(error)).not.toContain("s3cret");
  }
});
