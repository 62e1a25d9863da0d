import { describe, expect, test } from "bun:test";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Outcome } from "../../../lib/pipeline/outcome.ts";
import {
  type Handler,
  type Hit,
  type LoopbackServer,
  startServer,
} from "../../support/loopback-server.ts";
import { failure } from "../../support/wire.ts";
import { httpTask, type RunChanges, testRun, type TestRun } from "./http-support.ts";

function queryOf(hit: Hit, name: string): string | undefined {
  return hit.query.find(([one]) => one === name)?.[1];
}

interface Paged extends Disposable {
  readonly server: LoopbackServer;
  readonly run: TestRun;
  readonly outcome: Outcome;
  targets(): readonly string[];
}

/** Runs one task against a server on which `answer` answers everything. */
async function paged(
  answer: Handler,
  paginate: unknown,
  more: { fields?: object; spec?: object; changes?: RunChanges } = {},
): Promise<Paged> {
  const server = await startServer({ hits: "any", routes: { "/items": answer, "/next": answer } });
  const run = testRun(more.changes);
  const work = httpTask({ url: `${server.url}/items`, ...more.fields }, { paginate, ...more.spec });
  const outcome = await work.run(run.context);
  return {
    server,
    run,
    outcome,
    targets: () => server.hits.map(({ target }) => target),
    [Symbol.dispose]: () => {
      run[Symbol.dispose]();
      server[Symbol.dispose]();
    },
  };
}

const PAGES = [[{ id: 1 }, { id: 2 }], [{ id: 3 }, { id: 4 }], [{ id: 5 }]];

function ids(outcome: Outcome): unknown {
  const { data } = outcome.result;
  return Array.isArray(data) ? data.map((item: { id: number }) => item.id) : data;
}

test("NO46 a Link header is followed to the end, and parameters are not added again", async () => {
  const link: Handler = (hit) => {
    const page = Number(queryOf(hit, "page") ?? 1);
    const next = `/items?per_page=2&page=${page + 1}`;
    const links = `</items?page=1>; rel="prev first"; title="a, b; c", <${next}>; REL=next`;
    return { headers: page < 3 ? { Link: links } : {}, json: PAGES[page - 1] };
  };
  const headers = { "X-Token": "t" };
  using done = await paged(link, "link", { fields: { params: { per_page: 2 }, headers } });
  expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
  expect(done.outcome.meta).toMatchObject({ pages: 3, items: 5 });
  expect(done.targets()).toEqual([
    "/items?per_page=2",
    "/items?per_page=2&page=2",
    "/items?per_page=2&page=3",
  ]);
  expect(done.server.hits.map((hit) => hit.header("x-token"))).toEqual(["t", "t", "t"]);
  expect(done.run.events.filter(({ event }) => event === "page_done")).toMatchObject([
    { page: 1, items: 2 },
    { page: 2, items: 2 },
    { page: 3, items: 1 },
  ]);
  expect(done.run.pages).toHaveLength(3);
});

test.each([
  { name: "an empty page in the middle is not the end", pages: [[{ id: 1 }], [], [{ id: 2 }]] },
  { name: "the URL may be relative", pages: PAGES.slice(0, 2) },
])("NO46 next_url: $name", async ({ pages }) => {
  const answer: Handler = (hit) => {
    const page = Number(queryOf(hit, "p") ?? 0);
    const next = page + 1 < pages.length ? `?p=${page + 1}` : null;
    return { json: { items: pages[page], paging: { next } } };
  };
  const paginate = { type: "next_url", from: "$.paging.next", accumulate: { path: "$.items" } };
  using done = await paged(answer, paginate, { fields: { params: { q: "x" } } });
  expect(ids(done.outcome)).toEqual(pages.flat().map(({ id }) => id));
  expect(done.targets()[1]).toBe("/items?p=1");
});

describe("NO46 cursor", () => {
  const answer: Handler = (hit) => {
    const body: { page?: { cursor?: string } } = hit.text === "" ? {} : JSON.parse(hit.text);
    const given = queryOf(hit, "cursor") ?? hit.header("x-cursor") ?? body.page?.cursor;
    const page = Number(given?.slice(1) ?? 0);
    const next = page < 2 ? `c${page + 1}` : null;
    return { headers: next === null ? {} : { "X-Next": next }, json: { items: PAGES[page], next } };
  };
  test.each([
    { name: "into the query", into: { query: "cursor" }, want: "/items?a=1&cursor=c2" },
    { name: "into a header", into: { header: "X-Cursor" }, want: "/items?a=1" },
    { name: "into the body", into: { body: "page.cursor" }, want: "/items?a=1" },
  ])("goes $name, in place of the one before", async ({ into, want }) => {
    const paginate = { type: "cursor", from: "$.next", into, accumulate: "$.items[*]" };
    const fields = { method: "POST", params: { a: 1 }, body: { page: { size: 2 } } };
    using done = await paged(answer, paginate, { fields });
    expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
    expect(done.targets()[2]).toBe(want);
    const last: unknown = JSON.parse(done.server.hits[2]?.text ?? "");
    expect(last).toEqual({ page: { size: 2, ...("body" in into ? { cursor: "c2" } : {}) } });
  });

  test("may be the URL of the next page", async () => {
    const urls: Handler = (hit) => {
      const page = Number(queryOf(hit, "p") ?? 0);
      return { json: { items: PAGES[page], next: page < 2 ? `/items?p=${page + 1}` : null } };
    };
    const paginate = { type: "cursor", from: "$.next", into: "url", accumulate: "$.items[*]" };
    using done = await paged(urls, paginate);
    expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
    expect(done.targets()[2]).toBe("/items?p=2");
  });

  test("comes from a header", async () => {
    const paginate = { type: "cursor", from: "header X-Next", into: { query: "cursor" } };
    using done = await paged(answer, { ...paginate, accumulate: { path: "$.items" } });
    expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
  });

  test("comes from the last item", async () => {
    const after: Handler = (hit) => {
      const from = Number(queryOf(hit, "after") ?? 0);
      return {
        json: from >= 5 ? [] : [{ id: from + 1 }, { id: from + 2 }].filter(({ id }) => id < 6),
      };
    };
    const paginate = { type: "cursor", from: "last $.id", into: { query: "after" } };
    using done = await paged(after, paginate);
    expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
    expect(done.targets().at(-1)).toBe("/items?after=5");
  });

  test("a form carries it too", async () => {
    const form: Handler = (hit) => {
      const cursor = new URLSearchParams(hit.text).get("cursor");
      return { json: { items: [cursor], next: cursor === null ? "c1" : null } };
    };
    const paginate = {
      type: "cursor",
      from: "$.next",
      into: { body: "cursor" },
      accumulate: "$.items",
    };
    using done = await paged(form, paginate, { fields: { method: "POST", form: { a: "1" } } });
    expect(done.server.hits.map(({ text }) => text)).toEqual(["a=1", "a=1&cursor=c1"]);
  });
});

/** Answers offset and limit from a list of `size` items. */
function offsetServer(
  size: number,
  more: (count: number) => object = () => ({}),
  cap = 1000,
): Handler {
  return (hit) => {
    const offset = Number(queryOf(hit, "offset"));
    const limit = Math.min(cap, Number(queryOf(hit, "limit")));
    const count = Math.max(0, Math.min(limit, size - offset));
    const items = Array.from({ length: count }, (_, at) => ({ id: offset + at }));
    return { json: { items, ...more(count) } };
  };
}

test.each([
  {
    name: "a short page is the last",
    size: 140,
    more: () => ({}),
    total: undefined,
    hits: 2,
    cap: 1000,
  },
  {
    name: "an exact multiple ends at the total",
    size: 200,
    more: () => ({ total: 200 }),
    total: "$.total",
    hits: 2,
    cap: 1000,
  },
  {
    name: "a total may be a text",
    size: 200,
    more: () => ({ total: "200" }),
    total: "$.total",
    hits: 2,
    cap: 1000,
  },
  {
    name: "an empty page is the last",
    size: 100,
    more: () => ({}),
    total: undefined,
    hits: 2,
    cap: 1000,
  },
  {
    name: "a server that gives fewer a page loses nothing",
    size: 90,
    more: () => ({ total: 90 }),
    total: "$.total",
    hits: 3,
    cap: 30,
  },
])("NO46 offset: $name", async ({ size, more, total, hits, cap }) => {
  const paginate = { type: "offset", limit: 100, total, accumulate: { path: "$.items" } };
  using done = await paged(offsetServer(size, more, cap), paginate);
  expect(done.outcome.error).toBe(null);
  expect(done.outcome.meta).toMatchObject({ items: size, pages: hits });
  expect(done.server.hits).toHaveLength(hits);
  expect(done.targets()[0]).toBe("/items?offset=0&limit=100");
});

test("NO46 offset counts the only list of a page that is a map, and gathers the pages", async () => {
  using done = await paged(offsetServer(30), { type: "offset", limit: 20 });
  expect(done.outcome.result.data).toHaveLength(2);
  expect(done.outcome.error).toBe(null);
});

test.each([
  { name: "total_pages", keys: { total_pages: "$.pages" }, hits: 3 },
  { name: "total_pages from 0", keys: { total_pages: "$.pages", start: 0 }, hits: 3 },
  { name: "a short page", keys: { limit: 2 }, hits: 3 },
  { name: "an empty page", keys: {}, hits: 4 },
  { name: "the total", keys: { total: "header X-Total" }, hits: 3 },
])("NO46 page ends at $name", async ({ keys, hits }) => {
  const start = "start" in keys ? 0 : 1;
  const answer: Handler = (hit) => ({
    headers: { "X-Total": "5" },
    json: { items: PAGES[Number(queryOf(hit, "page")) - start] ?? [], pages: "3" },
  });
  using done = await paged(answer, { type: "page", accumulate: "$.items", ...keys });
  expect(ids(done.outcome)).toEqual([1, 2, 3, 4, 5]);
  expect(done.server.hits).toHaveLength(hits);
});

test.each([
  {
    name: "the Link header",
    answer: { headers: { Link: '</next>; rel="next"' }, json: [1] },
    says: "Link header",
  },
  { name: "a next URL", answer: { json: { next: "/next", items: [1] } }, says: "$.next" },
  { name: "a cursor", answer: { json: { nextPageToken: "t", items: [1] } }, says: "pageToken" },
])("auto chooses $name and says so", async ({ answer, says }) => {
  const isSecond = (hit: Hit): boolean => hit.path === "/next" || queryOf(hit, "pageToken") === "t";
  using done = await paged((hit) => (isSecond(hit) ? { json: [2] } : answer), "auto");
  expect(done.server.hits).toHaveLength(2);
  expect(done.run.warnings()).toEqual([expect.stringContaining(says)]);
});

test("auto says when it finds nothing", async () => {
  using done = await paged(() => ({ json: { next: "tomorrow" } }), "auto");
  expect(done.outcome).toMatchObject({ status: "ok", meta: { pages: 1 } });
  expect(done.run.warnings()).toEqual([expect.stringContaining("found nothing")]);
});

const ENDLESS: Handler = (hit) => {
  const page = Number(queryOf(hit, "p") ?? 1);
  return { json: { items: [page], next: `/items?p=${page + 1}` } };
};
const NEXT = { type: "next_url", from: "$.next", accumulate: "$.items" };

test.each([
  { name: "max_pages", keys: { max_pages: 3 }, want: [1, 2, 3], notes: 1 },
  { name: "max_items", keys: { max_items: 2 }, want: [1, 2], notes: 0 },
  { name: "stop", keys: { stop: "{{ page.number == 4 }}" }, want: [1, 2, 3, 4], notes: 0 },
  {
    name: "stop, by the data",
    keys: { stop: "page.data['items'][0] >= 2 and page.count == 1" },
    want: [1, 2],
    notes: 0,
  },
])("NO47 $name ends the pages", async ({ keys, want, notes }) => {
  using done = await paged(ENDLESS, { ...NEXT, ...keys });
  expect(done.outcome.error).toBe(null);
  expect(done.outcome.result.data).toEqual(want);
  expect(done.run.warnings()).toHaveLength(notes);
});

test("max_items cuts the page that passes it", async () => {
  using done = await paged(offsetServer(100), {
    type: "offset",
    limit: 10,
    max_items: 25,
    accumulate: "$.items",
  });
  expect(done.outcome.result.data).toHaveLength(25);
  expect(done.server.hits).toHaveLength(3);
});

test("NO47 a thousand pages without a bound in the file are an error", async () => {
  using done = await paged(ENDLESS, NEXT);
  expect(done.outcome).toMatchObject({
    status: "error",
    error: { code: "PAGE_LIMIT" },
    meta: { pages: 1000 },
  });
});

test("max_time ends the pages on the clock of the run", async () => {
  let now = 0;
  const clock = { now: () => now, monotonicMs: () => now, after: () => () => undefined };
  const slow: Handler = (hit, response) => {
    now += 600;
    return ENDLESS(hit, response);
  };
  using done = await paged(slow, { ...NEXT, max_time: "1s" }, { changes: { clock } });
  expect(done.outcome.result.data).toEqual([1, 2]);
});

test("a stop that raises fails the task with its place", async () => {
  const stop = "{{ page.data.nope.deeper }}";
  expect(await failure(paged(ENDLESS, { ...NEXT, stop }))).toMatchObject({
    code: "TEMPLATE_UNDEFINED",
    details: { name: "test.yaml", line: 4 },
  });
});

describe("hostile pages", () => {
  const cursor = { type: "cursor", from: "$.next", into: { query: "c" } };
  test.each([
    {
      name: "a cursor that comes twice",
      paginate: cursor,
      json: () => ({ next: "same" }),
      code: "PAGE_REPEATED",
      hits: 2,
    },
    {
      name: "cursors that go round",
      paginate: cursor,
      json: (hit: Hit) => ({ next: queryOf(hit, "c") === "a" ? "b" : "a" }),
      code: "PAGE_REPEATED",
      hits: 3,
    },
    {
      name: "a URL that leads back",
      paginate: NEXT,
      json: () => ({ items: [], next: "/items" }),
      code: "PAGE_REPEATED",
      hits: 1,
    },
    {
      name: "a cursor of 1 MB",
      paginate: cursor,
      json: () => ({ next: "x".repeat(1e6) }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a URL of 1 MB",
      paginate: NEXT,
      json: () => ({ items: [], next: `/${"x".repeat(1e6)}` }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a map as a cursor for the query",
      paginate: cursor,
      json: () => ({ next: { a: 1 } }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a list as a URL",
      paginate: NEXT,
      json: () => ({ items: [], next: ["/a"] }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a file URL",
      paginate: NEXT,
      json: () => ({ items: [], next: "file:///etc/passwd" }),
      code: "PAGE_REFUSED",
      hits: 1,
    },
    {
      name: "a script URL",
      paginate: NEXT,
      json: () => ({ items: [], next: "javascript:alert(1)" }),
      code: "PAGE_REFUSED",
      hits: 1,
    },
    {
      name: "no list to extend with",
      paginate: NEXT,
      json: () => ({ items: "x", next: null }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a total that is a word",
      paginate: { type: "offset", limit: 1, total: "$.total", accumulate: "$.items" },
      json: () => ({ items: [1], total: "many" }),
      code: "PAGE_INVALID",
      hits: 1,
    },
    {
      name: "a header for a cursor with a line break",
      paginate: { ...cursor, into: { header: "X-C" } },
      json: () => ({ next: "a\r\nX-Evil: 1" }),
      code: "USAGE_BAD_HEADER",
      hits: 1,
    },
  ])("$name is an error", async ({ paginate, json, code, hits }) => {
    using done = await paged((hit) => ({ json: json(hit) }), paginate);
    expect(done.outcome).toMatchObject({ status: "error", error: { code } });
    expect(done.server.hits).toHaveLength(hits);
    expect(done.server.hits.some((hit) => hit.header("x-evil") !== undefined)).toBe(false);
  });

  test("a Link header with 160 kB of rubbish is read all the same", async () => {
    const rubbish = `${'<a>; x="'.repeat(20_000)}, </next>; rel=next`;
    using done = await paged(() => ({ headers: { Link: rubbish }, json: [1] }), "link");
    expect(done.server.hits.map(({ path }) => path)).toEqual(["/items", "/next"]);
    expect(done.outcome.error?.code).toBe("PAGE_REPEATED");
  });

  test.each([
    {
      name: "a Link header",
      paginate: "link",
      answer: (url: string) => ({ headers: { Link: `<${url}>; rel=next` }, json: [1] }),
    },
    {
      name: "a next URL",
      paginate: NEXT,
      answer: (url: string) => ({ json: { items: [1], next: url } }),
    },
  ])("$name to another origin is refused before anything is sent", async ({ paginate, answer }) => {
    using other = await startServer({ replies: [], hits: 0 });
    using done = await paged(() => answer(`${other.url}/steal`), paginate);
    expect(done.outcome.error).toMatchObject({ kind: "policy_denied", code: "PAGE_REFUSED" });
    expect(done.outcome.result.status).toBe(200);
  });

  test("allow_cross_origin goes there without credentials, whatever they are called", async () => {
    using other = await startServer({ replies: [{ json: { items: [2] } }] });
    const next = `http://evil:pw@127.0.0.1:${other.port}/steal#x`;
    const headers = {
      Authorization: "Bearer a",
      Cookie: "b=1",
      "X-Api-Key": "c",
      "X-Custom": "{{ keychain.k }}",
      "X-Plain": "d",
    };
    const asked: unknown[] = [];
    const forTask = (name: string | undefined, url: URL) => {
      asked.push([name, url.port === String(other.port)]);
      return noCredentials;
    };
    const changes = {
      values: { keychain: { k: "placeholder" } },
      credentials: { values: {}, names: [], forTask },
    };
    const paginate = { ...NEXT, allow_cross_origin: true };
    using done = await paged(() => ({ json: { items: [1], next } }), paginate, {
      fields: { headers, auth: "main" },
      changes,
    });
    expect(done.outcome.result.data).toEqual([1, 2]);
    const [hit] = other.hits;
    const names = ["authorization", "cookie", "x-api-key", "x-custom"];
    expect(names.map((name) => hit?.header(name))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(hit?.header("x-plain")).toBe("d");
    expect(done.server.hits[0]?.header("x-custom")).toBe("placeholder");
    expect(asked).toEqual([
      ["main", false],
      [undefined, false],
    ]);
  });
});

describe("policy and pages", () => {
  const flaky = (): Handler => {
    const failed = new Set<string>();
    return (hit, response) => {
      if (failed.has(hit.target)) return ENDLESS(hit, response);
      failed.add(hit.target);
      return { status: 503 };
    };
  };
  test("WEAK1 ASK18 the attempts are counted for each page", async () => {
    const changes: RunChanges = {
      again: ({ error }, { attempt }) =>
        error !== null && attempt < 2 ? { waitMs: 0, reason: "503" } : undefined,
    };
    using done = await paged(flaky(), { ...NEXT, max_pages: 5 }, { changes });
    expect(done.outcome.result.data).toEqual([1, 2, 3, 4, 5]);
    expect(done.server.hits).toHaveLength(10);
    expect(done.outcome.meta.attempt).toBe(2);
    expect(done.run.intents.map(({ page, attempt }) => [page, attempt]).slice(0, 4)).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
  });

  test("a page that fails fails the task, with its own outcome", async () => {
    const answer: Handler = (hit, response) =>
      queryOf(hit, "p") === "3" ? { status: 404, json: { why: 1 } } : ENDLESS(hit, response);
    using done = await paged(answer, NEXT);
    expect(done.outcome).toMatchObject({
      status: "error",
      result: { status: 404, data: { why: 1 } },
      error: { kind: "not_found" },
      meta: { pages: 3, items: 2 },
    });
  });

  test("a rule that stops at a good page ends the pages well", async () => {
    const changes: RunChanges = {
      afterPage: ({ result }) => (Object(result.data).items[0] === 2 ? "stop" : "next"),
    };
    using done = await paged(ENDLESS, NEXT, { changes });
    expect(done.outcome).toMatchObject({ status: "ok", result: { data: [1, 2] } });
  });

  test("a rule that breaks at a page which failed ends the pages well", async () => {
    const answer: Handler = (hit, response) =>
      queryOf(hit, "p") === "3" ? { status: 404 } : ENDLESS(hit, response);
    const changes: RunChanges = {
      afterPage: ({ status }) => (status === "error" ? "end" : "next"),
    };
    using done = await paged(answer, NEXT, { changes });
    expect(done.outcome).toMatchObject({ status: "ok", error: null, result: { data: [1, 2] } });
  });

  test("a rule that goes on behind a failed page skips it where pages are counted", async () => {
    const answer: Handler = (hit, response) =>
      queryOf(hit, "offset") === "10" ? { status: 500 } : offsetServer(25)(hit, response);
    const changes: RunChanges = { afterPage: () => "next" };
    using done = await paged(
      answer,
      { type: "offset", limit: 10, accumulate: "$.items" },
      { changes },
    );
    expect(done.outcome.status).toBe("ok");
    expect(done.outcome.result.data).toHaveLength(15);
    using lost = await paged(() => ({ status: 500 }), NEXT, { changes });
    expect(lost.run.warnings()).toEqual([expect.stringContaining("failed")]);
    expect(lost.server.hits).toHaveLength(1);
  });

  test("a plugin may stop the pages", async () => {
    const told: unknown[] = [];
    const hooks = {
      announce: async () => undefined,
      page: async (facts: object) => {
        told.push(facts);
        return { isStopped: true, by: "meter", reason: "enough" } as const;
      },
    };
    using done = await paged(ENDLESS, NEXT, { changes: { hooks } });
    expect(done.outcome).toMatchObject({ status: "ok", meta: { pages: 1 } });
    expect(told).toMatchObject([{ step: "fetch", task: "call", page: 1, status: 200 }]);
    expect(done.run.warnings()).toEqual(["Plugin meter stopped the pages: enough"]);
  });

  test("a page has a key of its own, the same for its attempts", async () => {
    let failures = 1;
    const answer: Handler = (hit, response) =>
      queryOf(hit, "p") === "2" && failures-- > 0 ? { status: 503 } : ENDLESS(hit, response);
    const changes: RunChanges = {
      again: ({ error }, { attempt }) =>
        error !== null && attempt < 2 ? { waitMs: 0, reason: "503" } : undefined,
    };
    using done = await paged(
      answer,
      { ...NEXT, max_pages: 2 },
      { spec: { idempotency_key: "k" }, changes },
    );
    expect(done.server.hits.map((hit) => hit.header("idempotency-key"))).toEqual([
      "k",
      "k-2",
      "k-2",
    ]);
  });
});

test.each([
  { strategy: "extend", want: [1, 2] },
  { strategy: "append", want: [[1], [2]] },
  { strategy: "replace", want: [2] },
  { strategy: "none", want: null },
])("NO48 accumulate $strategy", async ({ strategy, want }) => {
  const accumulate = { path: "$.items", strategy };
  using done = await paged(ENDLESS, { ...NEXT, max_pages: 2, accumulate });
  expect(done.outcome.result.data).toEqual(want);
});

test("NO48 accumulate merges maps deeply, and collects pages with their numbers", async () => {
  const answer: Handler = (hit, response) => {
    const page = queryOf(hit, "p") ?? "1";
    const reply = ENDLESS(hit, response);
    const body = `{"by":{"${page}":{"n":${page}}},"__proto__":{"x":${page}},"next":"/items?p=${Number(page) + 1}"}`;
    return reply === undefined ? reply : { headers: { "Content-Type": "application/json" }, body };
  };
  const keys = { type: "next_url", from: "$.next", max_pages: 2 };
  using merged = await paged(answer, { ...keys, accumulate: "merge" });
  expect(merged.outcome.result.data).toMatchObject({ by: { 1: { n: 1 }, 2: { n: 2 } } });
  expect(Object.getPrototypeOf(merged.outcome.result.data)).toBe(Object.prototype);
  using collected = await paged(answer, { ...keys, accumulate: "collect" });
  expect(collected.outcome.result.data).toMatchObject([
    { page: 1, status: 200, data: { by: { 1: { n: 1 } } } },
    { page: 2, status: 200 },
  ]);
});

test.each([
  { name: "a type nobody knows", paginate: "lnik", hint: "link" },
  { name: "no type", paginate: {}, hint: "link" },
  { name: "a key of another type", paginate: { type: "link", from: "$.a" }, hint: "keys" },
  { name: "no from", paginate: { type: "next_url" }, hint: "from" },
  { name: "no into", paginate: { type: "cursor", from: "$.a" }, hint: "into" },
  {
    name: "a path that cannot be read",
    paginate: { type: "next_url", from: "$.[" },
    hint: "JSONPath",
  },
  {
    name: "a pattern without end",
    paginate: { type: "next_url", from: "$[?match(@.a, '(a+)+b')]" },
    hint: "quantifier",
  },
  {
    name: "two places",
    paginate: { type: "cursor", from: "$.a", into: { query: "a", header: "b" } },
    hint: "query",
  },
  {
    name: "a body path with __proto__",
    paginate: { type: "cursor", from: "$.a", into: { body: "__proto__.x" } },
    hint: "a.b.c",
  },
  { name: "no pages", paginate: { type: "link", max_pages: 0 }, hint: "from 1" },
  {
    name: "a strategy nobody knows",
    paginate: { type: "link", accumulate: "sum" },
    hint: "append",
  },
  {
    name: "a merge on disk",
    paginate: { type: "link", accumulate: { strategy: "merge", to: "disk" } },
    hint: "append",
  },
])("paginate with $name is refused when the file is loaded", ({ paginate, hint }) => {
  const load = () => httpTask({ url: "http://a.test" }, { paginate });
  expect(load).toThrow(WeirError);
  expect(load).toThrow(
    expect.objectContaining({ code: "PIPELINE_INVALID", hint: expect.stringContaining(hint) }),
  );
});

test("plan shows the first request and the rules that paginate stands for", () => {
  const work = httpTask({ url: "http://a.test/{{ x }}" }, { paginate: "link" });
  const lines = work.plan({ layers: [{ x: 1 }], options: {} });
  expect(lines[0]).toBe("GET http://a.test/1");
  expect(lines.join("\n")).toContain("do: jump");
  expect(work.plan({ layers: [], options: {} })[0]).toContain("depends on the run");
});

test("plan shows what ends the pages", () => {
  const paginate = { type: "link", stop: "{{ page.count < 9 }}", max_pages: 500, max_time: "5m" };
  const lines = httpTask({ url: "http://a.test" }, { paginate }).plan({ layers: [], options: {} });
  for (const line of ["when: {{ page.count < 9 }}", "max_pages: 500", "max_time: 5m"])
    expect(lines).toContainEqual(expect.stringContaining(line));
});
