import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Outcome } from "../../../lib/pipeline/outcome.ts";
import { startServer } from "../../support/loopback-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { runtime } from "../../support/wire.ts";
import { httpTask, testRun } from "./http-support.ts";
import { errorOf } from "../../support/errors.ts";

const OK = { json: { ok: true } };

/** Returns what a task failed with: templates throw, the rest is an outcome. */
async function problemOf(work: Promise<Outcome>): Promise<unknown> {
  return await work.then(
    ({ error }) => error,
    (error: unknown) => error,
  );
}

test.each([
  { name: "GET when nothing is said", fields: {}, want: "GET" },
  { name: "GET with a body too", fields: { body: "x" }, want: "GET" },
  { name: "in upper case", fields: { method: "post" }, want: "POST" },
  { name: "any token", fields: { method: "PurgE" }, want: "PURGE" },
  { name: "OPTIONS", fields: { method: "{{ m }}" }, want: "OPTIONS" },
])("NO15 an http task sends its method: $name", async ({ fields, want }) => {
  using server = await startServer({ replies: [OK] });
  using run = testRun({ values: { m: "options" } });
  const work = httpTask({ url: `${server.url}/a`, ...fields });
  expect(await work.run(run.context)).toMatchObject({ status: "ok", result: { status: 200 } });
  expect(server.hits.map(({ method }) => method)).toEqual([want]);
});

test("NO16 endpoint is the url, with a warning; both are an error", async () => {
  using server = await startServer({ replies: [OK] });
  using run = testRun();
  const work = httpTask({ endpoint: `${server.url}/a` });
  expect(work.warnings).toEqual(["endpoint is the old name of url"]);
  expect((await work.run(run.context)).status).toBe("ok");
  const error = errorOf(() => httpTask({ endpoint: "http://a.test", url: "http://a.test" }));
  expect(error).toMatchObject({ code: "PIPELINE_INVALID", details: { path: "task.endpoint" } });
});

test("NO17 WEAK5 params go to the query with any method; lists repeat, null is dropped", async () => {
  using server = await startServer({ replies: [OK] });
  using run = testRun({ values: { text: "a b&c=ü", none: null, list: [1, null, true] } });
  const params = {
    q: "{{ text }}",
    gone: "{{ none }}",
    tag: "{{ list }}",
    n: 1.5,
    "a[]": ["x", "y"],
  };
  await httpTask({ method: "POST", url: `${server.url}/a?z=1`, params, body: "x" }).run(
    run.context,
  );
  expect(server.hits[0]?.target).toBe(
    "/a?z=1&q=a+b%26c%3D%C3%BC&tag=1&tag=true&n=1.5&a%5B%5D=x&a%5B%5D=y",
  );
});

test.each([
  { name: "a nested map", params: { a: { b: 1 } } },
  { name: "a list of lists", params: { a: [[1]] } },
  { name: "a list", params: ["a"] },
  { name: "a text", params: "a=b" },
])("NO17 params that are $name are refused when the file is loaded", ({ params }) => {
  const error = errorOf(() => httpTask({ url: "http://a.test/", params }));
  expect(error).toMatchObject({ code: "PIPELINE_INVALID", details: { path: "task.params" } });
});

test.each([
  {
    name: "a map",
    body: { a: "{{ v }}", b: [1, null] },
    type: "application/json",
    text: '{"a":{"x":1},"b":[1,null]}',
  },
  { name: "a list", body: [1, "two"], type: "application/json", text: '[1,"two"]' },
  { name: "a number", body: 5, type: "application/json", text: "5" },
  { name: "false", body: false, type: "application/json", text: "false" },
  { name: "a text", body: "{{ s }}", type: "text/plain; charset=utf-8", text: "@/etc/passwd" },
  { name: "nothing", body: "{{ none }}", type: undefined, text: "" },
  {
    name: "a map with a JSON type of its own",
    body: { a: 1 },
    own: "application/vnd.x+json",
    type: "application/vnd.x+json",
    text: '{"a":1}',
  },
  {
    name: "a map as a form",
    body: { a: "b c", d: [1, 2], e: null },
    own: "application/x-www-form-urlencoded",
    type: "application/x-www-form-urlencoded",
    text: "a=b+c&d=1&d=2",
  },
])("NO18 WEAK6 a body that is $name is sent as it should be", async ({ body, own, type, text }) => {
  using server = await startServer({ replies: [OK] });
  using run = testRun({ values: { v: { x: 1 }, s: "@/etc/passwd" } });
  const headers = own === undefined ? {} : { "Content-Type": own };
  const outcome = await httpTask({ method: "POST", url: server.url, headers, body }).run(
    run.context,
  );
  expect(outcome.error).toBe(null);
  expect(server.hits[0]?.header("content-type")).toBe(type);
  expect(server.hits[0]?.text).toBe(text);
});

test("NO18 form sends its own type, and payload is another name of body", async () => {
  using server = await startServer({ replies: [OK, OK] });
  using run = testRun();
  await httpTask({ method: "PUT", url: server.url, form: { a: "1 2" } }).run(run.context);
  await httpTask({ method: "PUT", url: server.url, payload: { a: 1 } }).run(run.context);
  expect(server.hits.map(({ text }) => text)).toEqual(["a=1+2", '{"a":1}']);
  expect(server.hits[0]?.header("content-type")).toContain("x-www-form-urlencoded");
});

test.each([
  { first: "body", second: "payload" },
  { first: "body", second: "form" },
  { first: "form", second: "multipart" },
])("NO18 $first and $second together are refused", ({ first, second }) => {
  const error = errorOf(() => httpTask({ url: "http://a.test", [first]: {}, [second]: {} }));
  expect(error).toMatchObject({ code: "PIPELINE_INVALID", details: { path: `task.${second}` } });
});

test("NO18 multipart sends texts and files of the pipeline's folder", async () => {
  using folder = temporaryFolder();
  await runtime.files.replace(`${folder.path}/a.csv`, "x;y\n");
  using server = await startServer({ replies: [OK] });
  using run = testRun({ folder: folder.path, values: { n: 7 } });
  const multipart = { n: "{{ n }}", f: { file: "a.csv", type: "text/csv" }, gone: null };
  const outcome = await httpTask({ method: "POST", url: server.url, multipart }).run(run.context);
  expect(outcome.error).toBe(null);
  const sent = server.hits[0]?.text ?? "";
  expect(sent).toContain('name="n"\r\n\r\n7\r\n');
  expect(sent).toContain('name="f"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nx;y\n\r\n');
  expect(sent).not.toContain("gone");
});

test("a file of multipart that is not there fails the task and nothing is sent", async () => {
  using server = await startServer({ replies: [], hits: 0 });
  using run = testRun();
  const work = httpTask({ method: "POST", url: server.url, multipart: { f: { file: "no.csv" } } });
  expect(await work.run(run.context)).toMatchObject({
    status: "error",
    error: { code: "IO_READ" },
  });
  expect(run.intents).toEqual([]);
});

test("headers repeat for a list, and null leaves out a default one", async () => {
  using server = await startServer({ replies: [OK] });
  using run = testRun({ values: { none: null } });
  const headers = { "X-A": ["1", 2], "User-Agent": "{{ none }}", Accept: null, "X-B": "  b\n" };
  await httpTask({ url: server.url, headers }).run(run.context);
  const [hit] = server.hits;
  expect(hit?.header("x-a")).toBe("1, 2");
  expect(hit?.header("x-b")).toBe("b");
  expect(hit?.header("user-agent")).toBeUndefined();
  expect(hit?.header("accept")).toBeUndefined();
});

test.each([
  {
    name: "a header value with a line break",
    fields: { headers: { "X-A": "{{ evil }}" } },
    code: "USAGE_BAD_HEADER",
  },
  {
    name: "a map as a header value",
    fields: { headers: { "X-A": "{{ map }}" } },
    code: "TEMPLATE_TYPE",
  },
  {
    name: "a URL with a control character",
    fields: { url: "http://127.0.0.1/{{ evil }}" },
    code: "TEMPLATE_TYPE",
  },
  { name: "a file URL", fields: { url: "{{ file }}" }, code: "TEMPLATE_TYPE" },
  { name: "a relative URL", fields: { url: "{{ path }}" }, code: "TEMPLATE_TYPE" },
  {
    name: "a URL with userinfo",
    fields: { url: "http://{{ who }}@127.0.0.1/" },
    code: "TEMPLATE_TYPE",
  },
  { name: "a method of two words", fields: { method: "{{ evil }}" }, code: "TEMPLATE_TYPE" },
  {
    name: "a nested map in the query",
    fields: { params: { a: "{{ map }}" } },
    code: "TEMPLATE_TYPE",
  },
  { name: "a name that is not there", fields: { body: "{{ nope }}" }, code: "TEMPLATE_UNDEFINED" },
  {
    name: "an idempotency key with a line break",
    fields: {},
    spec: { idempotency_key: "{{ evil }}" },
    code: "TEMPLATE_TYPE",
  },
])("$name fails the task, and nothing is sent", async ({ fields, spec = {}, code }) => {
  using server = await startServer({ replies: [], hits: 0 });
  const values = {
    evil: "a\r\nX-Evil: 1",
    map: { a: 1 },
    file: "file:///etc/passwd",
    path: "/a",
    who: "u:p",
  };
  using run = testRun({ values });
  const error = await problemOf(httpTask({ url: server.url, ...fields }, spec).run(run.context));
  expect(error).toMatchObject({ code });
  expect(run.intents).toEqual([]);
});

test("NO19 WEAK4 an auth that does not resolve fails the task, and nothing is sent", async () => {
  using server = await startServer({ replies: [], hits: 0 });
  const forTask = (): never => {
    throw new WeirError("SECRET_UNRESOLVED", "There is no keychain entry nobody");
  };
  using run = testRun({ credentials: { values: {}, names: [], forTask }, values: { none: null } });
  const named = await httpTask({ url: server.url, auth: "nobody" }).run(run.context);
  expect(named.error).toMatchObject({ kind: "auth", code: "SECRET_UNRESOLVED" });
  const empty = httpTask({ url: server.url, auth: "{{ none }}" }).run(run.context);
  expect(await problemOf(empty)).toMatchObject({
    code: "TEMPLATE_TYPE",
    details: { file: "test.yaml", line: 2 },
  });
});

test("NO19 auth may be a template, and its name is handed on", async () => {
  using server = await startServer({ replies: [OK] });
  const asked: (string | undefined)[] = [];
  const dress = async () => ({ lines: [["Authorization", "Bearer t"]] as const });
  const forTask = (name: string | undefined) => {
    asked.push(name);
    return { dress, answer: async () => undefined };
  };
  using run = testRun({ credentials: { values: {}, names: [], forTask }, values: { who: "main" } });
  await httpTask({ url: server.url, auth: "{{ who }}" }).run(run.context);
  expect(asked).toEqual(["main"]);
  expect(server.hits[0]?.header("authorization")).toBe("Bearer t");
  expect(httpTask({ url: server.url, auth: "main" }).credentials).toEqual(["main"]);
});
