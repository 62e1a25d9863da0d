import { expect, test } from "bun:test";
import type { TlsOptions } from "node:tls";
import type { ErrorCode } from "../../lib/base/errors.ts";
import type { TlsOptions as ClientTls } from "../../lib/transport/wire.ts";
import {
  answer,
  failure,
  fetchAll,
  identity,
  listen,
  pem,
  requestOf,
  type Serve,
  testTransport,
} from "../support/wire.ts";

// By name, not by address: the direct engine does TLS on native sockets for names only.

const OK = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
const TRUSTING: ClientTls = { isVerified: true, authorities: pem("authority") };

interface Row {
  readonly name: string;
  readonly code: ErrorCode;
  readonly serve?: Serve;
  /** Undefined for a server that does not speak TLS. */
  readonly server?: TlsOptions | undefined;
  readonly tls?: ClientTls;
  readonly connectTimeoutMs?: number;
}

const ROWS: readonly Row[] = [
  { name: "another name", code: "TLS_NAME", server: identity("wrong-name") },
  { name: "an expired certificate", code: "TLS_EXPIRED", server: identity("expired") },
  { name: "a certificate of the future", code: "TLS_EXPIRED", server: identity("not-yet-valid") },
  { name: "a self-signed certificate", code: "TLS_CERTIFICATE", server: identity("self-signed") },
  {
    name: "an authority that is not trusted",
    code: "TLS_CERTIFICATE",
    server: identity("server"),
    tls: { isVerified: true },
  },
  {
    name: "authorities that cannot be read",
    code: "TLS_AUTHORITIES",
    server: identity("server"),
    tls: { isVerified: true, authorities: "garbage" },
  },
  {
    name: "a server that knows TLS 1.1 only",
    code: "TLS_HANDSHAKE",
    server: { ...identity("server"), minVersion: "TLSv1.1", maxVersion: "TLSv1.1" },
  },
  {
    name: "a server below the least version",
    code: "TLS_HANDSHAKE",
    server: { ...identity("server"), maxVersion: "TLSv1.2" },
    tls: { ...TRUSTING, minVersion: "TLSv1.3" },
  },
  {
    name: "a server that speaks h2 only",
    code: "TLS_HANDSHAKE",
    server: { ...identity("server"), ALPNProtocols: ["h2"] },
  },
  ...(["TLSv1.2", "TLSv1.3"] as const).map((version) => ({
    name: `a server that wants a client certificate over ${version}`,
    // In TLS 1.2 the server says no more than that the handshake failed.
    code: version === "TLSv1.2" ? ("TLS_HANDSHAKE" as const) : ("TLS_CLIENT" as const),
    server: {
      ...identity("server"),
      ca: pem("client-authority"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: version,
      maxVersion: version,
    },
  })),
  {
    name: "a port that speaks plain HTTP",
    code: "TLS_HANDSHAKE",
    serve: (socket) => void socket.once("data", () => socket.end("HTTP/1.1 400 Bad\r\n\r\n")),
    server: undefined,
  },
  {
    name: "a port that closes in the handshake",
    code: "TLS_HANDSHAKE",
    serve: (socket) => void socket.once("data", () => socket.end()),
    server: undefined,
  },
  {
    name: "a port that resets in the handshake",
    code: "TLS_HANDSHAKE",
    serve: (socket) => void socket.once("data", () => socket.resetAndDestroy()),
    server: undefined,
  },
  {
    name: "a port that says nothing",
    code: "TIMEOUT_CONNECT",
    serve: (socket) => void socket.resume(),
    server: undefined,
    connectTimeoutMs: 50,
  },
];

test.each(ROWS)("both engines say the same of $name", async (row) => {
  const { code, serve = OK, server: options, tls = TRUSTING, connectTimeoutMs } = row;
  await using server = await listen(serve, options);
  const url = `https://localhost:${server.port}/`;
  const errors = [];
  for (const engine of ["node", "direct"] as const) {
    using transport = testTransport({ engine, tls });
    const error = await failure(
      fetchAll(transport, requestOf(url, { limits: { connectTimeoutMs } })),
    );
    const { message, hint, details } = error;
    errors.push({ code: error.code, message, hint, details });
  }
  expect(errors[1]).toEqual(errors[0] as never);
  expect(errors[0]?.code).toBe(code);
});

test("both engines say the same of the connection they made", async () => {
  await using server = await listen(OK, identity("server"));
  const url = `https://localhost:${server.port}/`;
  for (const engine of ["node", "direct"] as const) {
    using transport = testTransport({ engine, tls: TRUSTING });
    const { connection, timings, text } = await fetchAll(transport, requestOf(url));
    expect(text).toBe("hi");
    expect(connection).toEqual({
      address: "127.0.0.1",
      port: server.port,
      tlsVersion: "TLSv1.3",
      isReused: false,
    });
    expect(Object.keys(timings).sort()).toEqual(["connectMs", "dnsMs", "firstByteMs", "tlsMs"]);
  }
});

test("a server sees the same ClientHello extensions: its name, and http/1.1 alone", async () => {
  const seen: unknown[] = [];
  const options: TlsOptions = {
    ...identity("server"),
    ALPNCallback: ({ servername, protocols }) => {
      seen.push([servername, protocols]);
      return "http/1.1";
    },
  };
  await using server = await listen(OK, options);
  for (const engine of ["node", "direct"] as const) {
    using transport = testTransport({ engine, tls: TRUSTING });
    await fetchAll(transport, requestOf(`https://localhost:${server.port}/`));
  }
  expect(seen).toEqual([
    ["localhost", ["http/1.1"]],
    ["localhost", ["http/1.1"]],
  ]);
});
