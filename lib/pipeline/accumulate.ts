import { WeirError } from "../base/errors.ts";
import { setKey } from "../template/values.ts";
import { type JsonPath, jsonPathOf } from "./json-path.ts";
import type { Outcome } from "./outcome.ts";
import { isMap, kindName, wordOf } from "./readings.ts";
import type { Reading } from "./setting.ts";

/** How the pages become one value. */
export type Strategy = "append" | "extend" | "replace" | "merge" | "collect" | "none";

const STRATEGIES: readonly Strategy[] = ["append", "extend", "replace", "merge", "collect", "none"];
const PLACES = ["memory", "disk"] as const;

/** `accumulate`, read. */
export interface AccumulateSettings {
  /** Where the items of a page are; undefined for the page itself. */
  readonly path: JsonPath | undefined;
  /** undefined: extend when there is a path or the first page is a list, else append. */
  readonly strategy: Strategy | undefined;
  /** undefined: disk when the task has spec.result, else memory. */
  readonly to: "memory" | "disk" | undefined;
}

/** What holds when the file says nothing. */
export const DEFAULT_ACCUMULATE: AccumulateSettings = {
  path: undefined,
  strategy: undefined,
  to: undefined,
};

/** Bytes of bodies that are gathered in memory; more of them belong on disk. */
export const MEMORY_CAP_BYTES = 128 * 1024 * 1024;

/** Reads `accumulate`: a strategy, a JSONPath, or a map of path, strategy and to. */
export function readAccumulate(value: unknown): Reading<AccumulateSettings> {
  if (typeof value === "string") {
    return readAccumulate(value.startsWith("$") ? { path: value } : { strategy: value });
  }
  if (!isMap(value)) {
    return {
      wrong: `paginate.accumulate is ${kindName(value)}`,
      hint: 'Write accumulate: {path: "$.items", strategy: extend}',
    };
  }
  const { path: pathNode, strategy: word, to: placeWord, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    return {
      wrong: `paginate.accumulate has the key ${JSON.stringify(other)}`,
      hint: "Its keys are path, strategy and to",
    };
  }
  const path = optional(pathNode, jsonPathOf("paginate.accumulate.path"));
  if ("wrong" in path) return path;
  const strategy = optional(word, wordOf("paginate.accumulate.strategy", STRATEGIES));
  if ("wrong" in strategy) return strategy;
  const to = optional(placeWord, wordOf("paginate.accumulate.to", PLACES));
  if ("wrong" in to) return to;
  return { value: { path: path.value, strategy: strategy.value, to: to.value } };
}

function optional<T>(
  value: unknown,
  parse: (value: unknown) => Reading<T>,
): Reading<T | undefined> {
  return value === undefined || value === null ? { value: undefined } : parse(value);
}

/** One page to be added. */
export interface PageData {
  readonly number: number;
  readonly outcome: Pick<Outcome, "http" | "result">;
  /** Its items, undefined when they are not known. */
  readonly items: readonly unknown[] | undefined;
  readonly sizeBytes: number;
}

/** Gathers pages in memory. */
export class Accumulator {
  readonly #settings: AccumulateSettings;
  readonly #maxItems: number;
  readonly #gathered: unknown[] = [];
  #strategy: Strategy | undefined;
  #last: unknown = null;
  #sizeBytes = 0;
  #items = 0;
  #areItemsKnown = true;

  /** @param maxItems items kept at most */
  constructor(settings: AccumulateSettings, maxItems: number) {
    this.#settings = settings;
    this.#strategy = settings.strategy;
    this.#maxItems = maxItems;
  }

  /** Items so far; undefined when a page held none that could be counted. */
  get items(): number | undefined {
    return this.#areItemsKnown ? this.#items : undefined;
  }

  /** True: as many items are there as are wanted. */
  get isFull(): boolean {
    return this.#items >= this.#maxItems;
  }

  /**
   * Adds a page.
   *
   * @throws {WeirError} PAGE_INVALID, BODY_TOO_LARGE
   */
  add(page: PageData): void {
    const { items } = page;
    const kept = items?.slice(0, this.#maxItems - this.#items);
    if (kept === undefined) this.#areItemsKnown = false;
    else this.#items += kept.length;
    const isList = items !== undefined || this.#settings.path !== undefined;
    this.#strategy ??= isList ? "extend" : "append";
    if (this.#strategy !== "none" && this.#strategy !== "replace") this.#weigh(page.sizeBytes);
    this.#take(this.#strategy, page, kept);
  }

  /** Returns what the pages came to. */
  result(): { readonly data: unknown; readonly fields: Readonly<Record<string, unknown>> } {
    return { data: this.#data(), fields: {} };
  }

  #data(): unknown {
    switch (this.#strategy) {
      case "replace":
      case "merge":
        return this.#last;
      case "none":
        return null;
      case undefined:
      case "append":
      case "collect":
      case "extend":
        return this.#gathered;
    }
  }

  #take(strategy: Strategy, page: PageData, items: readonly unknown[] | undefined): void {
    switch (strategy) {
      case "extend":
        if (items === undefined) throw noItems(page);
        // Not by spreading: a page may have more items than a call takes arguments.
        for (const item of items) this.#gathered.push(item);
        return;
      case "append":
        this.#gathered.push(this.#valueOf(page));
        return;
      case "collect":
        this.#gathered.push({
          page: page.number,
          status: page.outcome.http.status,
          data: page.outcome.result.data,
        });
        return;
      case "replace":
        this.#last = this.#valueOf(page);
        return;
      case "merge":
        this.#last = merged(this.#last, this.#valueOf(page));
        return;
      case "none":
    }
  }

  #valueOf({ outcome }: PageData): unknown {
    const { data } = outcome.result;
    const { path } = this.#settings;
    if (path === undefined) return data;
    const found = path.find(data);
    return path.isSingular ? (found[0] ?? null) : found;
  }

  #weigh(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
    if (this.#sizeBytes <= MEMORY_CAP_BYTES) return;
    throw new WeirError("BODY_TOO_LARGE", "The pages together are larger than 128 MiB", {
      hint: "Write accumulate: {to: disk}: then each page is stored",
      details: { capBytes: MEMORY_CAP_BYTES },
    });
  }
}

function noItems({ number }: PageData): WeirError {
  return new WeirError("PAGE_INVALID", `Page ${number} has no list to extend the items with`, {
    hint: 'Say where they are: accumulate: {path: "$.items"}, or gather pages: strategy: append',
  });
}

/** Merges maps down to where one of the two is none; there the later one counts. */
function merged(before: unknown, after: unknown): unknown {
  if (!isMap(before) || !isMap(after)) return after;
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    setKey(result, key, Object.hasOwn(before, key) ? merged(before[key], value) : value);
  }
  return result;
}

/**
 * Returns the items of a page, undefined when it is not known which they are.
 *
 * @throws {WeirError} PAGE_INVALID when the path finds something that is no list
 */
export function itemsOf(data: unknown, path: JsonPath | undefined): readonly unknown[] | undefined {
  if (path === undefined) return Array.isArray(data) ? data : undefined;
  const found = path.find(data);
  if (!path.isSingular) return found;
  const [only] = found;
  if (only === undefined || only === null) return [];
  return Array.isArray(only) ? only : undefined;
}

/** Returns the only list of a page that is a map of it and other things, to count its items. */
export function onlyList(data: unknown): readonly unknown[] | undefined {
  if (!isMap(data)) return undefined;
  const lists = Object.values(data).filter((value) => Array.isArray(value));
  return lists.length === 1 ? lists[0] : undefined;
}
