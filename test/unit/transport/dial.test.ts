import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "../../../lib/guard/decision.ts";
import type { Address, ConnectOptions } from "../../../lib/runtime/runtime.ts";
import {
  answer,
  failure,
  fetchAll,
  listen,
  requestOf,
  runtime,
  testTransport,
  type TransportChanges,
  within,
} from "../../support/wire.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const V4: Address = { address: "127.0.0.1", family: 4 };
const V6: Address = { address: "::1", family: 6 };

/** A network that answers `names`, counts connections and connects to `port` whatever is asked. */
function fakeNetwork(names: Readonly<Record<string, readonly Address[]>>, port: number) {
  const resolved: string[] = [];
  const connected: ConnectOptions[] = [];
  return {
    resolved,
    connected,
    network: {
      resolve: (host: string): Promise<readonly Address[]> => {
        resolved.push(host);
        const found = names[host];
        const missing = Object.assign(new Error(`no ${host}`), { code: "ENOTFOUND" });
        return found === undefined ? Promise.reject(missing) : Promise.resolve(found);
      },
      connect: (options: ConnectOptions): net.Socket => {
        connected.push(options);
        return runtime.network.connect({ address: "127.0.0.1", port });
      },
    },
  };
}

/** Sends a GET through a fake network; the server behind it counts nothing but connections. */
async function visit(
  url: string,
  names: Readonly<Record<string, readonly Address[]>>,
  options: Omit<TransportChanges, "network"> = {},
) {
  await using server = await listen(answer(OK));
  const fake = fakeNetwork(names, server.port);
  using transport = testTransport({ ...options, network: fake.network });
  const outcome = await within(
    fetchAll(transport, requestOf(url)).catch((error: unknown) => error),
  );
  return { ...fake, outcome, hits: server.sockets.length };
}

test("a name is resolved once, all its addresses are judged, and only an address is dialled", async () => {
  const judged: [Target, readonly Address[]][] = [];
  const result = await visit(
    "http://A.Test:81/",
    { "a.test": [V4, V6] },
    {
      judge: (target, addresses) => {
        judged.push([target, addresses]);
        return { verdict: "allow", rule: "test" };
      },
    },
  );
  expect(result.resolved).toEqual(["a.test"]);
  expect(judged).toEqual([[{ scheme: "http", host: "a.test", port: 81 }, [V4, V6]]]);
  expect(result.connected).toMatchObject([{ address: "127.0.0.1", port: 81 }]);
  expect(result.outcome).toMatchObject({ text: "hi", connection: { address: "127.0.0.1" } });
});

test("a refused address is never connected to, and the error is the decision's", async () => {
  const result = await visit(
    "http://a.test/",
    { "a.test": [V4] },
    {
      judge: () => ({
        verdict: "deny",
        code: "POLICY_ADDRESS",
        rule: "loopback",
        reason: "Loopback is closed",
        hint: "Name it",
      }),
    },
  );
  expect(result.outcome).toMatchObject({
    code: "POLICY_ADDRESS",
    message: "Loopback is closed",
    hint: "Name it",
    details: { rule: "loopback", host: "a.test" },
  });
  expect(result).toMatchObject({ connected: [], hits: 0 });
});

test("an address that would have to be approved is refused", async () => {
  const result = await visit(
    "http://a.test/",
    { "a.test": [V4] },
    { judge: () => ({ verdict: "ask", rule: "supervised", reason: "Ask" }) },
  );
  expect(result.outcome).toMatchObject({ code: "POLICY_APPROVAL" });
  expect(result.hits).toBe(0);
});

test.each([
  { name: "an IPv4 literal", url: "http://127.0.0.1:82/", dialled: "127.0.0.1" },
  { name: "an IPv4 literal in a short form", url: "http://127.1:82/", dialled: "127.0.0.1" },
  { name: "an IPv6 literal", url: "http://[0:0::1]:82/", dialled: "::1" },
])("$name is not resolved, but judged", async ({ url, dialled }) => {
  const judged: (readonly Address[])[] = [];
  const result = await visit(
    url,
    {},
    {
      judge: (_target, addresses) => {
        judged.push(addresses);
        return { verdict: "allow", rule: "test" };
      },
    },
  );
  expect(result.resolved).toEqual([]);
  expect(judged.flat().map((one) => one.address)).toEqual([dialled]);
  expect(result.connected[0]?.address).toBe(dialled);
});

test.each([
  { name: "by name", key: "a.test" },
  { name: "by name and port", key: "a.test:80" },
])("an override takes the place of DNS $name, and is judged", async ({ key }) => {
  const judged: (readonly Address[])[] = [];
  const result = await visit(
    "http://a.test/",
    {},
    {
      overrides: new Map([[key, ["10.0.0.1", "[::1]"]]]),
      judge: (_target, addresses) => {
        judged.push(addresses);
        return { verdict: "allow", rule: "test" };
      },
    },
  );
  expect(result.resolved).toEqual([]);
  expect(judged.flat().map((one) => one.address)).toEqual(["10.0.0.1", "::1"]);
  expect(result.connected[0]?.address).toBe("10.0.0.1");
});

test("an override for another port does not apply", async () => {
  const result = await visit(
    "http://a.test:81/",
    {},
    {
      overrides: new Map([["a.test:80", ["10.0.0.1"]]]),
    },
  );
  expect(result.outcome).toMatchObject({ code: "NET_DNS" });
});

test("an override that is no address is a usage error", async () => {
  const overrides = new Map([["a.test", ["b.test"]]]);
  const result = await visit("http://a.test/", {}, { overrides });
  expect(result.outcome).toMatchObject({ code: "USAGE_BAD_VALUE" });
});

test("connectTo leads elsewhere, while Host and TLS name stay", async () => {
  const result = await visit(
    "http://a.test/",
    { "b.test": [V4] },
    {
      connectTo: ({ host }) => (host === "a.test" ? { host: "b.test", port: 8080 } : undefined),
    },
  );
  expect(result.resolved).toEqual(["b.test"]);
  expect(result.connected[0]).toMatchObject({ address: "127.0.0.1", port: 8080 });
});

test.each([4, 6] as const)("only addresses of family %i are used", async (family) => {
  const result = await visit("http://a.test/", { "a.test": [V4, V6] }, { family });
  expect(result.connected[0]?.address).toBe(family === 4 ? "127.0.0.1" : "::1");
});

test("a family without addresses is NET_DNS, with the flag named", async () => {
  const result = await visit("http://a.test/", { "a.test": [V4] }, { family: 6 });
  expect(result.outcome).toMatchObject({
    code: "NET_DNS",
    hint: expect.stringContaining("-6"),
    details: { phase: "dns", host: "a.test" },
  });
});

test("a local address is handed to the connector", async () => {
  const result = await visit("http://127.0.0.1/", {}, { localAddress: "127.0.0.9" });
  expect(result.connected[0]?.localAddress).toBe("127.0.0.9");
});

test.each([
  { name: "no such name", code: "ENOTFOUND" },
  { name: "no answer from DNS", code: "EAI_AGAIN" },
])("$name is NET_DNS with the system's reason", async ({ code }) => {
  using transport = testTransport({
    network: { resolve: () => Promise.reject(Object.assign(new Error("x"), { code })) },
  });
  expect(await failure(transport.send(requestOf("http://a.test")))).toMatchObject({
    code: "NET_DNS",
    details: { phase: "dns", host: "a.test", port: 80, reason: code },
  });
});

/** A socket whose connection fails. */
function failing(code: string): net.Socket {
  const socket = new net.Socket();
  queueMicrotask(() => socket.destroy(Object.assign(new Error(code), { code })));
  return socket;
}

test.each([
  { reason: "ECONNREFUSED", code: "NET_REFUSED" },
  { reason: "EHOSTUNREACH", code: "NET_UNREACHABLE" },
  { reason: "ENETUNREACH", code: "NET_UNREACHABLE" },
  { reason: "ETIMEDOUT", code: "TIMEOUT_CONNECT" },
  { reason: "EACCES", code: "NET_CONNECT" },
])("$reason is $code", async ({ reason, code }) => {
  using transport = testTransport({ network: { connect: () => failing(reason) } });
  expect(await failure(transport.send(requestOf("http://127.0.0.1:9")))).toMatchObject({
    code,
    hint: expect.any(String),
    details: { phase: "connect", host: "127.0.0.1", port: 9, reason },
  });
});

test("a port where nobody listens is NET_REFUSED", async () => {
  const server = await listen(() => undefined);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  using transport = testTransport();
  expect((await failure(transport.send(requestOf(url)))).code).toBe("NET_REFUSED");
});

test("the next address is tried when the first one fails", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({
    overrides: new Map([["a.test", ["192.0.2.1", "127.0.0.1"]]]),
    network: {
      connect: (options) =>
        options.address === "192.0.2.1"
          ? failing("EHOSTUNREACH")
          : runtime.network.connect(options),
    },
  });
  const response = await within(fetchAll(transport, requestOf(`http://a.test:${server.port}/`)));
  expect(response).toMatchObject({ text: "hi", connection: { address: "127.0.0.1" } });
});

test("a Unix domain socket takes the place of every host", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-"));
  const path = join(folder, "s");
  const server = net.createServer((socket) => answer(OK)(socket, 1)).listen(path);
  try {
    using transport = testTransport({ unixSocket: path });
    const response = await within(fetchAll(transport, requestOf("http://any.test/x")));
    expect(response).toMatchObject({ text: "hi", connection: { address: path, port: 80 } });
    using closed = testTransport({ unixSocket: join(folder, "none") });
    expect((await failure(closed.send(requestOf("http://any.test")))).code).toBe("NET_REFUSED");
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("a Unix domain socket has no address, and a guard that wants one refuses it", async () => {
  using transport = testTransport({
    unixSocket: "/nowhere",
    judge: (_target, addresses) =>
      addresses.length > 0
        ? { verdict: "allow", rule: "test" }
        : { verdict: "deny", code: "POLICY_RESOLVE", rule: "resolve", reason: "No address" },
  });
  expect((await failure(transport.send(requestOf("http://a.test")))).code).toBe("POLICY_RESOLVE");
});
