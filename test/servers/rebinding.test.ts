import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import * as http from "node:http";
import { join } from "node:path";
import { Resolver } from "node:dns/promises";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { openAgent } from "../../lib/agent/open.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { nodeParts } from "../../lib/runtime/node.ts";
import type { ConnectOptions, Network } from "../../lib/runtime/runtime.ts";
import { closedPort, startServer } from "../support/loopback-server.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { INSIDE, namespaceWords, runInside } from "../support/namespace.ts";
import { runCli } from "../support/run-cli.ts";
import { type Serving, startServing, writePolicy } from "../support/serving.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wire.ts";

// DNS rebinding against the compiled binary. Outside, this file starts itself again in namespaces
// where a range of public addresses is this machine, and dnsmasq is the system's resolver; a second
// server behind it gives answers that change with each question.

const PUBLIC = "93.184.215.14";
const CLOSED = "93.184.215.99";
const OWN = "93.184.216.1";
const PRIVATE = "10.0.0.5";
const FORBIDDEN = [PRIVATE, "127.0.0.1", "169.254.169.254", OWN];

if (process.env[INSIDE] === undefined) {
  const words = namespaceWords("own network");
  test.skipIf(words === undefined)(
    "inside namespaces of its own, weir agent withstands every rebinding",
    async () => {
      const { exit, output } = await runInside(words ?? [], import.meta.path, {
        ranges: ["93.184.215.0/24", "10.0.0.0/8", "169.254.169.254/32"],
        own: [`${OWN}/32`],
      });
      if (exit !== 0) console.error(output);
      expect(exit).toBe(0);
      expect(output).toMatch(/^ *[1-9]\d* pass$/m);
    },
    120_000,
  );
  test("with the same DNS servers, an agent in this process connects to no second answer", () =>
    inProcess());
} else {
  describe("inside", inside);
}

/** What can be shown where no namespace may be made: the resolver is injected, the servers are not. */
async function inProcess(): Promise<void> {
  using folder = temporaryFolder();
  using server = await startServer({ hits: 1, replies: [{ body: "fine" }] });
  const port = await closedPort();
  await using dns = await startDnsServer(port, (_name, nth) => [nth === 1 ? PUBLIC : PRIVATE]);
  const forward = [`server=/rebind.example/127.0.0.1#${port}`];
  await using dnsmasq = await startDaemon(dnsmasqPlan(forward));
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${dnsmasq.port}`]);
  const connected: string[] = [];
  const real = await detectRuntime();
  const network: Network = {
    ...real.network,
    async resolve(host) {
      const found = await resolver.resolve4(host);
      return found.map((address) => ({ address, family: 4 }));
    },
    connect: (options: ConnectOptions) => {
      connected.push(options.address);
      return nodeParts.network.connect({ address: "127.0.0.1", port: server.port });
    },
  };
  const env = (name: string): string | undefined => (name === "HOME" ? folder.path : undefined);
  const text = '[http_request]\nenabled = true\nallowed_domains = ["a.rebind.example"]\n';
  const configPath = writePolicy(folder.path, text);
  const runtime = { ...real, network, env };
  const opened = await openAgent({ runtime, configPath, otherSections: [] }, "weir-test");
  const headers = { "X-Test": "1" };
  const call = { name: "http_get", arguments: { url: "http://a.rebind.example/", headers } };
  const first = await opened.agent.call(call);
  expect([first.success, connected, dns.count("a.rebind.example")]).toEqual([true, [PUBLIC], 1]);
  // The second tool has connections of its own, so it has to look the name up.
  const second = await opened.agent.call({ ...call, name: "http_request" });
  await opened.close();
  expect(second).toMatchObject({ success: false, code: "POLICY_ADDRESS" });
  expect([connected, dns.count("a.rebind.example")]).toEqual([[PUBLIC], 2]);
}

/** Names behind the server whose answers change, and what they are each time they are asked for. */
const CHANGING: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "second.rebind.example": [[PUBLIC], [PRIVATE]],
  "later.rebind.example": [[PUBLIC], [PRIVATE]],
  "loopback.rebind.example": [[PUBLIC], ["127.0.0.1"]],
  "metadata.rebind.example": [[PUBLIC], ["169.254.169.254"]],
  "closed.rebind.example": [[CLOSED], [PRIVATE]],
  "proxied.rebind.example": [[PUBLIC], [PRIVATE]],
  "private.rebind.example": [[PRIVATE]],
  "mixed.rebind.example": [[PUBLIC, PRIVATE]],
  "mixed-first.rebind.example": [[PRIVATE, PUBLIC]],
  "zero.rebind.example": [["0.0.0.0"]],
  "own.rebind.example": [[OWN]],
};

/** What dnsmasq itself says of names, and where it asks for the others. */
const PLAIN = [
  "local=/plain.example/",
  "server=/rebind.example/127.0.0.1#5353",
  `address=/fixed.plain.example/${PRIVATE}`,
  "cname=alias.plain.example,inner.plain.example",
  `host-record=inner.plain.example,${PRIVATE}`,
  `host-record=open.plain.example,${PUBLIC}`,
  `host-record=six.plain.example,${PUBLIC},::1`,
  `host-record=mapped.plain.example,::ffff:${PRIVATE}`,
  "host-record=nat64.plain.example,64:ff9b::a00:5",
  "host-record=unique.plain.example,fd00::5",
];

function dnsmasqPlan(lines: readonly string[]) {
  return (port: number, folder: string) => {
    const own = [`port=${port}`, "listen-address=127.0.0.1", "bind-interfaces", "cache-size=0"];
    const closed = ["no-resolv", "no-hosts", "pid-file=", "log-queries"];
    return {
      // This way it does not become another user, which a namespace may not have.
      words: ["dnsmasq", "--no-daemon", `--conf-file=${folder}/dnsmasq.conf`],
      files: { "dnsmasq.conf": [...own, ...closed, ...lines, ""].join("\n") },
    };
  };
}

/** Listeners by address, and how many connections each took. */
class Listeners implements Disposable {
  readonly #servers: http.Server[] = [];
  readonly #counts = new Map<string, number>();

  async add(address: string, port: number): Promise<void> {
    const server = http.createServer((request, response) => {
      const to = new URLSearchParams(request.url?.split("?")[1]).get("to");
      response.shouldKeepAlive = request.url?.startsWith("/keep") === true;
      response.writeHead(to === null ? 200 : 302, to === null ? {} : { Location: to });
      response.end(`this is ${address}`);
    });
    server.on("connection", () => this.#counts.set(address, this.count(address) + 1));
    server.listen(port, address);
    await once(server, "listening");
    this.#servers.push(server);
  }

  count(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  forbidden(): number {
    return FORBIDDEN.reduce((sum, address) => sum + this.count(address), 0);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function inside(): void {
  let folder: TemporaryFolder;
  let dns: DnsServer;
  let dnsmasq: Daemon;
  let listeners: Listeners;
  let agent: Serving;

  const hosts = (): string => join(folder.path, "hosts");
  const policy = (more = ""): string => `
[http_request]
enabled = true
allowed_domains = ["*.rebind.example", "*.plain.example"]
connect_timeout_secs = 3
timeout_secs = 5
${more}
`;

  beforeAll(async () => {
    folder = temporaryFolder();
    writeFileSync(hosts(), `${PUBLIC} moving.plain.example\n`);
    listeners = new Listeners();
    for (const address of [PUBLIC, ...FORBIDDEN]) await listeners.add(address, 80);
    dns = await startDnsServer(5353, (name, nth) => {
      if (name.startsWith("silent")) return undefined;
      const answers = CHANGING[name] ?? [];
      return answers[Math.min(nth, answers.length) - 1] ?? [];
    });
    dnsmasq = await startDaemon(dnsmasqPlan([`addn-hosts=${hosts()}`, ...PLAIN]), { port: 53 });
    agent = startServing({ policy: policy() });
  });

  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await dnsmasq[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
    listeners[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  /** How often dnsmasq was asked for the IPv4 addresses of a name. */
  const asked = (name: string): number => dnsmasq.output().split(`query[A] ${name} `).length - 1;

  async function expectUntouched<T>(work: () => Promise<T>): Promise<T> {
    const before = listeners.forbidden();
    const result = await work();
    expect(listeners.forbidden()).toBe(before);
    return result;
  }

  test("the stage is real: weir without a policy follows the name to the private address", async () => {
    const before = listeners.count(PRIVATE);
    const result = await runCli(["get", "http://private.rebind.example/"], { target: "binary" });
    expect(result.stdout).toBe(`this is ${PRIVATE}`);
    expect(listeners.count(PRIVATE)).toBe(before + 1);
  });

  test.each(["second", "loopback", "metadata"])(
    "%s.rebind.example: one look-up, and the connection goes to the address that was judged",
    async (label) => {
      const name = `${label}.rebind.example`;
      const envelope = await expectUntouched(() => agent.call(`http://${name}/`));
      expect(envelope).toMatchObject({ success: true });
      expect(envelope.output).toEndWith(`this is ${PUBLIC}`);
      await eventually(() => asked(name) > 0);
      expect([asked(name), dns.count(name)]).toEqual([1, 1]);
      // The next connection asks again, and meets the second answer.
      const second = await expectUntouched(() => agent.call(`http://${name}/`));
      expect(second).toMatchObject({ success: false, code: "POLICY_ADDRESS" });
      expect(dns.count(name)).toBe(2);
    },
  );

  test("a connection that stays open needs no second look-up", async () => {
    const name = "later.rebind.example";
    const calls = async (): Promise<Envelope[]> => [
      await agent.call(`http://${name}/keep`),
      await agent.call(`http://${name}/keep`),
    ];
    const envelopes = await expectUntouched(calls);
    expect(envelopes.map(({ success }) => success)).toEqual([true, true]);
    expect(dns.count(name)).toBe(1);
  });

  test("the second attempt after a refused connection is judged anew", async () => {
    const name = "closed.rebind.example";
    const envelope = await expectUntouched(() => agent.call(`http://${name}/`));
    expect(envelope).toMatchObject({ success: false, code: "POLICY_ADDRESS" });
    expect(dns.count(name)).toBe(2);
  });

  test.each([
    "private.rebind.example",
    "mixed.rebind.example",
    "mixed-first.rebind.example",
    "zero.rebind.example",
    "own.rebind.example",
    "fixed.plain.example",
    "alias.plain.example",
    "six.plain.example",
    "mapped.plain.example",
    "nat64.plain.example",
    "unique.plain.example",
  ])("%s is refused, and nobody is connected to", async (name) => {
    const before = listeners.count(PUBLIC);
    const envelope = await expectUntouched(() => agent.call(`http://${name}/`));
    expect(envelope).toMatchObject({ success: false, code: "POLICY_ADDRESS" });
    expect(listeners.count(PUBLIC)).toBe(before);
  });

  test("dnsmasq answers otherwise after its file changed", async () => {
    const url = "http://moving.plain.example/";
    expect(await agent.call(url)).toMatchObject({ success: true });
    writeFileSync(hosts(), `${PRIVATE} moving.plain.example\n`);
    dnsmasq.signal("SIGHUP");
    await eventually(() => dnsmasq.output().split(`read ${hosts()}`).length > 2);
    const envelope = await expectUntouched(() => agent.call(url));
    expect(envelope).toMatchObject({ success: false, code: "POLICY_ADDRESS" });
  });

  test.each([
    { to: "http://fixed.plain.example/", code: "POLICY_ADDRESS", lookups: true },
    { to: `http://${PRIVATE}/`, code: "POLICY_REDIRECT", lookups: false },
    { to: "http://elsewhere.example/", code: "POLICY_REDIRECT", lookups: false },
  ])("a redirect to $to is judged like a call", async ({ to, code, lookups }) => {
    const url = `http://open.plain.example/?to=${encodeURIComponent(to)}`;
    const before = asked(new URL(to).hostname);
    const envelope = await expectUntouched(() => agent.call(url));
    expect(envelope).toMatchObject({ success: false, code });
    expect(asked(new URL(to).hostname) > before).toBe(lookups);
  });

  test("a name that is not allowed is never looked up", async () => {
    const envelope = await agent.call("http://secret-data.other.example/");
    expect(envelope).toMatchObject({ success: false, code: "POLICY_DENIED" });
    await agent.call("http://open.plain.example/");
    expect(dnsmasq.output()).not.toContain("other.example");
  });

  test("names that nobody answers for hold up no other call", async () => {
    const silent = Array.from({ length: 40 }, (_, at) =>
      agent.call(`http://silent-${at}.rebind.example/`),
    );
    await eventually(() => asked("silent-0.rebind.example") > 0);
    const startedMs = performance.now();
    expect(await agent.call("http://open.plain.example/")).toMatchObject({ success: true });
    expect(performance.now() - startedMs).toBeLessThan(1000);
    for (const envelope of await Promise.all(silent)) expect(envelope.success).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });

  test("a proxy hears of judged addresses only", async () => {
    const heads: string[] = [];
    const proxy = http.createServer();
    proxy.on("connect", (request: http.IncomingMessage, socket: NodeJS.WritableStream) => {
      heads.push(`CONNECT ${request.url}`);
      socket.end("HTTP/1.1 502 No\r\n\r\n");
    });
    proxy.listen(3128, "127.0.0.2");
    await once(proxy, "listening");
    const more = '[proxy]\nenabled = true\nall_proxy = "http://127.0.0.2:3128"';
    await using proxied = startServing({ policy: policy(more) });
    const name = "proxied.rebind.example";
    const answers = [
      await proxied.call(`http://${name}/`),
      await proxied.call(`http://${name}/`),
      await proxied.call("http://fixed.plain.example/"),
    ];
    proxy.close();
    expect(answers.map((one) => (one.success ? "" : one.code))).toEqual([
      "NET_PROXY",
      "POLICY_ADDRESS",
      "POLICY_ADDRESS",
    ]);
    expect(heads).toEqual([`CONNECT ${PUBLIC}:80`]);
    expect(dns.count(name)).toBe(2);
  });
}
