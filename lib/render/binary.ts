import { sanitizeLine } from "../base/sanitize.ts";
import { isUtf8 } from "./charset.ts";
import { isBinaryType, isTextType } from "./media-type.ts";
import { clipToWidth, displayWidth } from "./size.ts";

/** How many of the first bytes are looked at to tell text from other data. */
export const SNIFF_BYTES = 8192;

/** What is known of a body before it is shown. */
export interface BodyStart {
  /** `type/subtype`, or "". */
  readonly type: string;
  /** The charset, when something says it. */
  readonly charset: string | undefined;
  readonly first: Uint8Array;
}

/** Says whether a body that starts so is not text. */
export function isBinary({ type, charset, first }: BodyStart): boolean {
  if (isBinaryType(type)) return true;
  // UTF-16 is full of NUL; nothing else that is text has one.
  if (charset?.startsWith("utf-16") !== true && first.subarray(0, SNIFF_BYTES).includes(0))
    return true;
  return charset === undefined && !isTextType(type) && !isUtf8(first);
}

/** Columns a media type may take in the note. */
const TYPE_COLUMNS = 60;

/** What the note on a body that is not shown says. */
export interface NoteFacts {
  /** Why the body is not shown. */
  readonly reason: string;
  readonly type: string;
  /** Size in words, "" when it is not known. */
  readonly size: string;
  /** What to do about it, "" when there is nothing to do. */
  readonly advice: string;
}

/** Returns a boxed note for a body that is not shown, ending in a line end. */
export function noteBox({ reason, type, size, advice }: NoteFacts): string {
  const facts = [clipToWidth(sanitizeLine(type), TYPE_COLUMNS), size].filter((fact) => fact !== "");
  const lines = [`NOTE: ${reason}`, facts.join(", "), advice].filter((line) => line !== "");
  const width = Math.max(...lines.map(displayWidth));
  const rule = `+${"-".repeat(width + 2)}+`;
  const boxed = lines.map((line) => `| ${line}${" ".repeat(width - displayWidth(line))} |`);
  return [rule, ...boxed, rule, ""].join("\n");
}
