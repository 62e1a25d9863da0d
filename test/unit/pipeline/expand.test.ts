import { describe, expect, test } from "bun:test";
import { readDocument } from "../../../lib/pipeline/document.ts";
import { mergeSpecs, retryRules, type SpecLevel } from "../../../lib/pipeline/expand.ts";
import { loadPlaybook } from "../../../lib/pipeline/load.ts";
import { compileCondition } from "../../../lib/pipeline/values.ts";
import { codeAndHint } from "../../support/errors.ts";

const { source } = readDocument("a: 1\nb: 2\nc: 3\nd: 4\n", "f.yaml");
const level = (spec: Readonly<Record<string, unknown>>, key?: string): SpecLevel => ({
  spec,
  path: key === undefined ? undefined : [key],
});

describe("mergeSpecs()", () => {
  test.each([
    {
      name: "of two scalars the inner one",
      levels: [{ a: 1, b: 1 }, { a: 2 }],
      want: { a: 2, b: 1 },
    },
    { name: "of two lists the inner one", levels: [{ a: [1, 2] }, { a: [3] }], want: { a: [3] } },
    {
      name: "maps deeply",
      levels: [{ t: { a: 1, b: { c: 1 } } }, { t: { b: { d: 2 } } }],
      want: { t: { a: 1, b: { c: 1, d: 2 } } },
    },
    {
      name: "a map over a scalar",
      levels: [{ retry: 3 }, { retry: { on: [429] } }],
      want: { retry: { on: [429] } },
    },
    { name: "a scalar over a map", levels: [{ t: { a: 1 } }, { t: 5 }], want: { t: 5 } },
    {
      name: "false and null too",
      levels: [
        { a: 1, b: 1 },
        { a: false, b: null },
      ],
      want: { a: false, b: null },
    },
    {
      name: "five levels",
      levels: [{ a: 1 }, { a: 2 }, { b: 3 }, { b: 4 }, { c: 5 }],
      want: { a: 2, b: 4, c: 5 },
    },
  ])("NO8 takes $name", ({ levels, want }) => {
    expect(
      mergeSpecs(
        levels.map((spec) => level(spec)),
        ["d"],
        source,
      ).spec,
    ).toEqual(want);
  });

  test("knows where each part stands", () => {
    const merged = mergeSpecs(
      [
        level({ x: 1, t: { read: 1 } }, "a"),
        level({ t: { connect: 2 } }, "b"),
        level({ y: 3 }, "d"),
      ],
      ["d"],
      source,
    ).source;
    expect(merged.originOf?.(["d", "t", "read"])).toEqual(["a", "t", "read"]);
    expect(merged.originOf?.(["d", "t", "connect", "x"])).toEqual(["b", "t", "connect", "x"]);
    expect(merged.originOf?.(["d", "y"])).toEqual(["d", "y"]);
    expect(merged.originOf?.(["c", "x"])).toEqual(["c", "x"]);
    expect(merged.placeOf(["d", "x"])).toEqual({ line: 1, column: 4 });
  });

  test("forgets where a part stood that was replaced", () => {
    const levels = [
      level({ t: { read: 1 } }, "a"),
      level({ t: 5 }, "b"),
      level({ t: { connect: 1 } }, "c"),
    ];
    const merged = mergeSpecs(levels, ["d"], source).source;
    expect(merged.originOf?.(["d", "t", "read"])).toEqual(["c", "t", "read"]);
    expect(merged.originOf?.(["d", "t", "connect"])).toEqual(["c", "t", "connect"]);
  });
});

describe("levels of a file", () => {
  test("NO8 rules of the run hold for tasks that have none, and tasks of other kinds take no more than they know", () => {
    const { steps } = loadPlaybook(
      `apiVersion: weir/v1
kind: Playbook
executor:
  spec:
    timeout: 5
    on_unmatched: continue
    policy: { rules: [ { else: { do: break } } ] }
workflow:
  - step: a
    spec: { retry: 2 }
    loop: { in: [1], iterator: n, spec: { policy: { on_unmatched: fail } } }
    tool:
      - one: { kind: noop }
      - two: { kind: noop, spec: { retry: false, policy: { rules: [] } } }
  - step: b
    tool: { kind: noop }
`,
      { file: "f.yaml" },
    );
    const policies = steps.flatMap(({ tasks }) => tasks.map(({ policy }) => policy));
    const shown = policies.map(({ rules, onUnmatched }) => [
      rules.map(({ action }) => action),
      onUnmatched,
    ]);
    expect(shown).toEqual([
      [["retry", "break"], "fail"],
      [[], "fail"],
      [["break"], "continue"],
    ]);
  });

  test("a template of another level fails where it is written", () => {
    const text = `apiVersion: weir/v1
kind: Playbook
executor:
  spec:
    policy:
      rules:
        - when: "{{ outcome.status + }}"
          then: { do: fail }
workflow: [ { step: a, tool: { kind: noop } } ]
`;
    let details: Readonly<Record<string, unknown>> = {};
    try {
      loadPlaybook(text, { file: "f.yaml" });
    } catch (error) {
      ({ details } = error as { details: typeof details });
    }
    expect(details).toMatchObject({ file: "f.yaml", line: 7, column: 38 });
  });
});

describe("retryRules()", () => {
  const ok = { status: "ok", http: { status: 200 }, error: null };
  const failed = (kind: string, status: number | null, retryable = false) => ({
    status: "error",
    http: { status },
    error: { kind, retryable },
  });

  test.each([
    {
      name: "a number means failures that may pass",
      retry: 5,
      outcome: failed("server_error", 503, true),
      want: true,
    },
    {
      name: "a number means no other failures",
      retry: 5,
      outcome: failed("client_error", 400),
      want: false,
    },
    { name: "a success is no failure", retry: 5, outcome: ok, want: false },
    { name: "a status", retry: { on: [429] }, outcome: failed("rate_limit", 429), want: true },
    { name: "a status alone", retry: { on: 429 }, outcome: failed("rate_limit", 429), want: true },
    {
      name: "another status",
      retry: { on: [429] },
      outcome: failed("client_error", 428),
      want: false,
    },
    {
      name: "a status of a success, to wait for another",
      retry: { on: [200] },
      outcome: ok,
      want: true,
    },
    { name: "a class", retry: { on: ["5xx"] }, outcome: failed("server_error", 599), want: true },
    {
      name: "a class in capitals",
      retry: { on: ["5XX"] },
      outcome: failed("server_error", 500),
      want: true,
    },
    {
      name: "a class without a response",
      retry: { on: ["5xx"] },
      outcome: failed("dns", null),
      want: false,
    },
    {
      name: "a kind",
      retry: { on: ["connection", "timeout"] },
      outcome: failed("timeout", null),
      want: true,
    },
    { name: "a kind beside a success", retry: { on: ["connection"] }, outcome: ok, want: false },
    {
      name: "one of several",
      retry: { on: [429, "5xx", "connection"] },
      outcome: failed("connection", null),
      want: true,
    },
  ])("$name: $want", ({ retry, outcome, want }) => {
    const [rule] = retryRules(retry);
    const condition = compileCondition(rule?.when ?? "", ["a"], source);
    expect(condition.test({ layers: [{ outcome }], options: {} })).toBe(want);
  });

  test.each([
    {
      name: "a number",
      retry: 5,
      want: { do: "retry", attempts: 5, backoff: "exponential", delay: 1 },
    },
    {
      name: "a template",
      retry: "{{ n }}",
      want: { do: "retry", attempts: "{{ n }}", backoff: "exponential", delay: 1 },
    },
    {
      name: "a map",
      retry: { attempts: 2, jitter: "full", on: [500] },
      want: { do: "retry", attempts: 2, jitter: "full" },
    },
  ])("$name becomes an action one could write", ({ retry, want }) => {
    expect(retryRules(retry).map(({ action }) => action)).toEqual([want]);
  });

  test.each([undefined, null, false])("%p is no rule", (retry) => {
    expect(retryRules(retry)).toEqual([]);
  });

  test("its rules stand before those of the file and say that they are short", () => {
    const text =
      "- a: { kind: noop, spec: { retry: 2, policy: { rules: [ { else: { do: fail } } ] } } }";
    const rules = loadPlaybook(text, { file: "f.yaml" }).steps[0]?.tasks[0]?.policy.rules;
    expect(rules?.map(({ action, isShorthand }) => [action, isShorthand])).toEqual([
      ["retry", true],
      ["fail", false],
    ]);
  });

  test("a template in it that gives no number says where it stands", () => {
    const text = '- a: { kind: noop, spec: { retry: { attempts: "{{ ctx.n }}" } } }';
    const rule = loadPlaybook(text, { file: "f.yaml" }).steps[0]?.tasks[0]?.policy.rules[0];
    const scope = { layers: [{ ctx: { n: "many" } }], options: {} };
    const refused = codeAndHint(() => rule?.move(scope));
    expect(refused).toMatchObject({
      code: "TEMPLATE_TYPE",
      message: "attempts must be a whole number from 1 to 1000",
    });
  });
});
