import { expect, test } from "bun:test";
import { failing, runText } from "./run-support.ts";

/** A list of one task, whose rules these are, and a task after it. */
function withRules(rules: string, spec = ""): string {
  return `
- call:
    kind: noop
    spec:
      ${spec}
      policy:
        rules:
${rules.replaceAll(/^/gm, "          ")}
- after:
    kind: noop
`;
}

const RETRY_503 = `- when: "{{ outcome.error is not none and outcome.http.status == 503 }}"
  then: { do: retry, attempts: 3, delay: 2 }`;

/** What a run of `call` did: its attempts, whether \`after\` ran, and how it ended. */
async function follow(text: string, statuses: readonly number[]) {
  let calls = 0;
  let isAfter = false;
  const run = await runText(text, {
    works: {
      call: () => {
        calls += 1;
        const status = statuses[calls - 1] ?? statuses.at(-1) ?? 200;
        if (status !== 200) throw failing(status);
        return { calls };
      },
      after: () => (isAfter = true),
    },
  });
  return { run, calls, isAfter };
}

test.each([
  {
    name: "NO32 continue goes on with the next task",
    rules: "- else: { do: continue }",
    statuses: [200],
    want: { calls: 1, isAfter: true, state: "done" },
  },
  {
    name: "NO37 break ends the tasks with success",
    rules: "- else: { then: { do: break } }",
    statuses: [200],
    want: { calls: 1, isAfter: false, state: "done" },
  },
  {
    name: "NO37 break makes a success of an error",
    rules: "- else: { then: { do: break } }",
    statuses: [404],
    want: { calls: 1, isAfter: false, state: "done" },
  },
  {
    name: "NO38 fail ends the tasks with failure, though all went well",
    rules: "- else: { then: { do: fail } }",
    statuses: [200],
    want: { calls: 1, isAfter: false, state: "failed" },
  },
  {
    name: "NO33 attempts counts all tries",
    rules: "- else: { then: { do: retry, attempts: 5, delay: 0 } }",
    statuses: [503],
    want: { calls: 5, isAfter: false, state: "failed" },
  },
  {
    name: "NO34 three tries are made when nobody says how many",
    rules: `- when: "{{ outcome.status == 'error' }}"\n  then: { do: retry }`,
    statuses: [503, 503, 200],
    want: { calls: 3, isAfter: true, state: "done" },
  },
  {
    name: "NO39 the first rule that matches decides",
    rules: `- when: "{{ outcome.http.status == 404 }}"\n  then: { do: break }\n- when: "{{ outcome.status == 'error' }}"\n  then: { do: fail }`,
    statuses: [404],
    want: { calls: 1, isAfter: false, state: "done" },
  },
  {
    name: "NO44 a rule whose tries are used up leaves it to the rules after it",
    rules: `${RETRY_503}\n- when: "{{ outcome.status == 'error' }}"\n  then: { do: break }`,
    statuses: [503],
    want: { calls: 3, isAfter: false, state: "done" },
  },
  {
    name: "NO41 WEAK8 an error that no rule matches fails",
    rules: RETRY_503,
    statuses: [404],
    want: { calls: 1, isAfter: false, state: "failed" },
  },
  {
    name: "NO41 a success that no rule matches goes on",
    rules: RETRY_503,
    statuses: [200],
    want: { calls: 1, isAfter: true, state: "done" },
  },
  {
    name: "a retry rule may wait for a success that says enough",
    rules: `- when: "{{ outcome.result.data.calls < 3 }}"\n  then: { do: retry, attempts: 10, delay: 1 }`,
    statuses: [200],
    want: { calls: 3, isAfter: true, state: "done" },
  },
])("rules: $name", async ({ rules, statuses, want }) => {
  const { run, calls, isAfter } = await follow(withRules(rules), statuses);
  expect({ calls, isAfter, state: run.state as string }).toEqual(want);
});

test.each([
  { name: "continue takes an error for done", word: "continue", status: 404, state: "done" },
  { name: "fail takes a success for failed", word: "fail", status: 200, state: "failed" },
])("NO41 on_unmatched: $name", async ({ word, status, state }) => {
  const text = withRules(RETRY_503).replace(
    "policy:\n",
    `policy:\n        on_unmatched: ${word}\n`,
  );
  const { run } = await follow(text, [status]);
  expect(run.state).toBe(state as typeof run.state);
});

test.each([
  { status: 200, state: "done", isAfter: true },
  { status: 404, state: "failed", isAfter: false },
])("NO40 without a policy $status is $state", async ({ status, state, isAfter }) => {
  const text = "- call: { kind: noop }\n- after: { kind: noop }\n";
  const ended = await follow(text, [status]);
  expect(ended.run.state).toBe(state as typeof ended.run.state);
  expect(ended.isAfter).toBe(isAfter);
});

test.each([
  { name: "none waits the same each time", fields: "delay: 2", waits: [2000, 2000, 2000] },
  {
    name: "linear waits n times as long",
    fields: "delay: 2, backoff: linear",
    waits: [2000, 4000, 6000],
  },
  {
    name: "exponential doubles, up to the cap",
    fields: "delay: 2.0, backoff: exponential, max_delay: 7s",
    waits: [2000, 4000, 7000],
  },
  { name: "one second when nobody says how long", fields: "", waits: [1000, 1000, 1000] },
  {
    name: "values may be templates",
    fields: `delay: "{{ 3 * outcome.meta.attempt }}"`,
    waits: [3000, 6000, 9000],
  },
])("NO35 backoff: $name", async ({ fields, waits }) => {
  const rest = fields === "" ? "" : `, ${fields}`;
  const rules = `- else: { then: { do: retry, attempts: 4${rest} } }`;
  const { run } = await follow(withRules(rules), [503]);
  expect(run.waits).toEqual(waits);
});

test("NO35 a Retry-After beyond what is waited for fails at once, saying the time", async () => {
  let calls = 0;
  const rules = `${RETRY_503}\n- else: { then: { do: continue } }`;
  const run = await runText(withRules(rules), {
    works: {
      call: () => {
        calls += 1;
        throw failing(503, { retry_after: 86_400 });
      },
    },
  });
  expect(calls).toBe(1);
  expect(run.state).toBe("failed");
  expect(run.error?.message).toContain("retry-after");
});

test("NO35 a Retry-After wins over the delay", async () => {
  const run = await runText(withRules(RETRY_503), {
    works: {
      call: () => {
        throw failing(503, { retry_after: 7 });
      },
    },
  });
  expect(run.waits).toEqual([7000, 7000]);
});

test("WEAK1 the tries start again after success and after a jump into the task", async () => {
  let calls = 0;
  const run = await runText(
    `
- call:
    kind: noop
    spec: { policy: { rules: [ { when: "{{ outcome.status == 'error' }}", then: { do: retry, attempts: 3, delay: 1 } } ] } }
- more:
    kind: noop
    spec:
      policy:
        rules:
          - when: "{{ call.data.page < 10 }}"
            then: { do: jump, to: call }
`,
    {
      works: {
        // Every page fails twice before it comes.
        call: () => {
          calls += 1;
          if (calls % 3 !== 0) throw failing(503);
          return { page: calls / 3 };
        },
      },
    },
  );
  expect(run.state).toBe("done");
  expect(calls).toBe(30);
});

test("WEAK1 the tries go on when a task is reached again without success or jump", async () => {
  let calls = 0;
  const run = await runText(
    `
- before: { kind: noop }
- call:
    kind: noop
    spec:
      policy:
        rules:
          - when: "{{ outcome.status == 'error' }}"
            then: { do: retry, attempts: 2, delay: 1 }
          - when: "{{ iter.rounds | default(0) < 2 }}"
            then: { do: jump, to: before, set: { iter.rounds: "{{ iter.rounds | default(0) + 1 }}" } }
`,
    {
      works: {
        call: () => {
          calls += 1;
          throw failing(503);
        },
      },
    },
  );
  expect(run.state).toBe("failed");
  expect(calls).toBe(4);
});

test.each([
  { name: "is neither true nor false", when: "{{ outcome.result.data.nothing.there }}" },
  { name: "adds a text to a number", when: "{{ 1 + 'a' }}" },
])("WEAK2 NO43 a when that $name fails the task, whatever else says", async ({ when }) => {
  const rules = `- when: "${when}"\n  then: { do: break }\n- else: { then: { do: continue } }`;
  const { run, isAfter } = await follow(withRules(rules), [503]);
  expect(run.state).toBe("failed");
  expect(isAfter).toBe(false);
  expect(run.error?.details).toMatchObject({ kind: "template", file: "test.yaml", line: 8 });
});

test.each([
  { name: "set", assign: `set: { iter.x: "{{ ctx.missing.x }}" }` },
  { name: "set_ctx", assign: `set_ctx: { x: "{{ 1 / 0 }}" }` },
  { name: "delay", assign: `delay: "{{ ctx.missing }}"` },
])("NO42 a $name that raises fails the task with its place", async ({ assign }) => {
  const action = assign.startsWith("delay") ? "retry" : "continue";
  const rules = `- else: { then: { do: ${action}, ${assign} } }`;
  const { run, calls, isAfter } = await follow(withRules(rules), [200]);
  expect({ state: run.state, calls, isAfter }).toEqual({
    state: "failed",
    calls: 1,
    isAfter: false,
  });
  expect(run.error?.details).toMatchObject({ kind: "template", file: "test.yaml", line: 8 });
});

test("NO42 set, set_iter and set_ctx see the outcome, and a bare name is one of ctx", async () => {
  const run = await runText(
    `
apiVersion: weir/v1
kind: Playbook
workflow:
  - step: a
    tool:
      - call:
          kind: noop
          spec:
            policy:
              rules:
                - when: "{{ outcome.status == 'ok' }}"
                  then:
                    do: continue
                    set: { iter.seen: "{{ outcome.result.data.n }}", ctx.deep.er: "{{ output.result.data.n + 1 }}", bare: 3 }
      - show:
          kind: noop
          spec:
            policy:
              rules:
                - else: { then: { do: continue, set_iter: { seen: "{{ iter.seen * 10 }}" }, set_ctx: { twice: "{{ iter.seen * 2 }}" } } }
      - end: { kind: noop }
output: "{{ ctx }}"
`,
    { works: { call: () => ({ n: 7 }), end: ({ scope }) => scope.layers[0] } },
  );
  expect(run.error).toBeUndefined();
  expect(run.output).toEqual({ deep: { er: 8 }, bare: 3, twice: 14 });
});

test("NO42 all values of a rule are taken before the first is set", async () => {
  const run = await runText(
    withRules(
      `- else: { then: { do: continue, set: { ctx.a: "{{ ctx.b | default(1) }}", ctx.b: 2 } } }`,
    ) + "",
    { works: { call: () => 1, after: ({ scope }) => scope.layers[1] } },
  );
  expect(run.output).toMatchObject({ test: { ctx: { a: 1, b: 2 } } });
});

test("a variable is set without changing what the workload holds", async () => {
  const workload = { start: { page: 1 } };
  const run = await runText(
    withRules(
      `- else: { then: { do: continue, set: { iter.at: "{{ workload.start }}", ctx.x: 1 } } }`,
    ).replace("kind: noop\n", "kind: noop\n") +
      `- again:
    kind: noop
    spec: { policy: { rules: [ { else: { do: continue, set: { iter.at.page: 2 } } } ] } }
- show: { kind: noop }
`,
    { workload, works: { show: ({ scope }) => scope.layers[0] } },
  );
  expect(run.output).toMatchObject({ test: { iter: { at: { page: 2 } } } });
  expect(workload).toEqual({ start: { page: 1 } });
});

test("nothing can be set in what is no map", async () => {
  const rules = `- else: { then: { do: continue, set: { iter.x: [1], ctx.y: 1 } } }`;
  const run = await runText(
    `${withRules(rules)}- more:
    kind: noop
    spec: { policy: { rules: [ { else: { do: continue, set: { iter.x.y: 2 } } } ] } }
`,
  );
  expect(run.error?.details).toMatchObject({ code: "TEMPLATE_TYPE", line: 13 });
});

test("the event of a task says which rule decided", async () => {
  const rules = `${RETRY_503}\n- when: "{{ outcome.http.status == 404 }}"\n  then: { do: break }`;
  const { run } = await follow(withRules(rules, "retry: { attempts: 2, on: [500] }"), [404]);
  const done = run.events.find(({ event }) => event === "task_done");
  // Rules are numbered as they stand in the file; those of spec.retry are not counted.
  expect(done).toMatchObject({ rule: 2, action: "break", status: "error" });
});

test("spec.retry stands before the rules and counts all tries", async () => {
  const rules = `- when: "{{ outcome.status == 'error' }}"\n  then: { do: break }`;
  const { run, calls } = await follow(withRules(rules, "retry: 5"), [503]);
  expect(calls).toBe(5);
  expect(run.state).toBe("done");
  expect(run.waits).toEqual([1000, 2000, 4000, 8000]);
});

test("a task that passed after a retry is flaky", async () => {
  const { run } = await follow(withRules(RETRY_503), [503, 200]);
  expect(run.flaky).toEqual([{ step: "test", task: "call" }]);
  expect(run.events.find(({ event }) => event === "task_done")).toMatchObject({ is_flaky: true });
});
