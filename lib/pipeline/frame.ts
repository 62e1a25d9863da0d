import { frameOf, isSecretLine, lineOf } from "../base/frame.ts";
import type { Place } from "./source.ts";

/** A key whose value is a secret when it is written down instead of a template. */
const SECRET_KEY =
  /^(.*?(?:pass|secret|token|authorization|cookie|api[_-]?key)[\w"'-]*\s*:\s)\s*\S/i;

/** Text that may be a secret becomes an ellipsis, from the value on or as a whole. */
function masked(line: string): string {
  if (isSecretLine(line)) return "…";
  const [, key] = SECRET_KEY.exec(line) ?? [];
  const value = line.slice(key?.length ?? 0);
  return key === undefined || value.includes("{{") ? line : `${key}…`;
}

/** Returns the line of `place` with a caret under its column; what may be a secret is left out. */
export function drawFrame(text: string, { line, column }: Place): string {
  return frameOf(masked(lineOf(text, line)), { number: line, column });
}
