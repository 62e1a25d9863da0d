import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import type { TaskContext, Work } from "../../../lib/pipeline/kinds/kind.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { type Doing, failing, playbookOf, runLoaded, runText, workOf } from "./run-support.ts";

/** A playbook of steps. */
function playbook(steps: string, root = ""): string {
  return `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: test }\n${root}\nworkflow:\n${steps}`;
}

/** A step that notes its name and leads on as `more` says. */
function step(name: string, more = ""): string {
  return `  - step: ${name}\n    tool: { kind: noop }\n${more === "" ? "" : `    ${more}\n`}`;
}

/** Runs steps whose tasks note that they ran; those in `failed` fail. */
async function visit(text: string, failed: readonly string[] = [], target?: string) {
  const visited: string[] = [];
  const doing: Doing = ({ at }) => {
    visited.push(at.step);
    if (failed.includes(at.step)) throw failing(500);
    return at.step;
  };
  const names = [...text.matchAll(/step: (\w+)\n/g)].map(([, name = ""]) => name);
  const works = Object.fromEntries(names.map((name) => [`${name}_task`, doing]));
  const run = await runText(text, { works, ...(target === undefined ? {} : { target }) });
  return { run, visited };
}

test.each<{ name: string; text: string; want: string[] }>([
  {
    name: "NO2 steps run in the order of the file when none says where to go",
    text: step("a") + step("b") + step("c"),
    want: ["a", "b", "c"],
  },
  {
    name: "NO11 one arc is enough for arcs alone to lead on",
    text: step("a", "next: c") + step("b") + step("c"),
    want: ["a", "c"],
  },
  {
    name: "NO11 exclusive takes the first arc that matches",
    text:
      step(
        "a",
        `next: [ { step: b, when: "{{ event.result == 'x' }}" }, { step: c }, { step: d } ]`,
      ) +
      step("b") +
      step("c") +
      step("d"),
    want: ["a", "c"],
  },
  {
    name: "NO11 inclusive takes all arcs that match, one after another",
    text:
      step(
        "a",
        `next: { spec: { mode: inclusive }, arcs: [ { step: b }, { step: c, when: "{{ false }}" }, { step: d } ] }`,
      ) +
      step("b", "next: e") +
      step("c") +
      step("d", "next: e") +
      step("e"),
    want: ["a", "b", "d", "e", "e"],
  },
  {
    name: "NO11 no arc that matches ends there",
    text: step("a", `next: [ { step: b, when: "{{ false }}" } ]`) + step("b"),
    want: ["a"],
  },
  {
    name: "NO12 start is where it starts",
    text: step("a", "next: b") + step("b") + step("start", "next: a"),
    want: ["start", "a", "b"],
  },
])("$name", async ({ text, want }) => {
  const { run, visited } = await visit(playbook(text));
  expect(run.error).toBeUndefined();
  expect(visited).toEqual(want);
});

test("NO12 entry_step is where it starts when there is no start", async () => {
  const text = playbook(step("a") + step("b", "next: a"), "executor: { spec: { entry_step: b } }");
  expect((await visit(text)).visited).toEqual(["b", "a"]);
});

test("NO14 --target begins at a step and goes on from there", async () => {
  const text = playbook(step("a") + step("b") + step("c"));
  expect((await visit(text, [], "b")).visited).toEqual(["b", "c"]);
});

test("NO14 a --target that is no step names the nearest one", async () => {
  const text = playbook(step("fetch") + step("store"));
  const error: unknown = await visit(text, [], "fetsh").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "USAGE_BAD_VALUE" });
  expect(error instanceof WeirError ? error.hint : "").toContain('"fetch"');
});

test.each<{ name: string; next: string; want: { visited: string[]; state: string } }>([
  {
    name: "ends the run when no arc asks what happened",
    next: "next: b",
    want: { visited: ["a"], state: "failed" },
  },
  {
    name: "goes where an arc takes it",
    next: `next: [ { step: b, when: "{{ event.name == 'step.failed' and event.error.code == 'HTTP_500' }}" } ]`,
    want: { visited: ["a", "b"], state: "done" },
  },
  {
    name: "ends the run when the arcs that ask do not match",
    next: `next: [ { step: b, when: "{{ event.status == 'ok' }}" } ]`,
    want: { visited: ["a"], state: "failed" },
  },
  {
    name: "does not take an arc without a condition before one that asks",
    next: `next: [ { step: b }, { step: c, when: "{{ event.name == 'step.failed' }}" } ]`,
    want: { visited: ["a", "c"], state: "done" },
  },
])("NO11 a failed step $name", async ({ next, want }) => {
  const { run, visited } = await visit(playbook(step("a", next) + step("b") + step("c")), ["a"]);
  expect({ visited, state: run.state as string }).toEqual(want);
});

test("NO11 a circle of arcs ends at max_iterations", async () => {
  const text = playbook(
    step("a", `spec: { max_iterations: 5 }\n    next: [ { step: b, when: "{{ true }}" } ]`) +
      step("b", "next: a"),
  );
  const { run, visited } = await visit(text);
  expect(visited.filter((name) => name === "a")).toHaveLength(5);
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED" });
  expect(run.error?.hint).toContain("spec.max_iterations");
  expect(run.failedAt).toEqual({ step: "a" });
});

test.each([
  {
    name: "the first rule decides",
    rules: `[ { when: "{{ false }}", then: { allow: false } }, { when: "{{ true }}", then: { allow: true } }, { else: { allow: false } } ]`,
    ran: true,
  },
  {
    name: "else may refuse",
    rules: `[ { when: "{{ workload.day == 1 }}", then: { allow: true } }, { else: { then: { allow: false } } } ]`,
    ran: false,
  },
  {
    name: "no rule that matches lets it run",
    rules: `[ { when: "{{ false }}", then: { allow: false } } ]`,
    ran: true,
  },
])("NO9 admission: $name", async ({ rules, ran }) => {
  const text = playbook(
    step("a", `spec: { policy: { admit: { rules: ${rules} } } }`) + step("b"),
    "workload: { day: 2 }",
  );
  const { run, visited } = await visit(text);
  expect(visited).toEqual(ran ? ["a", "b"] : ["b"]);
  expect(run.steps["a"]?.status).toBe(ran ? "ok" : "skipped");
});

test("NO9 a step that was not let in leads nowhere", async () => {
  const text = playbook(
    step(
      "a",
      `spec: { policy: { admit: { rules: [ { else: { allow: false } } ] } } }\n    next: b`,
    ) + step("b"),
  );
  const { run, visited } = await visit(text);
  expect(visited).toEqual([]);
  expect(run.state).toBe("done");
});

test("NO9 an admission that raises fails the step with its place", async () => {
  const text = playbook(
    step(
      "a",
      `spec: { policy: { admit: { rules: [ { when: "{{ ctx.nothing.x }}", then: { allow: true } } ] } } }`,
    ),
  );
  const { run } = await visit(text);
  expect(run.error?.details).toMatchObject({ step: "a", kind: "template", line: 8 });
});

test("args of an arc are seen by the step it leads to and no other", async () => {
  const seen: unknown[] = [];
  const look: Doing = ({ scope }) => seen.push(Reflect.get(scope.layers[0] ?? {}, "args"));
  await runText(
    playbook(
      step("a", `next: [ { step: b, args: { day: "{{ event.result.n + 1 }}" } } ]`) +
        step("b", "next: c") +
        step("c"),
    ),
    { works: { a_task: () => ({ n: 1 }), b_task: look, c_task: look } },
  );
  expect(seen).toEqual([{ day: 2 }, {}]);
});

/** The scope of a task, by names. */
function namesOf({ scope }: TaskContext): Record<string, unknown> {
  return Object.assign({}, ...scope.layers.toReversed());
}

test("NO5 a task sees the workload, the run, and what was before it", async () => {
  let seen: Record<string, unknown> = {};
  await runText(
    playbook(
      `  - step: first
    tool:
      - one: { kind: noop }
  - step: second
    tool:
      - two: { kind: noop }
      - three: { kind: noop }
`,
      "workload: { api: here, size: 3, one: hidden }",
    ),
    {
      workload: { api: "there" },
      works: {
        one: () => ({ a: 1 }),
        two: () => ({ b: 2 }),
        three: (context) => (seen = namesOf(context)),
      },
    },
  );
  expect(seen).toMatchObject({
    workload: { api: "there", size: 3 },
    api: "there",
    size: 3,
    ctx: {},
    iter: {},
    args: {},
    execution_id: "01JTEST",
    _task: "three",
    _attempt: 1,
    _prev: { status: 200, data: { b: 2 } },
    one: { status: 200, headers: {}, data: { a: 1 } },
    two: { data: { b: 2 } },
    first: { status: "ok", data: { a: 1 } },
  });
  expect(seen).not.toHaveProperty("outcome");
  expect(seen).not.toHaveProperty("event");
});

test("NO32 _prev is none at first and then the result of the task before", async () => {
  const seen: unknown[] = [];
  const look: Doing = (context) => {
    seen.push(namesOf(context)["_prev"]);
    return seen.length;
  };
  await runText("- a: { kind: noop }\n- b: { kind: noop }\n", { works: { a: look, b: look } });
  expect(seen).toEqual([null, { status: 200, headers: {}, data: 1 }]);
});

test("_attempt counts from 1", async () => {
  const seen: unknown[] = [];
  await runText("- a: { kind: noop, spec: { retry: 3 } }\n", {
    works: {
      a: (context) => {
        seen.push(namesOf(context)["_attempt"]);
        throw failing(503);
      },
    },
  });
  expect(seen).toEqual([1, 2, 3]);
});

test("now, uuid and random go through the journal, each under a name of its own", async () => {
  const names: string[] = [];
  const run = await runText(
    playbook(
      `  - step: a
    tool:
      - one:
          kind: noop
          spec: { policy: { rules: [ { else: { do: continue, set: { ctx.at: "{{ now() }}", ctx.id: "{{ uuid() }}", ctx.other: "{{ uuid() }}", ctx.pick: "{{ [1, 2, 3] | random }}" } } } ] } }
`,
      `output: "{{ ctx }}"`,
    ),
    {
      ports: {
        journal: {
          intent: async () => 0,
          complete: async () => undefined,
          page: async () => undefined,
          iteration: async () => undefined,
          value: (name, make) => {
            names.push(name);
            return make();
          },
        },
      },
    },
  );
  expect(run.error).toBeUndefined();
  const { at, id, other, pick } = run.output as Record<string, unknown>;
  expect(at).toBe("2030-01-01T00:00:00.000Z");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(other).not.toBe(id);
  expect([1, 2, 3]).toContain(pick as number);
  expect(new Set(names).size).toBe(4);
});

test("the output is a map from step to the data of its last task", async () => {
  const { run } = await visit(playbook(step("a") + step("b")));
  expect(run.output).toEqual({ a: "a", b: "b" });
});

test("the output of the file takes the place of that map", async () => {
  const text = playbook(step("a"), `output: { got: "{{ a.data }}", of: "{{ a.status }}" }`);
  expect((await visit(text)).run.output).toEqual({ got: "a", of: "ok" });
});

test("an output that raises fails the run with its place", async () => {
  const { run } = await visit(playbook(step("a"), `output: "{{ a.nope.x }}"`));
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED" });
  expect(run.error?.details).toMatchObject({ file: "test.yaml", line: 4, column: 13 });
  expect(run.failedAt).toBeUndefined();
});

test.each([
  { root: "", isPrinted: true },
  { root: "output: 1", isPrinted: false },
])("what was printed stands for the output unless the file has one: $root", async (row) => {
  const run = await runText(playbook(step("a"), row.root), {
    works: { a_task: ({ ports }) => ports.print("line\n") },
  });
  expect(run.printed).toBe("line\n");
  expect(run.isPrinted).toBe(row.isPrinted);
});

test("a failure says step, task, status, kind and reason, and holds no secret", async () => {
  const text = playbook(step("a"));
  const run = await runText(text, {
    redact: (said) => said.replaceAll("s3cret", "[redacted]"),
    works: {
      a_task: () => {
        throw failing(403, {
          kind: "auth",
          message: "token s3cret was refused",
          hint: "no s3cret",
        });
      },
    },
  });
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED", hint: "no [redacted]" });
  expect(run.error?.message).toBe('Step "a", task "a_task": token [redacted] was refused');
  expect(run.error?.details).toMatchObject({ kind: "auth", code: "HTTP_403", status: 403 });
  expect(run.failedAt).toMatchObject({ step: "a", task: "a_task" });
  expect(JSON.stringify(run.events)).not.toContain("s3cret");
  expect(run.steps).toEqual({ a: { status: "error" } });
  expect(run.output).toBeNull();
});

test("NO47 a run that takes longer than max_duration fails", async () => {
  const clock = fakeClock();
  const text = playbook(
    step("a", "spec: { retry: { attempts: 10, delay: 60 } }"),
    "executor: { spec: { max_duration: 90s } }",
  );
  const running = runText(text, {
    clock,
    works: {
      a_task: () => {
        setImmediate(() => clock.advance(60_000));
        throw failing(503);
      },
    },
  });
  const run = await running;
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED" });
  expect(run.error?.hint).toContain("max_duration");
  expect(run.waits.filter((ms) => ms === 60_000)).toHaveLength(2);
  expect(clock.pending()).toBe(0);
});

test("a run that is stopped ends with the reason and runs nothing more", async () => {
  const stop = new AbortController();
  const visited: string[] = [];
  const run = await runText(playbook(step("a") + step("b")), {
    signal: stop.signal,
    works: {
      a_task: () => {
        visited.push("a");
        stop.abort(new WeirError("CANCELLED", "Stopped by SIGINT"));
      },
      b_task: () => visited.push("b"),
    },
  });
  expect(visited).toEqual(["a"]);
  expect(run.state).toBe("failed");
  expect(run.error).toMatchObject({ code: "CANCELLED", message: "Stopped by SIGINT" });
  expect(run.failedAt).toEqual({ step: "a" });
  expect(run.events.at(-1)).toMatchObject({ event: "run_end", state: "failed" });
});

test("a wait for another attempt ends when the run is stopped", async () => {
  const stop = new AbortController();
  const clock = fakeClock();
  let calls = 0;
  const run = await runText(
    "- a: { kind: noop, spec: { retry: { attempts: 5, delay: 3600 } } }\n",
    {
      clock,
      signal: stop.signal,
      works: {
        a: () => {
          calls += 1;
          setImmediate(() => stop.abort(new WeirError("CANCELLED", "Stopped by SIGTERM")));
          throw failing(503);
        },
      },
    },
  );
  expect(calls).toBe(1);
  expect(run.error).toMatchObject({ code: "CANCELLED" });
  expect(clock.pending()).toBe(0);
});

test("a bug is thrown, not told as a failure of the pipeline", async () => {
  const running = runText("- a: { kind: noop }\n", {
    works: {
      a: () => {
        throw new TypeError("x is not a function");
      },
    },
  });
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "INTERNAL" });
});

test("NO64 events say where and when, in order", async () => {
  const { run } = await visit(playbook(step("a")));
  expect(run.events.map(({ event }) => event)).toEqual([
    "run_start",
    "step_start",
    "task_done",
    "step_end",
    "run_end",
  ]);
  expect(run.events[2]).toEqual({
    run_id: "01JTEST",
    time: "2030-01-01T00:00:00.000Z",
    event: "task_done",
    step: "a",
    task: "a_task",
    iteration: undefined,
    attempt: 1,
    kind: "noop",
    status: "ok",
    action: "continue",
    duration_ms: 0,
  });
});

test("plugins are told of the run and its steps", async () => {
  const told: unknown[] = [];
  await runText(playbook(step("a")), {
    ports: {
      hooks: {
        announce: async (event, { step: name, status }) => void told.push([event, name, status]),
        page: async () => ({ isStopped: false }),
      },
    },
  });
  expect(told).toEqual([
    ["run_start", undefined, undefined],
    ["step_start", "a", undefined],
    ["step_end", "a", "ok"],
    ["run_end", undefined, "done"],
  ]);
});

test.each<{ name: string; to: string; want: string[] }>([
  { name: "NO36 previous is the task before", to: "previous", want: ["a", "b", "a", "b"] },
  { name: "NO36 a label is a task of the list", to: "b", want: ["a", "b", "b"] },
])("jump: $name", async ({ to, want }) => {
  const visited: string[] = [];
  const note: Doing = ({ at }) => visited.push(at.task);
  await runText(
    `
- a: { kind: noop }
- b:
    kind: noop
    spec: { policy: { rules: [ { when: "{{ iter.again is not defined }}", then: { do: jump, to: ${to}, set: { iter.again: true } } } ] } }
`,
    { works: { a: note, b: note } },
  );
  expect(visited).toEqual(want);
});

test("NO47 a jump that never ends is stopped, at 1000 unless the step says otherwise", async () => {
  const tasks = `[ { a: { kind: noop, spec: { policy: { rules: [ { else: { do: jump, to: a } } ] } } } } ]`;
  for (const [spec, rounds] of [
    ["", 1001],
    ["    spec: { max_iterations: 7 }\n", 8],
  ] as const) {
    let calls = 0;
    const run = await runText(playbook(`  - step: s\n${spec}    tool: ${tasks}\n`), {
      works: { a: () => (calls += 1) },
    });
    expect(calls).toBe(rounds);
    expect(run.error?.hint).toContain("max_iterations");
  }
});

test("NO45 pages are a jump and variables of the iteration, without a loop too", async () => {
  const asked: unknown[] = [];
  const run = await runText(
    `
- init:
    kind: noop
    spec: { policy: { rules: [ { else: { do: continue, set: { iter.page: 1, iter.all: [] } } } ] } }
- fetch: { kind: noop }
- paginate:
    kind: noop
    spec:
      policy:
        rules:
          - when: "{{ fetch.data.has_more }}"
            then: { do: jump, to: fetch, set: { iter.page: "{{ iter.page + 1 }}", iter.all: "{{ iter.all + fetch.data.items }}" } }
          - else: { do: break, set: { ctx.all: "{{ iter.all + fetch.data.items }}" } }
`,
    {
      works: {
        fetch: (context) => {
          const { page } = namesOf(context)["iter"] as { readonly page: number };
          asked.push(page);
          return { items: [page * 10], has_more: page < 4 };
        },
        paginate: (context) => namesOf(context)["iter"],
      },
    },
  );
  expect(asked).toEqual([1, 2, 3, 4]);
  expect(run.output).toEqual({ test: { page: 4, all: [10, 20, 30] } });
});

test.each([
  { event: "run_start", calls: 0 },
  { event: "step_start", calls: 0 },
  { event: "step_end", calls: 1 },
  { event: "run_end", calls: 1 },
])("a plugin that fails closed on $event fails the run", async (row) => {
  let calls = 0;
  const run = await runText(playbook(step("a")), {
    works: { a_task: () => (calls += 1) },
    ports: {
      hooks: {
        announce: async (event) => {
          if (event === row.event) throw new WeirError("HOOK_FAILED", "Plugin x failed");
        },
        page: async () => ({ isStopped: false }),
      },
    },
  });
  expect(calls).toBe(row.calls);
  expect(run.events.at(-1)).toMatchObject({ event: "run_end", state: "failed" });
  expect(run.error).toMatchObject({ code: "PIPELINE_FAILED", cause: { code: "HOOK_FAILED" } });
});

test("what is odd about the file is a warning of the run, with its place", async () => {
  const { run } = await visit(playbook(step("a", "next: b") + step("b") + step("lonely")));
  const warnings = run.events.filter(({ event }) => event === "warning");
  expect(run.warnings).toBe(1);
  expect(warnings).toMatchObject([{ message: expect.stringMatching(/^test\.yaml:\d+:\d+: /) }]);
});

test("a retry that a plugin forbids leaves the outcome to later rules", async () => {
  const text = `
- call:
    kind: noop
    spec:
      policy:
        rules:
          - when: "{{ outcome.status == 'error' }}"
            then: { do: retry, attempts: 3, delay: 1, set: { ctx.tries: "{{ ctx.tries | default(0) + 1 }}" } }
          - else: { do: break, set: { ctx.last: "{{ ctx.tries }}" } }
- show: { kind: noop }
`;
  const loaded = playbookOf(text);
  const [first] = loaded.steps;
  const [call] = first?.tasks ?? [];
  if (first === undefined || call === undefined) throw new Error("no task");
  const failed = workOf(() => {
    throw failing(503);
  });
  // As the line does when a plugin vetoes: it asks, and makes no other attempt.
  const work: Work = {
    ...failed,
    hasOwnAttempts: true,
    async run(context) {
      const outcome = await failed.run(context);
      const facts = { attempt: 1, elapsedMs: 0, maySendAgain: () => ({ allowed: true }) as const };
      expect(await context.again(outcome, facts)).toMatchObject({ waitMs: 1000 });
      return outcome;
    },
  };
  const tasks = [{ ...call, work }, ...first.tasks.slice(1)];
  const run = await runLoaded({ ...loaded, steps: [{ ...first, tasks }] });
  expect(run.error).toBeUndefined();
  expect(run.events.find(({ event }) => event === "task_done")).toMatchObject({
    action: "break",
    rule: 2,
  });
});
