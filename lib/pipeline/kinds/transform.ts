import { z } from "zod";
import { compileValue, type Value } from "../values.ts";
import { within } from "../scope.ts";
import type { TaskKind } from "./kind.ts";
import { workOnce } from "./once.ts";

const NAME = /^[A-Za-z_]\w*$/;

/** Makes new values of the ones there are: each name of `set` is a field, `value` is the data. */
export const transformKind: TaskKind = {
  name: "transform",
  summary: "Makes a new value of the ones there are",
  keys: {
    set: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("Fields by name; each sees the ones before it"),
    value: z.unknown().optional().describe("The data; without it, the map of the fields"),
  },
  specKeys: {},
  specDefaults: {},
  compile({ fields: { set, value }, path, source }) {
    if (set === undefined && value === undefined) {
      throw source.error(path, {
        message: "The task lacks the value to make",
        hint: 'Add value: "{{ … }}", or set: { NAME: "{{ … }}" }',
      });
    }
    const fields = fieldsOf(set).map(([name, node]): readonly [string, Value] => {
      const at = [...path, "set", name];
      if (!NAME.test(name) || RESERVED.has(name)) {
        throw source.error(at, {
          part: "key",
          message: `The field ${JSON.stringify(name)} has a name templates cannot use`,
          hint: `Use letters, digits and _, and none of ${[...RESERVED].join(", ")}`,
        });
      }
      return [name, compileValue(node, at, source)];
    });
    const data = value === undefined ? undefined : compileValue(value, [...path, "value"], source);
    return workOnce(
      ({ scope }) => {
        const given: Record<string, unknown> = {};
        const inner = within(scope, given);
        for (const [name, one] of fields) given[name] = one.evaluate(inner);
        return { data: data === undefined ? given : data.evaluate(inner), fields: given };
      },
      {
        names: fields.map(([name]) => name),
        plan: () => [`set ${[...fields.map(([name]) => name), "data"].join(", ")}`],
      },
    );
  },
};

/** Keys every result has. */
const RESERVED: ReadonlySet<string> = new Set(["status", "headers", "data"]);

function fieldsOf(set: unknown): readonly (readonly [string, unknown])[] {
  return typeof set === "object" && set !== null ? Object.entries(set) : [];
}
