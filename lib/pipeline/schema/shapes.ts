import { z, type ZodType } from "zod";
import { alternatives, type Words, writeWords } from "./words.ts";

// The shapes that the keys of a pipeline file are made of. Each says what it expects, for errors,
// and what it is for, for editors that read the JSON Schema.

// A file is checked once: code that zod generates for each map takes longer than the check it speeds
// up, 40 against 27 ms for a small file and 330 against 205 for 2,200 lines (bun 1.4.5, zod 4.6.7).
z.config({ jitless: true });

/** Text that holds a template. */
const TEMPLATED = /\{\{|\{%/;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|d|h|m|s))+$|^\d+(?:\.\d+)?$/;
const DURATION_OR_TEMPLATE = new RegExp(`${DURATION.source}|\\{\\{|\\{%`);

/** Shapes of the keys of one map. */
export type Keys = Readonly<Record<string, ZodType>>;

/** What zod shapes are given so that they say `words`. */
interface Says {
  readonly error: string;
}

function error(words: Words): Says {
  return { error: writeWords(words) };
}

/** A text that is a template, so that what it stands for is known in a run only. */
export function template(says: Says): ZodType<string> {
  return z.string(says).regex(TEMPLATED, says);
}

/** Any text; templates may stand in it. */
export function text(example = '"…"', expected = "text"): ZodType<string> {
  return z.string(error({ expected, example })).min(1, error({ expected, example }));
}

/** Text, or a number or boolean that stands for its text. */
export function scalar(example = '"…"'): ZodType<string | number | boolean> {
  const words = { expected: "text, a number, true or false", example };
  return either<string | number | boolean>(words, (says) => [
    z.string(says),
    z.number(says),
    z.boolean(says),
  ]);
}

/** A number, or a template that gives one. */
export function number(
  bounds: { readonly min?: number; readonly max?: number; readonly isWhole?: boolean } = {},
  example = "1",
): ZodType<number | string> {
  const { min = -Number.MAX_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, isWhole } = bounds;
  const noun = isWhole === true ? "a whole number" : "a number";
  const to = bounds.max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
  const range = bounds.min === undefined ? "" : to;
  const words = { expected: `${noun}${range}, or a template that gives one`, example };
  return either<number | string>(words, (says) => [
    (isWhole === true ? z.int(says) : z.number(says)).min(min, says).max(max, says),
    template(says),
  ]);
}

/** A whole number that must be known when the file is read. */
export function count(min: number, max: number, example: string): ZodType<number> {
  const words = error({ expected: `a whole number from ${min} to ${max}`, example });
  return z.int(words).min(min, words).max(max, words);
}

const DURATION_EXPECTED = "a number of seconds, or a duration such as 500ms, 2s or 1m30s";

/** A number of seconds or a duration with units, or a template that gives one. */
export function duration(example = "2s"): ZodType<number | string> {
  return either<number | string>({ expected: DURATION_EXPECTED, example }, (says) => [
    z.number(says).min(0, says),
    z.string(says).regex(DURATION_OR_TEMPLATE, says),
  ]);
}

/** A number of seconds or a duration with units, known when the file is read. */
export function fixedDuration(example = "2s"): ZodType<number | string> {
  return either<number | string>({ expected: DURATION_EXPECTED, example }, (says) => [
    z.number(says).min(0, says),
    z.string(says).regex(DURATION, says),
  ]);
}

const SIZE = /^\d+(?:\.\d+)? ?(?:[kmgt]i?b|b)?$/i;

/** A number of bytes or a size with a unit, at least 1 B, known when the file is read. */
export function fixedSize(example = "500MB"): ZodType<number | string> {
  const expected = "a number of bytes, or a size such as 64MiB or 500MB";
  return either<number | string>({ expected, example }, (says) => [
    z.int(says).min(1, says),
    z.string(says).regex(SIZE, says),
  ]);
}

/** True or false, or a template that gives one. */
export function flag(example = "true"): ZodType<boolean | string> {
  const words = { expected: "true or false, or a template that gives one", example };
  return either<boolean | string>(words, (says) => [z.boolean(says), template(says)]);
}

/** True or false, known when the file is read. */
export function fixedFlag(example = "true"): ZodType<boolean> {
  return z.boolean(error({ expected: "true or false", example }));
}

/** One of a few words. */
export function word<const W extends readonly [string, ...string[]]>(words: W): ZodType<W[number]> {
  const expected = alternatives(words);
  return z.enum(words, error({ expected, example: words[0] }));
}

/** One of a few words, or a template that gives one. */
export function wordOrTemplate<const W extends readonly [string, ...string[]]>(
  words: W,
): ZodType<string> {
  const expected = `${words.join(", ")}, or a template that gives one of them`;
  return either<string>({ expected, example: words[0] }, (says) => [
    z.enum(words, says),
    template(says),
  ]);
}

/** A list whose elements have one shape. */
export function list<T>(
  of: ZodType<T>,
  example = "[ … ]",
  expected = "a list",
): z.ZodArray<ZodType<T>> {
  return z.array(of, error({ expected, example }));
}

/** A map with names of the user's choice. */
export function map<T>(of: ZodType<T>, example = "{ name: … }"): ZodType<Record<string, T>> {
  return z.record(z.string(), of, error({ expected: "a map", example }));
}

/** Any value. */
export function anything(): ZodType<unknown> {
  return z.unknown();
}

/**
 * The first of several shapes that takes a value.
 *
 * @param shapes made with what they say: zod reports the words of a shape that took the type, not
 *   those of the union
 */
export function either<T>(words: Words, shapes: (says: Says) => readonly ZodType<T>[]): ZodType<T> {
  const says = error(words);
  return z.union(shapes(says), says);
}

/** A map with a fixed set of keys; every other key is an error with the nearest name. */
export function table<K extends Keys>(
  keys: K,
  options: {
    readonly example?: string;
    readonly expected?: string;
    /** Keys this format had once, or has elsewhere, with what to do instead. */
    readonly refused?: Readonly<Record<string, string>>;
  } = {},
): z.ZodObject<K, z.core.$strict> {
  const { example = "{ … }", expected = "a map", refused = {} } = options;
  return z.strictObject(keys, {
    error: writeWords({ expected, example, keys: Object.keys(keys), refused }),
  });
}
