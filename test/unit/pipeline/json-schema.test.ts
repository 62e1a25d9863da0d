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
  ..."enum const anyOf minimum maximum".split(" "),
]);

const SCHEMA = pipelineJsonSchema() as Node;

/** Every schema inside a schema, the whole first; names of properties are not keywords. */
function schemasIn(node: unknown): readonly Node[] {
  if (Array.isArray(node)) return node.flatMap(schemasIn);
  if (typeof node !== "object" || node === null) return [];
  const inner = Object.entries(node).flatMap(([key, value]) => {
    if (key === "properties" || key === "$defs")
      return Object.values(value as Node).flatMap(schemasIn);
    return ["items", "additionalProperties", "propertyNames", "anyOf"].includes(key)
      ? schemasIn(value)
      : [];
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
    const [root] = SCHEMA["anyOf"] as readonly Node[];
    const silent = Object.entries(root?.["properties"] as Node).flatMap(([key, shape]) =>
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
  ])("says of $name: $want", ({ data, want }) => {
    expect(new Validator(SCHEMA, "2020-12", true).validate(data).valid).toBe(want);
  });
});
