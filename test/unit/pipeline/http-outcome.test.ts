import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../lib/base/clock.ts";
import { createClient } from "../../../lib/client.ts";
import { startServer } from "../../support/loopback-server.ts";
import { answerOnce, isWholeRequest, startRawServer } from "../../support/raw-server.ts";
import { runtime } from "../../support/wire.ts";
import { httpTask, testRun } from "./http-support.ts";

async function outcomeOf(url: string, fields = {}, spec = {}) {
  using run = testRun();
  return await httpTask({ url, ...fields }, spec).run(run.context);
}

function raw(head: string, body = ""): string {
  return `HTTP/1.1 ${head}\r\nConnection: close\r\n\r\n${body}`;
}

test.each([
  { name: "401", status: 401, kind: "auth", retryable: false },
  { name: "403", status: 403, kind: "auth", retryable: false },
  { name: "404", status: 404, kind: "not_found", retryable: false },
  { name: "408", status: 408, kind: "client_error", retryable: true },
  { name: "422", status: 422, kind: "client_error", retryable: false },
  { name: "429", status: 429, kind: "rate_limit", retryable: true },
  { name: "500", status: 500, kind: "server_error", retryable: true },
  { name: "503", status: 503, kind: "server_error", retryable: true },
  { name: "304", status: 304, kind: "unknown", retryable: false },
  { name: "a redirect without Location", status: 302, kind: "unknown", retryable: false },
])("NO26 NO27 NO30 $name is an error of its kind", async ({ status, kind, retryable }) => {
  using server = await startServer({ replies: [{ status, headers: { "X-A": "1" } }] });
  const outcome = await outcomeOf(`${server.url}/x?token=abc`);
  expect(outcome).toMatchObject({
    status: "error",
    http: { status, headers: { "x-a": "1" } },
    result: { status },
    error: { kind, retryable, code: `HTTP_${status}`, retry_after: null },
  });
  expect(outcome.error?.message).not.toContain("abc");
});

test("NO26 NO28 WEAK3 an error keeps its headers and its body, parsed", async () => {
  const json = { error: { code: "invalid" } };
  const headers = [
    ["X-Rate", "1"],
    ["X-Rate", "2"],
    ["Retry-After", "2"],
  ] as const;
  using server = await startServer({ replies: [{ status: 400, headers, json }] });
  const outcome = await outcomeOf(server.url);
  expect(outcome.http.headers).toMatchObject({ "x-rate": "1, 2", "retry-after": "2" });
  expect(outcome.result.data).toEqual(json);
  expect(outcome.error?.body_preview).toBe(JSON.stringify(json));
});

test("an error shows at most 1,024 bytes of its body", async () => {
  using server = await startServer({ replies: [{ status: 502, body: "<b>".padEnd(5000, "x") }] });
  const { error, result } = await outcomeOf(server.url);
  expect(error?.body_preview).toHaveLength(1024);
  expect(result.data).toHaveLength(5000);
});

const NOW = Date.UTC(2030, 0, 1);
const date = (ms: number): string => new Date(ms).toUTCString();

test.each([
  { name: "seconds", headers: { "Retry-After": "2" }, want: 2 },
  { name: "a date", headers: { "Retry-After": date(NOW + 3000), Date: date(NOW) }, want: 3 },
  {
    name: "a date in the past",
    headers: { "Retry-After": date(NOW - 60_000), Date: date(NOW) },
    want: 0,
  },
  { name: "a word", headers: { "Retry-After": "soon" }, want: null },
  { name: "a number without end", headers: { "Retry-After": "1e99" }, want: null },
  { name: "too many digits", headers: { "Retry-After": "9".repeat(400) }, want: null },
])("NO30 retry_after of $name is $want", async ({ headers, want }) => {
  using server = await startServer({ replies: [{ status: 429, headers }] });
  expect((await outcomeOf(server.url)).error?.retry_after).toBe(want);
});

test.each([
  { name: "JSON", type: "application/json", body: '{"a":[1]}', want: { a: [1] } },
  {
    name: "a type that ends in +json",
    type: "application/problem+json; charset=utf-8",
    body: "[1]",
    want: [1],
  },
  { name: "JSON with a byte order mark", type: "application/json", body: "\ufeff{}", want: {} },
  { name: "JSON that is only white space", type: "application/json", body: " \n", want: null },
  { name: "no body", type: "application/json", body: "", want: null },
  { name: "plain text", type: "text/plain", body: "[1]", want: "[1]" },
  { name: "a text without a type", type: undefined, body: "[1]", want: "[1]" },
  {
    name: "Latin-1",
    type: "text/plain; charset=iso-8859-1",
    body: new Uint8Array([0xe9]),
    want: "é",
  },
  {
    name: "text that is not the UTF-8 it should be",
    type: "text/plain",
    body: new Uint8Array([0xe9]),
    want: "é",
  },
])("NO29 WEAK5 the data of $name", async ({ type, body, want }) => {
  const headers: Readonly<Record<string, string>> =
    type === undefined ? {} : { "Content-Type": type };
  using server = await startServer({ replies: [{ headers, body }] });
  const outcome = await outcomeOf(server.url);
  expect(outcome.error).toBe(null);
  expect(outcome.result.data).toEqual(want);
});

test.each([
  { name: "json", responseType: "json", want: [1] },
  { name: "text", responseType: "text", want: "[1]" },
])("NO25 response_type $name reads the body so", async ({ responseType, want }) => {
  const headers = { "Content-Type": responseType === "text" ? "application/json" : "text/html" };
  using server = await startServer({ replies: [{ headers, body: "[1]" }] });
  const { result } = await outcomeOf(server.url, {}, { response_type: responseType });
  expect(result.data).toEqual(want);
});

test.each([
  { name: "cut short", body: '{"a":1,' },
  { name: "not UTF-8", body: new Uint8Array([0x22, 0xe9, 0x22]) },
  { name: "nested too deep", body: "[".repeat(5000) + "]".repeat(5000) },
])("JSON that is $name is a decode error that keeps the text", async ({ body }) => {
  using server = await startServer({
    replies: [{ headers: { "Content-Type": "application/json" }, body }],
  });
  const outcome = await outcomeOf(server.url);
  expect(outcome).toMatchObject({
    status: "error",
    http: { status: 200 },
    error: { kind: "decode", code: "DATA_BAD_JSON", retryable: false },
  });
  expect(typeof outcome.result.data).toBe("string");
});

test("integers that a number cannot hold stay what they are, and a warning says so", async () => {
  const body =
    '{"id":9007199254740993,"near":9007199254740991,"f":0.1234567890123456789,"t":"1234567890123456789"}';
  const headers = { "Content-Type": "application/json" };
  using server = await startServer({ replies: [{ headers, body }] });
  using run = testRun();
  const { result } = await httpTask({ url: server.url }).run(run.context);
  expect(result.data).toEqual({
    id: "9007199254740993",
    near: 9007199254740991,
    f: 0.12345678901234568,
    t: "1234567890123456789",
  });
  expect(run.warnings()).toEqual([expect.stringContaining("1 integer is beyond 2^53")]);
});

test("a key called __proto__ is a key like any other", async () => {
  const headers = { "Content-Type": "application/json", __proto__x: "1" };
  const body = '{"__proto__":{"polluted":1},"big":9007199254740993}';
  using server = await startServer({ replies: [{ headers, body }] });
  const { result } = await outcomeOf(server.url);
  expect(Object.keys(Object(result.data))).toEqual(["__proto__", "big"]);
  expect(Object(result.data).polluted).toBeUndefined();
});

test("a header called __proto__ is a header like any other", async () => {
  using server = await startRawServer(
    answerOnce(raw("200 OK\r\n__proto__: x\r\nContent-Length: 0")),
  );
  const { http } = await outcomeOf(server.url);
  expect(Object.entries(http.headers)).toContainEqual(["__proto__", "x"]);
  expect(Object.getPrototypeOf(http.headers)).toBe(Object.prototype);
});

test.each([
  {
    name: "204 with a body",
    head: "204 No Content\r\nContent-Length: 2",
    body: "{}",
    status: "ok",
  },
  {
    name: "304 with a body",
    head: "304 Not Modified\r\nContent-Length: 2",
    body: "{}",
    status: "error",
  },
])("$name has no data", async ({ head, body, status }) => {
  using server = await startRawServer(answerOnce(raw(head, body)));
  const outcome = await outcomeOf(server.url);
  expect(outcome).toMatchObject({ status, result: { data: null } });
});

test("NO31 the outcome says how it came about", async () => {
  using server = await startServer({
    routes: {
      "/a": { status: 302, headers: { Location: "/b?key=s3cret" } },
      "/b": { json: [1, 2] },
    },
  });
  const { meta } = await outcomeOf(`${server.url}/a`);
  expect(meta).toMatchObject({
    attempt: 1,
    method: "GET",
    url: `${server.url}/a`,
    hops: 2,
    bytes: 5,
    address: "127.0.0.1",
    redirected_to: `${server.url}/b?key=[redacted]`,
  });
  expect(meta.duration_ms).toBeNumber();
});

test("a POST that a redirect turned into a GET is reported", async () => {
  using server = await startServer({
    routes: {
      "/moved": { status: 301, headers: { Location: "/target" } },
      "/target": { json: {} },
    },
  });
  using run = testRun();
  const work = httpTask({ method: "POST", url: `${server.url}/moved`, body: { a: 1 } });
  const { meta } = await work.run(run.context);
  expect(server.hits.map(({ method }) => method)).toEqual(["POST", "GET"]);
  expect(meta["redirected_method"]).toBe("GET");
  expect(run.warnings()).toEqual(["A redirect turned the POST into a GET, as browsers do"]);
});

test.each([
  { name: "off", spec: { follow_redirects: false }, status: 302, hits: 1, code: "HTTP_302" },
  {
    name: "at most one",
    spec: { max_redirects: 1 },
    status: null,
    hits: 2,
    code: "REDIRECT_LIMIT",
  },
])("NO25 redirects: $name", async ({ spec, status, hits, code }) => {
  const reply = { status: 302, headers: { Location: "/again" } };
  using server = await startServer({ replies: [reply], hits });
  const outcome = await outcomeOf(server.url, {}, spec);
  expect(outcome).toMatchObject({ http: { status }, error: { code } });
});

describe("failures without a response", () => {
  test("a connection that is reset", async () => {
    using server = await startRawServer(async (one) => {
      await one.until(isWholeRequest);
      one.reset();
    });
    const outcome = await outcomeOf(server.url);
    expect(outcome).toMatchObject({
      status: "error",
      http: { status: null, headers: {} },
      result: { status: null, headers: {}, data: null },
      error: { kind: "connection", code: "NET_CLOSED", retryable: true },
    });
  });

  test("a body that ends early keeps status and headers", async () => {
    using server = await startRawServer(
      answerOnce(raw("200 OK\r\nContent-Type: application/json\r\nContent-Length: 100", '{"a":')),
    );
    expect(await outcomeOf(server.url)).toMatchObject({
      http: { status: 200, headers: { "content-length": "100" } },
      error: { kind: "connection", code: "NET_TRUNCATED", retryable: true },
    });
  });

  test("a name that does not resolve", async () => {
    const outcome = await outcomeOf("http://no-such-host.invalid/");
    expect(outcome.error).toMatchObject({ kind: "dns", code: "NET_DNS", retryable: true });
  });

  test.each([
    { name: "a number is the total", timeout: 0.05, code: "TIMEOUT_TOTAL" },
    { name: "a duration", timeout: "50ms", code: "TIMEOUT_TOTAL" },
    { name: "total", timeout: { total: "50ms" }, code: "TIMEOUT_TOTAL" },
    { name: "read", timeout: { connect: 5, read: 0.05 }, code: "TIMEOUT_READ" },
  ])("NO22 WEAK5 a timeout: $name", async ({ timeout, code }) => {
    using server = await startRawServer(async (one) => one.until(() => false));
    const outcome = await outcomeOf(server.url, {}, { timeout });
    expect(outcome.error).toMatchObject({ kind: "timeout", code, retryable: true });
    expect(outcome.error?.hint).toContain("spec.timeout");
  });
});

test.each([
  { name: "a timer nobody knows", spec: { timeout: { idle: 1 } } },
  { name: "a negative time", spec: { timeout: -1 } },
  { name: "a response type nobody knows", spec: { response_type: "xml" } },
  { name: "verify as a text", spec: { verify: "no" } },
  { name: "a rate of nothing", spec: { rate: { requests_per_second: 0 } } },
])("$name is refused when the file is loaded", ({ spec }) => {
  expect(() => httpTask({ url: "http://a.test" }, spec)).toThrow(
    expect.objectContaining({ code: "PIPELINE_INVALID" }),
  );
});

test("NO22 a limit of the file wins over that of the run, and leaves the others alone", async () => {
  using server = await startRawServer(async (one) => one.until(() => false));
  using client = createClient({
    runtime: { clock: systemClock, network: runtime.network },
    dial: { tls: { isVerified: true } },
    exchange: { limits: { readTimeoutMs: 50, totalTimeoutMs: 1 }, isDecoded: true },
  });
  using run = testRun();
  const context = { ...run.context, ports: { ...run.context.ports, client: () => client } };
  const task = (spec: object) => httpTask({ url: server.url }, { ...spec }).run(context);
  expect((await task({})).error?.code).toBe("TIMEOUT_TOTAL");
  expect((await task({ timeout: { total: 30 } })).error?.code).toBe("TIMEOUT_READ");
});
