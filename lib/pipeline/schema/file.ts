import { z, type ZodType } from "zod";
import {
  anything,
  count,
  either,
  fixedDuration,
  fixedSize,
  list,
  map,
  scalar,
  table,
  template,
  text,
  word,
} from "./shapes.ts";
import { condition, OLD_CONDITIONS } from "./policy.ts";

// The maps of a file outside its tasks. What a map holds is given as a parameter: the loader looks
// at one level at a time and leaves the rest open, the JSON Schema has all of it.

/** Names that templates can use: letters, digits and _; the name that objects have a use for is none. */
export const NAME = /^(?!__proto__$)[A-Za-z_]\w*$/;

const KEYCHAIN_WORDS = {
  expected: "a list of entries, or a map of entries by name",
  example: "[ { name: api, kind: bearer, token: env:API_TOKEN } ]",
};
const API_VERSIONS = ["noetl.io/v2", "weir/v1"] as const;

/** Keys of the root of a playbook. */
export function playbook<W extends ZodType, P extends ZodType>(parts: {
  readonly executor: ZodType;
  readonly workflow: W;
  readonly plugins: P;
}) {
  return table(
    {
      apiVersion: word(API_VERSIONS).meta({ description: "Format of the file" }),
      kind: word(["Playbook"]).meta({ description: "What the file is" }),
      metadata: metadata().nullish().meta({ description: "Name and description" }),
      keychain: either<unknown>(KEYCHAIN_WORDS, () => [list(map(anything())), map(map(anything()))])
        .nullish()
        .meta({ description: "Credentials, used as auth: NAME or {{ keychain.NAME }}" }),
      executor: parts.executor.nullish().meta({
        description: "Where a run starts, how long it may take, and specs for all tasks",
      }),
      workload: map(anything(), "{ api: https://api.example.com }").nullish().meta({
        description: "Inputs with their defaults: {{ workload.NAME }}",
      }),
      workflow: parts.workflow,
      output: anything().optional().meta({
        description: "What the run prints; not given: the results of the steps by name",
      }),
      plugins: parts.plugins.nullish().meta({
        description: "Plugins around the requests of the run",
      }),
    },
    {
      expected: "a playbook, a list of steps or a list of tasks",
      refused: {
        vars: "Write workload: it holds the inputs of a run",
        workbook: "Write workflow: each step holds its own tasks",
        steps: "Write workflow",
        name: "Write metadata: { name: … }",
        path: "Write metadata: { path: … }",
      },
    },
  );
}

function metadata() {
  return table({
    name: text("pull-orders").optional().meta({ description: "Name of the pipeline" }),
    path: text("examples/orders").optional(),
    version: scalar("1").optional(),
    description: text().optional(),
    tags: list(scalar(), "[orders]", "a list of texts").optional(),
    labels: map(scalar(), "{ team: data }").optional(),
  });
}

/** Root `executor`. */
export function executor(spec: ZodType) {
  const ignored = anything().optional().meta({ description: "Read and not used" });
  return table({ spec: spec.nullish(), profile: ignored, version: ignored, requires: ignored });
}

/** Keys of `executor.spec` beside those its tasks take over. */
export function executorSpecKeys() {
  return {
    entry_step: text("start").optional().meta({ description: "Step the run starts at" }),
    max_duration: fixedDuration("2h").optional().meta({ description: "Longest a run may take" }),
    max_bytes: fixedSize("1GB").optional().meta({
      description: "Most bytes that all responses of a run may have together, decoded",
    }),
    on_unmatched: word(["continue", "fail"]).optional().meta({
      description: "What happens when no rule of a task matches",
    }),
  };
}

/** One element of root `plugins`. */
export function plugin() {
  const full = table({
    plugin: text("./sign.js").meta({ description: "File beside the pipeline, or a bundled name" }),
    options: map(anything()).optional(),
    net: list(text("api.example.com"), "[api.example.com]", "a list of hosts").optional().meta({
      description: "Hosts its own requests may reach",
    }),
  });
  const words = { expected: "the file of a plugin, or a map with plugin", example: "./sign.js" };
  return either<unknown>(words, (says) => [z.string(says).min(1, says), full]);
}

/** A step. */
export function step(parts: {
  readonly tool: ZodType;
  readonly loop: ZodType;
  readonly next: ZodType;
  readonly spec: ZodType;
}) {
  return table(
    {
      step: text("fetch", "the name of the step").meta({ description: "Name of the step" }),
      desc: text().optional().meta({ description: "What the step is for" }),
      spec: parts.spec.nullish().meta({
        description: "Admission, limits, and specs for the tasks of the step",
      }),
      loop: parts.loop.optional().meta({ description: "Repeats the tasks for each item" }),
      tool: parts.tool.optional().meta({ description: "Tasks, done one after another" }),
      next: parts.next.nullish().meta({
        description: "Steps that follow; where no step has it they run in the order of the file",
      }),
    },
    {
      expected: "a step: a map with step and tool",
      example: "{ step: fetch, tool: [ … ] }",
      refused: {
        ...OLD_CONDITIONS,
        when: "Write spec: { policy: { admit: … } } for the step, or when on the arc that leads here",
        if: "Write spec: { policy: { admit: … } } for the step, or when on the arc that leads here",
        name: "Write step: NAME",
        description: "Write desc",
        type: "Write kind: on the task under tool",
        call: "Write tool: [ { call: { kind: … } } ]",
        with: "Write the keys on the task under tool",
        args: "Write args on the arc that leads here",
        vars: "Set variables by rules: then: { do: continue, set: { ctx.NAME: … } }",
        save: "Write a task of kind write",
        retry: "Write it under spec, of the step or of a task",
        tools: "Write tool",
        policy: "Write it under spec",
        pagination: "Write spec: { paginate: … } on the http task",
      },
    },
  );
}

/** Keys of the `spec` of a step beside those its tasks take over. */
export function stepSpecKeys() {
  return {
    max_iterations: count(1, 10_000_000, "1000").optional().meta({
      description: "How often a jump or an arc may come back here; 1000 when not given",
    }),
  };
}

/** A loop. */
export function loop(spec: ZodType) {
  return table(
    {
      in: loopItems().meta({
        description: "A list, a map, a number, { file: items.ndjson } or { result: REF }",
      }),
      iterator: z
        .string({ error: iteratorWords() })
        .regex(NAME, { error: iteratorWords() })
        .meta({ description: "Name of the item: {{ iter.NAME }}" }),
      spec: spec.nullish(),
    },
    {
      expected: "a loop: a map with in and iterator",
      example: '{ in: "{{ workload.items }}", iterator: item }',
      refused: {
        pagination:
          "Write spec: { paginate: … } on the http task, or rules with do: jump and do: break",
        mode: "Write it under spec",
        max_in_flight: "Write it under spec",
        on_error: "Write it under spec",
        threshold: "Write it under spec",
        items: "Write in",
        element: "Write iterator",
        ...OLD_CONDITIONS,
      },
    },
  );
}

function loopItems() {
  const words = {
    expected: "a list, a map, a number of times, or a template that gives one of them",
    example: '"{{ workload.items }}"',
  };
  return either<unknown>(words, (says) => [
    z.array(anything(), says),
    z.record(z.string(), anything(), says),
    z.int(says).min(0, says),
    template(says),
  ]);
}

function iteratorWords(): string {
  return JSON.stringify({ expected: "a name of letters, digits and _", example: "item" });
}

/** Keys of the `spec` of a loop beside those its tasks take over. */
export function loopSpecKeys() {
  const threshold = { expected: 'a number of items, or a share such as "10%"', example: "5" };
  return {
    mode: word(["sequential", "parallel"]).optional().meta({
      description: "One item after another, or several at once; sequential when not given",
    }),
    max_in_flight: count(1, 10_000, "8").optional().meta({
      description: "Items worked on at once in a parallel loop; 8 when not given",
    }),
    on_error: word(["fail", "continue"]).optional().meta({
      description: "Whether a failed item ends the loop; fail when not given",
    }),
    threshold: either<unknown>(threshold, (says) => [
      z.int(says).min(0, says),
      z.string(says).regex(/^\d+(?:\.\d+)?%$/, says),
    ])
      .optional()
      .meta({ description: "With on_error continue: more failed items than this fail the step" }),
  };
}

/** What a loop reads that is no value: a file, or a stored result. */
export function loopSource() {
  return {
    file: table(
      {
        file: text("items.ndjson"),
        format: word(["ndjson", "csv", "json"]).optional(),
      },
      { example: "{ file: items.ndjson }" },
    ),
    result: table(
      { result: text('"{{ fetch.__ref__ }}"'), items: text('"$.items[*]"').optional() },
      { example: '{ result: "{{ fetch.__ref__ }}" }' },
    ),
  };
}

/** An arc. */
export function arc() {
  return table(
    {
      step: text("store", "the name of a step").meta({ description: "Step that the arc leads to" }),
      when: condition().optional(),
      args: map(anything(), '{ id: "{{ iter.id }}" }').optional().meta({
        description: "Values for the step: {{ args.NAME }}",
      }),
    },
    {
      expected: "an arc: a map with step",
      example: "{ step: store }",
      refused: {
        ...OLD_CONDITIONS,
        then: "Write step: NAME on the arc itself",
        else: "Write an arc without when, as the last one",
        next: "Write step: NAME",
        set: "Set variables by a rule of a task, or pass args",
      },
    },
  );
}

/** `next` as a map with arcs. */
export function next<A extends ZodType>(arcs: A) {
  return table(
    {
      spec: table({
        mode: word(["exclusive", "inclusive"]).optional().meta({
          description: "The first arc that matches, or all; exclusive when not given",
        }),
      }).optional(),
      arcs,
    },
    { refused: { step: "Write it in an element of arcs", ...OLD_CONDITIONS } },
  );
}
