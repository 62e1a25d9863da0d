import { type ErrorCode, ERRORS, messageOf, type WeirError } from "../lib/base/errors.ts";
import { sanitizeLine } from "../lib/base/sanitize.ts";
import type { Io } from "./io.ts";

/** How an error is written. */
export interface ReportOptions {
  /** True adds the cause chain and the stack. */
  readonly isDebug: boolean;
  readonly isColoured: boolean;
}

/** An error as programs read it. */
export interface ErrorReport {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint?: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

const RED = ["\u001b[31m", "\u001b[39m"] as const;
const CYAN = ["\u001b[36m", "\u001b[39m"] as const;
const PLAIN = ["", ""] as const;

/** Returns the lines that tell a person about `error`, made safe for a terminal. */
export function errorText(error: WeirError, options: ReportOptions): string {
  const [red, noRed] = options.isColoured ? RED : PLAIN;
  const [cyan, noCyan] = options.isColoured ? CYAN : PLAIN;
  const lines = [`weir: ${red}error:${noRed} ${sanitizeLine(placedMessage(error))}`];
  lines.push(...frameLines(error).map((line) => `  ${sanitizeLine(line)}`));
  lines.push(...bodyLines(error).map((line) => `${cyan}response:${noCyan} ${sanitizeLine(line)}`));
  if (error.hint !== undefined) lines.push(`${cyan}hint:${noCyan} ${sanitizeLine(error.hint)}`);
  lines.push(...otherProblems(error).map((line) => `also: ${sanitizeLine(line)}`));
  if (options.isDebug) lines.push(...debugLines(error).map(sanitizeLine));
  return `${lines.join("\n")}\n`;
}

/** Returns the message of an error, behind `FILE:LINE:COLUMN: ` when it is about a place in a file. */
function placedMessage(error: WeirError): string {
  const place = placeOf(error);
  return place === undefined ? error.message : `${place}: ${error.message}`;
}

/** Returns the place an error is about, undefined when its message has it, or there is none. */
function placeOf({ message, details }: WeirError): string | undefined {
  const { file = details["name"], line, column } = details;
  if (typeof line !== "number" || typeof column !== "number") return undefined;
  if (typeof file !== "string" || message.includes(`:${line}:${column}`)) return undefined;
  return `${file}:${line}:${column}`;
}

/** What else is wrong with the same file, a line each: all of it can be put right at once. */
function otherProblems(error: WeirError): readonly string[] {
  const { file, problems, problemCount } = error.details;
  if (placeOf(error) === undefined || !Array.isArray(problems)) return [];
  const rest: readonly unknown[] = problems.slice(1);
  const lines = rest.flatMap((one) => {
    if (typeof one !== "object" || one === null || !("message" in one)) return [];
    // An object: its keys are texts.
    const { line = "", column = "", message } = one as Readonly<Record<string, unknown>>;
    return [`${String(file)}:${String(line)}:${String(column)}: ${String(message)}`];
  });
  const unlisted = typeof problemCount === "number" ? problemCount - problems.length : 0;
  return unlisted > 0 ? [...lines, `${unlisted} more`] : lines;
}

/** Returns `error` as data; `hint` is left out when there is none. */
export function errorReport({ code, message, hint, details }: WeirError): ErrorReport {
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), details } };
}

/** Tells a person about `error` on standard error and returns the exit status. Never rejects. */
export async function reportError(error: WeirError, io: Io, isDebug: boolean): Promise<number> {
  const text = errorText(error, { isDebug, isColoured: io.isStderrColoured });
  // With standard error gone nobody can be told; the exit status still speaks.
  await io.stderr.write(text).catch(() => undefined);
  return ERRORS[error.code].exit;
}

/** A source line with a caret under it, when the error came with one: text or lines. */
function frameLines({ details }: WeirError): readonly string[] {
  const { frame } = details;
  if (typeof frame === "string") return frame.split("\n");
  return Array.isArray(frame) ? frame.map(String) : [];
}

/** Longest part of a body that is shown: servers say early what they do not like. */
const SHOWN_BODY = 300;

/** How the body of the response begins that made a pipeline fail, on one line. */
function bodyLines({ details }: WeirError): readonly string[] {
  const { body_preview: preview } = details;
  const text = typeof preview === "string" ? preview.replace(/\s+/g, " ").trim() : "";
  if (text === "") return [];
  return [text.length > SHOWN_BODY ? `${text.slice(0, SHOWN_BODY)}…` : text];
}

function debugLines(error: WeirError): string[] {
  const lines = [`code: ${error.code}`];
  const seen = new Set<unknown>([error]);
  let cause = error.cause;
  while (cause !== undefined && !seen.has(cause)) {
    seen.add(cause);
    lines.push(`caused by: ${nameOf(cause)}${messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  const innermost = [...seen].findLast((one) => one instanceof Error);
  lines.push(...stackLines(error));
  if (innermost instanceof Error && innermost !== error) {
    lines.push("innermost cause:", ...stackLines(innermost));
  }
  return lines;
}

function nameOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  const code = "code" in cause && typeof cause.code === "string" ? ` ${cause.code}` : "";
  return `${cause.name}${code}: `;
}

/** The stack without its first line, which repeats the message. */
function stackLines(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => `  ${line.trim()}`);
}
