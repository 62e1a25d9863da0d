import { expect, test } from "bun:test";
import * as net from "node:net";
import { TLSSocket } from "node:tls";
import type { Address } from "../../lib/runtime/runtime.ts";
import { parseProxy } from "../../lib/transport/proxy-rules.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { startHttpProxy, startSocksProxy } from "../support/proxies.ts";
import {
  answer,
  eventually,
  failure,
  fetchAll,
  identity,
  listen,
  pem,
  record,
  requestOf,
  runtime,
  type Serve,
  testTransport,
  type TransportChanges,
  within,
} from "../support/wire.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const PUBLIC: Address = { address: "203.0.113.7", family: 4 };
const PRIVATE: Address = { address: "10.0.0.7", family: 4 };

/** Resolves api.test only, and counts how often it was asked. */
function names(addresses: readonly Address[] = [PUBLIC]) {
  const resolved: string[] = [];
  const resolve = (host: string): Promise<readonly Address[]> => {
    resolved.push(host);
    if (host === "api.test") return Promise.resolve(addresses);
    return Promise.reject(Object.assign(new Error(host), { code: "ENOTFOUND" }));
  };
  return { resolved, network: { resolve } };
}

/** Starts an origin that keeps the bytes it receives. */
async function origin(isTls: boolean) {
  const heads: (() => string)[] = [];
  const serve: Serve = (socket, number) => {
    heads.push(record(socket));
    answer(OK)(socket, number);
  };
  const server = await listen(serve, isTls ? identity("server") : undefined);
  return { ...server, received: () => heads.map((head) => head()).join("") };
}

function through(url: string, options: TransportChanges = {}) {
  const proxy = parseProxy(url);
  return testTransport({ proxyFor: () => proxy, ...options });
}

test("plain http is asked for in absolute form, by name, without resolving it", async () => {
  await using server = await origin(false);
  await using proxy = await startHttpProxy(server.port);
  const { resolved, network } = names();
  using transport = through(`http://us%C3%A9r:p%3A@127.0.0.1:${proxy.port}`, { network });
  const request = requestOf("http://api.test:8080/a?b");
  const response = await within(fetchAll(transport, request));
  expect(response).toMatchObject({ text: "hi", connection: { port: proxy.port } });
  const secret = Buffer.from("usér:p:").toString("base64");
  expect(proxy.asked).toEqual([
    `GET http://api.test:8080/a?b HTTP/1.1\r\nHost: api.test:8080\r\nProxy-Authorization: Basic ${secret}\r\n\r\n`,
  ]);
  expect(resolved).toEqual([]);
});

test.each([
  { target: "*", want: "http://api.test" },
  { target: "http://other.test/x", want: "http://other.test/x" },
  { target: "x", want: "http://api.test/x" },
])("the absolute form of target $target is $want", async ({ target, want }) => {
  await using server = await origin(false);
  await using proxy = await startHttpProxy(server.port);
  using transport = through(`http://127.0.0.1:${proxy.port}`);
  await within(fetchAll(transport, requestOf("http://api.test", { target })));
  expect(proxy.asked[0]).toStartWith(`GET ${want} HTTP/1.1\r\n`);
});

test.each([
  { name: "https by name", url: "https://api.test:8443/x", options: {}, asks: "api.test:8443" },
  {
    name: "https by address",
    url: "https://api.test/x",
    options: { isPinned: true },
    asks: "203.0.113.7:443",
  },
  {
    name: "http through a tunnel",
    url: "http://api.test/x",
    options: { isTunnelled: true },
    asks: "api.test:80",
  },
  {
    name: "http by address",
    url: "http://api.test/x",
    options: { isPinned: true },
    asks: "203.0.113.7:80",
  },
])(
  "$name uses CONNECT, and the origin never sees the proxy's credentials",
  async ({ url, options, asks }) => {
    await using server = await origin(url.startsWith("https:"));
    await using proxy = await startHttpProxy(server.port);
    const { network } = names();
    using transport = through(`http://user:pass@127.0.0.1:${proxy.port}`, { network, ...options });
    const response = await within(fetchAll(transport, requestOf(url)));
    expect(response.text).toBe("hi");
    expect(proxy.asked).toEqual([
      `CONNECT ${asks} HTTP/1.1\r\nHost: ${asks}\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n`,
    ]);
    expect(server.received()).toStartWith("GET /x HTTP/1.1\r\n");
    expect(server.received()).not.toContain("Proxy-Authorization");
  },
);

test("a pinned IPv6 address is asked for in brackets", async () => {
  await using server = await origin(false);
  await using proxy = await startHttpProxy(server.port);
  const { network } = names([{ address: "2001:db8::7", family: 6 }]);
  using transport = through(`http://127.0.0.1:${proxy.port}`, { network, isPinned: true });
  await within(fetchAll(transport, requestOf("http://api.test")));
  expect(proxy.asked[0]).toStartWith("CONNECT [2001:db8::7]:80 HTTP/1.1\r\n");
});

test("a tunnel is kept and used again", async () => {
  await using server = await origin(true);
  await using proxy = await startHttpProxy(server.port);
  using transport = through(`http://127.0.0.1:${proxy.port}`, { keepAlive: true });
  await within(fetchAll(transport, requestOf("https://api.test")));
  const second = await within(fetchAll(transport, requestOf("https://api.test")));
  expect(second.connection.isReused).toBe(true);
  expect(proxy.asked).toHaveLength(1);
});

test.each([
  { name: "says that it keeps it", header: "Connection: keep-alive\r\n", isReused: true },
  { name: "says nothing, and may close it", header: "", isReused: false },
])("a connection to a proxy that $name is used again: $isReused", async ({ header, isReused }) => {
  await using proxy = await listen(
    answer(`HTTP/1.1 200 OK\r\n${header}Content-Length: 2\r\n\r\nhi`),
  );
  using transport = through(`http://127.0.0.1:${proxy.port}`, { keepAlive: true });
  await within(fetchAll(transport, requestOf("http://api.test")));
  const second = await within(fetchAll(transport, requestOf("http://api.test")));
  expect(second.connection.isReused).toBe(isReused);
});

test("a proxy is reached over TLS, with TLS to the origin inside", async () => {
  await using server = await origin(true);
  await using proxy = await startHttpProxy(server.port, identity("server"));
  using transport = through(`https://127.0.0.1:${proxy.port}`);
  expect((await within(fetchAll(transport, requestOf("https://api.test")))).text).toBe("hi");
  expect(proxy.asked[0]).toStartWith("CONNECT api.test:443");
});

test("a proxy whose certificate is not trusted is NET_PROXY, and is sent nothing", async () => {
  await using server = await origin(true);
  await using proxy = await startHttpProxy(server.port, identity("self-signed"));
  using transport = through(`https://u:p@127.0.0.1:${proxy.port}`);
  const error = await failure(transport.send(requestOf("https://api.test")));
  expect(error).toMatchObject({ code: "NET_PROXY", cause: { code: "TLS_CERTIFICATE" } });
  expect(proxy.asked).toEqual([]);
});

test("the certificate of the origin is checked through a tunnel", async () => {
  await using server = await listen(answer(OK), identity("wrong-name"));
  await using proxy = await startHttpProxy(server.port);
  using transport = through(`http://127.0.0.1:${proxy.port}`);
  const error = await failure(transport.send(requestOf("https://api.test")));
  expect(error.code).toBe("TLS_NAME");
});

test.each([
  { scheme: "socks5", url: "http://api.test:8080", asks: "ipv4 203.0.113.7:8080" },
  { scheme: "socks5", url: "https://api.test", asks: "ipv4 203.0.113.7:443" },
  { scheme: "socks5h", url: "http://api.test", asks: "name api.test:80" },
  { scheme: "socks5h", url: "https://api.test", asks: "name api.test:443" },
])("$scheme is asked for $asks", async ({ scheme, url, asks }) => {
  await using server = await origin(url.startsWith("https:"));
  await using proxy = await startSocksProxy(server.port);
  const { resolved, network } = names();
  using transport = through(`${scheme}://127.0.0.1:${proxy.port}`, { network });
  expect((await within(fetchAll(transport, requestOf(url)))).text).toBe("hi");
  expect(proxy.asked).toEqual([asks]);
  expect(resolved).toEqual(scheme === "socks5" ? ["api.test"] : []);
});

test("SOCKS credentials go to the proxy only", async () => {
  await using server = await origin(false);
  await using proxy = await startSocksProxy(server.port, { user: "usér", password: "pass" });
  const { network } = names();
  using transport = through(`socks5://us%C3%A9r:pass@127.0.0.1:${proxy.port}`, { network });
  expect((await within(fetchAll(transport, requestOf("http://api.test")))).text).toBe("hi");
  expect(server.received()).not.toContain("pass");
});

test.each([
  { name: "no credentials", userinfo: "" },
  { name: "wrong credentials", userinfo: "user:s3cret@" },
])("SOCKS with $name is NET_PROXY, and no error holds a password", async ({ userinfo }) => {
  await using server = await origin(false);
  await using proxy = await startSocksProxy(server.port, { user: "user", password: "pass" });
  const { network } = names();
  using transport = through(`socks5://${userinfo}127.0.0.1:${proxy.port}`, { network });
  const error = await failure(transport.send(requestOf("http://api.test")));
  expect(error).toMatchObject({ code: "NET_PROXY", details: { phase: "proxy" } });
  expect(Bun.inspect(error, { depth: 10 })).not.toContain("s3cret");
  expect(server.sockets).toHaveLength(0);
});

test("the next judged address is asked for when the proxy cannot reach the first", async () => {
  await using server = await origin(false);
  const second: Address = { address: "203.0.113.8", family: 4 };
  await using proxy = await startSocksProxy(server.port, {
    reply: (destination) => (destination.includes("113.7") ? 4 : 0),
  });
  const { network } = names([PUBLIC, second]);
  using transport = through(`socks5://127.0.0.1:${proxy.port}`, { network });
  expect((await within(fetchAll(transport, requestOf("http://api.test")))).text).toBe("hi");
  expect(proxy.asked).toEqual(["ipv4 203.0.113.7:80", "ipv4 203.0.113.8:80"]);
});

const denyPrivate: TransportChanges["judge"] = (_target, addresses) =>
  addresses.some(({ address }) => address.startsWith("10."))
    ? { verdict: "deny", code: "POLICY_ADDRESS", rule: "private", reason: "Private" }
    : { verdict: "allow", rule: "test" };

test.each([
  { name: "CONNECT by address", scheme: "http", options: { isPinned: true }, host: "api.test" },
  { name: "SOCKS by address", scheme: "socks5", options: {}, host: "api.test" },
  { name: "an absolute form with a literal", scheme: "http", options: {}, host: "10.0.0.7" },
  {
    name: "CONNECT by name with a literal",
    scheme: "http",
    options: { isTunnelled: true },
    host: "10.0.0.7",
  },
  { name: "socks5h with a literal", scheme: "socks5h", options: {}, host: "10.0.0.7" },
])(
  "a refused target is judged before the proxy is contacted: $name",
  async ({ scheme, options, host }) => {
    await using proxy = await startHttpProxy(1);
    const { network } = names([PUBLIC, PRIVATE]);
    using transport = through(`${scheme}://127.0.0.1:${proxy.port}`, {
      network,
      judge: denyPrivate,
      ...options,
    });
    const error = await failure(transport.send(requestOf(`http://${host}/`)));
    expect(error.code).toBe("POLICY_ADDRESS");
    expect(proxy.sockets).toHaveLength(0);
  },
);

test("socks5h is refused where addresses have to be pinned", async () => {
  await using proxy = await startSocksProxy(1);
  using transport = through(`socks5h://127.0.0.1:${proxy.port}`, { isPinned: true });
  const error = await failure(transport.send(requestOf("http://api.test")));
  expect(error).toMatchObject({
    code: "POLICY_RESOLVE",
    hint: expect.stringContaining("socks5://"),
  });
  expect(proxy.sockets).toHaveLength(0);
});

// Each failing proxy is asked in each way; whatever it does, the origin is never contacted directly.
const WAYS = [
  { way: "absolute form", scheme: "http", url: "http://api.test" },
  { way: "CONNECT", scheme: "http", url: "https://api.test" },
  { way: "SOCKS", scheme: "socks5", url: "http://api.test" },
];
const FAULTS: readonly { readonly fault: string; readonly serve: Serve; readonly ways?: string }[] =
  [
    { fault: "closes", serve: (socket) => socket.on("data", () => socket.end()) },
    { fault: "resets", serve: (socket) => socket.on("data", () => socket.resetAndDestroy()) },
    { fault: "closes at once", serve: (socket) => socket.resume().end() },
    {
      fault: "talks rubbish",
      serve: (socket) => socket.on("data", () => socket.write("SSH-2.0-x\r\n\r\n")),
    },
    {
      fault: "talks rubbish without end",
      serve: (socket) => socket.on("data", () => socket.write("x".repeat(300_000))),
    },
    {
      fault: "answers half a line and closes",
      serve: (socket) => socket.on("data", () => socket.end("HTTP/1.1 2")),
    },
    {
      fault: "answers with headers without end",
      serve: (socket) =>
        socket.on("data", () => socket.write(`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(20_000)}`)),
      ways: "CONNECT",
    },
    {
      fault: "answers 403",
      serve: answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
      ways: "CONNECT",
    },
    {
      fault: "wants credentials",
      serve: answer("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"),
      ways: "CONNECT",
    },
    {
      fault: "redirects",
      serve: answer("HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n"),
      ways: "CONNECT",
    },
    {
      fault: "answers and goes on",
      serve: answer("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      ways: "CONNECT",
    },
  ];

test.each(
  WAYS.flatMap((way) =>
    FAULTS.filter(({ ways = way.way }) => ways === way.way).map((fault) => ({ ...way, ...fault })),
  ),
)("a proxy that $fault is NET_PROXY ($way)", async ({ scheme, url, serve }) => {
  await using proxy = await listen(serve);
  const connected: string[] = [];
  using transport = through(`${scheme}://user:s3cret@127.0.0.1:${proxy.port}`, {
    network: {
      ...names().network,
      connect: (options) => {
        connected.push(`${options.address}:${options.port}`);
        return runtime.network.connect(options);
      },
    },
  });
  const error = await failure(fetchAll(transport, requestOf(url)));
  expect(error).toMatchObject({
    code: "NET_PROXY",
    hint: expect.any(String),
    details: { phase: "proxy", host: "api.test", proxy: `127.0.0.1:${proxy.port}` },
  });
  expect(Bun.inspect(error, { depth: 10 })).not.toContain("s3cret");
  expect(connected).toEqual([`127.0.0.1:${proxy.port}`]);
  await within(proxy.allClosed());
});

test.each(WAYS)("a proxy that is not there is NET_PROXY ($way)", async ({ scheme, url }) => {
  const gone = await listen(() => undefined);
  await gone[Symbol.asyncDispose]();
  using transport = through(`${scheme}://127.0.0.1:${gone.port}`, names());
  const error = await failure(transport.send(requestOf(url)));
  expect(error).toMatchObject({ code: "NET_PROXY", cause: { code: "ECONNREFUSED" } });
});

test("a proxy whose name does not resolve is NET_PROXY", async () => {
  using transport = through("http://proxy.test", names());
  const error = await failure(transport.send(requestOf("http://api.test")));
  expect(error).toMatchObject({ code: "NET_PROXY", cause: { code: "NET_DNS" } });
});

test.each(WAYS.slice(1))(
  "a proxy that hangs is TIMEOUT_CONNECT ($way)",
  async ({ scheme, url }) => {
    await using proxy = await listen((socket) => void socket.resume());
    const clock = fakeClock();
    using transport = through(`${scheme}://127.0.0.1:${proxy.port}`, { ...names(), clock });
    const limits = { connectTimeoutMs: 1000 };
    const sending = failure(transport.send(requestOf(url, { limits })));
    await eventually(() => proxy.sockets.length === 1);
    clock.advance(1000);
    expect(await sending).toMatchObject({ code: "TIMEOUT_CONNECT", details: { phase: "proxy" } });
    await within(proxy.allClosed());
  },
);

test("a proxy that hangs after an absolute form is TIMEOUT_READ", async () => {
  await using proxy = await listen((socket) => void socket.resume());
  const clock = fakeClock();
  using transport = through(`http://127.0.0.1:${proxy.port}`, { clock });
  const limits = { readTimeoutMs: 1000 };
  const sending = failure(transport.send(requestOf("http://api.test", { limits })));
  await eventually(() => clock.pending() === 1);
  clock.advance(1000);
  expect((await sending).code).toBe("TIMEOUT_READ");
});

test("bytes that come right after the answer to CONNECT belong to the tunnel", async () => {
  await using proxy = await listen((socket) => {
    socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\nX: y\r\n\r\n${OK}`));
  });
  using transport = through(`http://127.0.0.1:${proxy.port}`, { isTunnelled: true });
  expect((await within(fetchAll(transport, requestOf("http://api.test")))).text).toBe("hi");
});

test("an answer to CONNECT may come byte by byte", async () => {
  await using server = await origin(true);
  await using proxy = await listen((socket) => {
    const drip = ([byte, ...rest]: readonly string[]): void => {
      if (byte === undefined) {
        const upstream = net.connect(server.port, "127.0.0.1");
        socket.pipe(upstream).pipe(socket);
        return;
      }
      socket.write(byte, () => setImmediate(drip, rest));
    };
    socket.once("data", () => drip("HTTP/1.0 200 \r\nA: b\r\n\r\n".split("")));
  });
  using transport = through(`http://127.0.0.1:${proxy.port}`);
  expect((await within(fetchAll(transport, requestOf("https://api.test")))).text).toBe("hi");
});

test("the client certificate is shown to the origin, not to the proxy", async () => {
  const shown: unknown[] = [];
  const wanting = {
    ...identity("server"),
    ca: pem("client-authority"),
    requestCert: true,
    rejectUnauthorized: false,
  };
  const look = (name: string, socket: net.Socket): void => {
    if (socket instanceof TLSSocket) shown.push([name, socket.getPeerCertificate().subject?.CN]);
  };
  await using server = await listen((socket, number) => {
    look("origin", socket);
    answer(OK)(socket, number);
  }, wanting);
  await using proxy = await startHttpProxy(server.port, wanting);
  const tls = {
    isVerified: true,
    authorities: pem("authority"),
    certificate: pem("client"),
    key: pem("client.key"),
  };
  using transport = through(`https://127.0.0.1:${proxy.port}`, { tls });
  await within(fetchAll(transport, requestOf("https://api.test")));
  for (const socket of proxy.sockets) look("proxy", socket);
  expect(shown).toEqual([
    ["origin", "weir test client"],
    ["proxy", undefined],
  ]);
});
