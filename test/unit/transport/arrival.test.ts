import { describe, expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import type { WireRequest } from "../../../lib/transport/wire.ts";
import { closedPort } from "../../support/loopback-server.ts";
import {
  answer,
  failure,
  fetchAll,
  identity,
  listen,
  onRequest,
  pem,
  requestOf,
  type Serve,
  testTransport,
  type TransportChanges,
} from "../../support/wire.ts";

/** Says nothing at all. */
const SILENT: Serve = () => undefined;

/** One way to fail, and what is known of the request then. */
interface Case {
  readonly name: string;
  readonly serve?: Serve;
  readonly code: WeirError["code"];
  readonly arrival: string;
  readonly request?: Partial<WireRequest>;
  readonly transport?: TransportChanges;
  readonly scheme?: "https";
}

const CASES: readonly Case[] = [
  { name: "nobody listens", code: "NET_REFUSED", arrival: "never" },
  {
    name: "the name does not resolve",
    serve: SILENT,
    code: "NET_DNS",
    arrival: "never",
    transport: {
      network: {
        resolve: () => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" })),
      },
    },
    request: { url: new URL("http://a.test/") },
  },
  {
    name: "the guard refuses the address",
    serve: SILENT,
    code: "POLICY_ADDRESS",
    arrival: "never",
    transport: {
      judge: () => ({ verdict: "deny", code: "POLICY_ADDRESS", rule: "r", reason: "No" }),
    },
  },
  {
    name: "the TLS handshake does not end",
    serve: SILENT,
    code: "TIMEOUT_CONNECT",
    arrival: "never",
    request: { limits: { connectTimeoutMs: 60 } },
    scheme: "https",
  },
  {
    name: "all time is gone in the handshake",
    serve: SILENT,
    code: "TIMEOUT_TOTAL",
    arrival: "never",
    request: { limits: { totalTimeoutMs: 60 } },
    scheme: "https",
  },
  {
    name: "the proxy refuses the tunnel",
    serve: answer("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"),
    code: "NET_PROXY",
    arrival: "never",
    transport: { isTunnelled: true },
  },
  {
    name: "the proxy closes on a request it was sent",
    serve: (socket) => onRequest(socket, () => socket.destroy()),
    code: "NET_PROXY",
    arrival: "unknown",
    transport: { isTunnelled: false },
  },
  {
    name: "the host closes after the request",
    serve: (socket) => onRequest(socket, () => socket.end()),
    code: "NET_CLOSED",
    arrival: "unknown",
  },
  {
    name: "the host resets after the request",
    serve: (socket) => onRequest(socket, () => socket.resetAndDestroy()),
    code: "NET_CLOSED",
    arrival: "unknown",
  },
  {
    name: "the host says nothing",
    serve: SILENT,
    code: "TIMEOUT_READ",
    arrival: "unknown",
    request: { limits: { readTimeoutMs: 60 } },
  },
  {
    name: "all time is gone while it says nothing",
    serve: SILENT,
    code: "TIMEOUT_TOTAL",
    arrival: "unknown",
    request: { limits: { totalTimeoutMs: 60 } },
  },
  {
    name: "the answer is no HTTP",
    serve: answer("SSH-2.0-x\r\n\r\n"),
    code: "NET_PROTOCOL",
    arrival: "unknown",
  },
  {
    name: "the answer has a broken coding",
    serve: answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"),
    code: "BODY_ENCODING",
    arrival: "answered",
  },
];

function changesOf({ name, transport = {} }: Case, port: number): TransportChanges {
  if (!name.includes("proxy")) return transport;
  return { ...transport, proxyFor: () => ({ scheme: "http", host: "127.0.0.1", port }) };
}

describe.each([{ engine: "node" as const }, { engine: "direct" as const }])(
  "the $engine engine says what became of a request",
  ({ engine }) => {
    test.each([...CASES])("$name", async (one) => {
      await using server = await listen(one.serve ?? SILENT);
      const port = one.serve === undefined ? await closedPort() : server.port;
      using transport = testTransport({ ...changesOf(one, port), engine });
      const url = `${one.scheme ?? "http"}://127.0.0.1:${port}/`;
      const request = { ...requestOf(url), method: "POST", ...one.request };
      const error = await failure(fetchAll(transport, request));
      expect(error).toMatchObject({ code: one.code });
      const { arrival, phase } = error.details;
      expect(arrival ?? (phase === "body" ? "answered" : "unknown")).toBe(one.arrival);
    });

    test("a certificate that is refused kept the request back", async () => {
      await using server = await listen(answer("HTTP/1.1 200 OK\r\n\r\n"), identity("wrong-name"));
      using transport = testTransport({ engine });
      const error = await failure(fetchAll(transport, requestOf(server.url)));
      expect(error).toMatchObject({ code: "TLS_NAME", details: { arrival: "never" } });
    });

    test("a client certificate that is missed may be missed after the request", async () => {
      const options = { ...identity("server"), ca: pem("client-authority"), requestCert: true };
      await using server = await listen(answer("HTTP/1.1 200 OK\r\n\r\n"), {
        ...options,
        minVersion: "TLSv1.3",
        rejectUnauthorized: true,
      });
      using transport = testTransport({ engine });
      const error = await failure(fetchAll(transport, requestOf(server.url)));
      // In TLS 1.3 the server refuses when the client is done with the handshake.
      expect(error.details).toMatchObject({ arrival: "unknown" });
    });

    test("a body that is cut is one of an answer", async () => {
      await using server = await listen(
        answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "end"),
      );
      using transport = testTransport({ engine });
      const error = await failure(fetchAll(transport, requestOf(server.url)));
      expect(error).toMatchObject({ code: "NET_TRUNCATED", details: { phase: "body" } });
    });

    test("the reason of a signal stays the same error", async () => {
      await using server = await listen(SILENT);
      using transport = testTransport({ engine });
      const end = new AbortController();
      const reason = new WeirError("CANCELLED", "Enough");
      const sending = failure(fetchAll(transport, requestOf(server.url, { signal: end.signal })));
      end.abort(reason);
      expect(await sending).toBe(reason);
    });
  },
);
