import { describe, expect, test } from "bun:test";
import { type Handler, startServer } from "../../support/loopback-server.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { runPipeline } from "../../support/pipeline-run.ts";

/** Runs a file with real requests; only the waits between attempts are over at once. */
async function runText(text: string, workload: Readonly<Record<string, unknown>> = {}) {
  const waits: number[] = [];
  let announced: number | undefined;
  const run = await runPipeline(text, {
    inputs: { workload },
    clock: {
      ...systemClock,
      after(delayMs, task) {
        const isWait = delayMs === announced;
        if (isWait) announced = undefined;
        return systemClock.after(isWait ? 0 : delayMs, task);
      },
    },
    onEvent: (event) => {
      if (event.event === "retry") waits.push((announced = event.wait_ms));
    },
  });
  return { ...run, waits };
}

const SOFT = { json: { ok: false, error: "rate_limited" } };

function queryOf(query: readonly (readonly [string, string])[], name: string): string | undefined {
  return query.find(([one]) => one === name)?.[1];
}

const OFFSET: Handler = ({ query, path }) => {
  const size = path === "/short" ? 140 : path === "/exact" ? 200 : 100;
  const offset = Number(queryOf(query, "offset"));
  const limit = Number(queryOf(query, "limit"));
  const count = Math.max(0, Math.min(limit, size - offset));
  const items = Array.from({ length: count }, (_, at) => ({ id: offset + at }));
  return { json: { items, ...(path === "/exact" ? { total: 200 } : {}) } };
};

test("NO46 a file pages by offset three ways", async () => {
  using server = await startServer({
    routes: { "/short": OFFSET, "/exact": OFFSET, "/empty-end": OFFSET },
  });
  const run = await runText(`
- step: pages
  tool:
    - short:
        kind: http
        url: ${server.url}/short
        spec: { paginate: { type: offset, limit: 100, accumulate: { path: $.items } } }
    - exact:
        kind: http
        url: ${server.url}/exact
        spec: { paginate: { type: offset, limit: 100, total: $.total, accumulate: $.items } }
    - empty_end:
        kind: http
        url: ${server.url}/empty-end
        spec: { paginate: { type: offset, limit: 100, accumulate: $.items } }
    - count:
        kind: http
        method: POST
        url: ${server.url}/short
        params: { offset: 0, limit: 0 }
        body:
          - "{{ short.data | length }}"
          - "{{ exact.data | length }}"
          - "{{ empty_end.data | length }}"
`);
  expect(run.error).toBeUndefined();
  expect(server.hits.map(({ path }) => path)).toEqual([
    "/short",
    "/short",
    "/exact",
    "/exact",
    "/empty-end",
    "/empty-end",
    "/short",
  ]);
  expect(server.hits.at(-1)?.text).toBe("[140,200,100]");
});

test("NO29 NO41 a policy sees a soft error, a decode error, nothing, and a cut body", async () => {
  using server = await startServer({
    routes: {
      "/soft": () =>
        server.hits.filter(({ path }) => path === "/soft").length === 1
          ? SOFT
          : { json: { ok: true } },
      "/empty": { status: 204 },
      "/html": {
        status: 502,
        headers: { "Content-Type": "text/html" },
        body: "<h1>Bad gateway</h1>",
      },
      "/badjson": { headers: { "Content-Type": "application/json" }, body: '{"a":1,' },
    },
  });
  const run = await runText(`
- step: shapes
  tool:
    - soft:
        kind: http
        url: ${server.url}/soft
        spec:
          policy:
            rules:
              - when: "{{ outcome.result.data.ok == false and outcome.result.data.error == 'rate_limited' }}"
                then: { do: retry, attempts: 3, delay: 0.01 }
    - empty: { kind: http, url: "${server.url}/empty" }
    - html:
        kind: http
        url: ${server.url}/html
        spec: { policy: { rules: [ { when: "outcome.error.kind == 'server_error'", then: { do: continue } } ] } }
    - badjson: { kind: http, url: "${server.url}/badjson" }
`);
  expect(run.error).toMatchObject({
    code: "PIPELINE_FAILED",
    details: { task: "badjson", kind: "decode" },
  });
  expect(server.hits.map(({ path }) => path)).toEqual([
    "/soft",
    "/soft",
    "/empty",
    "/html",
    "/badjson",
  ]);
});

test.each([
  { name: "in seconds", headers: { "Retry-After": "2" }, waits: [2000] },
  { name: "nothing", headers: {}, waits: [1000] },
  {
    name: "a date in the past",
    headers: { "Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT" },
    waits: [0],
  },
  { name: "a word", headers: { "Retry-After": "soon" }, waits: [1000] },
])("NO33 NO35 spec.retry waits after a 429 with $name", async ({ headers, waits }) => {
  using server = await startServer({ replies: [{ status: 429, headers }, { json: { ok: 1 } }] });
  const run = await runText(`
- step: one
  tool:
    - call:
        kind: http
        url: ${server.url}/a
        spec: { retry: { attempts: 4, backoff: exponential, delay: 1, max_delay: 30, retry_after_max: 120 } }
`);
  expect(run.error).toBeUndefined();
  expect(run.waits).toEqual([...waits]);
  expect(run.flaky).toMatchObject([{ step: "one", task: "call" }]);
});

test("a Retry-After beyond the bound fails at once, saying the time", async () => {
  using server = await startServer({
    replies: [{ status: 429, headers: { "Retry-After": "86400" } }],
  });
  const run = await runText(`
- step: one
  tool: { kind: http, url: "${server.url}/a", spec: { retry: { attempts: 4, retry_after_max: 120 } } }
`);
  expect(run.error?.message).toMatch(/retry-after/i);
});

describe("rules and pages", () => {
  const page: Handler = ({ query }) => {
    const number = Number(queryOf(query, "page") ?? 1);
    return { json: { items: [number], next: number < 5 ? `?page=${number + 1}` : null } };
  };
  const paged = (url: string, rules: string): string => `
- step: fetch
  tool:
    - pages:
        kind: http
        url: ${url}/items
        spec:
          paginate: { type: next_url, from: $.next, accumulate: $.items }
          policy:
            rules:
${rules}
    - after: { kind: http, url: "${url}/after", params: { n: "{{ pages.data }}" } }
`;
  test.each([
    { name: "no rule matches", when: "false", action: "fail", after: ["1", "2", "3", "4", "5"] },
    {
      name: "continue goes on",
      when: "true",
      action: "continue",
      after: ["1", "2", "3", "4", "5"],
    },
    {
      name: "jump leaves the pages",
      when: "outcome.result.data['items'] == [3]",
      action: "jump, to: after",
      after: ["1", "2", "3"],
    },
  ])("$name", async ({ when, action, after }) => {
    using server = await startServer({ routes: { "/items": page, "/after": { json: 1 } } });
    const run = await runText(
      paged(server.url, `              - { when: "${when}", then: { do: ${action} } }`),
    );
    expect(run.error).toBeUndefined();
    expect(server.hits.at(-1)?.query.map(([, value]) => value)).toEqual([...after]);
  });

  test("break ends the pages, and fail fails with the page", async () => {
    using server = await startServer({
      routes: { "/items": page, "/after": { json: 1 } },
      hits: "any",
    });
    const at = `when: "outcome.result.data['items'] == [2]"`;
    const broken = await runText(
      paged(server.url, `              - { ${at}, then: { do: break } }`),
    );
    expect(broken.error).toBeUndefined();
    expect(broken.output).toEqual({ fetch: [1, 2] });
    expect(server.hits.filter(({ path }) => path === "/items")).toHaveLength(2);
    const failed = await runText(
      paged(server.url, `              - { ${at}, then: { do: fail } }`),
    );
    expect(failed.error).toMatchObject({ code: "PIPELINE_FAILED" });
    expect(server.hits).toHaveLength(4);
  });

  test("WEAK1 the retry budget is that of each page", async () => {
    const seen = new Set<string>();
    const flaky: Handler = (hit, response) => {
      if (seen.has(hit.target)) return page(hit, response);
      seen.add(hit.target);
      return { status: 503 };
    };
    using server = await startServer({ routes: { "/items": flaky } });
    const run = await runText(`
- step: fetch
  tool:
    - pages:
        kind: http
        url: ${server.url}/items
        spec: { retry: 2, paginate: { type: next_url, from: $.next, accumulate: $.items } }
`);
    expect(run.output).toEqual({ fetch: [1, 2, 3, 4, 5] });
    expect(server.hits).toHaveLength(10);
  });
});

test("NO45 pages by hand with jump and iter", async () => {
  using server = await startServer({
    routes: {
      "/items": ({ query }) => {
        const number = Number(queryOf(query, "page"));
        return { json: { items: [number], has_more: number < 3 } };
      },
    },
  });
  const run = await runText(`
- step: fetch
  tool:
    - init: { kind: noop, spec: { policy: { rules: [ { else: { then: { do: continue, set_iter: { page: 1 } } } } ] } } }
    - call:
        kind: http
        url: ${server.url}/items
        params: { page: "{{ iter.page }}" }
    - more:
        kind: noop
        spec:
          policy:
            rules:
              - when: "{{ call.data.has_more }}"
                then: { do: jump, to: call, set_iter: { page: "{{ iter.page + 1 }}" } }
              - else: { then: { do: break } }
`);
  expect(run.error).toBeUndefined();
  expect(server.hits.map(({ target }) => target)).toEqual(
    [1, 2, 3].map((page) => `/items?page=${page}`),
  );
});

test("every key of an http task is read from a file", async () => {
  using server = await startServer({ replies: [{ json: { id: 1 } }] });
  const run = await runText(
    `
- step: one
  tool:
    - call:
        kind: http
        method: "{{ workload.method }}"
        url: ${server.url}/a
        headers: "{{ workload.headers }}"
        params: { a: [1, two, null], b: true }
        body: { n: "{{ workload.n }}" }
        spec:
          timeout: { connect: 5, read: 15s, total: "{{ workload.total }}" }
          verify: true
          follow_redirects: "{{ workload.yes }}"
          max_redirects: 3
          response_type: json
          idempotency_key: "{{ execution_id }}-1"
          rate: { requests_per_second: 50, burst: 10, max_in_flight: 4 }
          result: { store: { kind: auto, scope: execution, ttl: 1h, compression: gzip }, select: [ { path: $.id, as: id } ], inline_max_bytes: 64KiB, preview_max_bytes: 100 }
        expect:
          status: [200, 2xx]
          headers: { content-type: { matches: json } }
          json: [ { path: $.id, equals: 1 }, { path: $.no, exists: false } ]
          schema: { type: object, required: [id] }
          max_ms: 20000
`,
    { method: "put", headers: { "X-A": "1" }, n: 5, total: 30, yes: true },
  );
  expect(run.error).toBeUndefined();
  expect(run.output).toEqual({ one: { id: 1 } });
  const [hit] = server.hits;
  expect([hit?.method, hit?.target, hit?.text, hit?.header("x-a")]).toEqual([
    "PUT",
    "/a?a=1&a=two&b=true",
    '{"n":5}',
    "1",
  ]);
  expect(hit?.header("idempotency-key")).toEndWith("-1");
});

test.each([
  { name: "each item of the pages", items: "", want: ["1", "2", "3", "4", "5"] },
  {
    name: "what a path finds in each page",
    items: ', items: "$.next"',
    want: ["?page=2", "?page=3", "?page=4", "?page=5", ""],
  },
])("NO62 pages on disk are the input of a loop: $name", async ({ items, want }) => {
  using server = await startServer({
    routes: {
      "/items": ({ query }) => {
        const number = Number(queryOf(query, "page") ?? 1);
        return { json: { items: [number], next: number < 5 ? `?page=${number + 1}` : "" } };
      },
      "/one": { json: 1 },
    },
  });
  const run = await runText(`
- step: fetch
  tool:
    - pages:
        kind: http
        url: ${server.url}/items
        spec: { paginate: { type: next_url, from: $.next, accumulate: { path: $.items, to: disk } } }
- step: each
  loop: { in: { result: "{{ pages.__ref__ }}"${items} }, iterator: id }
  tool:
    - one: { kind: http, url: "${server.url}/one", params: { id: "{{ iter.id }}" } }
`);
  expect(run.error).toBeUndefined();
  const asked = server.hits.filter(({ path }) => path === "/one");
  expect(asked.map(({ query }) => queryOf(query, "id"))).toEqual([...want]);
});

test("NO60 a step hands on the reference and the fields of its last task", async () => {
  using server = await startServer({
    routes: { "/items": ({ query }) => ({ json: { items: [queryOf(query, "id")], total: 1 } }) },
  });
  const result = `{ inline_max_bytes: 0, select: [{ path: $.total, as: total }] }`;
  const run = await runText(`
- step: one
  tool:
    - call: { kind: http, url: "${server.url}/items?id=a", spec: { result: ${result} } }
- step: each
  loop: { in: { result: "{{ one.__ref__ }}", items: "$.items[*]" }, iterator: id }
  tool:
    - call: { kind: http, url: "${server.url}/items?id={{ iter.id }}", spec: { result: ${result} } }
- step: seen
  tool: { kind: transform, value: "{{ [one.total, each.data[0].total] }}" }
`);
  expect(run.error).toBeUndefined();
  const ref = expect.stringMatching(/^weir:/);
  expect(run.output).toEqual({
    one: { __ref__: ref, total: 1 },
    each: [{ __ref__: ref, total: 1 }],
    seen: [1, 1],
  });
});
