import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { type RealProxy, startDante, startSquid, startTinyproxy } from "../support/real-proxies.ts";
import { type CliResult, runCli } from "../support/run-cli.ts";
import { startServing } from "../support/serving.ts";
import { eventually, identity, pem } from "../support/wire.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

// The compiled binary through proxies from Debian, as a tool for people and as one for models.
// Proves PX25.

const USER = "ada";
const PASSWORD = "s3cret";
const BODY = Buffer.alloc(1024 * 1024, "all work and no play ");

let folder: TemporaryFolder;
let plain: LoopbackServer;
let secure: LoopbackServer;
const proxies = new Map<string, RealProxy>();
const stops: AsyncDisposable[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(join(folder.path, "authority.pem"), pem("authority"));
  const script = { hits: "any", replies: [{ body: "from the origin\n" }] } as const;
  plain = await startServer(script);
  secure = await startServer({ ...script, tls: identity("server") });
  for (const [name, start] of [
    ["tinyproxy", () => startTinyproxy()],
    ["tinyproxy with a password", () => startTinyproxy(`${USER} ${PASSWORD}`)],
    ["squid", startSquid],
    ["dante", startDante],
  ] as const) {
    const proxy = await start();
    proxies.set(name, proxy);
    stops.push(proxy);
  }
}, 60_000);

afterAll(async () => {
  for (const one of stops) await one[Symbol.asyncDispose]();
  plain[Symbol.dispose]();
  secure[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** The proxy of a name as a URL names it, and what it was asked for by `work`. */
function proxyUrl(name: string, scheme = name === "dante" ? "socks5" : "http"): string {
  const credentials = name.includes("password") ? `${USER}:${PASSWORD}@` : "";
  return `${scheme}://${credentials}127.0.0.1:${proxies.get(name)?.port}`;
}

/** Returns what `name` was asked for while `work` ran, and the requests that came to the origins. */
async function observe<T>(name: string, work: () => Promise<T>, least = 0) {
  const proxy = proxies.get(name);
  const before = { asked: proxy?.asked().length ?? 0, hits: hits().length };
  const result = await work();
  const asked = (): readonly string[] => proxy?.asked().slice(before.asked) ?? [];
  // What it prints comes through a pipe.
  await eventually(() => asked().length >= least).catch(() => undefined);
  return { result, asked: asked(), hits: hits().slice(before.hits) };
}

function hits() {
  return [...plain.hits, ...secure.hits].toSorted((a, b) => a.order - b.order);
}

const NAMES = ["tinyproxy", "tinyproxy with a password", "squid", "dante"];

describe("weir", () => {
  function weir(
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CliResult> {
    return runCli(argv, { target: "binary", env });
  }

  describe.each(NAMES)("through %s", (name) => {
    const isSocks = name === "dante";

    test("gets http, and keeps the proxy's password from the origin", async () => {
      const url = `${plain.url}/raw`;
      const flag = `--proxy=${proxyUrl(name)}`;
      const seen = await observe(name, () => weir([flag, "get", url]), 1);
      expect(seen.result).toMatchObject({ stdout: "from the origin\n", stderr: "", exit: 0 });
      expect(seen.asked).toEqual([isSocks ? `127.0.0.1:${plain.port}` : `GET ${url}`]);
      expect(seen.hits).toHaveLength(1);
      const [hit] = seen.hits;
      expect(hit?.target).toBe("/raw");
      expect(hit?.header("Proxy-Authorization")).toBeUndefined();
      expect(hit?.header("Via") === undefined).toBe(isSocks);
    });

    test("gets https through a tunnel, certificate checked", async () => {
      const url = `https://localhost:${secure.port}/raw`;
      const verify = `--verify=${join(folder.path, "authority.pem")}`;
      const argv = [`--proxy=${proxyUrl(name)}`, verify, "get", url];
      const seen = await observe(name, () => weir(argv), 1);
      expect(seen.result).toMatchObject({ stdout: "from the origin\n", exit: 0 });
      const place = isSocks ? `127.0.0.1:${secure.port}` : `CONNECT localhost:${secure.port}`;
      expect(seen.asked).toEqual([place]);
      expect(seen.hits).toHaveLength(1);
      expect(seen.hits[0]?.header("Via")).toBeUndefined();
      expect(seen.hits[0]?.header("Proxy-Authorization")).toBeUndefined();
    });

    test("posts 1 MiB", async () => {
      writeFileSync(join(folder.path, "body"), BODY);
      const argv = [`--proxy=${proxyUrl(name)}`, "post", `${plain.url}/post`];
      const body = `@${join(folder.path, "body")}`;
      const seen = await observe(name, () => weir([...argv, body]), 1);
      expect(seen.result).toMatchObject({ exit: 0 });
      expect(Buffer.compare(seen.hits[0]?.body ?? Buffer.alloc(0), BODY)).toBe(0);
    });
  });

  test("socks5h leaves the name to the proxy", async () => {
    const url = `http://localhost:${plain.port}/raw`;
    const argv = [`--proxy=${proxyUrl("dante", "socks5h")}`, "get", url];
    const seen = await observe("dante", () => weir(argv), 1);
    expect(seen).toMatchObject({ result: { exit: 0 }, asked: [`127.0.0.1:${plain.port}`] });
  });

  test.each([
    { name: "no password", url: (port: number) => `http://127.0.0.1:${port}` },
    { name: "a wrong password", url: (port: number) => `http://ada:no@127.0.0.1:${port}` },
  ])("shows the proxy's own answer to $name, and never goes direct", async ({ url }) => {
    const name = "tinyproxy with a password";
    const proxy = url(proxies.get(name)?.port ?? 0);
    const http = await observe(name, () => weir([`--proxy=${proxy}`, "-h", "get", plain.url]), 1);
    expect(http.result.stdout).toMatch(/^HTTP\/1\.[01] 40[17] /);
    expect(http.result.exit).toBe(4);
    const https = await observe(name, () => weir([`--proxy=${proxy}`, "get", secure.url]), 1);
    expect(https.result).toMatchObject({ stdout: "", exit: 69 });
    expect([...http.hits, ...https.hits]).toEqual([]);
  });

  const TINY = "tinyproxy";
  test.each([
    { name: "http_proxy, for http", env: ["http_proxy"], scheme: "http", isUsed: true },
    { name: "HTTP_PROXY, for http", env: ["HTTP_PROXY"], scheme: "http", isUsed: true },
    { name: "https_proxy, for https", env: ["https_proxy"], scheme: "https", isUsed: true },
    { name: "HTTPS_PROXY, for https", env: ["HTTPS_PROXY"], scheme: "https", isUsed: true },
    { name: "ALL_PROXY, for http", env: ["ALL_PROXY"], scheme: "http", isUsed: true },
    { name: "all_proxy, for https", env: ["all_proxy"], scheme: "https", isUsed: true },
    { name: "https_proxy, not for http", env: ["https_proxy"], scheme: "http", isUsed: false },
    { name: "http_proxy, not for https", env: ["http_proxy"], scheme: "https", isUsed: false },
  ])("reads $name", async ({ env, scheme, isUsed }) => {
    const url = `${scheme === "http" ? plain.url : secure.url}/env`;
    const variables = Object.fromEntries(env.map((one) => [one, proxyUrl(TINY)]));
    const argv = [`--verify=${join(folder.path, "authority.pem")}`, "get", url];
    const seen = await observe(TINY, () => weir(argv, variables), isUsed ? 1 : 0);
    expect(seen.result).toMatchObject({ stdout: "from the origin\n", exit: 0 });
    expect([seen.asked.length, seen.hits.length]).toEqual([isUsed ? 1 : 0, 1]);
  });

  test.each([
    { name: "the host", value: "127.0.0.1", isUsed: false },
    { name: "everything", value: "*", isUsed: false },
    { name: "a range", value: "10.0.0.0/8, 127.0.0.0/8", isUsed: false },
    { name: "the host at its port", value: "127.0.0.1:{port}", isUsed: false },
    { name: "the host at another port", value: "127.0.0.1:1", isUsed: true },
    { name: "another host", value: "example.test,.127.0.0.2", isUsed: true },
    { name: "nothing", value: "", isUsed: true },
  ])("NO_PROXY exempts $name", async ({ value, isUsed }) => {
    const exempt = value.replace("{port}", String(plain.port));
    const env = { ALL_PROXY: proxyUrl(TINY), NO_PROXY: exempt };
    const seen = await observe(TINY, () => weir(["get", plain.url], env), isUsed ? 1 : 0);
    expect(seen.result.exit).toBe(0);
    expect(seen.asked.length).toBe(isUsed ? 1 : 0);
  });

  test.each([
    { name: "--no-proxy", flags: () => ["--no-proxy"], used: undefined },
    { name: "--proxy", flags: () => [`--proxy=${proxyUrl("squid")}`], used: "squid" },
    { name: "--proxy for http", flags: () => [`--proxy=http:${proxyUrl("squid")}`], used: "squid" },
  ])("$name wins over the environment", async ({ flags, used }) => {
    const env = { ALL_PROXY: proxyUrl(TINY), http_proxy: proxyUrl(TINY) };
    const argv = [...flags(), "get", plain.url];
    const seen = await observe(used ?? TINY, () => weir(argv, env), used === undefined ? 0 : 1);
    expect(seen.result.exit).toBe(0);
    expect(seen.asked).toHaveLength(used === undefined ? 0 : 1);
  });
});

describe("weir agent", () => {
  const LOOPBACK = '"localhost:*", "127.0.0.0/8:*", "[::1]:*"';

  function policy(proxy: string, more = "", allowed = LOOPBACK): string {
    return `
[http_request]
enabled = true
allowed_domains = [${allowed}]
connect_timeout_secs = 3
timeout_secs = 5
[proxy]
enabled = true
all_proxy = "${proxy}"
${more}
`;
  }

  async function ask(url: string, text: string): Promise<Envelope> {
    await using agent = startServing({ policy: text });
    return await agent.call(url);
  }

  describe.each(NAMES)("through %s", (name) => {
    const connect = (port: number): string =>
      name === "dante" ? `127.0.0.1:${port}` : `CONNECT 127.0.0.1:${port}`;

    test("asks for a tunnel to the judged address, for http too", async () => {
      const url = `http://localhost:${plain.port}/agent`;
      const seen = await observe(name, () => ask(url, policy(proxyUrl(name))), 1);
      expect(seen.result).toMatchObject({ success: true });
      // Whoever resolves localhost to ::1 first is asked for that first.
      expect(seen.asked.at(-1)).toBe(connect(plain.port));
      expect(seen.asked.join()).not.toContain("localhost");
      expect(seen.hits).toHaveLength(1);
      const [hit] = seen.hits;
      for (const header of ["Proxy-Authorization", "Authorization", "Via"]) {
        expect(hit?.header(header)).toBeUndefined();
      }
      expect(hit?.header("Host")).toBe(`localhost:${plain.port}`);
    });

    test("speaks TLS with the origin inside it, and trusts no stranger", async () => {
      const url = `https://localhost:${secure.port}/agent`;
      const seen = await observe(name, () => ask(url, policy(proxyUrl(name))), 1);
      expect(seen.result).toMatchObject({ success: false, code: "TLS_CERTIFICATE" });
      expect(seen.asked.at(-1)).toBe(connect(secure.port));
      expect(seen.hits).toEqual([]);
    });

    test.each([
      { why: "a host not listed", url: "http://example.test/", code: "POLICY_DENIED" },
      { why: "an address not listed", url: "http://10.0.0.1/", code: "POLICY_DENIED" },
      { why: "a name that does not resolve", url: "http://nowhere.invalid/", code: "NET_DNS" },
    ])("never hears of $why", async ({ url, code }) => {
      const text = policy(proxyUrl(name), "", '"localhost:*", "nowhere.invalid"');
      const seen = await observe(name, () => ask(url, text));
      expect(seen.result).toMatchObject({ success: false, code });
      await Bun.sleep(30);
      expect([...seen.asked, ...seen.hits]).toEqual([]);
    });

    test("is left out for what no_proxy names", async () => {
      const text = policy(proxyUrl(name), 'no_proxy = ["127.0.0.0/8"]');
      const seen = await observe(name, () => ask(`${plain.url}/direct`, text));
      expect(seen).toMatchObject({ result: { success: true }, asked: [] });
      expect(seen.hits).toHaveLength(1);
    });

    test("is what the call ends with when nobody listens at the target", async () => {
      const seen = await observe(name, () => ask("http://127.0.0.1:1/", policy(proxyUrl(name))));
      expect(seen.result).toMatchObject({ success: false, code: "NET_PROXY" });
      expect(seen.hits).toEqual([]);
    });
  });

  test("is refused by a proxy that wants another password, and never goes direct", async () => {
    const name = "tinyproxy with a password";
    const wrong = proxyUrl(name).replace(PASSWORD, "other");
    const seen = await observe(name, () => ask(`${plain.url}/no`, policy(wrong)));
    expect(seen.result).toMatchObject({ success: false, code: "NET_PROXY" });
    expect(JSON.stringify(seen.result)).not.toContain("other");
    expect(seen.hits).toEqual([]);
  });

  test.each([
    { name: "refuses socks5h", more: "", success: false, asked: 0 },
    { name: "takes socks5h of a proxy it trusts", more: "trusted = true", success: true, asked: 1 },
  ])("$name", async ({ more, success, asked }) => {
    const text = policy(proxyUrl("dante", "socks5h"), more);
    const url = `http://localhost:${plain.port}/socks5h`;
    const seen = await observe("dante", () => ask(url, text), asked);
    expect(seen.result).toMatchObject(success ? { success } : { success, code: "POLICY_RESOLVE" });
    expect([seen.asked.length, seen.hits.length]).toEqual([asked, asked]);
  });

  test("asks a trusted HTTP proxy by name", async () => {
    const url = `http://localhost:${plain.port}/trusted`;
    const text = policy(proxyUrl("squid"), "trusted = true");
    const seen = await observe("squid", () => ask(url, text), 1);
    expect(seen.result).toMatchObject({ success: true });
    expect(seen.asked).toEqual([`CONNECT localhost:${plain.port}`]);
  });

  test("does not look at the proxy variables", async () => {
    const text = policy(proxyUrl("tinyproxy")).replace(
      "enabled = true\nall_",
      "enabled = false\nall_",
    );
    const env = Object.fromEntries(
      ["http_proxy", "https_proxy", "all_proxy"].flatMap((one) => [
        [one, proxyUrl("tinyproxy")],
        [one.toUpperCase(), proxyUrl("tinyproxy")],
      ]),
    );
    const seen = await observe("tinyproxy", async () => {
      await using agent = startServing({ policy: text, env });
      return await agent.call(`${plain.url}/direct`);
    });
    expect(seen).toMatchObject({ result: { success: true }, asked: [] });
  });
});
