import { describe, expect, test } from "bun:test";
import { checkOpenNames, loadPlaybook } from "../../../lib/pipeline/index.ts";
import type { Playbook, Rule } from "../../../lib/pipeline/model.ts";
import type { Scope } from "../../../lib/pipeline/scope.ts";
import { codeAndHint } from "../../support/errors.ts";

const load = (text: string, file = "orders.yaml"): Playbook => loadPlaybook(text, { file });
const scope = (values: Readonly<Record<string, unknown>>): Scope => ({
  layers: [values],
  options: {},
});

/** A playbook of the lines after its head. */
function playbook(rest: string): Playbook {
  return load(`apiVersion: weir/v1\nkind: Playbook\n${rest}`);
}

/** The rules of the second of two noop tasks, whose spec is `spec`. */
function rulesOf(spec: string): readonly Rule[] {
  const [step] = load(`- one: { kind: noop }\n- two: { kind: noop, spec: ${spec} }\n`).steps;
  return step?.tasks[1]?.policy.rules ?? [];
}

test.each(["0", "-1", "1.5", "lots", "10k", "99999999999TB", '"{{ 1 }}"'])(
  "NO47 max_bytes: %s is refused at its place",
  (written) => {
    const text = `executor: { spec: { max_bytes: ${written} } }
workflow: [ { step: a, tool: { kind: noop } } ]
`;
    const error = ((): unknown => {
      try {
        return playbook(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: "PIPELINE_INVALID", details: { line: 3 } });
  },
);

describe("forms of a file", () => {
  test("NO1 a playbook has a name, inputs, plugins, an output and a deadline", () => {
    const book = playbook(`
metadata: { name: pull, path: a/b, version: 2, tags: [x], labels: { team: data } }
executor: { spec: { max_duration: 1m30s, max_bytes: 64MiB } }
keychain: [ { name: api, kind: bearer, token: "env:T" } ]
workload: { api: https://api.example.com }
plugins: [ ./sign.js, { plugin: ./log.js, options: { a: 1 }, net: [ log.example.com ] } ]
workflow: [ { step: a, tool: { kind: noop } } ]
output: { ids: "{{ a }}" }
`);
    expect(book).toMatchObject({
      name: "pull",
      workload: { api: "https://api.example.com" },
      keychain: [{ name: "api", kind: "bearer", token: "env:T" }],
      maxDurationMs: 90_000,
      maxBytes: 64 * 1024 * 1024,
      entry: "a",
      warnings: [],
    });
    expect(book.plugins.map(({ plugin, options, net }) => ({ plugin, options, net }))).toEqual([
      { plugin: "./sign.js", options: {}, net: undefined },
      { plugin: "./log.js", options: { a: 1 }, net: ["log.example.com"] },
    ]);
    expect(book.output?.evaluate(scope({ a: [1] }))).toEqual({ ids: [1] });
  });

  test("NO2 a list of steps keeps their order, description and limits", () => {
    const { steps } = load(`
- step: a
  desc: First
  spec: { max_iterations: 7 }
  tool: { kind: noop }
- step: b
  tool: { kind: noop }
`);
    expect(
      steps.map(({ name, description, maxIterations }) => [name, description, maxIterations]),
    ).toEqual([
      ["a", "First", 7],
      ["b", undefined, 1000],
    ]);
  });

  test.each([
    { file: "pages/pull-orders.yaml", name: "pull-orders" },
    { file: ".orders", name: ".orders" },
    { file: "-", name: "pipeline" },
  ])("a list of tasks is one step named by the file $file", ({ file, name }) => {
    const { steps, entry } = load("- a: { kind: noop }\n- b: { kind: noop }\n", file);
    expect(steps.map((step) => step.name)).toEqual([name]);
    expect(entry).toBe(name);
    expect(steps[0]?.tasks.map(({ label }) => label)).toEqual(["a", "b"]);
  });

  test.each([
    {
      name: "one-key maps",
      tool: "[ { a: { kind: noop } }, { b: { kind: noop } } ]",
      want: ["a", "b"],
    },
    {
      name: "name and kind",
      tool: "[ { name: a, kind: noop }, { kind: noop } ]",
      want: ["a", "task_1"],
    },
    { name: "a single map", tool: "{ kind: noop }", want: ["s_task"] },
    { name: "a single map with a name", tool: "{ name: a, kind: noop }", want: ["a"] },
    { name: "a single labelled map", tool: "{ a: { kind: noop } }", want: ["a"] },
    {
      name: "both in one list",
      tool: "[ { a: { kind: noop } }, { name: b, kind: noop } ]",
      want: ["a", "b"],
    },
  ])("NO3 tool as $name", ({ tool, want }) => {
    const [step] = load(`- step: s\n  tool: ${tool}\n`).steps;
    expect(step?.tasks.map(({ label, kind }) => [label, kind])).toEqual(
      want.map((label) => [label, "noop"]),
    );
  });
});

describe("where a run starts", () => {
  test.each([
    {
      name: "start, wherever it stands",
      steps: ["a", "start"],
      spec: "",
      want: "start",
      warnings: 1,
    },
    {
      name: "start, before entry_step",
      steps: ["a", "start"],
      spec: "{ entry_step: a }",
      want: "start",
      warnings: 2,
    },
    { name: "entry_step", steps: ["a", "b"], spec: "{ entry_step: b }", want: "b", warnings: 0 },
    { name: "the first step", steps: ["a", "b"], spec: "", want: "a", warnings: 0 },
  ])("NO12 $name", ({ steps, spec, want, warnings }) => {
    const workflow = steps.map((step) => `{ step: ${step}, tool: { kind: noop } }`).join(", ");
    const executor = spec === "" ? "" : `executor: { spec: ${spec} }\n`;
    const book = playbook(`${executor}workflow: [ ${workflow} ]`);
    expect(book.entry).toBe(want);
    expect(book.warnings).toHaveLength(warnings);
  });

  test("NO12 a step before the first one is a warning where steps run in order", () => {
    const { warnings } = load(`
- { step: early, tool: { kind: noop } }
- { step: start, tool: { kind: noop } }
- { step: late, tool: { kind: noop } }
`);
    expect(warnings.map(({ message, path }) => [message, path])).toEqual([
      ["Step early stands before start, where the run begins, and does not run", [0, "step"]],
    ]);
  });

  test("a step that no arc leads to is a warning", () => {
    const { warnings } = load(`
- { step: a, tool: { kind: noop }, next: b }
- { step: b, tool: { kind: noop } }
- { step: c, tool: { kind: noop } }
`);
    expect(warnings.map(({ message, path }) => [message, path])).toEqual([
      ["No arc leads to step c", [2, "step"]],
    ]);
  });
});

describe("arcs", () => {
  test.each([
    { name: "a name", next: "b", want: ["b"], mode: "exclusive" },
    { name: "a list of names", next: "[ b, c ]", want: ["b", "c"], mode: "exclusive" },
    {
      name: "a list of arcs",
      next: '[ { step: b, when: "{{ event.name }}" }, c ]',
      want: ["b", "c"],
      mode: "exclusive",
    },
    { name: "one arc", next: "{ step: b }", want: ["b"], mode: "exclusive" },
    {
      name: "a map",
      next: "{ spec: { mode: inclusive }, arcs: [ b, c ] }",
      want: ["b", "c"],
      mode: "inclusive",
    },
  ])("next as $name", ({ next, want, mode }) => {
    const [step] = load(`
- { step: a, tool: { kind: noop }, next: ${next} }
- { step: b, tool: { kind: noop } }
- { step: c, tool: { kind: noop } }
`).steps;
    expect(step?.arcs.map((arc) => arc.step)).toEqual([...want]);
    expect(step?.mode).toBe(mode as "exclusive");
  });

  test.each([
    { name: "a condition in the circle", next: '[ { step: a, when: "{{ ctx.more }}" } ]' },
    {
      name: "a condition before the way back",
      next: '[ { step: c, when: "{{ ctx.done }}" }, { step: a } ]',
    },
  ])("$name may end it", ({ next }) => {
    const text = `- { step: a, tool: { kind: noop }, next: ${next} }\n- { step: c, tool: { kind: noop } }\n`;
    expect(load(text).steps).toHaveLength(2);
  });
});

describe("rules", () => {
  test.each([
    { name: "then", rule: "{ when: true, then: { do: break } }", want: "break" },
    { name: "a list of one", rule: "{ when: true, then: [ { do: break } ] }", want: "break" },
    { name: "else with then", rule: "{ else: { then: { do: fail } } }", want: "fail" },
    { name: "else with the action", rule: "{ else: { do: continue } }", want: "continue" },
    { name: "else beside then", rule: "{ else: , then: { do: continue } }", want: "continue" },
    { name: "else with a list of one", rule: "{ else: { then: [ { do: fail } ] } }", want: "fail" },
  ])("NO39 $name", ({ rule, want }) => {
    expect(rulesOf(`{ policy: { rules: [ ${rule} ] } }`).map(({ action }) => action)).toEqual([
      want as "fail",
    ]);
  });

  test.each([
    { name: "a label", to: "one", want: "one" },
    { name: "previous", to: "previous", want: "one" },
    { name: "prev", to: "prev", want: "one" },
    { name: "itself", to: "two", want: "two" },
  ])("NO36 jump to $name", ({ to, want }) => {
    const [rule] = rulesOf(`{ policy: { rules: [ { else: { do: jump, to: ${to} } } ] } }`);
    expect(rule?.move(scope({}))).toEqual({ kind: "jump", to: want });
  });

  test.each([
    {
      name: "set with scopes",
      set: "set: { iter.a: 1, ctx.b: 2 }",
      want: [
        ["iter", ["a"]],
        ["ctx", ["b"]],
      ],
    },
    {
      name: "set without a scope goes to ctx",
      set: "set: { b.c: 2 }",
      want: [["ctx", ["b", "c"]]],
    },
    {
      name: "set with maps",
      set: "set: { iter: { a: 1, b: 2 } }",
      want: [
        ["iter", ["a"]],
        ["iter", ["b"]],
      ],
    },
    { name: "set_iter", set: "set_iter: { page.next: 1 }", want: [["iter", ["page", "next"]]] },
    {
      name: "set_iter that repeats its scope",
      set: "set_iter: { iter.page: 1 }",
      want: [["iter", ["page"]]],
    },
    { name: "set_ctx", set: "set_ctx: { token: 1 }", want: [["ctx", ["token"]]] },
    {
      name: "two of them in their order",
      set: "set_ctx: { b: 1 }, set_iter: { a: 2 }",
      want: [
        ["ctx", ["b"]],
        ["iter", ["a"]],
      ],
    },
  ])("NO42 $name", ({ set, want }) => {
    const [rule] = rulesOf(`{ policy: { rules: [ { else: { do: continue, ${set} } } ] } }`);
    expect(rule?.assignments.map(({ target, names }) => [target, [...names]])).toEqual(
      want as never,
    );
  });

  test("NO34 retry without keys is three tries, a second apart", () => {
    const [rule] = rulesOf("{ policy: { rules: [ { else: { do: retry } } ] } }");
    expect(rule?.move(scope({}))).toMatchObject({
      kind: "retry",
      isUnsafe: false,
      policy: {
        attempts: 3,
        backoff: "none",
        delayMs: 1000,
        maxDelayMs: 60_000,
        retryAfter: "honour",
      },
    });
  });

  test.each([
    { name: "seconds", fields: "delay: 2.5", want: { delayMs: 2500 } },
    { name: "a duration", fields: 'delay: "1m30s"', want: { delayMs: 90_000 } },
    { name: "a template of a number", fields: 'attempts: "{{ ctx.n }}"', want: { attempts: 4 } },
    { name: "a template of a text", fields: 'attempts: "{{ ctx.text }}"', want: { attempts: 4 } },
    { name: "a template within a text", fields: 'delay: "{{ ctx.n }}s"', want: { delayMs: 4000 } },
    {
      name: "a template of a word",
      fields: 'backoff: "{{ ctx.word }}"',
      want: { backoff: "linear" },
    },
  ])("NO33 the value of retry may be $name", ({ fields, want }) => {
    const [rule] = rulesOf(`{ policy: { rules: [ { else: { do: retry, ${fields} } } ] } }`);
    const move = rule?.move(scope({ ctx: { n: 4, text: "4", word: "linear" } }));
    expect(move).toMatchObject({ kind: "retry", policy: want });
  });

  test.each([
    { name: "a list for attempts", fields: 'attempts: "{{ [1] }}"' },
    { name: "a negative delay", fields: 'delay: "{{ -1 }}"' },
    { name: "a word that there is not", fields: "jitter: \"{{ 'some' }}\"" },
    { name: "a number for unsafe", fields: 'unsafe: "{{ 1 }}"' },
  ])("$name from a template is an error with its place", ({ fields }) => {
    const [rule] = rulesOf(`{ policy: { rules: [ { else: { do: retry, ${fields} } } ] } }`);
    expect(codeAndHint(() => rule?.move(scope({}))).code).toBe("TEMPLATE_TYPE");
  });

  test("fail says what its message renders to", () => {
    const [rule] = rulesOf(
      '{ policy: { rules: [ { else: { do: fail, message: "no {{ ctx.id }}" } } ] } }',
    );
    expect(rule?.move(scope({ ctx: { id: 7 } }))).toEqual({ kind: "fail", message: "no 7" });
  });
});

describe("loops", () => {
  test("NO10 a loop has a mode, a bound and a bearable number of failures", () => {
    const text = (spec: string) =>
      `- { step: a, loop: { in: [1], iterator: n, spec: ${spec} }, tool: { kind: noop } }`;
    const loopOf = (spec: string) => load(text(spec)).steps[0]?.loop;
    expect(loopOf("{}")).toMatchObject({ maxInFlight: 1, onError: "fail", threshold: undefined });
    expect(loopOf("{ mode: parallel }")).toMatchObject({ maxInFlight: 8 });
    expect(loopOf("{ mode: parallel, max_in_flight: 64 }")).toMatchObject({ maxInFlight: 64 });
    expect(loopOf("{ on_error: continue, threshold: 5 }")?.threshold).toEqual({ count: 5 });
    expect(loopOf('{ on_error: continue, threshold: "2.5%" }')?.threshold).toEqual({
      share: 0.025,
    });
    expect(load(text("{ max_in_flight: 4 }")).warnings).toHaveLength(1);
    expect(load(text("{ threshold: 4 }")).warnings).toHaveLength(1);
  });

  test.each([
    { name: "a list", source: "[ 1, 2 ]", want: { kind: "value" } },
    { name: "a map of items", source: "{ a: 1, file: x, other: y }", want: { kind: "value" } },
    { name: "NDJSON", source: "{ file: a.jsonl }", want: { kind: "file", format: "ndjson" } },
    { name: "CSV", source: "{ file: A.CSV }", want: { kind: "file", format: "csv" } },
    {
      name: "a stored result",
      source: '{ result: "{{ a.__ref__ }}" }',
      want: { kind: "result", items: undefined },
    },
  ])("goes over $name", ({ source, want }) => {
    const text = `- { step: s, loop: { in: ${source}, iterator: n }, tool: { a: { kind: noop } } }`;
    expect(load(text).steps[0]?.loop?.input).toMatchObject(want);
  });
});

describe("names that nothing gives", () => {
  const text =
    '- a: { kind: http, url: "{{ api_url }}/{{ page_size | default(5) }}/{{ itre.x }}" }\n- b: { kind: noop, spec: { policy: { rules: [ { when: "{{ a.status == 1 }}", then: { do: fail } } ] } } }\n';

  test("are warnings, with the nearest name", () => {
    const { openNames, warnings } = load(text);
    expect(openNames.map(({ name, near, place }) => [name, near, place.line])).toEqual([
      ["api_url", undefined, 1],
      ["itre", "iter", 1],
    ]);
    expect(warnings.map(({ hint }) => hint)).toEqual([
      "Give it with --set api_url=…, or declare it under workload",
      "Did you mean iter",
    ]);
  });

  test("are errors once it is known that the run does not give them", () => {
    const book = load(text);
    const refused = codeAndHint(() => checkOpenNames(book, { api_url: "https://api.example.com" }));
    expect(refused).toMatchObject({ code: "PIPELINE_INVALID", hint: "Did you mean iter" });
    expect(() => checkOpenNames(book, { api_url: "x", itre: {} })).not.toThrow();
  });

  test.each([
    { name: "a scope", template: "{{ workload.a }}{{ execution_id }}{{ _prev }}" },
    { name: "a key of the workload", template: "{{ api }}" },
    { name: "a step and a task", template: "{{ s }}{{ s_task }}" },
    { name: "a function", template: "{{ now() }}{{ uuid() }}{{ range(3) }}" },
    { name: "its own variable", template: "{% set x = 1 %}{{ x }}" },
    { name: "guarded", template: "{{ maybe is defined }}" },
  ])("are not $name", ({ template }) => {
    const step = `{ step: s, tool: { kind: http, url: "https://x/${template}" } }`;
    expect(playbook(`workload: { api: x }\nworkflow: [ ${step} ]`).openNames).toEqual([]);
  });
});

test("a template in the workload is a warning, because it stays text", () => {
  const { warnings } = playbook(
    'workload: { a: { b: [ "{{ c }}" ] } }\nworkflow: [ { step: s, tool: { kind: noop } } ]',
  );
  expect(warnings.map(({ path }) => path)).toEqual([["workload", "a", "b", 0]]);
});

test("warnings are told as they are found", () => {
  const told: string[] = [];
  const text = "- { step: a-b, tool: { kind: noop } }";
  loadPlaybook(text, { file: "f.yaml", warn: ({ message }) => told.push(message) });
  expect(told).toEqual(['Templates cannot use the result of step "a-b"']);
});

test("two thousand lines are read", () => {
  const step = (n: number) => `- step: s${n}
  tool:
    - fetch:
        kind: http
        url: "{{ workload.api }}/items/{{ iter.id | default(1) }}"
        spec:
          retry: 3
          policy:
            rules:
              - when: "{{ outcome.http.status == 404 }}"
                then: { do: break }
`;
  const text = Array.from({ length: 200 }, (_, n) => step(n)).join("");
  expect(text.split("\n").length).toBeGreaterThan(2000);
  expect(load(text).steps).toHaveLength(200);
});

test.each([
  { name: "a header", yaml: 'headers: { X-A: "Bearer ${TOKEN}" }', at: "X-A" },
  { name: "a parameter", yaml: 'params: { q: "${{ secrets.Q }}" }', at: "q" },
])("a variable of the shell in $name is warned of", ({ yaml, at }) => {
  const { warnings } = loadPlaybook(`- a: { kind: http, url: "http://a.test", ${yaml} }\n`, {
    file: "t.yaml",
  });
  const [warning] = warnings.filter(({ message }) => message.includes("${…}"));
  expect(warning?.path.at(-1)).toBe(at);
});
