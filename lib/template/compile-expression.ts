import { nearestName } from "../base/nearest.ts";
import type { CallArguments, CallNode, Expression, ExpressionOf } from "./ast.ts";
import { templateError, type TemplateSource } from "./errors.ts";
import type { Evaluation } from "./evaluation.ts";
import { FILTERS } from "./filters/index.ts";
import { invoke, invokeMethod } from "./invoke.ts";
import { apply } from "./library.ts";
import { describe, getField, getItem, itemsOf, sliceOf } from "./lookup.ts";
import { isMarkup } from "./markup.ts";
import type { Operation } from "./operation.ts";
import { arithmetic, COMPARISONS, isTrue, newDict, signed } from "./operators.ts";
import { printf } from "./format.ts";
import { TESTS } from "./tests.ts";
import { textOf } from "./text.ts";
import { Entity, FieldedText, isDict, keysOf, ownValue, Undefined } from "./values.ts";

/** A compiled expression. */
export type Evaluate = (state: Evaluation) => unknown;

/** Evaluated arguments. */
interface Given {
  readonly positional: readonly unknown[];
  readonly named: ReadonlyMap<string, unknown>;
}

const NOTHING_GIVEN: Given = { positional: [], named: new Map() };

/**
 * Returns a function that evaluates `node`.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX when it names a filter or test that does not exist
 */
export function compileNode(source: TemplateSource, node: Expression): Evaluate {
  const evaluate = compileRaw(source, node);
  if (node.kind !== "name" && node.kind !== "attribute" && node.kind !== "index") return evaluate;
  return (state) => {
    const value = evaluate(state);
    // Only lookups give a text with fields; everyone but the next lookup sees its text.
    return value instanceof FieldedText ? value.text : value;
  };
}

/** Like compileNode, but a text with fields stays one, for the lookup that follows. */
function compileRaw(source: TemplateSource, node: Expression): Evaluate {
  switch (node.kind) {
    case "literal":
      return () => node.value;
    case "name":
      return compileName(node);
    case "list":
    case "tuple":
      return compileList(source, node);
    case "dict":
      return compileDict(source, node);
    case "attribute":
      return compileAttribute(source, node);
    case "index":
      return compileIndex(source, node);
    case "slice":
      return compileSlice(source, node);
    case "call":
      return compileCall(source, node);
    case "filter":
      return compileFilter(source, node);
    case "test":
      return compileTest(source, node);
    case "unary":
      return compileUnary(source, node);
    case "arithmetic":
      return compileArithmetic(source, node);
    case "compare":
      return compileCompare(source, node);
    case "concat":
      return compileConcat(source, node);
    case "not":
    case "and":
    case "or":
    case "condition":
      return compileLogic(source, node);
  }
}

function compileAll(source: TemplateSource, nodes: readonly Expression[]): readonly Evaluate[] {
  return nodes.map((node) => compileNode(source, node));
}

function compileName(node: ExpressionOf<"name">): Evaluate {
  const { name } = node;
  const missing = new Undefined(node);
  return (state) => {
    const value = state.lookup(name);
    return value === undefined ? missing : value;
  };
}

function compileList(source: TemplateSource, node: ExpressionOf<"list" | "tuple">): Evaluate {
  const items = compileAll(source, node.items);
  return (state) => {
    state.charge(1 + items.length);
    return state.own(items.map((item) => member(state, item(state))));
  };
}

/** A missing value cannot be put into a list or map; a function is found when it is handed out. */
function member(state: Evaluation, value: unknown): unknown {
  if (value instanceof Entity) state.mustSettle = true;
  return value instanceof Undefined ? state.present(value) : value;
}

function compileDict(source: TemplateSource, node: ExpressionOf<"dict">): Evaluate {
  const keys = compileAll(
    source,
    node.entries.map(([key]) => key),
  );
  const values = compileAll(
    source,
    node.entries.map(([, value]) => value),
  );
  return (state) => {
    state.offset = node.offset;
    const entries = keys.map(
      (key, at) => [key(state), member(state, values[at]?.(state))] as const,
    );
    return newDict(state, entries);
  };
}

function compileAttribute(source: TemplateSource, node: ExpressionOf<"attribute">): Evaluate {
  const object = compileRaw(source, node.object);
  const { name } = node;
  return (state) => {
    state.charge(1);
    return getField(state, object(state), name, node);
  };
}

function compileIndex(source: TemplateSource, node: ExpressionOf<"index">): Evaluate {
  const object = compileRaw(source, node.object);
  const index = compileNode(source, node.index);
  return (state) => {
    const from = object(state);
    const at = state.present(index(state));
    state.offset = node.offset;
    state.charge(1);
    return getItem(state, from, at, node);
  };
}

function compileSlice(source: TemplateSource, node: ExpressionOf<"slice">): Evaluate {
  const object = compileNode(source, node.object);
  const bounds = node.bounds.map((bound) => bound && compileNode(source, bound));
  return (state) => {
    const from = object(state);
    const given = bounds.map((bound) => state.present(bound?.(state)));
    state.offset = node.offset;
    return sliceOf(state, from, given);
  };
}

function compileArguments(
  source: TemplateSource,
  args: CallArguments,
): (state: Evaluation) => Given {
  const positional = compileAll(source, args.positional);
  const named = args.named.map(([name, value]) => [name, compileNode(source, value)] as const);
  const spread = args.spread && compileNode(source, args.spread);
  const spreadNamed = args.spreadNamed && compileNode(source, args.spreadNamed);
  const isPlain = named.length === 0 && spread === undefined && spreadNamed === undefined;
  if (isPlain && positional.length === 0) return () => NOTHING_GIVEN;
  if (isPlain)
    return (state) => ({
      positional: positional.map((argument) => argument(state)),
      named: NOTHING_GIVEN.named,
    });
  return (state) => {
    const plain = positional.map((argument) => argument(state));
    const more = spread === undefined ? [] : itemsOf(state, spread(state), "The value after *");
    const names = new Map(named.map(([name, value]) => [name, value(state)]));
    if (spreadNamed !== undefined) spreadInto(state, names, spreadNamed(state));
    return { positional: [...plain, ...more], named: names };
  };
}

function spreadInto(state: Evaluation, names: Map<string, unknown>, given: unknown): void {
  const dict = state.present(given);
  if (!isDict(dict)) throw state.typeError(`The value after ** is ${describe(dict)}, not a map`);
  for (const key of keysOf(dict)) {
    state.charge(1);
    names.set(key, ownValue(dict, key));
  }
}

/** Returns a function that makes the call of `node`, with further named arguments if given. */
export function compileInvocation(
  source: TemplateSource,
  node: CallNode,
): (state: Evaluation, extra?: readonly (readonly [string, unknown])[]) => unknown {
  const args = compileArguments(source, node.args);
  const { callee } = node;
  const isMethod = callee.kind === "attribute";
  const target = isMethod ? compileRaw(source, callee.object) : compileNode(source, callee);
  return (state, extra) => {
    const value = target(state);
    const given = args(state);
    const named = extra === undefined ? given.named : new Map([...given.named, ...extra]);
    state.charge(1);
    state.offset = node.offset;
    state.node = node;
    const call = { value, positional: given.positional, named };
    return isMethod ? invokeMethod(state, callee, call) : invoke(state, callee, call);
  };
}

function compileCall(source: TemplateSource, node: CallNode): Evaluate {
  const call = compileInvocation(source, node);
  return (state) => call(state);
}

/** Returns a function that applies a filter; one at the head of a block takes the captured text. */
export function compileFilter(source: TemplateSource, node: ExpressionOf<"filter">): Evaluate {
  const operation = operationNamed(source, FILTERS, "filter", node);
  const input =
    node.input === undefined
      ? (state: Evaluation) => state.captured
      : compileNode(source, node.input);
  // Escaping what is escaped already would show its entities.
  if ((node.name === "escape" || node.name === "e") && isMarkup(node.input)) return input;
  const args = compileArguments(source, node.args);
  return (state) => {
    const value = input(state);
    const { positional, named } = args(state);
    state.offset = node.offset;
    state.node = node;
    return apply(state, operation, node.name, { value, positional, named });
  };
}

function compileTest(source: TemplateSource, node: ExpressionOf<"test">): Evaluate {
  const operation = operationNamed(source, TESTS, "test", node);
  if (node.name === "escaped") return () => isMarkup(node.input) !== node.isNegated;
  const input = compileNode(source, node.input);
  const args = compileArguments(source, node.args);
  const { isNegated, name } = node;
  return (state) => {
    const value = input(state);
    const { positional, named } = args(state);
    state.offset = node.offset;
    state.node = node;
    return (apply(state, operation, name, { value, positional, named }) === true) !== isNegated;
  };
}

function operationNamed(
  source: TemplateSource,
  table: ReadonlyMap<string, Operation>,
  kind: string,
  node: ExpressionOf<"filter" | "test">,
): Operation {
  const operation = table.get(node.name);
  if (operation !== undefined) return operation;
  const near = nearestName(node.name.slice(0, 60), table.keys());
  throw templateError("TEMPLATE_SYNTAX", source, node.offset, {
    message: `There is no ${kind} "${node.name.slice(0, 60)}"`,
    hint:
      near === undefined ? `Known are ${[...table.keys()].join(" ")}` : `Did you mean "${near}"`,
  });
}

function compileUnary(source: TemplateSource, node: ExpressionOf<"unary">): Evaluate {
  const operand = compileNode(source, node.operand);
  return (state) => {
    const value = operand(state);
    state.offset = node.offset;
    return signed(state, node.operator, value);
  };
}

function compileArithmetic(source: TemplateSource, node: ExpressionOf<"arithmetic">): Evaluate {
  const { operator, offset } = node;
  const left = compileNode(source, node.left);
  const right = compileNode(source, node.right);
  const isSpread = operator === "%" && node.right.kind === "tuple";
  return (state) => {
    const first = left(state);
    const second = right(state);
    state.charge(1);
    state.offset = offset;
    if (isSpread && typeof first === "string") return printf(state, first, second, true);
    return arithmetic(state, operator, first, second);
  };
}

/** Each operand of a chain is evaluated once, and none after the first comparison that fails. */
function compileCompare(source: TemplateSource, node: ExpressionOf<"compare">): Evaluate {
  const first = compileNode(source, node.first);
  const rest = node.rest.map(
    ([operator, operand]) => [COMPARISONS[operator], compileNode(source, operand)] as const,
  );
  return (state) => {
    let left = first(state);
    for (const [compare, operand] of rest) {
      const right = operand(state);
      state.charge(1);
      state.offset = node.offset;
      if (!compare(state, left, right)) return false;
      left = right;
    }
    return true;
  };
}

function compileConcat(source: TemplateSource, node: ExpressionOf<"concat">): Evaluate {
  const parts = compileAll(source, node.parts);
  return (state) => {
    let text = "";
    for (const part of parts) {
      const value = part(state);
      state.offset = node.offset;
      text += textOf(state, value);
      state.chargeText(text.length);
    }
    return text;
  };
}

function compileLogic(
  source: TemplateSource,
  node: ExpressionOf<"not" | "and" | "or" | "condition">,
): Evaluate {
  if (node.kind === "condition") return compileCondition(source, node);
  if (node.kind === "not") {
    const operand = compileNode(source, node.operand);
    return (state) => !isTrue(state, operand(state));
  }
  const left = compileNode(source, node.left);
  const right = compileNode(source, node.right);
  const decides = node.kind === "or";
  return (state) => {
    const value = left(state);
    return isTrue(state, value) === decides ? value : right(state);
  };
}

function compileCondition(source: TemplateSource, node: ExpressionOf<"condition">): Evaluate {
  const test = compileNode(source, node.test);
  const value = compileNode(source, node.value);
  const missing = new Undefined(node, { isStrict: false });
  const otherwise =
    node.otherwise === undefined ? () => missing : compileNode(source, node.otherwise);
  return (state) => (isTrue(state, test(state)) ? value(state) : otherwise(state));
}
