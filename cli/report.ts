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
  if (error.hint !== undefined) lines.push(`${cyan}hint:${noCyan} ${sanitizeLine(error.hint)}`);
  if (options.isDebug) lines.push(...debugLines(error).map(sanitizeLine));
  return `${lines.join("\n")}\n`;
}

/** Returns the message of an error, behind `FILE:LINE:COLUMN: ` when it is about a place in a file. */
function placedMessage({ message, details }: WeirError): string {
  const { file = details["name"], line, column, problemCount } = details;
  if (typeof line !== "number" || typeof column !== "number") return message;
  // Others say in their message where it is.
  if (typeof file !== "string" || message.includes(`:${line}:${column}`)) return message;
  const others = typeof problemCount === "number" ? problemCount - 1 : 0;
  const more = others < 1 ? "" : ` (and ${others} more ${others === 1 ? "problem" : "problems"})`;
  return `${file}:${line}:${column}: ${message}${more}`;
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
