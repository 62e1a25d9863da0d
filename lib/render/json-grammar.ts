import { WeirError } from "../base/errors.ts";
import { type JsonToken, tokenizeJson } from "../base/json-tokens.ts";

/** How long the text may become when it is laid out. */
export interface LayoutBound {
  /** Spaces for each level. */
  readonly indent: number;
  /** Most characters of the result. */
  readonly longest: number;
}

const NO_BOUND: LayoutBound = { indent: 0, longest: Infinity };

/** Levels above which nobody reads a text by its indentation; bounds the memory of the check. */
const DEEPEST = 10_000;

/**
 * Says whether `text` is one JSON text that stays within `bound` when it is laid out.
 *
 * Keeps its own stack, so that depth costs no stack of the machine.
 */
export function isJson(text: string, bound: LayoutBound = NO_BOUND): boolean {
  try {
    return isGrammatical(tokenizeJson(text), bound);
  } catch (error) {
    // Not being JSON is an expected answer here, and the tokenizer throws nothing else.
    if (error instanceof WeirError) return false;
    throw error;
  }
}

/** What may come next. */
type Expected = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end";

function isGrammatical(tokens: Iterable<JsonToken>, { indent, longest }: LayoutBound): boolean {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let length = 0;
  for (const { kind, text } of tokens) {
    const next = after(expected, kind, open.at(-1));
    if (next === undefined) return false;
    expected = next;
    if (kind === "{" || kind === "[") open.push(kind);
    if (kind === "}" || kind === "]") open.pop();
    const breaksLine = kind !== ":" && text.length === 1;
    length += text.length + (breaksLine ? 1 + indent * open.length : 1);
    if (length > longest || open.length > DEEPEST) return false;
  }
  return expected === ", or end" && open.length === 0;
}

/** Returns what may follow a token, undefined when the token itself may not stand there. */
function after(
  expected: Expected,
  kind: JsonToken["kind"],
  inside: "{" | "[" | undefined,
): Expected | undefined {
  switch (kind) {
    case "{":
      return isValueExpected(expected) ? "key or }" : undefined;
    case "[":
      return isValueExpected(expected) ? "value or ]" : undefined;
    case "}":
      return inside === "{" && (expected === "key or }" || expected === ", or end")
        ? ", or end"
        : undefined;
    case "]":
      return inside === "[" && (expected === "value or ]" || expected === ", or end")
        ? ", or end"
        : undefined;
    case ",":
      if (expected !== ", or end" || inside === undefined) return undefined;
      return inside === "{" ? "key" : "value";
    case ":":
      return expected === ":" ? "value" : undefined;
    case "string":
      if (expected === "key" || expected === "key or }") return ":";
      return isValueExpected(expected) ? ", or end" : undefined;
    case "number":
    case "literal":
      return isValueExpected(expected) ? ", or end" : undefined;
  }
}

function isValueExpected(expected: Expected): boolean {
  return expected === "value" || expected === "value or ]";
}
