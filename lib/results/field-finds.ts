import type { Finds } from "./json-reader.ts";
import { jsonSize } from "./json-size.ts";
import { type PathNode, walk } from "./path-node.ts";
import { type PlannedField, tooLarge } from "./field.ts";

interface Find {
  /** Number of the field; undefined when it was forgotten. */
  field: number | undefined;
  readonly value: unknown;
  readonly bytes: number;
}

/** Parses what a reader finds and keeps it, a field at most `capBytes` of it. */
export class FieldFinds implements Finds {
  readonly #fields: readonly PlannedField[];
  readonly #capBytes: number;
  readonly #sizes: number[];
  readonly #finds: Find[] = [];

  constructor(fields: readonly PlannedField[], capBytes: number) {
    this.#fields = fields;
    this.#capBytes = capBytes;
    this.#sizes = fields.map(() => 0);
  }

  get count(): number {
    return this.#finds.length;
  }

  found(node: PathNode, text: Uint8Array): boolean {
    const parsed = parseBytes(text);
    if (parsed === undefined) return false;
    for (const field of node.ends) this.#add(field, parsed.value, text.byteLength);
    for (const field of node.others) {
      const steps = this.#fields[field]?.path.steps ?? [];
      for (const value of walk(parsed.value, steps, node.depth)) {
        const bytes = jsonSize(value, this.#capBytes);
        if (typeof bytes === "string") throw this.#tooLarge(field, bytes);
        this.#add(field, value, bytes);
      }
    }
    return true;
  }

  forget(start: number, end: number): void {
    for (let at = end - 1; at >= start; at -= 1) {
      const find = this.#finds[at];
      if (find?.field === undefined) continue;
      // What lies before others stays in their way, and in the cap: memory is what is bounded.
      if (at === this.#finds.length - 1) {
        this.#sizes[find.field] = (this.#sizes[find.field] ?? 0) - find.bytes - 1;
        this.#finds.pop();
      } else find.field = undefined;
    }
  }

  refuse(node: PathNode, why: "size" | "depth"): never {
    throw this.#tooLarge(node.ends[0] ?? node.others[0] ?? 0, why);
  }

  /** Returns what each field found, in the order of the text. */
  values(): readonly (readonly unknown[])[] {
    const lists: unknown[][] = this.#fields.map(() => []);
    for (const { field, value } of this.#finds) {
      if (field !== undefined) lists[field]?.push(value);
    }
    return lists;
  }

  #add(field: number, value: unknown, bytes: number): void {
    const size = (this.#sizes[field] ?? 0) + bytes + 1;
    if (size > this.#capBytes + 1) throw this.#tooLarge(field, "size");
    this.#sizes[field] = size;
    this.#finds.push({ field, value, bytes });
  }

  #tooLarge(at: number, why: "size" | "depth"): Error {
    const [field] = this.#fields.slice(at);
    if (field === undefined) return new RangeError(`No field ${at}`);
    return tooLarge(field, why, this.#capBytes);
  }
}

// A byte order mark inside a text is a character like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns the value of a JSON text, undefined when it is none. */
export function parseBytes(text: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(decoder.decode(text)) };
  } catch {
    // Expected of a body that is not JSON; the caller says where.
    return undefined;
  }
}
