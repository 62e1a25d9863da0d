import type { Evaluation } from "./evaluation.ts";
import { Entity, kindOf } from "./values.ts";

/** A filter, test, method or function: how its arguments are called, and what it does. */
export interface Operation {
  readonly parameters: readonly string[];
  /** How many of the parameters must be given. */
  readonly required: number;
  /** Arguments beyond the parameters: none, further plain ones, or any. */
  readonly rest: "none" | "positional" | "any";
  /** True when the value it is applied to may be missing. */
  readonly takesUndefined?: boolean;
  readonly run: Run;
}

/** The body of an operation; `self` is the value it is applied to. */
export type Run = (state: Evaluation, self: unknown, args: Arguments) => unknown;

/**
 * Returns an operation from a signature such as `"old new count?"`.
 *
 * A question mark ends a parameter that may be left out; `*` takes further plain arguments, `**`
 * arguments of any name.
 */
export function operation(
  signature: string,
  run: Run,
  more: { readonly takesUndefined?: boolean } = {},
): Operation {
  const words = signature.split(" ").filter((word) => word !== "");
  const parameters = words.filter((word) => !word.startsWith("*"));
  const rest = words.includes("**") ? "any" : words.includes("*") ? "positional" : "none";
  return {
    parameters: parameters.map((word) => word.replace("?", "")),
    required: parameters.filter((word) => !word.endsWith("?")).length,
    rest,
    ...more,
    run,
  };
}

/** The arguments of one call, by the order of the parameters. */
export class Arguments {
  readonly #state: Evaluation;
  readonly #parameters: readonly string[];
  readonly #values: readonly unknown[];
  /** Plain arguments beyond the parameters. */
  readonly positional: readonly unknown[];
  /** Named arguments that no parameter has. */
  readonly named: Map<string, unknown>;

  constructor(
    state: Evaluation,
    parameters: readonly string[],
    values: readonly unknown[],
    positional: readonly unknown[],
    named: Map<string, unknown>,
  ) {
    this.#state = state;
    this.#parameters = parameters;
    this.#values = values;
    this.positional = positional;
    this.named = named;
  }

  /** Returns argument `at` as it is, or undefined when it was not given. */
  raw(at: number): unknown {
    return this.#values[at];
  }

  /** Returns argument `at`, or `fallback` when it was not given; a missing value is an error. */
  value(at: number, fallback: unknown = null): unknown {
    const value = this.#values[at];
    return value === undefined ? fallback : this.#state.present(value);
  }

  /** Returns argument `at` as a text. */
  text(at: number, fallback?: string): string {
    const value = this.value(at, fallback);
    if (typeof value === "string") return value;
    throw this.#wrong(at, "a text", value);
  }

  /** Returns argument `at` as a text, or undefined when it was not given or is none. */
  optionalText(at: number): string | undefined {
    return this.value(at) === null ? undefined : this.text(at);
  }

  /** Returns argument `at` as a whole number. */
  integer(at: number, fallback?: number): number {
    const value = this.value(at, fallback);
    if (typeof value === "boolean") return Number(value);
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw this.#wrong(at, "a whole number", value);
  }

  /** Returns argument `at` as a whole number, or undefined when it was not given or is none. */
  optionalInteger(at: number): number | undefined {
    return this.value(at) === null ? undefined : this.integer(at);
  }

  #wrong(at: number, wanted: string, value: unknown): Error {
    const name = this.#parameters[at] ?? String(at + 1);
    return this.#state.typeError(`Argument ${name} must be ${wanted}, not ${kindOf(value)}`);
  }
}

const NO_NAMES: ReadonlyMap<string, unknown> = new Map();

/**
 * Returns the arguments for `target`, plain ones in order and named ones by name.
 *
 * @param label what is called, for errors
 * @throws {WeirError} TEMPLATE_TYPE when one is missing, unknown, given twice or too many
 */
export function bindArguments(
  state: Evaluation,
  target: Operation,
  label: string,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown> = NO_NAMES,
): Arguments {
  const { parameters, required, rest } = target;
  const values: unknown[] = positional.slice(0, parameters.length);
  const over = positional.slice(parameters.length);
  if (over.length > 0 && rest === "none")
    throw state.typeError(
      `${label} takes at most ${parameters.length} arguments, not ${positional.length}`,
      parameters.length === 0 ? "Leave the arguments out" : `They are ${parameters.join(", ")}`,
    );
  const others = new Map<string, unknown>();
  for (const [name, value] of named) {
    const at = parameters.indexOf(name);
    if (at === -1 && rest === "any") others.set(name, value);
    else if (at === -1)
      throw state.typeError(
        `${label} has no argument ${name}`,
        parameters.length === 0 ? "It takes none" : `Its arguments are ${parameters.join(", ")}`,
      );
    else if (at < positional.length)
      throw state.typeError(`Argument ${name} of ${label} is given twice`, "Give it once");
    else values[at] = value;
  }
  for (let at = 0; at < required; at += 1)
    if (values[at] === undefined)
      throw state.typeError(`${label} needs the argument ${parameters[at]}`, "Add it");
  return new Arguments(state, parameters, values, over, others);
}

/** What a callable thing can do. */
export interface CallableParts {
  readonly call?: Operation;
  readonly methods?: Readonly<Record<string, Operation>>;
  /** Returns a field, or undefined when there is none of this name. */
  readonly field?: (name: string) => unknown;
}

/** A function, a macro, or an object of the engine with methods. */
export class Callable extends Entity {
  readonly call: Operation | undefined;
  readonly methods: Readonly<Record<string, Operation>>;

  constructor(label: string, parts: CallableParts) {
    super(label, parts.field);
    this.call = parts.call;
    this.methods = parts.methods ?? {};
  }
}
