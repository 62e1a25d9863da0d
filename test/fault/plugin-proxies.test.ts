import { describe, expect, test } from "bun:test";
import * as net from "node:net";
import { createPluginClients } from "../../lib/client.ts";
import { bunRuntime } from "../../lib/runtime/bun.ts";
import { parseProxy, proxyRules } from "../../lib/transport/proxy-rules.ts";
import type { Target } from "../../lib/guard/decision.ts";
import { startServer } from "../support/loopback-server.ts";
import { startHttpProxy, startSocksProxy, type TestProxy } from "../support/proxies.ts";
import { listen, onRequest } from "../support/wire.ts";
import { type HookBench, openBench } from "../unit/hooks/support.ts";

// A proxy reaches what weir does not. Whatever this one is asked for, it asks the forbidden server:
// a plugin must not get it to ask.

type Start = (port: number) => Promise<TestProxy>;

const PROXIES: readonly { scheme: string; start: Start }[] = [
  { scheme: "http", start: (port) => startHttpProxy(port) },
  { scheme: "socks5", start: (port) => startSocksProxy(port) },
];

interface Way {
  /** Through which proxy; direct for the targets `isDirect` names. */
  readonly proxy: string;
  readonly isDirect?: (target: Target) => boolean;
  /** What `granted.test` resolves to. */
  readonly address?: string;
}

/** Runs `code` as a script that may reach `granted`, whose requests go through a proxy. */
async function runBehind(
  way: Way,
  granted: readonly string[],
  code: string,
): Promise<readonly string[]> {
  const rule = proxyRules({ all: parseProxy(way.proxy) });
  const resolve = () =>
    Promise.resolve([{ address: way.address ?? "203.0.114.7", family: 4 as const }]);
  const runtime = { ...bunRuntime, network: { ...bunRuntime.network, resolve } };
  const dial = {
    tls: { isVerified: true },
    proxyFor: (target: Target) => (way.isDirect?.(target) === true ? undefined : rule(target)),
  };
  const bench: HookBench = await openBench([code], {
    args: [],
    net: granted,
    createClient: createPluginClients({ runtime, dial }),
  });
  try {
    await bench.hooks.ready();
  } finally {
    await bench[Symbol.asyncDispose]();
  }
  return bench.logs;
}

const ASK = (expression: string): string =>
  `const r = await ${expression}; log.info(r.status, r.error_code ?? "-");`;

describe.each(PROXIES)("behind a proxy of $scheme a plugin", ({ scheme, start }) => {
  test("reaches a granted host, at the address that was judged", async () => {
    using server = await startServer({ replies: [{ body: "fine" }] });
    await using proxy = await start(server.port);
    const way = { proxy: `${scheme}://127.0.0.1:${proxy.port}` };
    const logs = await runBehind(way, ["granted.test:80"], ASK(`http.get("http://granted.test/")`));
    expect(logs).toEqual(["p0 info 200 -"]);
    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toMatch(/^(?:CONNECT 203\.0\.114\.7:80 |ipv4 203\.0\.114\.7:80$)/);
  });

  test.each([
    { name: "by its URL", ask: (url: string) => `http.get("${url}/x")` },
    { name: "over TLS", ask: (url: string) => `http.get("${url.replace("http:", "https:")}/x")` },
    {
      name: "by a name",
      ask: (url: string) => `http.get("${url.replace("127.0.0.1", "forbidden.test")}/x")`,
    },
    {
      name: "by an explicit client",
      ask: (url: string) => `http.client({ baseUrl: "${url}" }).get("/x")`,
    },
    {
      name: "with the granted host in its header",
      ask: (url: string) => `http.get("${url}/x", { headers: { host: "granted.test" } })`,
    },
  ])("does not reach a host it was not granted $name", async ({ ask }) => {
    using forbidden = await startServer({ hits: 0 });
    await using proxy = await start(forbidden.port);
    const way = { proxy: `${scheme}://127.0.0.1:${proxy.port}` };
    const logs = await runBehind(way, ["granted.test"], ASK(ask(forbidden.url)));
    expect(logs).toEqual(["p0 info 0 policy"]);
    expect(proxy.asked).toEqual([]);
  });

  test("is not led out of its grant by a redirect", async () => {
    using forbidden = await startServer({ hits: 0 });
    await using proxy = await start(forbidden.port);
    const headers = { Location: `${forbidden.url}/stolen` };
    using granted = await startServer({ replies: [{ status: 307, headers }] });
    const isDirect = ({ port }: Target): boolean => port === granted.port;
    const way = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, isDirect };
    const logs = await runBehind(
      way,
      [`127.0.0.1:${granted.port}`],
      ASK(`http.get("${granted.url}")`),
    );
    expect(logs).toEqual(["p0 info 0 policy"]);
    expect(proxy.asked).toEqual([]);
  });

  test.each([
    { name: "this machine", address: "127.0.0.1" },
    { name: "a private network", address: "10.0.0.7" },
    { name: "the metadata of a cloud", address: "169.254.169.254" },
  ])("does not reach $name by a granted name that resolves to it", async ({ address }) => {
    using forbidden = await startServer({ hits: 0 });
    await using proxy = await start(forbidden.port);
    const way = { proxy: `${scheme}://127.0.0.1:${proxy.port}`, address };
    const logs = await runBehind(way, ["granted.test"], ASK(`http.get("http://granted.test/")`));
    expect(logs).toEqual(["p0 info 0 policy"]);
    expect(proxy.asked).toEqual([]);
  });
});

/** A proxy as they are: it forwards CONNECT, absolute-form and, being careless, a foreign Host. */
async function startRealProxy(forbidden: number): Promise<TestProxy> {
  const asked: string[] = [];
  const server = await listen((socket) => {
    onRequest(socket, (head) => {
      const [line = ""] = head.split("\r\n");
      asked.push(line);
      const isForeign = new RegExp(`^host: .*(?:${forbidden}|forbidden)`, "im").test(head);
      if (!/^(?:CONNECT |[A-Z]+ https?:\/\/)/.test(line) && !isForeign) {
        socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const upstream = net.connect(forbidden, "127.0.0.1", () => upstream.end(head));
      upstream.pipe(socket);
    });
  });
  return { ...server, asked };
}

test.each([
  {
    name: "CONNECT",
    ask: (proxy: string) => `http.request({ method: "CONNECT", url: "${proxy}/" })`,
  },
  {
    name: "CONNECT with the host as path",
    ask: (proxy: string, host: string) =>
      `http.request({ method: "connect", url: "${proxy}/${host}" })`,
  },
  {
    name: "an absolute URL as path",
    ask: (proxy: string, host: string) => `http.get("${proxy}/http://${host}/x")`,
  },
  {
    name: "an absolute URL after the host",
    ask: (proxy: string, host: string) => `http.get("${proxy}" + "http://${host}/x")`,
  },
  {
    name: "another Host",
    ask: (proxy: string, host: string) =>
      `http.get("${proxy}/x", { headers: { Host: "${host}" } })`,
  },
  {
    name: "a line break in the path",
    ask: (proxy: string, host: string) =>
      `http.get("${proxy}/ HTTP/1.1\\r\\nHost: ${host}\\r\\n\\r\\nGET http://${host}/x")`,
  },
  {
    name: "a line break in the method",
    ask: (proxy: string, host: string) =>
      `http.request({ method: "GET http://${host}/x HTTP/1.1\\r\\nA: b\\r\\n\\r\\nGET", url: "${proxy}/" }).catch((e) => ({ status: 0 }))`,
  },
  {
    name: "a line break in a header",
    ask: (proxy: string, host: string) =>
      `http.get("${proxy}/", { headers: { a: "b\\r\\n\\r\\nGET http://${host}/x HTTP/1.1\\r\\n" } })`,
  },
])("a plugin that was granted a proxy does not get it to forward by $name", async ({ ask }) => {
  using forbidden = await startServer({ hits: 0 });
  await using proxy = await startRealProxy(forbidden.port);
  const bench = await openBench(
    [ASK(ask(`http://127.0.0.1:${proxy.port}`, `127.0.0.1:${forbidden.port}`))],
    {
      args: [],
      net: [`127.0.0.1:${proxy.port}`],
    },
  );
  try {
    await bench.hooks.ready();
  } finally {
    await bench[Symbol.asyncDispose]();
  }
  expect(bench.logs).toHaveLength(1);
  expect(bench.logs[0]).toMatch(/^p0 info (?:0|400) /);
  expect(proxy.asked.filter((line) => !/^[A-Z]+ \//.test(line))).toEqual([]);
});
