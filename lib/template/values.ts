import type { Expression } from "./ast.ts";

/** What a missing name, key or index gives; using it is an error unless a test or `default` asks. */
export class Undefined {
  /** Where it came from, for its path and position. */
  readonly node: Expression;
  /** What was looked in, for the nearest name. */
  readonly owner: unknown;
  /** False for `a if b` without `else`, whose missing value prints as nothing. */
  readonly isStrict: boolean;
  /** What happened, when it was no lookup. */
  readonly reason: string | undefined;

  constructor(
    node: Expression,
    init: { readonly owner?: unknown; readonly isStrict?: boolean; readonly reason?: string } = {},
  ) {
    this.node = node;
    this.owner = init.owner;
    this.isStrict = init.isStrict ?? true;
    this.reason = init.reason;
  }
}

/**
 * A text that also has fields, such as a keychain entry: `{{ keychain.github }}` is the text,
 * `{{ keychain.github.user }}` a field of it.
 */
export class FieldedText {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(text: string, fields: Readonly<Record<string, unknown>>) {
    this.text = text;
    this.fields = fields;
  }
}

/** A thing of the engine that is no data: a function, macro, loop, cycler, joiner, namespace. */
export class Entity {
  readonly label: string;
  readonly #field: (name: string) => unknown;

  constructor(label: string, field: (name: string) => unknown = () => undefined) {
    this.label = label;
    this.#field = field;
  }

  /** Returns a field, or undefined when there is none of this name. */
  field(name: string): unknown {
    return this.#field(name);
  }
}

/** The result of `namespace()`: fields that inner scopes can set. */
export class Namespace extends Entity {
  readonly fields: Map<string, unknown>;

  constructor(fields: Map<string, unknown>) {
    super("namespace", (name) => fields.get(name));
    this.fields = fields;
  }
}

/** A map: a plain object, or a Map. Its keys are texts. */
export type Dict = Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>;

/** Kinds of values, as errors name them. */
export type Kind =
  | "none"
  | "boolean"
  | "number"
  | "text"
  | "list"
  | "map"
  | "undefined"
  | "function"
  | "object";

/** Says whether `value` is a map: a Map, or an object without a class. */
export function isDict(value: unknown): value is Dict {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || value instanceof Map;
}

/** Returns the kind of `value`; "object" is anything templates cannot use. */
export function kindOf(value: unknown): Kind {
  if (typeof value === "string" || value instanceof FieldedText) return "text";
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  if (value === null) return "none";
  if (Array.isArray(value)) return "list";
  if (value === undefined || value instanceof Undefined) return "undefined";
  if (value instanceof Entity) return "function";
  return isDict(value) ? "map" : "object";
}

/** Returns the text a key stands for, or undefined when it cannot be one. */
export function keyText(key: unknown): string | undefined {
  if (typeof key === "string") return key;
  return typeof key === "number" ? numberText(key) : undefined;
}

/**
 * Returns the own enumerable data property `key`, or undefined.
 *
 * Accessors are not run, prototypes not searched, functions and symbols not handed out.
 */
export function ownValue(dict: Dict, key: string): unknown {
  const value = dict instanceof Map ? dict.get(key) : ownProperty(dict, key);
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

function ownProperty(object: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(object, key);
  return property?.enumerable === true ? property.value : undefined;
}

/** Says whether `dict` has an own value for `key`. */
export function hasKey(dict: Dict, key: string): boolean {
  return ownValue(dict, key) !== undefined;
}

/** Returns the keys of `dict` that are texts and have a value, in order. */
export function keysOf(dict: Dict): readonly string[] {
  const keys = dict instanceof Map ? [...dict.keys()] : Object.keys(dict);
  return keys.filter((key): key is string => typeof key === "string" && hasKey(dict, key));
}

/** Says whether `dict` has no key, without looking at all of them. */
export function isEmpty(dict: Dict): boolean {
  if (dict instanceof Map) return dict.size === 0;
  for (const key in dict) if (Object.hasOwn(dict, key)) return false;
  return true;
}

/** Sets `key` of a map the engine made; "__proto__" becomes a key like any other. */
export function setKey(dict: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") dict[key] = value;
  else
    Object.defineProperty(dict, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** Returns a number as text: as JSON has it, which is how a URL or body wants it. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "0" : String(value);
}

/** Surrogate pairs make a text shorter for people than for JavaScript. */
const SURROGATE = /[\ud800-\udfff]/;

/** Returns the characters (code points) of `text`. */
export function charactersOf(text: string): readonly string[] {
  return SURROGATE.test(text) ? Array.from(text) : text.split("");
}

/** Returns character `at` of `text`, or undefined; a negative place counts from the end. */
export function characterIn(text: string, at: number): string | undefined {
  return SURROGATE.test(text) ? Array.from(text).at(at) : text.at(at);
}

/** Returns how many characters (code points) `text` has. */
export function lengthOf(text: string): number {
  return SURROGATE.test(text) ? Array.from(text).length : text.length;
}

/** Returns `value`, a text with fields as its text. */
export function plain(value: unknown): unknown {
  return value instanceof FieldedText ? value.text : value;
}
