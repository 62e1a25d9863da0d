import { describe, expect, test } from "bun:test";
import { play, playAtOnce, type Played, waitsOf } from "./play.ts";

// The cases of fixtures/pipeline-cases, written in the format of weir and run on the binary; the one
// with a virtual clock in this process. `expect` of a case is read from its file, so that what is
// asked there is what is checked here.

/** What a case expects of one step. */
interface StepWish {
  readonly request_count?: number;
  readonly item_count?: number;
  readonly waits_s?: readonly (readonly [number, number])[];
  readonly status?: string;
  readonly output?: unknown;
  readonly error_contains?: string;
  readonly error_kind?: string;
}

/** Steps of independent tasks, each of which may fail without ending the run. */
const GO_ON = "{{ event.name in ['step.done', 'step.failed'] }}";

/** Returns steps that run one after another whatever becomes of them. */
function chain(steps: Readonly<Record<string, string>>): string {
  const names = Object.keys(steps);
  return names
    .map((name, at) => {
      const next = names[at + 1];
      const arcs = next === undefined ? "" : `\n  next: [ { step: ${next}, when: "${GO_ON}" } ]`;
      return `- step: ${name}\n  tool:\n    - ${name}:\n${indent(steps[name] ?? "", 8)}${arcs}`;
    })
    .join("\n");
}

function indent(text: string, columns: number): string {
  return text
    .trim()
    .split("\n")
    .map((line) => " ".repeat(columns) + line)
    .join("\n");
}

function wishes({ wanted }: Played): Readonly<Record<string, StepWish>> {
  // Written by hand, in the form of StepWish.
  return wanted["per_step"] as Readonly<Record<string, StepWish>>;
}

/** Checks what the case says of requests and waits of each step. */
function checkTraffic(run: Played, pathOf: (step: string) => string): void {
  for (const [step, wish] of Object.entries(wishes(run))) {
    const path = pathOf(step);
    const count = run.hits.filter((hit) => hit.path === path).length;
    if (wish.request_count !== undefined) expect([step, count]).toEqual([step, wish.request_count]);
    const waits = waitsOf(run, path);
    wish.waits_s?.forEach(([least, most], at) => {
      expect([step, (waits[at] ?? -1) >= least, (waits[at] ?? -1) <= most]).toEqual([
        step,
        true,
        true,
      ]);
    });
  }
}

/** Errors of the tasks that failed, by step. */
function errorsOf(
  run: Played,
): Readonly<
  Record<string, { readonly kind: string; readonly code: string; readonly message: string }>
> {
  const failed = run.events.flatMap((event) =>
    event.event === "task_done" && event.error !== undefined
      ? [[event.step, event.error] as const]
      : [],
  );
  return Object.fromEntries(failed);
}

test("case 01: Link header pages of GitHub (NO46)", async () => {
  const text = `
apiVersion: weir/v1
kind: Playbook
keychain:
  - { name: token, kind: bearer, token: "env:TOKEN" }
workflow:
- step: list
  tool:
    - items:
        kind: http
        url: "http://127.0.0.1:PORT/repos/o/r/issues"
        params: { per_page: 2 }
        auth: token
        spec: { paginate: link }
    - ids: { kind: transform, value: "{{ items.data | map(attribute='id') | list }}" }
`;
  const run = await play("01-link-header-pagination", text, {
    env: { TOKEN: "t0ken-123" },
  });
  const { wanted, hits } = run;
  expect(run.exit).toBe(0);
  // Written by hand, in this form.
  const { requests, outputs } = wanted as {
    readonly requests: readonly { readonly method: string; readonly target: string }[];
    readonly outputs: Readonly<Record<string, unknown>>;
  };
  expect(hits.map(({ method, target }) => ({ method, target }))).toEqual([...requests]);
  expect(hits.every((hit) => hit.headers.authorization === "Bearer t0ken-123")).toBe(true);
  expect(run.output).toEqual({ list: outputs["items.ids"] });
  expect(run.events.filter(({ event }) => event === "page_done")).toHaveLength(3);
});

test("case 05: offset and limit (NO46)", async () => {
  const pages = (path: string, total = ""): string =>
    `kind: http\nurl: "http://127.0.0.1:PORT/${path}"\nspec:\n  paginate: { type: offset, limit: 100, ${total}accumulate: { path: "$.items" } }`;
  const text = chain({
    short: pages("short"),
    exact: pages("exact", 'total: "$.total", '),
    empty_end: pages("empty-end"),
  });
  const run = await play("05-offset-limit", text);
  expect(run.exit).toBe(0);
  checkTraffic(run, (step) => `/${step.replace("_", "-")}`);
  const counts = Object.entries(Object(run.output)).map(([step, items]) => [
    step,
    Object(items).length,
  ]);
  const wanted = Object.entries(wishes(run)).map(([step, wish]) => [step, wish.item_count]);
  expect(counts).toEqual(wanted);
});

test("case 08: Retry-After in both forms, absent, past, too far and broken (NO30 NO35)", async () => {
  const retry =
    "retry: { attempts: 4, backoff: exponential, delay: 1, max_delay: 30, jitter: none, retry_after_max: 120 }";
  const names = ["sec", "date", "none", "past", "far", "bad"];
  const text = chain(
    Object.fromEntries(
      names.map((name) => [
        name,
        `kind: http\nurl: "http://127.0.0.1:PORT/${name}"\nspec: { ${retry} }`,
      ]),
    ),
  );
  const run = await playAtOnce("08-429-retry-after", text);
  checkTraffic(run, (step) => `/${step}`);
  expect(errorsOf(run)["far"]?.message).toContain(wishes(run)["far"]?.error_contains ?? "-");
  expect(run.steps["far"]?.status).toBe("error");
  expect(names.filter((name) => run.steps[name]?.status === "error")).toEqual(["far"]);
});

describe("case 10: transient failures are retried, a 400 is not (NO30 NO44)", () => {
  const task = (path: string): string => `
kind: http
url: "http://127.0.0.1:PORT/${path}"
spec:
  policy:
    rules:
      - when: "{{ outcome.status == 'error' and (outcome.http.status is none or outcome.http.status in [429, 500, 502, 503, 504]) }}"
        then: { do: retry, attempts: 3, delay: 0.01 }
      - when: "{{ outcome.status == 'error' }}"
        then: { do: fail }
`;

  test("each path is asked as often as it should be", async () => {
    const text = chain({ flaky: task("flaky"), bad: task("bad"), down: task("down") });
    const run = await play("10-503-then-200-and-nonretryable-400", text);
    checkTraffic(run, (step) => `/${step}`);
    expect(run.exit).toBe(10);
    expect(Object.values(run.steps).map(({ status }) => status)).toEqual(["ok", "error", "error"]);
    expect(errorsOf(run)).toMatchObject({ bad: { code: "HTTP_400" }, down: { code: "HTTP_503" } });
    expect(run.flaky).toMatchObject([{ step: "flaky" }]);
  });

  test.each([
    {
      path: "bad",
      want: "{{ [outcome.http.status, outcome.error.retryable, outcome.result.data.error.code] }}",
      value: [400, false, "invalid"],
    },
    {
      path: "down",
      want: "{{ [outcome.http.status, outcome.meta.attempt, outcome.result.data] }}",
      value: [503, 3, "maintenance"],
    },
  ])("rules see what $path answered", async ({ path, want, value }) => {
    const seen = task(path).replace(
      "{ do: fail }",
      `{ do: continue, set: { ctx.seen: "${want}" } }`,
    );
    const text = `- step: a\n  tool:\n    - a:\n${indent(seen, 8)}\n    - b: { kind: transform, value: "{{ ctx.seen }}" }`;
    const run = await play("10-503-then-200-and-nonretryable-400", text);
    expect(run.output).toEqual({ a: value });
  });
});

describe("case 14: 1,000 items, 8 at once (NO10)", () => {
  const text = (onError: string): string => `
- step: items
  loop:
    in: "{{ range(1000) }}"
    iterator: n
    spec: { mode: parallel, max_in_flight: 8, on_error: ${onError} }
  tool:
    - get:
        kind: http
        url: "http://127.0.0.1:PORT/item/{{ iter.n }}"
        spec:
          retry: { attempts: 3, delay: 0.01, on: [500] }
`;

  test("continue finishes all of them, in the order of the input", async () => {
    const run = await play("14-fanout-1000-concurrency-8", text("continue"));
    const { wanted } = run;
    expect(run.hits).toHaveLength(Number(wanted["request_count"]));
    expect(run.maxInFlight).toBe(Number(wanted["max_in_flight"]));
    expect(run.exit).toBe(0);
    expect(run.steps["items"]).toMatchObject({ status: "ok", items: 1000, failed: 3 });
    const ids = (Object(run.output).items as readonly ({ readonly id: string } | null)[]).map(
      (item) => item?.id,
    );
    const failed = new Set([7, 77, 777]);
    expect(ids).toEqual(
      Array.from({ length: 1000 }, (_, at) => (failed.has(at) ? undefined : String(at))),
    );
    expect(run.events.some(({ event }) => event === "warning")).toBe(true);
  });

  test("fail sends nothing new after the item that failed", async () => {
    const run = await play("14-fanout-1000-concurrency-8", text("fail"));
    expect(run.exit).toBe(10);
    expect(run.message).toContain("item 7");
    const done = run.events.filter((one) => one.event === "item_done");
    expect(done).toHaveLength(run.hits.length);
    // How many are done by then is a matter of time; seven others are in flight, and finish.
    const before = done.findIndex(({ status }) => status === "error");
    expect(run.hits.length).toBeLessThanOrEqual(before + 1 + 7);
  });
});

describe("case 17: awkward outcomes (NO29 NO30)", () => {
  const get = (path: string, more = ""): string =>
    `kind: http\nurl: "http://127.0.0.1:PORT/${path}"\n${more}`;
  const retried = "spec: { retry: { attempts: 3, delay: 0.01 } }";
  const soft = `
spec:
  policy:
    rules:
      - when: "{{ outcome.status == 'ok' and not outcome.result.data.ok and outcome.result.data.error == 'rate_limited' }}"
        then: { do: retry, attempts: 3, delay: 0.01 }
`;

  test("each is what a policy expects it to be", async () => {
    const text = chain({
      soft: get("soft", soft),
      empty: get("empty"),
      badjson: get("badjson", retried),
      cut: get("cut", retried),
      html: get("html"),
      moved: get("moved", "method: POST\nbody: { a: 1 }"),
    });
    const run = await play("17-template-and-error-shapes", text);
    checkTraffic(run, (step) => `/${step}`);
    const errors = errorsOf(run);
    expect([errors["badjson"]?.kind, errors["html"]?.kind]).toEqual(["decode", "server_error"]);
    expect(run.output).toMatchObject({
      soft: { ok: true },
      empty: null,
      badjson: '{"a":1,',
      cut: { a: 1 },
      moved: { method: "GET" },
    });
    const statuses = Object.entries(run.steps).map(([step, { status }]) => [step, status]);
    expect(Object.fromEntries(statuses)).toEqual({
      soft: "ok",
      empty: "ok",
      badjson: "error",
      cut: "ok",
      html: "error",
      moved: "ok",
    });
    const target = run.hits.find((hit) => hit.path === "/target");
    expect(target?.method).toBe("GET");
    const said = run.events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
    expect(said.some((text_) => /POST.*GET/.test(text_))).toBe(true);
  });

  test.each([
    { path: "empty", want: "{{ outcome.result.data is none }}", value: true },
    { path: "badjson", want: "{{ outcome.result.data }}", value: '{"a":1,' },
    {
      path: "html",
      want: "{{ [outcome.error.body_preview, outcome.error.body_preview | length <= 1024] }}",
      value: ["<h1>Bad gateway</h1>", true],
    },
  ])("rules see what $path answered", async ({ path, want, value }) => {
    const rule = `spec: { policy: { rules: [ { else: { then: { do: continue, set: { ctx.seen: "${want}" } } } } ] } }`;
    const text = `- step: a\n  tool:\n    - a:\n${indent(get(path, rule), 8)}\n    - b: { kind: transform, value: "{{ ctx.seen }}" }`;
    const run = await play("17-template-and-error-shapes", text);
    expect(run.output).toEqual({ a: value });
  });
});
