import { type ErrorCode, WeirError } from "../base/errors.ts";
import { drawFrame } from "./frame.ts";
import { keyPathText } from "../base/key-path.ts";
import { indexKeys, type KeyPath, type Place } from "./locate.ts";

/** One thing wrong with a value, before it is known where in the file that value stands. */
export interface Problem {
  readonly code: ErrorCode;
  readonly path: KeyPath;
  /** Whether the name is wrong or what it is set to. */
  readonly about: "key" | "value";
  /** Sentence without final period that begins with the key. */
  readonly message: string;
  readonly hint: string;
}

/** A configuration file as it was read. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Problems named one by one in an error; the rest are counted. */
const LISTED = 20;

/** Returns a place as editors and compilers write it. */
export function placeText(file: string, place: Place): string {
  return `${file}:${place.line}:${place.column}`;
}

function byPlace(a: Place, b: Place): number {
  return a.line - b.line || a.column - b.column;
}

/**
 * Returns the error for the problems of one file: the first in the file as its message, all of
 * them in `details.problems`.
 */
export function problemsError(source: Source, problems: readonly Problem[]): WeirError {
  const index = indexKeys(source.text);
  const found = problems
    .map((problem) => {
      const { path, about } = problem;
      return { problem, place: about === "key" ? index.keyPlace(path) : index.valuePlace(path) };
    })
    .sort((a, b) => byPlace(a.place, b.place));
  const [first] = found;
  if (first === undefined) return new WeirError("INTERNAL", "An error without a problem was made");
  const { problem, place } = first;
  const others = found.length - 1;
  const more = others === 0 ? "" : ` (and ${others} more ${others === 1 ? "problem" : "problems"})`;
  const at = placeText(source.file, place);
  return new WeirError(problem.code, `${problem.message}, in ${at}${more}`, {
    hint: problem.hint,
    details: {
      file: source.file,
      ...place,
      key: keyPathText(problem.path),
      frame: drawFrame(source.text, place, problem.path),
      problemCount: found.length,
      problems: found.slice(0, LISTED).map(({ problem: one, place: where }) => ({
        code: one.code,
        key: keyPathText(one.path),
        ...where,
        message: one.message,
        hint: one.hint,
      })),
    },
  });
}
