import { expect, test } from "bun:test";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import type { Again } from "../../../lib/pipeline/kinds/kind.ts";
import type { Outcome } from "../../../lib/pipeline/outcome.ts";
import { manifestItems, type ResultManifest } from "../../../lib/results/manifest.ts";
import { ResultStore } from "../../../lib/results/store.ts";
import { type Handler, startServer } from "../../support/loopback-server.ts";
import { isWholeRequest, startRawServer } from "../../support/raw-server.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary-folder.ts";
import { runtime } from "../../support/wire.ts";
import { httpTask, testRun } from "./http-support.ts";

function storeIn(folder: TemporaryFolder): ResultStore {
  return new ResultStore({
    runId: "run-1",
    folder: `${folder.path}/results`,
    runtime: { ...runtime, clock: systemClock },
  });
}

async function textOf(store: ResultStore, ref: unknown): Promise<string> {
  return new TextDecoder().decode(await collectBytes(await store.open(String(ref))));
}

const ITEMS = Array.from({ length: 5000 }, (_, id) => ({ id, name: `item ${id}` }));
const SELECT = [
  { path: "$.paging.hasMore", as: "has_more" },
  { path: "$.items[*].id", as: "ids" },
  { path: "$.nope", as: "missing" },
];

test("NO24 NO57 NO58 NO60 a large body is stored, and its fields stay at hand", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  const json = { paging: { hasMore: true }, items: ITEMS };
  using server = await startServer({ replies: [{ json }] });
  using run = testRun({ results });
  const spec = { result: { select: SELECT } };
  const { status, result, meta } = await httpTask({ url: server.url }, spec).run(run.context);
  expect(status).toBe("ok");
  expect(result).toMatchObject({ status: 200, data: null, has_more: true, missing: null });
  expect(result["ids"]).toHaveLength(5000);
  expect(result["__ref__"]).toBe("weir://run/run-1/step/fetch/task/call/1");
  expect(result["__preview__"]).toMatchObject({ truncated: true, bytes: 1024 });
  expect(meta["bytes"]).toBe(JSON.stringify(json).length);
  expect(JSON.parse(await textOf(results, result["__ref__"]))).toEqual(json);
});

test("a small body stays inline, with its fields", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ replies: [{ json: { paging: { hasMore: false } } }] });
  using run = testRun({ results });
  const { result } = await httpTask({ url: server.url }, { result: { select: SELECT } }).run(
    run.context,
  );
  expect(result).toMatchObject({ data: { paging: { hasMore: false } }, has_more: false });
  expect(result["__ref__"]).toBeUndefined();
});

test("an error is not stored: its body is there for the rules", async () => {
  using server = await startServer({ replies: [{ status: 500, json: { why: 1 } }] });
  using run = testRun();
  const outcome = await httpTask({ url: server.url }, { result: { inline_max_bytes: 0 } }).run(
    run.context,
  );
  expect(outcome).toMatchObject({ status: "error", result: { data: { why: 1 } } });
});

test.each([
  { name: "by its type", headers: { "Content-Type": "image/png" }, spec: {} },
  { name: "by its bytes", headers: {}, spec: {} },
  {
    name: "by response_type",
    headers: { "Content-Type": "text/plain" },
    spec: { response_type: "binary" },
  },
  {
    name: "by its type, with spec.result",
    headers: { "Content-Type": "image/png" },
    spec: { result: {} },
  },
])("NO25 a body that is binary $name is kept by reference", async ({ headers, spec }) => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  const body = new Uint8Array([0x89, 0x50, 0, 1, 2]);
  using server = await startServer({ replies: [{ headers, body }] });
  using run = testRun({ results });
  const { error, result } = await httpTask({ url: server.url }, spec).run(run.context);
  expect(error).toBe(null);
  expect(result.data).toBe(null);
  expect(await collectBytes(await results.open(String(result["__ref__"])))).toEqual(body);
});

/** A server that sends `size` bytes of JSON. */
function bigServer(size: number): Handler {
  return (_, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": size });
    const chunk = Buffer.alloc(1024 * 1024, "x");
    let left = size - 2;
    response.write('"');
    const send = (): void => {
      while (left > 0) {
        const piece = chunk.subarray(0, Math.min(left, chunk.length));
        left -= piece.length;
        if (!response.write(piece)) return void response.once("drain", send);
      }
      response.end('"');
    };
    send();
    return undefined;
  };
}

test("a body of more than 64 MiB is too large, and the hint names spec.result", async () => {
  using server = await startServer({ routes: { "/": bigServer(65 * 1024 * 1024) } });
  using run = testRun();
  const outcome = await httpTask({ url: server.url }).run(run.context);
  expect(outcome).toMatchObject({
    status: "error",
    http: { status: 200 },
    result: { data: null },
    error: {
      kind: "too_large",
      code: "BODY_TOO_LARGE",
      hint: expect.stringContaining("spec.result"),
    },
  });
});

test("with spec.result the same body is stored", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ routes: { "/": bigServer(65 * 1024 * 1024) } });
  using run = testRun({ results });
  const { error, meta } = await httpTask({ url: server.url }, { result: {} }).run(run.context);
  expect(error).toBe(null);
  expect(meta["bytes"]).toBe(65 * 1024 * 1024);
});

test("a body that is cut while it is stored is asked for again", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  const type = "Content-Type: application/json\r\nConnection: close\r\n";
  using server = await startRawServer(async (one) => {
    await one.until(isWholeRequest);
    if (one.id === 1) one.write(`HTTP/1.1 200 OK\r\n${type}Content-Length: 100\r\n\r\n{"a":`);
    else one.write(`HTTP/1.1 200 OK\r\n${type}Content-Length: 7\r\n\r\n{"a":1}`);
    one.end();
  });
  const again = ({ error }: Outcome, { attempt }: { attempt: number }): Again | undefined =>
    error?.retryable === true && attempt < 3 ? { waitMs: 0, reason: error.code } : undefined;
  using run = testRun({ results, again });
  const outcome = await httpTask({ url: server.url }, { result: {} }).run(run.context);
  expect(outcome).toMatchObject({ status: "ok", result: { data: { a: 1 } }, meta: { attempt: 2 } });
  expect(run.events.map(({ event }) => event)).toEqual(["attempt", "retry", "attempt"]);
  expect(run.intents.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test("a selected field that is too large fails the task and names it", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ replies: [{ json: { big: "x".repeat(100_000) } }] });
  using run = testRun({ results });
  const result = { select: [{ path: "$.big", as: "big" }] };
  const { error } = await httpTask({ url: server.url }, { result }).run(run.context);
  expect(error?.code).toStartWith("SELECT_");
  expect(error?.message).toContain("big");
});

test("a stored body cannot be checked by expect, and that is said", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ replies: [{ json: ITEMS }] });
  using run = testRun({ results });
  const fields = { url: server.url, expect: { json: [{ path: "$", length: 5000 }] } };
  const { error } = await httpTask(fields, { result: {} }).run(run.context);
  expect(error).toMatchObject({
    code: "EXPECT_FAILED",
    message: expect.stringContaining("inline_max_bytes"),
  });
});

/** Pages of 10 items with a cursor in the body. */
const paging: Handler = ({ query }) => {
  const page = Number(query.find(([name]) => name === "c")?.[1] ?? 0);
  return {
    json: {
      items: ITEMS.slice(page * 10, page * 10 + 10),
      next: page < 2 ? page + 1 : null,
      total: 30,
    },
  };
};

test.each([
  {
    name: "spec.result",
    keys: {},
    spec: { result: { select: [{ path: "$.total", as: "total" }] } },
  },
  { name: "accumulate to disk", keys: { to: "disk" }, spec: {} },
])("NO48 NO62 pages with $name become a manifest of references", async ({ keys, spec }) => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ routes: { "/": paging } });
  using run = testRun({ results });
  const accumulate = { path: "$.items", ...keys };
  const paginate = { type: "cursor", from: "$.next", into: { query: "c" }, accumulate };
  const { error, result, meta } = await httpTask({ url: server.url }, { paginate, ...spec }).run(
    run.context,
  );
  expect(error).toBe(null);
  expect(meta["pages"]).toBe(3);
  expect(result.data).toBe(null);
  expect(Object.keys(result).filter((key) => key.startsWith("__page__"))).toEqual([]);
  const manifest = result["ref"] as ResultManifest;
  expect(manifest).toMatchObject({
    kind: "manifest",
    strategy: "extend",
    merge_path: "$.items",
    total_parts: 3,
  });
  const items = await Array.fromAsync(manifestItems(manifest, (ref) => results.open(ref)));
  expect(items).toEqual(ITEMS.slice(0, 30));
  expect(JSON.parse(await textOf(results, result["__ref__"]))).toEqual(manifest);
  expect(run.pages).toMatchObject([{ ref: manifest.parts[0]?.ref }, {}, { cursor: null }]);
});

test("stored pages are counted where the end needs it", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  const answer: Handler = ({ query }) => {
    const offset = Number(query.find(([name]) => name === "offset")?.[1]);
    return { json: { items: ITEMS.slice(offset, Math.min(offset + 10, 25)) } };
  };
  using server = await startServer({ routes: { "/": answer } });
  using run = testRun({ results });
  const paginate = { type: "offset", limit: 10, accumulate: { path: "$.items", to: "disk" } };
  const { error, meta } = await httpTask({ url: server.url }, { paginate }).run(run.context);
  expect(error).toBe(null);
  expect(meta).toMatchObject({ pages: 3, items: 25 });
  expect(server.hits).toHaveLength(3);
});

test.each([
  { name: "a store nobody knows", result: { store: { kind: "nats_kv" } }, says: "nats_kv" },
  { name: "a coding nobody knows", result: { store: { compression: "lz4" } }, says: "lz4" },
  { name: "a key nobody knows", result: { inline: 1 }, says: "inline" },
  { name: "a time that is none", result: { store: { ttl: "soon" } }, says: "ttl" },
  {
    name: "a path that cannot be read",
    result: { select: [{ path: "$.[", as: "a" }] },
    says: "$.[",
  },
  {
    name: "a name twice",
    result: {
      select: [
        { path: "$.a", as: "a" },
        { path: "$.b", as: "a" },
      ],
    },
    says: "a",
  },
  { name: "a name that is taken", result: { select: [{ path: "$.a", as: "data" }] }, says: "data" },
  { name: "no name", result: { select: [{ path: "$.a" }] }, says: "select" },
])("NO56 spec.result with $name is refused when the file is loaded", ({ result, says }) => {
  expect(() => httpTask({ url: "http://a.test" }, { result })).toThrow(
    expect.objectContaining({ code: "PIPELINE_INVALID", message: expect.stringContaining(says) }),
  );
});

test("NO58 small stored pages can be looked at by stop and by expect", async () => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ routes: { "/": paging } });
  using run = testRun({ results });
  const accumulate = { path: "$.items" };
  const paginate = {
    type: "cursor",
    from: "$.next",
    into: { query: "c" },
    stop: "{{ page.data.next == 2 }}",
    accumulate,
  };
  const fields = { url: server.url, expect: { json: [{ path: "$.total", equals: 30 }] } };
  const { error, result, meta } = await httpTask(fields, { paginate, result: {} }).run(run.context);
  expect(error).toBe(null);
  expect(meta).toMatchObject({ pages: 2, items: 20 });
  expect(result["ref"]).toMatchObject({ kind: "manifest", total_parts: 2 });
});

test.each([
  { name: "inline", result: { select: [{ path: "$.total", as: "total" }] } },
  { name: "stored", result: { inline_max_bytes: 10, select: [{ path: "$.total", as: "total" }] } },
])("NO48 accumulate to memory gathers pages that are $name", async ({ result: spec }) => {
  using folder = temporaryFolder();
  using results = storeIn(folder);
  using server = await startServer({ routes: { "/": paging } });
  using run = testRun({ results });
  const accumulate = { path: "$.items", strategy: "extend", to: "memory" };
  const paginate = {
    type: "cursor",
    from: "$.next",
    into: { query: "c" },
    stop: "{{ not page.data.next }}",
    accumulate,
  };
  const { error, result } = await httpTask({ url: server.url }, { paginate, result: spec }).run(
    run.context,
  );
  expect(error).toBe(null);
  expect(result.data).toEqual(ITEMS.slice(0, 30));
  expect(result).toMatchObject({ total: 30 });
  expect(result["__ref__"]).toBeUndefined();
});
