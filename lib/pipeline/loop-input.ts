import { isDict, keysOf, kindOf, ownValue } from "../template/values.ts";
import type { Loop, LoopInput } from "./model.ts";
import type { RunPorts } from "./ports.ts";
import type { Scope } from "./scope.ts";
import type { Source } from "./source.ts";
import { wrongValue } from "./wrong-value.ts";

/** The items of a loop, read as they are needed. */
export interface LoopItems {
  readonly items: Iterable<unknown> | AsyncIterable<unknown>;
  /** How many there are, when that is known before they are read. */
  readonly total: number | undefined;
}

/** What the items of a loop are read with. */
export interface LoopInputContext {
  readonly scope: Scope;
  readonly ports: RunPorts;
  readonly source: Source;
}

/**
 * Returns the items of a loop.
 *
 * @throws {WeirError} TEMPLATE_* when the value is nothing that can be repeated
 */
export function openItems(loop: Loop, context: LoopInputContext): Promise<LoopItems> {
  return Promise.resolve(itemsOf(loop, loop.input, context));
}

function itemsOf(loop: Loop, input: LoopInput, { scope, source }: LoopInputContext): LoopItems {
  if (input.kind !== "value") throw new Error(input.kind);
  const value = input.value.evaluate(scope);
  if (Array.isArray(value)) return { items: value, total: value.length };
  if (isDict(value)) {
    const keys = keysOf(value);
    return { items: keys.map((key) => ({ key, value: ownValue(value, key) })), total: keys.length };
  }
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return { items: countTo(value), total: value };
  }
  throw wrongValue(source, input.value.path, {
    message: `A loop goes over a list, a map or a whole number, and this is ${nameOf(value)}`,
    hint: `Let "in" of "${loop.iterator}" give a list, for example with default([])`,
  });
}

function* countTo(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

function nameOf(value: unknown): string {
  if (typeof value === "number") return `the number ${value}`;
  const kind = kindOf(value);
  return kind === "none" ? "none" : `a ${kind}`;
}
