import { expect, test } from "bun:test";
import { startServer, type Reply } from "../../support/loopback-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { runtime } from "../../support/wire.ts";
import { httpTask, type RunChanges, testRun } from "./http-support.ts";

async function checked(wanted: unknown, reply: Reply, changes: RunChanges = {}) {
  using server = await startServer({ replies: [reply] });
  using run = testRun(changes);
  return await httpTask({ url: server.url, expect: wanted }).run(run.context);
}

const DATA = {
  items: [
    { id: 1, name: "a" },
    { id: 2, name: "b" },
  ],
  total: 2,
  none: null,
};

test.each([
  { name: "a status", wanted: { status: 201 }, reply: { status: 201, json: 1 } },
  { name: "a class of statuses", wanted: { status: "4xx" }, reply: { status: 404, json: 1 } },
  { name: "a list of statuses", wanted: { status: [200, 404] }, reply: { status: 404, json: 1 } },
  {
    name: "a status from a template",
    wanted: { status: "{{ code }}" },
    reply: { status: 409, json: 1 },
  },
  {
    name: "a header",
    wanted: {
      headers: {
        "X-A": "1",
        "Content-Type": { matches: "^application/json" },
        "X-No": { exists: false },
      },
    },
    reply: { headers: { "X-A": "1" }, json: 1 },
  },
  { name: "a value", wanted: { json: [{ path: "$.total", equals: 2 }] }, reply: { json: DATA } },
  {
    name: "a value from a template",
    wanted: { json: [{ path: "$.total", equals: "{{ n }}" }] },
    reply: { json: DATA },
  },
  {
    name: "a null that is there",
    wanted: { json: [{ path: "$.none", exists: true, equals: null }] },
    reply: { json: DATA },
  },
  {
    name: "a value that is not there",
    wanted: { json: [{ path: "$.nope", exists: false }] },
    reply: { json: DATA },
  },
  {
    name: "values in a list",
    wanted: { json: [{ path: "$.items[*].id", equals: [1, 2], length: 2 }] },
    reply: { json: DATA },
  },
  {
    name: "a length of characters",
    wanted: { json: [{ path: "$", length: 1 }] },
    reply: { json: "💧" },
  },
  {
    name: "a pattern",
    wanted: { json: [{ path: "$.items[0].name", matches: "^[a-z]$" }] },
    reply: { json: DATA },
  },
  {
    name: "a schema",
    wanted: {
      schema: { type: "object", properties: { items: { type: "array" } }, required: ["items"] },
    },
    reply: { json: DATA },
  },
  { name: "a time", wanted: { max_ms: 60_000 }, reply: { json: DATA } },
])("expect is content with $name", async ({ wanted, reply }) => {
  const outcome = await checked(wanted, reply, { values: { code: 409, n: 2 } });
  expect(outcome).toMatchObject({ status: "ok", error: null });
});

test.each([
  {
    name: "another status of success",
    wanted: { status: 201 },
    reply: { json: DATA },
    says: "Status is 200, and 201 is expected",
  },
  {
    name: "a header that is not there",
    wanted: { headers: { "X-A": "1" } },
    reply: { json: DATA },
    says: 'Header X-A is not there, and "1" is expected',
  },
  {
    name: "a header that does not match",
    wanted: { headers: { "content-type": { matches: "xml" } } },
    reply: { json: DATA },
    says: 'Header content-type is "application/json", and a match of xml is expected',
  },
  {
    name: "another value",
    wanted: { json: [{ path: "$.total", equals: 3 }] },
    reply: { json: DATA },
    says: "$.total is 2, and 3 is expected",
  },
  {
    name: "a value of another type",
    wanted: { json: [{ path: "$.total", equals: "2" }] },
    reply: { json: DATA },
    says: '$.total is 2, and "2" is expected',
  },
  {
    name: "no value",
    wanted: { json: [{ path: "$.nope", exists: true }] },
    reply: { json: DATA },
    says: "$.nope is not there",
  },
  {
    name: "a value too many",
    wanted: { json: [{ path: "$.total", exists: false }] },
    reply: { json: DATA },
    says: "$.total is there",
  },
  {
    name: "another length",
    wanted: { json: [{ path: "$.items", length: 3 }] },
    reply: { json: DATA },
    says: "$.items has 2, and a length of 3 is expected",
  },
  {
    name: "a length of nothing",
    wanted: { json: [{ path: "$.total", length: 3 }] },
    reply: { json: DATA },
    says: "$.total is a number",
  },
  {
    name: "what the schema forbids, at its deepest place",
    wanted: {
      schema: { properties: { items: { items: { properties: { id: { type: "string" } } } } } },
    },
    reply: { json: DATA },
    says: "$.items.0.id is not as the schema says",
  },
])("expect refuses $name", async ({ wanted, reply, says }) => {
  const outcome = await checked(wanted, reply);
  expect(outcome).toMatchObject({
    status: "error",
    error: { kind: "schema", code: "EXPECT_FAILED", retryable: false },
    result: { data: DATA },
  });
  expect(outcome.error?.message).toStartWith(says);
});

test("an error status that is not expected stays the error it is", async () => {
  const outcome = await checked({ status: 200 }, { status: 503 });
  expect(outcome.error).toMatchObject({ kind: "server_error", code: "HTTP_503", retryable: true });
});

test("max_ms counts the time until the body is there", async () => {
  const { error } = await checked({ max_ms: 20 }, { json: DATA, delayMs: 60 });
  expect(error?.message).toContain("at most 20 ms are expected");
});

test("the schema may be a file of the pipeline's folder, read once", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/item.schema.json`;
  await runtime.files.replace(
    path,
    JSON.stringify({
      $schema: "http://json-schema.org/draft-07/schema#",
      $defs: { n: { type: "integer" } },
      properties: { total: { $ref: "#/$defs/n" } },
    }),
  );
  const wanted = { schema: "item.schema.json" };
  expect(await checked(wanted, { json: DATA }, { folder: folder.path })).toMatchObject({
    status: "ok",
  });
  const wrong = await checked(wanted, { json: { total: 1.5 } }, { folder: folder.path });
  expect(wrong.error?.message).toContain("$.total");
  const gone = await checked({ schema: "no.json" }, { json: DATA }, { folder: folder.path });
  expect(gone.error).toMatchObject({ code: "IO_READ" });
  await runtime.files.replace(path, "{");
  const broken = await checked(wanted, { json: DATA }, { folder: folder.path });
  expect(broken.error).toMatchObject({ code: "PIPELINE_INVALID" });
});

test.each([
  { name: "a key nobody knows", wanted: { body: 1 }, hint: "status" },
  { name: "no status", wanted: { status: "fine" }, hint: "2xx" },
  { name: "a check nobody knows", wanted: { json: [{ path: "$", is: 1 }] }, hint: "equals" },
  { name: "no check", wanted: { json: [{ path: "$" }] }, hint: "equals" },
  { name: "no path", wanted: { json: [{ equals: 1 }] }, hint: "path" },
  {
    name: "a path that cannot be read",
    wanted: { json: [{ path: "$[", equals: 1 }] },
    hint: "JSONPath",
  },
  {
    name: "a pattern that cannot be read",
    wanted: { json: [{ path: "$", matches: "(" }] },
    hint: "regular",
  },
  {
    name: "a pattern without end",
    wanted: { headers: { A: { matches: "(a+)+$" } } },
    hint: "quantifier",
  },
  { name: "a type nobody knows", wanted: { schema: { type: "strnig" } }, hint: "Write string" },
  {
    name: "a type nobody knows, further down",
    wanted: { schema: { properties: { a: { anyOf: [{ type: "int" }] } } } },
    hint: "Write",
  },
  { name: "a reference to nothing", wanted: { schema: { $ref: "#/$defs/a" } }, hint: "$defs" },
  {
    name: "a reference to the network",
    wanted: { schema: { items: { $ref: "http://evil.test/s.json" } } },
    hint: "nothing is fetched",
  },
  {
    name: "a schema with a pattern without end",
    wanted: { schema: { pattern: "^(a+)+$" } },
    hint: "quantifier",
  },
])("expect with $name is refused when the file is loaded", ({ wanted, hint }) => {
  expect(() => httpTask({ url: "http://a.test", expect: wanted })).toThrow(
    expect.objectContaining({ code: "PIPELINE_INVALID", hint: expect.stringContaining(hint) }),
  );
});

test("a schema that refers to itself without end fails the task", async () => {
  const outcome = await checked({ schema: { $ref: "#" } }, { json: DATA });
  expect(outcome.error).toMatchObject({ code: "PIPELINE_INVALID" });
});

test("a recursive schema is held against deep data", async () => {
  const schema = {
    $defs: { t: { properties: { c: { $ref: "#/$defs/t" }, v: { type: "string" } } } },
    $ref: "#/$defs/t",
  };
  const deep = Array.from({ length: 300 }).reduce<object>((c) => ({ c }), { v: 1 });
  const { error } = await checked({ schema }, { json: deep });
  expect(error?.message).toContain(".c.c.v is not as the schema says");
});
