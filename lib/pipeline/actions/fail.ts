import { text } from "../schema/shapes.ts";
import { compileValue } from "../values.ts";
import type { ActionKind } from "./action.ts";

/** `do: fail`. */
export const failAction: ActionKind = {
  name: "fail",
  summary: "Ends the step with failure",
  keys: {
    message: text('"no such order"').optional().meta({ description: "What the failure says" }),
  },
  compile({ fields, path, source }) {
    const { message } = fields;
    if (message === undefined) return () => ({ kind: "fail", message: undefined });
    const value = compileValue(message, [...path, "message"], source);
    return (scope) => ({ kind: "fail", message: textOf(value.evaluate(scope)) });
  },
};

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
