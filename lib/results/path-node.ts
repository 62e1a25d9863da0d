import { utf8 } from "../base/bytes.ts";
import type { Step } from "./path.ts";

const BACKSLASH = 0x5c;
// A key may begin with what would be a byte order mark at the start of a text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface NamedChild {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly node: PathNode;
}

/**
 * Where several paths stand after the same number of steps.
 *
 * The nodes below are made when the text first leads there: paths with many `[*]` have far more
 * nodes than any document reaches.
 */
export class PathNode {
  readonly depth: number;
  /** Numbers of the paths that end here. */
  readonly ends: readonly number[];
  /** Numbers of the paths that go on below. */
  readonly others: readonly number[];
  /** True when a path takes every child, so that each key of an object matters. */
  readonly takesAll: boolean;
  readonly #paths: readonly (readonly Step[])[];
  readonly #names: readonly string[];
  readonly #indexes: ReadonlySet<number>;
  readonly #named = new Map<string, NamedChild>();
  readonly #indexed = new Map<number, PathNode>();
  /** Names to compare with the bytes of a key. */
  #candidates: readonly NamedChild[] | undefined;
  #unnamed: PathNode | undefined;

  constructor(paths: readonly (readonly Step[])[], numbers: readonly number[], depth = 0) {
    this.#paths = paths;
    this.depth = depth;
    this.ends = numbers.filter((one) => paths[one]?.length === depth);
    this.others = numbers.filter((one) => !this.ends.includes(one));
    const steps = this.others.map((one) => paths[one]?.[depth]);
    this.takesAll = steps.some((step) => step?.kind === "every");
    this.#names = steps.flatMap((step) => (step?.kind === "name" ? [step.name] : []));
    this.#indexes = new Set(steps.flatMap((step) => (step?.kind === "index" ? [step.index] : [])));
  }

  /** Returns the child for the item at `index`, undefined when no path leads there. */
  item(index: number): PathNode | undefined {
    if (!this.#indexes.has(index)) return this.#rest();
    let node = this.#indexed.get(index);
    if (node === undefined) {
      node = this.#child((step) => step.kind === "index" && step.index === index);
      this.#indexed.set(index, node);
    }
    return node;
  }

  /** Returns the child for a member, undefined when no path leads there. */
  member(key: string): PathNode | undefined {
    return this.#names.includes(key) ? this.#childNamed(key).node : this.#rest();
  }

  /**
   * Returns the key that stands between `from` and `end`, with its escapes undone; undefined when
   * no path asks for it. Bytes are compared first, and keys without escapes are never decoded.
   */
  keyAt(bytes: Uint8Array, from: number, end: number): string | undefined {
    if (this.takesAll) return unescaped(bytes, from, end);
    this.#candidates ??= [...new Set(this.#names)].map((name) => this.#childNamed(name));
    for (const { name, bytes: wanted } of this.#candidates) {
      if (isSame(bytes, from, end, wanted)) return name;
    }
    if (this.#names.length === 0 || !hasBackslash(bytes, from, end)) return undefined;
    const key = unescaped(bytes, from, end);
    return key !== undefined && this.#names.includes(key) ? key : undefined;
  }

  #childNamed(name: string): NamedChild {
    let child = this.#named.get(name);
    if (child === undefined) {
      const node = this.#child((step) => step.kind === "name" && step.name === name);
      child = { name, bytes: utf8(name), node };
      this.#named.set(name, child);
    }
    return child;
  }

  #rest(): PathNode | undefined {
    if (!this.takesAll) return undefined;
    this.#unnamed ??= this.#child(() => false);
    return this.#unnamed;
  }

  #child(isTaken: (step: Step) => boolean): PathNode {
    const numbers = this.others.filter((one) => {
      const step = this.#paths[one]?.[this.depth];
      return step !== undefined && (step.kind === "every" || isTaken(step));
    });
    return new PathNode(this.#paths, numbers, this.depth + 1);
  }
}

function isSame(bytes: Uint8Array, from: number, end: number, wanted: Uint8Array): boolean {
  if (end - from !== wanted.byteLength) return false;
  for (let at = 0; at < wanted.byteLength; at += 1) {
    if (bytes[from + at] !== wanted[at]) return false;
  }
  return true;
}

function hasBackslash(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (bytes[at] === BACKSLASH) return true;
  return false;
}

/** Returns the text of a key; undefined when its escapes are not those of JSON. */
function unescaped(bytes: Uint8Array, from: number, end: number): string | undefined {
  const text = decoder.decode(bytes.subarray(from, end));
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    // No key of JSON, so it is none that a path asks for.
    return undefined;
  }
}

/** Yields what the steps from `depth` on find in a value of JSON. */
export function* walk(value: unknown, steps: readonly Step[], depth: number): Generator<unknown> {
  const step = steps[depth];
  if (step === undefined) {
    yield value;
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (step.kind === "every") {
    for (const one of Object.values(value)) yield* walk(one, steps, depth + 1);
    return;
  }
  if (Array.isArray(value) !== (step.kind === "index")) return;
  const key = step.kind === "name" ? step.name : String(step.index);
  // True: Object.hasOwn has just said that the key is there; `__proto__` is a key like any other.
  const members = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, key)) yield* walk(members[key], steps, depth + 1);
}
