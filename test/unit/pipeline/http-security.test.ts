import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { Redactor } from "../../../lib/base/redact.ts";
import { createClient } from "../../../lib/client.ts";
import type { Guard } from "../../../lib/guard/decision.ts";
import { decodeBody } from "../../../lib/pipeline/kinds/http/decode.ts";
import type { RenderedRequest } from "../../../lib/pipeline/kinds/http/request.ts";
import { isRiskyPattern } from "../../../lib/pipeline/pattern.ts";
import { place } from "../../../lib/pipeline/paginators/place.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { startServer } from "../../support/loopback-server.ts";
import { identity, runtime } from "../../support/wire.ts";
import { httpTask, testRun } from "./http-support.ts";

/** Allows everything but paths that start with /secret. */
const guard: Guard = {
  admit: ({ url }) =>
    url.pathname.startsWith("/secret")
      ? { verdict: "deny", code: "POLICY_DENIED", rule: "paths", reason: "Not this path" }
      : { verdict: "allow", rule: "all" },
  judge: () => ({ verdict: "allow", rule: "all" }),
};

test.each([
  { name: "the task", path: "/secret/a", sent: [] },
  { name: "a redirect", path: "/moved", sent: ["/moved"] },
  { name: "the next page", path: "/paged", sent: ["/paged"] },
])("NO25 what the guard refuses is not sent, when $name asks for it", async ({ path, sent }) => {
  using server = await startServer({
    hits: "any",
    routes: {
      "/moved": { status: 302, headers: { Location: "/secret/b" } },
      "/paged": { headers: { Link: "</secret/c>; rel=next" }, json: [1] },
    },
  });
  using client = createClient({
    runtime: { clock: systemClock, network: runtime.network },
    dial: { tls: { isVerified: true } },
    exchange: { limits: {}, isDecoded: true },
    guard,
  });
  using run = testRun();
  const context = { ...run.context, ports: { ...run.context.ports, client: () => client } };
  const work = httpTask({ url: server.url + path }, { paginate: "link" });
  const outcome = await work.run(context);
  expect(outcome.error).toMatchObject({
    kind: "policy_denied",
    code: "POLICY_DENIED",
    retryable: false,
  });
  expect(server.hits.map((hit) => hit.path)).toEqual([...sent]);
});

test.each([
  {
    name: "one by one",
    headers: { "X-Api-Key": "a", "X-Custom": "{{ keychain.k }}", "X-Plain": "b" },
    plain: "b",
  },
  { name: "all from one template", headers: "{{ keychain.all }}", plain: undefined },
])(
  "WEAK20 credentials stay behind at a redirect to another origin: $name",
  async ({ headers, plain }) => {
    using other = await startServer({ replies: [{ json: 1 }] });
    using server = await startServer({
      replies: [{ status: 302, headers: { Location: `${other.url}/b` } }],
    });
    const all = { "X-Api-Key": "a", "X-Custom": "k", "X-Plain": "b" };
    using run = testRun({ values: { keychain: { k: "k", all } } });
    await httpTask({ url: server.url, headers }).run(run.context);
    const names = ["x-api-key", "x-custom", "x-plain"];
    expect(names.map((name) => server.hits[0]?.header(name))).toEqual(["a", "k", "b"]);
    expect(names.map((name) => other.hits[0]?.header(name))).toEqual([undefined, undefined, plain]);
  },
);

test.each([
  { verify: false, status: "ok" },
  { verify: true, status: "error" },
])("NO25 verify: $verify of a certificate nobody signed is $status", async ({ verify, status }) => {
  using server = await startServer({
    replies: [{ json: 1 }],
    hits: "any",
    tls: identity("self-signed"),
  });
  using run = testRun();
  const outcome = await httpTask({ url: server.url }, { verify }).run(run.context);
  expect(outcome.status).toBe(status as "ok");
  if (!verify) return;
  expect(outcome.error).toMatchObject({ kind: "tls", retryable: false });
  expect(server.hits).toHaveLength(0);
});

test("NO21 opened secrets stand in no event, record, message or preview", async () => {
  const secret = "sk-live-0123456789";
  const redactor = new Redactor();
  redactor.learn(secret);
  using server = await startServer({
    replies: [{ status: 500, headers: { "X-Echo": secret }, body: `you sent ${secret}` }],
  });
  using run = testRun({
    redact: (text) => redactor.redactText(text),
    again: () => undefined,
    credentials: {
      values: {},
      names: [],
      forTask: () => ({ ...noCredentials, dress: async () => ({ lines: [["X-Key", secret]] }) }),
    },
  });
  const work = httpTask({ url: `${server.url}/a/${secret}?q=${secret}` });
  const { error, meta } = await work.run(run.context);
  expect(server.hits[0]?.header("x-key")).toBe(secret);
  const told = JSON.stringify([error, meta, run.events, run.intents, run.completions]);
  expect(told).not.toContain(secret);
  expect(error?.body_preview).toBe("you sent [redacted]");
});

test("NO21 no half of a secret stands at the end of a preview", async () => {
  const secret = "sk-live-0123456789";
  const redactor = new Redactor();
  redactor.learn(secret);
  const body = `${"x".repeat(1014)}${secret} and so on`;
  using server = await startServer({ replies: [{ status: 500, body }] });
  using run = testRun({ redact: (text) => redactor.redactText(text) });
  const { error } = await httpTask({ url: server.url }).run(run.context);
  expect(error?.body_preview).toBe(`${"x".repeat(1014)}[redacted]`);
});

test("a URL of any length is told of with its beginning", async () => {
  const next = `/${"a".repeat(8000)}`;
  using server = await startServer({
    routes: { "/": { json: [1], headers: { Link: `<${next}>; rel=next` } }, [next]: { json: [2] } },
  });
  using run = testRun();
  const outcome = await httpTask({ url: `${server.url}/` }, { paginate: "link" }).run(run.context);
  expect(outcome.result.data).toEqual([1, 2]);
  expect(JSON.stringify(run.events).length).toBeLessThan(6000);
});

test("a preview and a reason of a server move no terminal", async () => {
  using server = await startServer({ replies: [{ status: 500, body: "\u001b[2J\u202etxt" }] });
  using run = testRun();
  const { error } = await httpTask({ url: server.url }).run(run.context);
  expect(error?.body_preview).toBe("\\x1b[2J\\u202etxt");
});

describe("decodeBody()", () => {
  const decode = (text: string) =>
    decodeBody(new TextEncoder().encode(text), "application/json", undefined);

  test("reads what JSON.parse reads, but for integers that it would change", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const wanted: unknown = JSON.parse(text);
        const decoded = decode(text);
        if (decoded.kind !== "value") throw new Error("it should be a value");
        if (decoded.exactNumbers === 0) expect(decoded.data).toEqual(wanted);
      }),
    );
  });

  test("never throws, whatever the bytes and the type", () => {
    const types = fc.constantFrom(
      "application/json",
      "text/plain",
      "",
      "image/png",
      "text/x; charset=utf-16",
      ";;;",
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), types, (bytes, type) => {
        decodeBody(bytes, type, undefined);
        decodeBody(bytes, type, "json");
        decodeBody(bytes, type, "text");
      }),
    );
  });

  test("a body that is not UTF-8 leaves nothing behind for the next one", () => {
    const cut = new Uint8Array([0x22, 0xe2, 0x82]);
    expect(decodeBody(cut, "application/json", undefined).kind).toBe("broken");
    expect(decode('"é"')).toMatchObject({ kind: "value", data: "é" });
    expect(decode('"é"')).toMatchObject({ kind: "value", data: "é" });
  });

  test("keeps every integer, digit for digit", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (value) => {
        const decoded = decode(`{"id":${value},"pad":"${"1".repeat(20)}"}`);
        if (decoded.kind !== "value") throw new Error("it should be a value");
        expect(String(BigInt(Object(decoded.data).id))).toBe(String(value));
      }),
    );
  });

  test.each([
    {
      name: "brackets in texts do not nest",
      text: `["${"[".repeat(5000)}","\\"${"{".repeat(5000)}"]`,
      kind: "value",
    },
    {
      name: "many lists beside each other do not nest",
      text: `[${"[],".repeat(5000)}1]`,
      kind: "value",
    },
    {
      name: "a thousand levels are taken",
      text: "[".repeat(1000) + "]".repeat(1000),
      kind: "value",
    },
    { name: "one more is not", text: "[".repeat(1001) + "]".repeat(1001), kind: "broken" },
    { name: "a million that never close are not", text: '{"a":'.repeat(1e6), kind: "broken" },
  ])("$name", ({ text, kind }) => {
    expect(decode(text).kind).toBe(kind as "value");
  });
});

test("place() changes one parameter of a query and no byte of the others", () => {
  const part = fc.string({ maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed()));
  const pairs = fc.array(fc.tuple(part, part), { maxLength: 5 });
  fc.assert(
    fc.property(pairs, fc.string({ minLength: 1 }), (given, value) => {
      const search = given.map(([name, one]) => `${name}=${one}`).join("&");
      const request: RenderedRequest = {
        method: "GET",
        url: new URL(`http://a.test/?${search}`),
        headers: [],
        unset: [],
        content: { kind: "none" },
        auth: undefined,
        key: undefined,
        credentialHeaders: [],
      };
      const into = { kind: "query", name: "cursor" } as const;
      const { url } = place(place(request, [{ into, value: "first" }]), [{ into, value }]);
      expect(url.searchParams.getAll("cursor")).toEqual([value.toWellFormed()]);
      const others = (one: URL) =>
        one.search
          .slice(1)
          .split("&")
          .filter((pair) => pair !== "" && !pair.startsWith("cursor="));
      expect(others(url)).toEqual(others(request.url));
    }),
  );
});

test.each([
  { pattern: "(a+)+b", isRisky: true },
  { pattern: "([a-z]+)*$", isRisky: true },
  { pattern: "(a|b*)+", isRisky: true },
  { pattern: "((a+)b)*", isRisky: true },
  { pattern: "(?:x{2,})+", isRisky: true },
  { pattern: "^.*a.*b.*c$", isRisky: true },
  { pattern: "x.+?y.{2,}z.*", isRisky: true },
  { pattern: "^.*a.*b$", isRisky: false },
  { pattern: "\\.*\\.+[.*]\\.*.", isRisky: false },
  { pattern: "^[(a+)+]+$", isRisky: false },
  { pattern: "\\(a+\\)+", isRisky: false },
  { pattern: "(ab)+c*", isRisky: false },
  { pattern: "(a+)?b{3}", isRisky: false },
])("isRiskyPattern($pattern) is $isRisky", ({ pattern, isRisky }) => {
  expect(isRiskyPattern(pattern)).toBe(isRisky);
});

test("NO21 a secret at the end of a preview is masked whole", async () => {
  const secret = "sk-live-0123456789";
  const redactor = new Redactor();
  redactor.learn(secret);
  const body = `${"é".repeat(505)}${secret} and more`;
  using server = await startServer({ replies: [{ status: 500, body }] });
  using run = testRun({ redact: (text) => redactor.redactText(text) });
  const { error } = await httpTask({ url: server.url }).run(run.context);
  expect(error?.body_preview).toBe(`${"é".repeat(505)}[redacted] and`);
});
