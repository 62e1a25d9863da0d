import type { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { type Expression, pathText } from "./ast.ts";
import { templateError, type TemplateErrorCode, type TemplateSource } from "./errors.ts";
import { DEFAULT_LIMITS, type TemplateLimits } from "./limits.ts";
import { type Dict, Entity, isDict, keysOf, kindOf, ownValue, Undefined } from "./values.ts";

/** Values by name; a list of maps is searched in order, so that nothing has to be merged. */
export type TemplateContext = Dict | readonly Dict[];

/** A function the caller lends to templates, such as `now` or `uuid`. It must be quick and pure. */
export type TemplateFunction = (
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
) => unknown;

/** What one evaluation is given beside its context. */
export interface EvaluateOptions {
  /** What is left out is as in DEFAULT_LIMITS. */
  readonly limits?: Partial<TemplateLimits>;
  /** Functions by name; a value of the context with the same name wins. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** Returns a number from 0 to below 1, for the filter `random`, which is an error without it. */
  readonly random?: () => number;
}

/** What templates can call; handed in, because filters such as `map` call others by name. */
export interface Library {
  /** Returns the function of this name that no value of the context hides. */
  functionNamed(name: string): Entity | undefined;
  functionNames(): readonly string[];
  hasFilter(name: string): boolean;
  hasTest(name: string): boolean;
  applyFilter(state: Evaluation, name: string, call: Application): unknown;
  applyTest(state: Evaluation, name: string, call: Application): boolean;
}

/** A value and the arguments of the filter or test it goes through. */
export interface Application {
  readonly value: unknown;
  readonly positional: readonly unknown[];
  readonly named: ReadonlyMap<string, unknown>;
}

/** Characters of text that cost one step. */
const STEP_CHARACTERS = 16;
const NAMES_LOOKED_AT = 200;

/** Stands where no node ran yet. */
const NO_NODE: Expression = { kind: "tuple", items: [], offset: 0, depth: 1 };

/** Variables of a template; looking one up goes from the inner scope to the outer ones. */
export class Scope {
  readonly #parent: Scope | undefined;
  readonly #values = new Map<string, unknown>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  get(name: string): unknown {
    // none is a value, undefined is not.
    const value = this.#values.get(name);
    return value === undefined ? this.#parent?.get(name) : value;
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }
}

/** One evaluation: its values, what it has written, and what is left of its budget. */
export class Evaluation {
  readonly source: TemplateSource;
  readonly limits: TemplateLimits;
  readonly options: EvaluateOptions;
  readonly library: Library;
  readonly #layers: readonly Dict[];
  /** Innermost scope, or undefined while the template has set nothing. */
  scope: Scope | undefined;
  /** What is written so far, here or in the innermost capture. */
  output = "";
  /** Where the operation that runs now stands in the source. */
  offset = 0;
  /** The node that runs now, which a value missing in its input is blamed on. */
  node: Expression = NO_NODE;
  /** True inside an autoescape block. */
  isEscaping = false;
  /** The text a filter block has captured for its filters. */
  captured = "";
  /** True once a list may hold what no caller can use, so that the result must be searched. */
  mustSettle = false;
  /** Pairs made by `groupby`, whose fields are `grouper` and `list`. */
  #groups: WeakSet<object> | undefined;
  /** Lists and maps this evaluation made, which its methods may change. */
  #owned: WeakSet<object> | undefined;
  /** Changed copies of values of the context, which itself is never changed. */
  #copies: Map<object, unknown> | undefined;
  #stepsLeft: number;
  #bytesLeft: number;
  #depthLeft: number;

  constructor(
    source: TemplateSource,
    context: TemplateContext,
    library: Library,
    options: EvaluateOptions,
  ) {
    this.source = source;
    this.library = library;
    this.options = options;
    const { limits } = options;
    this.limits = limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits };
    this.#layers = layersOf(context);
    this.#stepsLeft = this.limits.steps;
    this.#bytesLeft = this.limits.outputCapBytes;
    this.#depthLeft = this.limits.recursionDepth;
  }

  /** Returns the value of `name`, or undefined: variables first, then the context, then functions. */
  lookup(name: string): unknown {
    const local = this.scope?.get(name);
    if (local !== undefined) return local;
    for (const layer of this.#layers) {
      const value = ownValue(layer, name);
      if (value !== undefined) return this.current(value);
    }
    return this.library.functionNamed(name);
  }

  /** Returns `value`, or the changed copy of it that this evaluation made. */
  current(value: unknown): unknown {
    if (this.#copies === undefined || typeof value !== "object" || value === null) return value;
    return this.#copies.get(value) ?? value;
  }

  /** True once a value of the context was changed, in a copy. */
  get hasCopies(): boolean {
    return this.#copies !== undefined;
  }

  /** Marks a list or map as made here, and returns it. */
  own<T extends object>(value: T): T {
    this.#owned ??= new WeakSet();
    this.#owned.add(value);
    return value;
  }

  /** Marks a list as a pair made by `groupby`, and returns it. */
  group<T extends object>(pair: T): T {
    this.#groups ??= new WeakSet();
    this.#groups.add(pair);
    return pair;
  }

  /** Says whether a list is a pair made by `groupby`. */
  isGroup(list: object): boolean {
    return this.#groups?.has(list) === true;
  }

  /** Returns `value` when it was made here, else a copy that stands for it from now on. */
  changeable<T extends object>(value: T, copy: (value: T) => T): T {
    if (this.#owned?.has(value) === true) return value;
    const made = this.own(copy(value));
    this.#copies ??= new Map();
    this.#copies.set(value, made);
    return made;
  }

  /** Takes `count` steps from the budget. */
  charge(count: number): void {
    this.#stepsLeft -= count;
    if (this.#stepsLeft < 0)
      throw this.fail(
        "TEMPLATE_BUDGET",
        `The template takes more than ${this.limits.steps} steps`,
        {
          hint: "Make its loops and lists smaller, or use a script task",
        },
      );
  }

  /** Takes the steps of a text of `length` characters, which must be within the cap. */
  chargeText(length: number): void {
    if (length > this.limits.outputCapBytes) throw this.#tooLong();
    this.charge(1 + length / STEP_CHARACTERS);
  }

  /** Refuses a list of `length` items that an operation is about to make. */
  chargeList(length: number): void {
    if (length > this.limits.repeatLength)
      throw this.fail(
        "TEMPLATE_BUDGET",
        `The list would have more than ${this.limits.repeatLength} items`,
        { hint: "Make the list smaller" },
      );
    this.charge(1 + length);
  }

  /** Runs `body`, a call, with `depth` more levels of the tree on the stack. */
  deeper<T>(depth: number, body: () => T): T {
    this.charge(4);
    this.#depthLeft -= depth;
    if (this.#depthLeft < 0)
      throw this.fail("TEMPLATE_BUDGET", "The template calls itself too often", {
        hint: "Give the macro or the recursive loop an end",
      });
    const result = body();
    this.#depthLeft += depth;
    return result;
  }

  /** Adds `text` to the output. */
  write(text: string): void {
    this.charge(1 + text.length / STEP_CHARACTERS);
    // A UTF-16 unit is at most three bytes, so most text need not be measured.
    const isSmall = text.length * 3 <= this.#bytesLeft && text.length < 64;
    this.#bytesLeft -= isSmall ? text.length : utf8Length(text);
    if (this.#bytesLeft < 0) throw this.#tooLong();
    this.output += text;
  }

  /** Returns what `body` writes instead of adding it to the output. */
  capture(body: () => void): string {
    const before = this.output;
    this.output = "";
    body();
    const captured = this.output;
    this.output = before;
    return captured;
  }

  /** Runs `body` with a scope of its own inside `parent`. */
  inScope<T>(body: (scope: Scope) => T, parent = this.scope): T {
    const before = this.scope;
    const scope = new Scope(parent);
    this.scope = scope;
    const result = body(scope);
    this.scope = before;
    return result;
  }

  /** Sets a variable of the innermost scope. */
  assign(name: string, value: unknown): void {
    this.scope ??= new Scope();
    this.scope.set(name, value);
  }

  /** Returns an error at the current place. */
  fail(
    code: TemplateErrorCode,
    message: string,
    words: { readonly hint: string; readonly offset?: number; readonly path?: string },
  ): WeirError {
    const at = words.offset ?? this.offset;
    return templateError(code, this.source, at, { message, hint: words.hint, path: words.path });
  }

  /** Returns the error that values are of the wrong kind or size. */
  typeError(message: string, hint = "Check the kinds of the values here"): WeirError {
    return this.fail("TEMPLATE_TYPE", message, { hint });
  }

  #tooLong(): WeirError {
    const cap = this.limits.outputCapBytes;
    return this.fail("TEMPLATE_BUDGET", `The template makes more than ${cap} bytes of text`, {
      hint: "Write large results with a write task",
    });
  }

  /** Returns an Undefined that the operation running now gives, such as the first of no items. */
  missing(reason: string): Undefined {
    return new Undefined(this.node, { reason });
  }

  /** Returns `value`; a missing one is an error, or none where `a if b` has no `else`. */
  present(value: unknown): unknown {
    if (value === undefined) return null;
    if (!(value instanceof Undefined)) return value;
    if (!value.isStrict) return null;
    throw this.undefinedError(value);
  }

  /** Returns the error that a missing value is used. */
  undefinedError(value: Undefined): WeirError {
    const path = shorten(pathText(value.node));
    const message = value.reason === undefined ? `"${path}" is not defined` : value.reason;
    return this.fail("TEMPLATE_UNDEFINED", message, {
      hint: this.#undefinedHint(value),
      offset: value.node.offset,
      path,
    });
  }

  #undefinedHint({ node, owner }: Undefined): string {
    const may = "If it may be missing, use default(…) or test it with is defined";
    if (node.kind === "name") {
      const near = nearestName(node.name, this.#names());
      return near === undefined ? may : `Did you mean "${near}"`;
    }
    if (node.kind !== "attribute") return may;
    if (!isDict(owner) && !(owner instanceof Entity)) {
      return `A ${kindOf(owner)} has no fields; its methods are called with ()`;
    }
    const inner = isDict(owner) ? ownValue(owner, "data") : undefined;
    if (isDict(inner) && ownValue(inner, node.name) !== undefined) {
      return `It is one level deeper: data.${shorten(node.name)}`;
    }
    const keys = isDict(owner) ? keysOf(owner).slice(0, NAMES_LOOKED_AT) : [];
    const near = nearestName(node.name, keys);
    return near === undefined ? may : `Did you mean "${shorten(near)}"`;
  }

  #names(): readonly string[] {
    const names = this.#layers.flatMap((layer) => keysOf(layer).slice(0, NAMES_LOOKED_AT));
    return [...names, ...this.library.functionNames()];
  }
}

/** The options of an evaluation that has none. */
export const NO_OPTIONS: EvaluateOptions = {};

function layersOf(context: TemplateContext): readonly Dict[] {
  // A list of maps; a map is never a list.
  return Array.isArray(context) ? context : [context as Dict];
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Each half of a surrogate pair is two of its four bytes.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
