import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closedPort, type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { startServing } from "../support/serving.ts";
import { eventually, identity, listen, type Serve, within } from "../support/wire.ts";

// The compiled binary behind proxies that fail: the request fails with them. The origins, which
// anybody could reach directly, are never asked. Proves PX25.

let plain: LoopbackServer;
let secure: LoopbackServer;

beforeAll(async () => {
  plain = await startServer({ hits: 0 });
  secure = await startServer({ hits: 0, tls: identity("server") });
});

afterAll(() => {
  // Both complain when they were asked.
  plain[Symbol.dispose]();
  secure[Symbol.dispose]();
});

const status = (line: string): Serve => says(`HTTP/1.1 ${line}\r\nContent-Length: 4\r\n\r\nbody`);

function says(text: string | Uint8Array): Serve {
  return (socket) => socket.once("data", () => void socket.end(text));
}

const PROXIES: readonly { name: string; serve: Serve | "closed" }[] = [
  { name: "refuses connections", serve: "closed" },
  { name: "hangs", serve: (socket) => void socket.resume() },
  { name: "closes at once", serve: (socket) => void socket.resume().end() },
  { name: "resets", serve: (socket) => void socket.resetAndDestroy() },
  { name: "closes when it is asked", serve: says("") },
  { name: "talks rubbish", serve: says("\0\u0001 whatever \r\n\r\n\r\n") },
  { name: "talks without end", serve: says("x".repeat(2_000_000)) },
  { name: "speaks another protocol", serve: says("SSH-2.0-OpenSSH_9.9\r\n") },
  { name: "says half a status line", serve: says("HTTP/1.1 2") },
  { name: "says 99", serve: says("HTTP/1.1 99 Odd\r\n\r\n") },
];

/** What an HTTP proxy may say instead of opening a tunnel. */
const REFUSALS: readonly { name: string; serve: Serve }[] = [
  "301 Moved\r\nLocation: /",
  "403 Forbidden",
  "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic",
  "500 Oops",
  "502 Bad Gateway",
].map((line) => ({ name: `answers ${line.slice(0, 3)} with a body`, serve: status(line) }));

async function withProxy<T>(
  serve: Serve | "closed",
  work: (port: number) => Promise<T>,
): Promise<T> {
  if (serve === "closed") return await work(await closedPort());
  await using server = await listen(serve);
  const result = await work(server.port);
  await within(server.allClosed());
  return result;
}

describe.each(["http", "socks5"])("a proxy of %s", (scheme) => {
  const all = scheme === "http" ? [...PROXIES, ...REFUSALS] : PROXIES;

  test.each(all)("that $name fails a model's call", ({ serve }) =>
    withProxy(serve, async (port) => {
      await using agent = startServing({
        policy: `
[http_request]
enabled = true
allowed_domains = ["localhost:*", "127.0.0.1:*"]
connect_timeout_secs = 0.3
timeout_secs = 2
[proxy]
enabled = true
all_proxy = "${scheme}://ada:s3cret@127.0.0.1:${port}"
`,
      });
      for (const url of [plain.url, `http://localhost:${plain.port}/`, secure.url]) {
        const envelope = await agent.call(url);
        expect(envelope).toMatchObject({
          success: false,
          code: expect.stringMatching(/^(NET_PROXY|TIMEOUT_CONNECT)$/),
        });
        expect(JSON.stringify(envelope)).not.toContain("s3cret");
      }
    }),
  );

  test.each(all)("that $name fails a person's request", ({ serve }) =>
    withProxy(serve, async (port) => {
      const proxy = `--proxy=${scheme}://ada:s3cret@127.0.0.1:${port}`;
      const argv = [proxy, "--verify=no", "--connect-timeout=0.3", "--timeout=0.6", "-F", "get"];
      for (const url of [plain.url, secure.url]) {
        const result = await runCli([...argv, url], { target: "binary" });
        // Of http an HTTP proxy's own answer is the answer, as everywhere.
        expect(result.exit).not.toBe(0);
        expect(result.stdout + result.stderr).not.toContain("s3cret");
      }
    }),
  );
});

test("a model's call whose proxy lets the tunnel die is not repeated", async () => {
  let asked = 0;
  await using proxy = await listen((socket) => {
    socket.once("data", () => {
      asked += 1;
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.once("data", () => socket.destroy());
    });
  });
  await using agent = startServing({
    policy: `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
[proxy]
enabled = true
http_proxy = "127.0.0.1:${proxy.port}"
`,
  });
  const envelope = await agent.call(plain.url);
  expect(envelope).toMatchObject({ success: false, code: "NET_CLOSED" });
  await eventually(() => proxy.sockets.every(({ closed }) => closed));
  expect(asked).toBe(1);
});

test.each([
  { name: "another scheme", url: "ftp://ada:s3cret@127.0.0.1:1" },
  { name: "a path", url: "http://ada:s3cret@127.0.0.1:1/path" },
  { name: "two ports", url: "http://ada:s3cret@127.0.0.1:1:2" },
  { name: "no scheme and two ports", url: "ada:s3cret@127.0.0.1:1:2" },
])("a proxy URL with $name refuses the policy, and keeps its password", async ({ url }) => {
  await using agent = startServing({
    policy: `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
[proxy]
enabled = true
all_proxy = "${url}"
`,
  });
  expect(await agent.exited).toBe(78);
  const said = await agent.stderr();
  expect(said).toContain("weir.toml:7:13");
  expect(said).not.toContain("s3cret");
  const env = { ALL_PROXY: url };
  const raw = await runCli(["get", plain.url], { target: "binary", env });
  expect(raw.exit).toBe(64);
  expect(raw.stderr).not.toContain("s3cret");
});
