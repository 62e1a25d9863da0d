import { nearestName } from "../base/nearest.ts";
import { type Expression, type ExpressionOf, pathText } from "./ast.ts";
import type { Application, Evaluation } from "./evaluation.ts";
import { describe } from "./lookup.ts";
import { DICT_METHODS } from "./methods/dicts.ts";
import { LIST_METHODS } from "./methods/lists.ts";
import { STRING_METHODS } from "./methods/strings.ts";
import { bindArguments, Callable, type Operation } from "./operation.ts";
import { Entity, isDict, kindOf, ownValue, plain, Undefined } from "./values.ts";

type Methods = Readonly<Record<string, Operation>>;

const NO_METHODS: Methods = {};

/**
 * Calls `call.value`.
 *
 * @throws {WeirError} TEMPLATE_TYPE when it is no function, TEMPLATE_UNDEFINED when it is missing
 */
export function invoke(state: Evaluation, callee: Expression, call: Application): unknown {
  const { value, positional, named } = call;
  if (value instanceof Undefined) throw state.undefinedError(value);
  if (!(value instanceof Callable) || value.call === undefined)
    throw state.typeError(
      `"${pathText(callee).slice(0, 120)}" is ${describe(value)}, which cannot be called`,
      "Leave out the parentheses",
    );
  const args = bindArguments(state, value.call, value.label, positional, named);
  return value.call.run(state, undefined, args) ?? null;
}

/**
 * Calls the method `callee` names on `call.value`: one of the fixed table of its kind, or a
 * function that is a field of it.
 *
 * @throws {WeirError} TEMPLATE_UNDEFINED when there is no such method
 */
export function invokeMethod(
  state: Evaluation,
  callee: ExpressionOf<"attribute">,
  call: Application,
): unknown {
  const object = call.value;
  if (object instanceof Undefined) throw state.undefinedError(object);
  const { name } = callee;
  const field = object instanceof Entity ? object.field(name) : undefined;
  const own = isDict(object) ? ownValue(object, name) : field;
  if (own instanceof Callable) return invoke(state, callee, { ...call, value: own });
  const methods = methodsOf(object);
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) throw noMethod(state, callee, object, Object.keys(methods));
  const self = plain(object);
  if (typeof self === "string") state.charge(self.length / 16);
  const args = bindArguments(state, method, name, call.positional, call.named);
  return method.run(state, self, args) ?? null;
}

function methodsOf(object: unknown): Methods {
  if (object instanceof Callable) return object.methods;
  const kind = kindOf(object);
  if (kind === "text") return STRING_METHODS;
  if (kind === "list") return LIST_METHODS;
  return kind === "map" ? DICT_METHODS : NO_METHODS;
}

function noMethod(
  state: Evaluation,
  callee: ExpressionOf<"attribute">,
  object: unknown,
  known: readonly string[],
): Error {
  const near = nearestName(callee.name.slice(0, 60), known);
  const path = pathText(callee).slice(0, 120);
  const hint = known.length === 0 ? "Use a filter instead" : `Its methods are ${known.join(", ")}`;
  return state.fail("TEMPLATE_UNDEFINED", `"${path}" is no method of ${describe(object)}`, {
    hint: near === undefined ? hint : `Did you mean "${near}"`,
    offset: callee.offset,
    path,
  });
}
