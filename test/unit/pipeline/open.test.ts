import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/base/clock.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { startServer } from "../../support/loopback-server.ts";
import { runPipeline, type TestRunOptions } from "../../support/pipeline-run.ts";
import { identity, pem } from "../../support/wire.ts";

/** Runs a file through real clients, with the machine's clock. */
async function runHttp(text: string, changes: TestRunOptions = {}) {
  const dial = { tls: { isVerified: true, authorities: pem("authority") } };
  return await runPipeline(text, { dial, clock: systemClock, ...changes });
}

test("a loop over 1,000 requests, 8 in flight, with some that pass late and some that never do", async () => {
  let inFlight = 0;
  let most = 0;
  const hits = new Map<string, number>();
  using server = await startServer({
    hits: "any",
    routes: Object.fromEntries(
      Array.from({ length: 1000 }, (_, id) => [
        `/item/${id}`,
        async () => {
          const count = (hits.get(`${id}`) ?? 0) + 1;
          hits.set(`${id}`, count);
          inFlight += 1;
          most = Math.max(most, inFlight);
          await new Promise((resolve) => setImmediate(resolve));
          inFlight -= 1;
          if (/^7+$/.test(`${id}`)) return { status: 404 };
          const isLate = id % 100 === 0 && id > 0 && count < 3;
          return isLate ? { status: 500 } : { json: { id } };
        },
      ]),
    ),
  });
  const run = await runHttp(`
- step: each
  loop: { in: 1000, iterator: id, spec: { mode: parallel, max_in_flight: 8, on_error: continue } }
  tool:
    - fetch:
        kind: http
        url: "${server.url}/item/{{ iter.id }}"
        spec: { retry: { attempts: 3, delay: 0.01, on: [500] } }
- step: sum
  tool: [ { all: { kind: noop } } ]
`);
  expect(run.error).toBeUndefined();
  expect(run.requests).toBe(1018);
  expect(most).toBe(8);
  expect(run.steps["each"]).toEqual({ status: "ok", items: 1000, failed: 3 });
  expect(run.flaky).toHaveLength(9);
  const { each } = run.output as { readonly each: readonly unknown[] };
  expect(
    each.map((item, id) => item === null || Reflect.get(Object(item), "id") === id),
  ).not.toContain(false);
  expect([each[7], each[77], each[777]]).toEqual([null, null, null]);
  expect(run.warnings).toBe(1);
});

test("cookies are shared by all clients of a run, whatever they check", async () => {
  using server = await startServer({
    tls: identity("server"),
    replies: [{ headers: { "set-cookie": "id=7; Path=/" } }, { json: {} }],
  });
  const run = await runHttp(`
- login: { kind: http, url: "https://localhost:${server.port}/", spec: { verify: false } }
- use: { kind: http, url: "https://localhost:${server.port}/" }
`);
  expect(run.error?.message).toBeUndefined();
  expect(server.hits[1]?.header("cookie")).toBe("id=7");
});

test("a run without verification of one task verifies the others", async () => {
  using server = await startServer({ tls: identity("server"), replies: [{ json: {} }] });
  const run = await runHttp(
    `
- lax: { kind: http, url: "https://localhost:${server.port}/", spec: { verify: false } }
- strict: { kind: http, url: "https://localhost:${server.port}/" }
`,
    { dial: { tls: { isVerified: true } } },
  );
  expect(run.error?.details).toMatchObject({ task: "strict", kind: "tls" });
  expect(server.hits).toHaveLength(1);
});

test("requests of redirects are counted", async () => {
  using server = await startServer({
    routes: { "/a": { status: 302, headers: { location: "/b" } }, "/b": { json: { ok: 1 } } },
  });
  const run = await runHttp(`- call: { kind: http, url: "${server.url}/a" }\n`);
  expect(run.output).toEqual({ test: { ok: 1 } });
  expect(run.requests).toBe(2);
});

test("a POST whose fate is not known is not sent again, and a warning says why", async () => {
  using server = await startServer({
    routes: {
      "/": (_, response) => {
        response.destroy();
        return undefined;
      },
    },
  });
  const run = await runHttp(`
- call:
    kind: http
    method: POST
    url: "${server.url}/"
    body: { a: 1 }
    spec: { policy: { rules: [ { when: "{{ outcome.status == 'error' }}", then: { do: retry, attempts: 3, delay: 0 } } ] } }
`);
  expect(server.hits).toHaveLength(1);
  expect(run.error?.details).toMatchObject({ kind: "connection" });
  expect(run.events.filter(({ event }) => event === "warning")).toMatchObject([
    { step: "test", task: "call" },
  ]);
});

test("unsafe: true sends it again all the same", async () => {
  using server = await startServer({
    hits: 3,
    routes: {
      "/": (_, response) => {
        response.destroy();
        return undefined;
      },
    },
  });
  await runHttp(`
- call:
    kind: http
    method: POST
    url: "${server.url}/"
    spec: { policy: { rules: [ { when: "{{ outcome.status == 'error' }}", then: { do: retry, attempts: 3, delay: 0, unsafe: true } } ] } }
`);
  expect(server.hits).toHaveLength(3);
});

test("WEAK3 rules see the headers of an error", async () => {
  using server = await startServer({
    replies: [{ status: 429, headers: { "x-rate-reset": "17" } }],
  });
  const run = await runHttp(`
apiVersion: weir/v1
kind: Playbook
workflow:
  - step: a
    tool:
      - call:
          kind: http
          url: "${server.url}/"
          spec: { policy: { rules: [ { else: { do: break, set: { ctx.reset: "{{ outcome.http.headers['x-rate-reset'] }}" } } } ] } }
output: "{{ ctx.reset }}"
`);
  expect(run.output).toBe("17");
});

test("a request under way ends when the run is stopped", async () => {
  const stop = new AbortController();
  using server = await startServer({
    routes: {
      "/": () => {
        stop.abort(new WeirError("CANCELLED", "Stopped by SIGINT"));
        return undefined;
      },
    },
  });
  const run = await runHttp(`- call: { kind: http, url: "${server.url}/" }\n`, {
    signal: stop.signal,
  });
  expect(run.error).toMatchObject({ code: "CANCELLED", message: "Stopped by SIGINT" });
  expect(run.requests).toBe(1);
});

test("NO47 a request under way ends at max_duration", async () => {
  using server = await startServer({ routes: { "/": () => undefined } });
  const run = await runHttp(`
apiVersion: weir/v1
kind: Playbook
executor: { spec: { max_duration: 300ms } }
workflow: [ { step: a, tool: { kind: http, url: "${server.url}/" } } ]
`);
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED" });
  expect(run.error?.hint).toContain("max_duration");
});

test("an entry of the keychain that does not exist fails the task, and nothing is sent", async () => {
  using server = await startServer({ hits: 0 });
  const run = await runHttp(`- call: { kind: http, url: "${server.url}/", auth: nobody }\n`);
  expect(run.error?.details).toMatchObject({ code: "SECRET_UNRESOLVED" });
  expect(server.hits).toHaveLength(0);
});

test("a rate is one for all items and steps", async () => {
  using server = await startServer({ hits: 6, replies: [{ json: {} }] });
  const startedMs = performance.now();
  const run = await runHttp(`
- step: a
  loop: { in: 3, iterator: id, spec: { mode: parallel } }
  tool: [ { fetch: { kind: http, url: "${server.url}/", spec: { rate: { requests_per_second: 20, burst: 1 } } } } ]
- step: b
  loop: { in: 3, iterator: id, spec: { mode: parallel } }
  tool: [ { fetch: { kind: http, url: "${server.url}/" } } ]
`);
  expect(run.error).toBeUndefined();
  // Five of the six wait for a twentieth of a second each; a machine can only be slower.
  expect(performance.now() - startedMs).toBeGreaterThan(240);
});

/** A server of 6 pages, two items each, whose pages fail as often as \`failures\` says before they come. */
function pageServer(failures: number) {
  const hits = new Map<number, number>();
  return startServer({
    hits: "any",
    routes: {
      "/": ({ query }) => {
        const page = Number(new Map(query).get("page") ?? 1);
        const count = (hits.get(page) ?? 0) + 1;
        hits.set(page, count);
        if (count <= failures) return { status: 503 };
        const next = page < 6 ? page + 1 : null;
        return { json: { items: [page * 10, page * 10 + 1], next, page } };
      },
    },
  });
}

/** A playbook that pages through \`url\` with these rules. */
function paged(url: string, rules: string): string {
  return `
apiVersion: weir/v1
kind: Playbook
workflow:
  - step: a
    tool:
      - fetch:
          kind: http
          url: "${url}/"
          spec:
            paginate: { type: cursor, from: "$.next", into: { query: page }, accumulate: { path: "$.items" } }
            policy:
              rules:
${rules.replaceAll(/^/gm, "                ")}
      - after: { kind: noop }
output: { items: "{{ fetch.data }}", pages: "{{ ctx.pages | default(0) }}", after: "{{ after is defined }}" }
`;
}

const COUNT = 'set: { ctx.pages: "{{ ctx.pages | default(0) + 1 }}" }';

test("WEAK1 each page of a paginator has tries of its own", async () => {
  using server = await pageServer(2);
  const rules = `- when: "{{ outcome.status == 'error' }}"\n  then: { do: retry, attempts: 3, delay: 0 }\n- else: { do: continue, ${COUNT} }`;
  const run = await runHttp(paged(server.url, rules));
  expect(run.error).toBeUndefined();
  expect(run.requests).toBe(18);
  // A rule decides about each page once.
  expect(run.output).toMatchObject({ pages: 6, after: true });
  expect(run.output).toMatchObject({ items: expect.arrayContaining([10, 61]) });
});

test.each([
  { name: "break ends the pages and the tasks", move: "break", after: false, state: "done" },
  { name: "fail fails the task", move: "fail", after: false, state: "failed" },
])("rules of a paginated task: $name", async ({ move, after, state }) => {
  using server = await pageServer(0);
  const rules = `- when: "{{ outcome.result.data.page == 3 }}"\n  then: { do: ${move}, ${COUNT} }\n- else: { do: continue, ${COUNT} }`;
  const run = await runHttp(paged(server.url, rules));
  expect(run.state).toBe(state as typeof run.state);
  expect(server.hits).toHaveLength(3);
  if (state === "done") expect(run.output).toMatchObject({ pages: 3, after });
});

test("a page that fails is judged with the tries of its own, and fails the task", async () => {
  using server = await pageServer(5);
  const rules = `- when: "{{ outcome.http.status == 503 }}"\n  then: { do: retry, attempts: 2, delay: 0 }`;
  const run = await runHttp(paged(server.url, rules));
  expect(run.error?.details).toMatchObject({ task: "fetch", status: 503, kind: "server_error" });
  expect(run.failedAt).toEqual({ step: "a", task: "fetch", page: 1, attempt: 2 });
  expect(server.hits).toHaveLength(2);
});

test.each([
  { name: "another item fails", root: "" },
  { name: "the run takes too long", root: "executor: { spec: { max_duration: 300ms } }" },
])("a request that waits for its turn is given up when $name", async ({ root }) => {
  using server = await startServer({ replies: [{ status: root === "" ? 404 : 200, json: {} }] });
  const run = await runHttp(`
apiVersion: weir/v1
kind: Playbook
${root}
workflow:
  - step: a
    loop: { in: 20, iterator: id, spec: { mode: parallel } }
    tool:
      - fetch: { kind: http, url: "${server.url}/", spec: { rate: { requests_per_second: 0.002, burst: 1 } } }
`);
  expect(run.state).toBe("failed");
  expect(server.hits).toHaveLength(1);
});
