import { describe, expect, test } from "bun:test";
import { Validator } from "@cfworker/json-schema";
import { TASK_KINDS } from "../../../lib/pipeline/kinds/index.ts";
import { pipelineJsonSchema } from "../../../lib/pipeline/schema/json-schema.ts";

type Node = Readonly<Record<string, unknown>>;

/** Keywords that the YAML language server and the editors built on it know. */
const KEYWORDS = new Set([
  ..."$schema $defs $ref title description type properties required additionalProperties".split(
    " ",
  ),
  ..."propertyNames items minItems maxItems minProperties maxProperties minLength pattern".split(
    " ",
  ),
  ..."enum const anyOf minimum maximum if then else contains".split(" "),
]);

const SCHEMA = pipelineJsonSchema() as Node;

/** Keywords that hold a schema, or a list of them. */
const INNER = new Set(
  "items additionalProperties propertyNames anyOf if then else contains".split(" "),
);

/** Every schema inside a schema, the whole first; names of properties are not keywords. */
function schemasIn(node: unknown): readonly Node[] {
  if (Array.isArray(node)) return node.flatMap(schemasIn);
  if (typeof node !== "object" || node === null) return [];
  const inner = Object.entries(node).flatMap(([key, value]) => {
    if (key === "properties" || key === "$defs")
      return Object.values(value as Node).flatMap(schemasIn);
    return INNER.has(key) ? schemasIn(value) : [];
  });
  return [node as Node, ...inner];
}

const ALL = schemasIn(SCHEMA);

describe("pipelineJsonSchema()", () => {
  test("is of draft 2020-12 and the same each time", () => {
    expect(SCHEMA["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(pipelineJsonSchema()).toEqual(SCHEMA);
  });

  test("uses plain keywords only", () => {
    const used = new Set(ALL.flatMap((node) => Object.keys(node)));
    expect([...used].filter((keyword) => !KEYWORDS.has(keyword))).toEqual([]);
  });

  test("allows no unknown key in a map with known ones", () => {
    const open = ALL.filter(
      (node) => "properties" in node && node["additionalProperties"] !== false,
    );
    expect(open).toEqual([]);
  });

  test("tells kinds apart by a constant", () => {
    const task = (SCHEMA["$defs"] as Node)["task"] as { readonly anyOf: readonly Node[] };
    const kinds = task.anyOf.map((one) => ((one["properties"] as Node)["kind"] as Node)["const"]);
    expect(kinds).toEqual(TASK_KINDS.map(({ name }) => name));
  });

  test("describes the keys a person meets first", () => {
    const whole = SCHEMA["then"] as Node;
    const silent = Object.entries(whole["properties"] as Node).flatMap(([key, shape]) =>
      key !== "workflow" && !("description" in (shape as Node)) ? [key] : [],
    );
    expect(silent).toEqual([]);
  });

  test.each([
    {
      name: "a playbook",
      data: {
        apiVersion: "weir/v1",
        kind: "Playbook",
        workflow: [{ step: "a", tool: { kind: "noop" } }],
      },
      want: true,
    },
    { name: "steps", data: [{ step: "a", tool: [{ kind: "noop" }] }], want: true },
    { name: "tasks", data: [{ a: { kind: "noop" } }], want: true },
    {
      name: "templates where numbers stand",
      data: [{ a: { kind: "noop", spec: { retry: { attempts: "{{ n }}", delay: "{{ n }}s" } } } }],
      want: true,
    },
    { name: "an empty list", data: [], want: false },
    {
      name: "two labels in one map",
      data: [{ a: { kind: "noop" }, b: { kind: "noop" } }],
      want: false,
    },
    {
      name: "a key of another kind",
      data: [{ a: { kind: "noop", url: "https://x" } }],
      want: false,
    },
    { name: "text", data: "a", want: false },
    { name: "tasks without labels", data: [{ kind: "noop" }], want: true },
    { name: "an item that is not written yet", data: [null], want: false },
  ])("says of $name: $want", ({ data, want }) => {
    expect(new Validator(SCHEMA, "2020-12", true).validate(data).valid).toBe(want);
  });

  test.each([
    { name: "a task of a list", data: [{ a: { kind: "noop", url: 1 } }], at: "#/0/a" },
    { name: "a step of a list", data: [{ step: "a", tool: { kind: "noop" }, x: 1 }], at: "#/0" },
    { name: "a task of a step", data: [{ step: "a", tool: [{ a: { x: 1 } }] }], at: "#/0/tool" },
  ])("blames $name for what is wrong with it, and no other form", ({ data, at }) => {
    const { errors } = new Validator(SCHEMA, "2020-12", false).validate(data);
    const places = errors.map(({ instanceLocation }) => instanceLocation);
    expect(places).toContain(at);
    expect(errors.filter(({ error }) => error.includes('"step"'))).toEqual([]);
  });
});
