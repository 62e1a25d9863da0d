import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { startHttpProxy, type TestProxy } from "../support/proxies.ts";
import { type Serving, startServing } from "../support/serving.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { identity, pem } from "../support/wire.ts";

// What an environment may hold that other HTTP clients listen to. Nothing of it reaches an agent;
// BUN_OPTIONS is out of reach, as it makes the runtime run other code before weir, and the manual
// says so. Proves PX22 and PX25.

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["localhost:*", "127.0.0.1:*"]
timeout_secs = 5
`;

/** Written into the working directory and the home. */
const FILES: Readonly<Record<string, string>> = {
  ".netrc": "machine 127.0.0.1 login ada password netrc-secret\ndefault login x password y\n",
  _netrc: "default login x password y\n",
  ".env": "HTTP_PROXY=http://127.0.0.1:1\nNODE_TLS_REJECT_UNAUTHORIZED=0\n",
  "bunfig.toml": 'preload = ["./evil.ts"]\n',
  "evil.ts": 'console.log("evil");\n',
  ".curlrc": "insecure\n",
  "weir.toml": '[http_request]\nenabled = true\nallowed_domains = ["10.0.0.1"]\n',
  "config.toml": "[http_request]\nenabled = false\n",
};

let folder: TemporaryFolder;
let plain: LoopbackServer;
let secure: LoopbackServer;
let proxy: TestProxy;
let agent: Serving;

beforeAll(async () => {
  folder = temporaryFolder();
  const path = (name: string): string => join(folder.path, name);
  mkdirSync(path("ca"));
  writeFileSync(path("ca/authority.pem"), pem("authority"));
  for (const [name, text] of Object.entries(FILES)) {
    writeFileSync(path(name), text, { mode: 0o600 });
  }
  plain = await startServer({ hits: "any", replies: [{ body: "direct" }] });
  secure = await startServer({ hits: "any", replies: [{}], tls: identity("server") });
  proxy = await startHttpProxy(plain.port);
  const names = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "ftp_proxy",
    "ws_proxy",
    "npm_config_proxy",
  ];
  const proxyUrl = `http://ada:secret@127.0.0.1:${proxy.port}`;
  agent = startServing({
    policy: POLICY,
    home: folder.path,
    env: {
      ...Object.fromEntries(
        names.flatMap((one) => [one, one.toUpperCase()]).map((one) => [one, proxyUrl]),
      ),
      NODE_USE_ENV_PROXY: "1",
      NODE_EXTRA_CA_CERTS: path("ca/authority.pem"),
      SSL_CERT_FILE: path("ca/authority.pem"),
      SSL_CERT_DIR: path("ca"),
      CURL_CA_BUNDLE: path("ca/authority.pem"),
      REQUESTS_CA_BUNDLE: path("ca/authority.pem"),
      DENO_CERT: path("ca/authority.pem"),
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      NODE_OPTIONS: "--use-openssl-ca --insecure-http-parser --tls-min-v1.0",
      NODE_USE_SYSTEM_CA: "1",
      SSLKEYLOGFILE: path("keys"),
      NETRC: path(".netrc"),
      HOSTALIASES: path("aliases"),
      BUN_CONFIG_VERBOSE_FETCH: "curl",
      BUN_CONFIG_MAX_HTTP_REQUESTS: "1",
      NODE_DEBUG: "http,net,tls",
      DEBUG: "*",
      WEIR_ENGINE: "node",
    },
  });
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  plain[Symbol.dispose]();
  secure[Symbol.dispose]();
  folder[Symbol.dispose]();
});

test("weir agent goes direct, without a line of .netrc, whatever the environment says", async () => {
  const envelope = await agent.call(`${plain.url}/x`);
  expect(envelope).toMatchObject({ success: true });
  expect(envelope.output).toEndWith("direct");
  expect(plain.hits).toHaveLength(1);
  const names = plain.hits[0]?.headers.map(([name]) => name.toLowerCase()) ?? [];
  expect(names.filter((name) => /auth|cookie|proxy/.test(name))).toEqual([]);
  expect([proxy.asked.length, proxy.sockets.length]).toEqual([0, 0]);
});

test.each(["localhost", "127.0.0.1"])("weir agent trusts no stranger at %s", async (host) => {
  const envelope = await agent.call(`https://${host}:${secure.port}/x`);
  expect(envelope).toMatchObject({ success: false, code: "TLS_CERTIFICATE" });
  expect(JSON.stringify(envelope)).not.toContain("--verify");
  expect(secure.hits).toEqual([]);
  expect(proxy.sockets.length).toBe(0);
});

test("weir agent prints answers and nothing else, and writes no keys", async () => {
  await agent.call(`${plain.url}/y`);
  agent.closeInput();
  expect(await agent.exited).toBe(0);
  expect([agent.otherLines, agent.unfinished()]).toEqual([[], ""]);
  // The runtime warns about the variable before weir runs; it is not obeyed.
  expect(await agent.stderr()).not.toMatch(/secret|GET|evil/);
  expect(await Bun.file(join(folder.path, "keys")).exists()).toBe(false);
});
