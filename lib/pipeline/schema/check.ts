import type { ZodType } from "zod";
import type { WeirError } from "../../base/errors.ts";
import { keyPathText } from "../../base/key-path.ts";
import type { Complaint, KeyPath, Source } from "../source.ts";
import { readWords, wordsFor } from "./words.ts";

type Issue = NonNullable<ReturnType<ZodType["safeParse"]>["error"]>["issues"][number];
interface Found {
  readonly path: KeyPath;
  readonly complaint: Complaint;
}

const LISTED = 20;

/** Returns a path as people write it: `workflow[0].tool`. */
export function pathText(path: KeyPath): string {
  return path.length === 0 ? "The file" : keyPathText(path);
}

/** Returns the noun phrase for what `value` is; never the value, which may be a secret. */
export function kindText(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "string") return value === "" ? "an empty text" : "a text";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return "a number";
  return "a map";
}

/**
 * Checks a node of the file and returns it with its type.
 *
 * @throws {WeirError} PIPELINE_INVALID for the first thing wrong; the others in `details.problems`
 */
export function check<T>(shape: ZodType<T>, value: unknown, path: KeyPath, source: Source): T {
  const result = shape.safeParse(value, { reportInput: true, error: wordsFor });
  if (result.success) return result.data;
  const errors = withoutMissing(result.error.issues)
    .flatMap((issue) => complaintsOf(issue, path, nameIn(source)))
    .map((found) => source.error(found.path, found.complaint));
  throw firstOf(errors);
}

/** Returns the error that stands first in the file, with all of them in `details.problems`. */
export function firstOf(errors: readonly WeirError[]): WeirError {
  // What several tasks take over from one place is wrong once.
  const apart = new Map(errors.map((error) => [`${placeNumber(error)} ${error.message}`, error]));
  const sorted = [...apart.values()].toSorted((a, b) => placeNumber(a) - placeNumber(b));
  const [first] = sorted;
  if (first === undefined) throw new RangeError("There is no error");
  if (sorted.length === 1) return first;
  const problems = sorted.slice(0, LISTED).map(({ code, message, hint, details }) => ({
    code,
    line: details["line"],
    column: details["column"],
    message,
    hint,
  }));
  Object.assign(first.details, { problemCount: sorted.length, problems });
  return first;
}

/** A key that does not exist is more likely a misspelled one than one too many. */
function withoutMissing(issues: readonly Issue[]): readonly Issue[] {
  const maps = issues.flatMap(({ code, path }) =>
    code === "unrecognized_keys" ? [path.join("\n")] : [],
  );
  return issues.filter(
    (issue) => !isMissing(issue) || !maps.includes(issue.path.slice(0, -1).join("\n")),
  );
}

function isMissing({ code, input, path }: Issue): boolean {
  const isOfValue = code === "invalid_type" || code === "invalid_value" || code === "invalid_union";
  return isOfValue && input === undefined && path.length > 0;
}

function placeNumber({ details: { line, column } }: WeirError): number {
  return Number(line ?? 0) * 100_000 + Number(column ?? 0);
}

/** Says how a node is called: by the level of the file it is written at. */
type NameOf = (path: KeyPath) => string;

function nameIn(source: Source): NameOf {
  return (path) => pathText(source.originOf?.(path) ?? path);
}

function complaintsOf(issue: Issue, base: KeyPath, nameOf: NameOf): readonly Found[] {
  // Zod's paths hold symbols for symbol keys, which YAML has none of.
  const path = [...base, ...(issue.path as KeyPath)];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey(key, issue, path, nameOf));
  if (issue.code === "invalid_union") {
    const inner = nearestBranch(issue.errors);
    if (inner !== undefined)
      return withoutMissing(inner).flatMap((one) => complaintsOf(one, path, nameOf));
  }
  return [misfit(issue, path, nameOf)];
}

/** The branch of a union that took the value's type and found something inside it. */
function nearestBranch(branches: readonly (readonly unknown[])[]): readonly Issue[] | undefined {
  // Issues in a union are issues like any other; zod's types do not say so.
  const inside = (branches as readonly (readonly Issue[])[]).filter((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
  );
  const depth = (issues: readonly Issue[]): number =>
    Math.max(...issues.map(({ path }) => path.length));
  return inside.toSorted((a, b) => a.length - b.length || depth(b) - depth(a))[0];
}

function unknownKey(key: string, issue: Issue, path: KeyPath, nameOf: NameOf): Found {
  const { refuse } = readWords(issue.message);
  const { message, hint } = refuse(key);
  return {
    path: [...path, key],
    complaint: { message: message.replace("KEY", nameOf([...path, key])), hint, part: "key" },
  };
}

function misfit(issue: Issue, path: KeyPath, nameOf: NameOf): Found {
  const { expected, example } = readWords(issue.message);
  const name = nameOf(path);
  const key = path.findLast((part) => typeof part === "string");
  const hint = `Write ${key === undefined || typeof path.at(-1) === "number" ? "" : `${key}: `}${example}`;
  if (isMissing(issue))
    return { path: path.slice(0, -1), complaint: { message: `${name} is missing`, hint } };
  const kind = issue.code === "invalid_type" || issue.code === "invalid_union";
  const not = kind ? `, not ${kindText(issue.input)}` : "";
  return { path, complaint: { message: `${name} must be ${expected}${not}`, hint } };
}
