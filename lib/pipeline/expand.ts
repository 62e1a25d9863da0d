import type { TemplateName, TemplateOptions } from "../template/render.ts";
import type { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import type { Complaint, KeyPath, Place, Source } from "./source.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A `spec` of one level: that of the run, a step, a loop or a task. */
export interface SpecLevel {
  readonly spec: Fields;
  /** Undefined for what no file says. */
  readonly path: KeyPath | undefined;
}

/** What holds for one task after the levels were merged. */
export interface MergedSpec {
  readonly spec: Fields;
  /** Knows where the parts stand that come from other levels. */
  readonly source: Source;
}

/** Where the parts of a merged spec come from: relative path as JSON to path in the file. */
type Origins = Map<string, KeyPath>;

function mergeInto(
  outer: Fields,
  { spec, path }: SpecLevel,
  at: readonly string[],
  origins: Origins,
): Fields {
  // Not an object: a file may have a key named __proto__.
  const merged = new Map(Object.entries(outer));
  for (const [key, value] of Object.entries(spec)) {
    const here = [...at, key];
    const below = path === undefined ? undefined : [...path, key];
    const before = Object.hasOwn(outer, key) ? outer[key] : undefined;
    if (isRecord(before) && isRecord(value)) {
      merged.set(key, mergeInto(before, { spec: value, path: below }, here, origins));
      continue;
    }
    merged.set(key, value);
    forget(origins, here);
    if (below !== undefined) origins.set(JSON.stringify(here), below);
  }
  return Object.fromEntries(merged);
}

/** Drops what is known of the parts of a value that another one replaces. */
function forget(origins: Origins, at: readonly string[]): void {
  const prefix = `${JSON.stringify(at).slice(0, -1)},`;
  for (const key of origins.keys()) if (key.startsWith(prefix)) origins.delete(key);
}

/** A source that knows parts of one node from other places of the same file. */
class MergedSource implements Source {
  readonly file: string;
  readonly text: string;
  readonly #base: Source;
  readonly #path: KeyPath;
  readonly #origins: Origins;

  constructor(base: Source, path: KeyPath, origins: Origins) {
    this.file = base.file;
    this.text = base.text;
    this.#base = base;
    this.#path = path;
    this.#origins = origins;
  }

  placeOf(path: KeyPath, part?: "key" | "value"): Place {
    return this.#base.placeOf(this.originOf(path), part);
  }

  templateAt(path: KeyPath): TemplateOptions {
    return this.#base.templateAt(this.originOf(path));
  }

  error(path: KeyPath, complaint: Complaint): WeirError {
    return this.#base.error(this.originOf(path), complaint);
  }

  note(path: KeyPath, names: readonly TemplateName[]): void {
    this.#base.note?.(this.originOf(path), names);
  }

  originOf(path: KeyPath): KeyPath {
    if (!this.#path.every((part, at) => path[at] === part)) return path;
    const rest = path.slice(this.#path.length);
    for (let length = rest.length; length > 0; length -= 1) {
      const origin = this.#origins.get(JSON.stringify(rest.slice(0, length)));
      if (origin !== undefined) return [...origin, ...rest.slice(length)];
    }
    return path;
  }
}

/**
 * Returns the spec of a task: of two scalars or lists the inner one wins, maps are merged.
 *
 * @param levels from the outermost to the task's own
 * @param path where the task's own spec stands, or would stand
 */
export function mergeSpecs(
  levels: readonly SpecLevel[],
  path: KeyPath,
  source: Source,
): MergedSpec {
  const origins: Origins = new Map();
  let spec: Fields = {};
  for (const level of levels) spec = mergeInto(spec, level, [], origins);
  return { spec, source: new MergedSource(source, path, origins) };
}

/** A rule as one would write it by hand. */
export interface WrittenRule {
  readonly when: string;
  readonly action: Fields;
}

/** A status, a class of statuses such as 5xx, or a kind of error: its shape was checked. */
function causeText(cause: unknown): string {
  const word = String(cause).toLowerCase();
  if (/^\d{3}$/.test(word)) return `outcome.http.status == ${word}`;
  const [, digit] = /^(\d)xx$/.exec(word) ?? [];
  if (digit !== undefined)
    return `(outcome.http.status is number and outcome.http.status // 100 == ${digit})`;
  return `(outcome.error is not none and outcome.error.kind == '${word}')`;
}

/**
 * Returns the rules that `spec.retry` stands for.
 *
 * @param retry its value: tries in all, a map, or false for none
 */
export function retryRules(retry: unknown): readonly WrittenRule[] {
  if (retry === undefined || retry === null || retry === false) return [];
  if (!isRecord(retry)) {
    const action = { do: "retry", attempts: retry, backoff: "exponential", delay: 1 };
    return [{ when: RETRYABLE, action }];
  }
  const { on, ...fields } = retry;
  const causes: readonly unknown[] = on === undefined ? [] : Array.isArray(on) ? on : [on];
  const when = causes.length === 0 ? RETRYABLE : causes.map(causeText).join(" or ");
  return [{ when, action: { do: "retry", ...fields } }];
}

const RETRYABLE = "outcome.error is not none and outcome.error.retryable";
