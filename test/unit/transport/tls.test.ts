import { expect, test } from "bun:test";
import * as net from "node:net";
import { createHash, X509Certificate } from "node:crypto";
import type { TlsOptions } from "../../../lib/transport/wire.ts";
import {
  answer,
  failure,
  fetchAll,
  identity,
  listen,
  pem,
  requestOf,
  testTransport,
  within,
} from "../../support/wire.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const TRUSTING: TlsOptions = { isVerified: true, authorities: pem("authority") };
const UNVERIFIED: TlsOptions = { isVerified: false };

/** A name goes by a socket of the runtime, where there is one, and an address by node:tls. */
const HOSTS = ["localhost", "127.0.0.1"] as const;

/** Returns one row for each host. */
function onBoth<R>(rows: readonly R[]): readonly (R & { readonly host: string })[] {
  return rows.flatMap((row) => HOSTS.map((host) => ({ ...row, host })));
}

/** Makes every name lead to this machine. */
const network = { resolve: async () => [{ address: "127.0.0.1", family: 4 as const }] };

test.each(["127.0.0.1", "localhost", "api.test", "a.api.test", "api.test."])(
  "a certificate of a trusted authority for %s is accepted",
  async (host) => {
    await using server = await listen(answer(OK), identity("server"));
    using transport = testTransport({ network });
    const request = requestOf(`https://${host}:${server.port}/`);
    const response = await within(fetchAll(transport, request));
    expect(response).toMatchObject({ text: "hi", connection: { tlsVersion: "TLSv1.3" } });
    expect(response.timings.tlsMs).toBeGreaterThan(0);
  },
);

test("the name of the host is sent, the one of an address is not", async () => {
  const names: unknown[] = [];
  await using server = await listen((socket, number) => {
    names.push("servername" in socket ? socket.servername : undefined);
    answer(OK)(socket, number);
  }, identity("server"));
  using transport = testTransport({ network });
  await within(fetchAll(transport, requestOf(`https://api.test:${server.port}/`)));
  await within(fetchAll(transport, requestOf(`https://127.0.0.1:${server.port}/`)));
  expect(names).toEqual(["api.test", false]);
});

test.each(
  onBoth([
    { name: "expired", certificate: "expired", code: "TLS_EXPIRED", says: /expired \d+ days ago/ },
    {
      name: "not yet valid",
      certificate: "not-yet-valid",
      code: "TLS_EXPIRED",
      says: /before 2099/,
    },
    {
      name: "self-signed",
      certificate: "self-signed",
      code: "TLS_CERTIFICATE",
      says: /self-signed/,
    },
    {
      name: "for another host",
      certificate: "wrong-name",
      code: "TLS_NAME",
      says: /is for other\.example, www\.other\.example/,
    },
  ]),
)("a certificate of $host that is $name is $code", async ({ certificate, code, says, host }) => {
  let requests = 0;
  await using server = await listen((socket) => {
    socket.on("data", () => (requests += 1));
  }, identity(certificate));
  using transport = testTransport({ network });
  const error = await failure(transport.send(requestOf(`https://${host}:${server.port}/`)));
  expect(error).toMatchObject({
    code,
    hint: expect.any(String),
    details: { phase: "tls", host, port: server.port },
  });
  expect(error.message).toMatch(says);
  expect(requests).toBe(0);
  await within(server.allClosed());
});

test.each(HOSTS)("an unknown authority of %s is TLS_CERTIFICATE, and is named", async (host) => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport({ network, tls: { isVerified: true } });
  const error = await failure(transport.send(requestOf(`https://${host}:${server.port}/`)));
  expect(error).toMatchObject({
    code: "TLS_CERTIFICATE",
    hint: expect.stringContaining("--verify"),
  });
  expect(error.message).toContain('"weir test authority"');
});

test("an address in a certificate for another address is TLS_NAME", async () => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport({
    network: { connect: () => net.connect(server.port, "127.0.0.1") },
  });
  const error = await failure(transport.send(requestOf("https://192.0.2.7:444/")));
  expect(error).toMatchObject({ code: "TLS_NAME", details: { host: "192.0.2.7", port: 444 } });
});

test.each(["expired", "self-signed", "wrong-name"])(
  "%s passes when nothing is verified",
  async (certificate) => {
    await using server = await listen(answer(OK), identity(certificate));
    using transport = testTransport({ tls: UNVERIFIED });
    expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
  },
);

test("NODE_TLS_REJECT_UNAUTHORIZED does not reach it", async () => {
  await using server = await listen(answer(OK), identity("self-signed"));
  const script = `
    import { requestOf, testTransport } from "${import.meta.dir}/../../support/wire.ts";
    const transport = testTransport({ tls: { isVerified: true } });
    await transport.send(requestOf("${server.url}")).catch((error) => console.log(error.code));
  `;
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    stderr: "ignore",
  });
  expect((await new Response(child.stdout).text()).trim()).toBe("TLS_CERTIFICATE");
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "a host that wants a client certificate gets it over %s",
  async (version) => {
    const options = {
      ...identity("server"),
      ca: pem("client-authority"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    };
    await using server = await listen(answer(OK), options);
    const certificate = pem("client");
    const accepted: TlsOptions[] = [
      { ...TRUSTING, certificate, key: pem("client.key") },
      { ...TRUSTING, certificate, key: pem("client-encrypted.key"), passphrase: "swordfish" },
    ];
    for (const tls of accepted) {
      using transport = testTransport({ tls });
      expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
    }
  },
);

test.each(
  onBoth([
    // The alert of TLS 1.2 does not say what is missing.
    { version: "TLSv1.2", code: "TLS_HANDSHAKE", says: "refused the TLS handshake" },
    { version: "TLSv1.3", code: "TLS_CLIENT", says: "wants a client certificate" },
  ] as const),
)(
  "$host wants a client certificate over $version and gets none: $code",
  async ({ host, version, code, says }) => {
    const options = {
      ...identity("server"),
      ca: pem("client-authority"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    };
    await using server = await listen(answer(OK), options);
    using transport = testTransport({ network });
    const error = await failure(fetchAll(transport, requestOf(`https://${host}:${server.port}/`)));
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(says),
      hint: expect.stringContaining("--cert"),
    });
  },
);

test.each<{ readonly name: string; readonly tls: TlsOptions; readonly code: string }>([
  {
    name: "the key of another certificate",
    tls: { ...TRUSTING, certificate: pem("client"), key: pem("server.key") },
    code: "TLS_CLIENT",
  },
  {
    name: "a key that is none",
    tls: { ...TRUSTING, certificate: pem("client"), key: "none" },
    code: "TLS_CLIENT",
  },
  {
    name: "the wrong passphrase",
    tls: {
      ...TRUSTING,
      certificate: pem("client"),
      key: pem("client-encrypted.key"),
      passphrase: "guess",
    },
    code: "TLS_CLIENT",
  },
])("$name is $code", async ({ tls, code }) => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport({ tls });
  const error = await failure(transport.send(requestOf(server.url)));
  expect(error).toMatchObject({ code, hint: expect.any(String) });
  expect(error.message).not.toContain("guess");
});

test.each(
  onBoth([
    { name: "no PEM", authorities: "none" },
    { name: "empty", authorities: "" },
    { name: "a key", authorities: pem("server.key") },
    { name: "no certificate inside", authorities: pem("authority").replace(/\nM.*\n/, "\n") },
  ]),
)("authorities for $host that are $name are TLS_AUTHORITIES", async ({ authorities, host }) => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport({ network, tls: { isVerified: true, authorities } });
  const url = `https://${host}:${server.port}/`;
  expect(await failure(transport.send(requestOf(url)))).toMatchObject({
    code: "TLS_AUTHORITIES",
    hint: expect.stringContaining("PEM"),
  });
});

test.each(HOSTS)("%s speaks plain HTTP: TLS_HANDSHAKE, and the hint names http", async (host) => {
  await using server = await listen((socket) => {
    socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  using transport = testTransport({ network });
  const url = `https://${host}:${server.port}/`;
  expect(await failure(transport.send(requestOf(url)))).toMatchObject({
    code: "TLS_HANDSHAKE",
    message: expect.stringContaining("does not speak TLS"),
    hint: expect.stringContaining("http://"),
  });
});

test.each(
  onBoth([
    { name: "closes", close: "end" },
    { name: "resets", close: "resetAndDestroy" },
  ] as const),
)("$host $name in the handshake: TLS_HANDSHAKE", async ({ close, host }) => {
  await using server = await listen((socket) => {
    socket.on("data", () => void socket[close]());
  });
  using transport = testTransport({ network });
  const url = `https://${host}:${server.port}/`;
  expect(await failure(transport.send(requestOf(url)))).toMatchObject({ code: "TLS_HANDSHAKE" });
});

test("plain HTTP to a port that speaks TLS gets a hint at https", async () => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport();
  const url = `http://127.0.0.1:${server.port}/`;
  const error = await failure(fetchAll(transport, requestOf(url)));
  expect(["NET_CLOSED", "NET_PROTOCOL"]).toContain(error.code);
  expect(error.hint).toContain("https://");
});

test.each(HOSTS)("the versions of TLS with %s can be narrowed from both sides", async (host) => {
  await using server = await listen(answer(OK), identity("server"));
  using older = testTransport({ network, tls: { ...TRUSTING, maxVersion: "TLSv1.2" } });
  const request = requestOf(`https://${host}:${server.port}/`);
  expect((await within(fetchAll(older, request))).connection.tlsVersion).toBe("TLSv1.2");
  await using old = await listen(answer(OK), { ...identity("server"), maxVersion: "TLSv1.2" });
  using newer = testTransport({ network, tls: { ...TRUSTING, minVersion: "TLSv1.3" } });
  expect(await failure(newer.send(requestOf(`https://${host}:${old.port}/`)))).toMatchObject({
    code: "TLS_HANDSHAKE",
    message: expect.stringContaining("shares no TLS version"),
    hint: expect.stringContaining("--ssl"),
  });
});

test("a host that does not speak HTTP/1.1 is TLS_HANDSHAKE", async () => {
  await using server = await listen(answer(OK), { ...identity("server"), ALPNProtocols: ["h2"] });
  using transport = testTransport();
  expect(await failure(transport.send(requestOf(server.url)))).toMatchObject({
    code: "TLS_HANDSHAKE",
    hint: expect.stringContaining("HTTP/2"),
  });
});

test("a pinned key is accepted, another one is not", async () => {
  await using server = await listen(answer(OK), identity("server"));
  const { publicKey } = new X509Certificate(pem("server"));
  const der = publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(der).digest("base64");
  for (const pinSha256 of [[pin], ["other", `sha256//${pin}`]]) {
    using transport = testTransport({ tls: { ...TRUSTING, pinSha256 } });
    expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
  }
  using strict = testTransport({ tls: { ...UNVERIFIED, pinSha256: ["AAAA"] } });
  expect(await failure(strict.send(requestOf(server.url)))).toMatchObject({
    code: "TLS_CERTIFICATE",
    details: { pin },
  });
});

test("TLS connections are kept and used again", async () => {
  await using server = await listen(answer(OK), identity("server"));
  using transport = testTransport({ keepAlive: true });
  await within(fetchAll(transport, requestOf(server.url)));
  const second = await within(fetchAll(transport, requestOf(server.url)));
  expect(second.connection).toMatchObject({ isReused: true, tlsVersion: "TLSv1.3" });
  expect(server.sockets).toHaveLength(1);
});
