import { concatBytes, utf8 } from "./bytes.ts";
import { PatternSet, SHORTEST_PATTERN } from "./pattern-set.ts";
import { percentView } from "./percent-view.ts";
import { secretForms } from "./secret-forms.ts";
import { REDACTED, Secret } from "./secret.ts";

/** Masks secrets in a text that comes in pieces; a secret split over pieces is masked too. */
export interface TextMask {
  /** Returns what can be shown by now; holds back what may be the beginning of a secret. */
  push(chunk: string): string;
  /** Returns the rest. */
  end(): string;
}

/** Masks secrets in bytes that come in pieces. */
export interface BytesMask {
  /** Returns what can be shown by now; holds back what may be the beginning of a secret. */
  push(chunk: Uint8Array): Uint8Array;
  /** Returns the rest. */
  end(): Uint8Array;
}

/**
 * Knows the secrets that were opened and masks them, in every usual spelling, in what leaves weir.
 *
 * Values shorter than six characters are not learnt: masking them would hide ordinary text.
 */
export class Redactor {
  readonly #values = new Set<string>();
  readonly #forms = new Set<string>();
  readonly #texts = new PatternSet();
  // Built when bytes are first masked; most commands mask text only.
  #bytes: PatternSet | undefined;

  /** Masks `secret` from now on, in open streams too. */
  learn(secret: Secret | string): void {
    const value = typeof secret === "string" ? secret : secret.open();
    if (value.trim().length < SHORTEST_PATTERN || this.#values.has(value)) return;
    this.#values.add(value);
    for (const form of secretForms(value)) {
      if (this.#forms.has(form)) continue;
      this.#forms.add(form);
      this.#texts.add(form);
      this.#bytes?.add(binary(utf8(form)));
    }
  }

  /** Returns `text` with `[redacted]` in place of each known secret; overlapping ones share one. */
  redactText(text: string): string {
    if (this.#forms.size === 0) return text;
    const shown = maskedText(text, visibleParts(this.#texts, text, text.length, 0).parts);
    const decoded = this.#redactEncoded(shown, false);
    return decoded.includes("+") ? this.#redactEncoded(decoded, true) : decoded;
  }

  /** Masks what is a secret once percent-encoding is undone: nobody can list what encoders keep. */
  #redactEncoded(text: string, isForm: boolean): string {
    const view = this.#forms.size === 0 ? undefined : percentView(text, isForm);
    if (view === undefined) return text;
    const { bytes, starts } = view;
    const all = binary(bytes);
    const { parts } = visibleParts(this.#bytePatterns(), all, all.length, 0);
    const offset = (at: number): number => starts[at] ?? text.length;
    return maskedText(
      text,
      parts.map(({ start, end }) => ({ start: offset(start), end: offset(end) })),
    );
  }

  /** Returns `bytes` with `[redacted]` in place of each known secret, read as UTF-8. */
  redactBytes(bytes: Uint8Array): Uint8Array {
    const text = binary(bytes);
    return maskedBytes(bytes, visibleParts(this.#bytePatterns(), text, text.length, 0).parts);
  }

  /**
   * Returns a copy of JSON-like data in which the strings, names included, are redacted; a number
   * with a secret in its digits becomes a redacted string.
   */
  redactData(data: unknown): unknown {
    if (typeof data === "string") return this.redactText(data);
    if (typeof data === "number") {
      const digits = String(data);
      const shown = this.redactText(digits);
      return shown === digits ? data : shown;
    }
    if (typeof data !== "object" || data === null || data instanceof Secret) return data;
    if (Array.isArray(data)) return data.map((item) => this.redactData(item));
    const copy = Object.entries(data).map(([name, value]): [string, unknown] => [
      this.redactText(name),
      this.redactData(value),
    ]);
    return Object.fromEntries(copy);
  }

  /** Returns a mask for one stream of text. */
  textMask(): TextMask {
    const advance = visibleStream(() => this.#texts);
    const next = (chunk: string, isEnd: boolean): string => {
      const { text, parts } = advance(chunk, isEnd);
      return maskedText(text, parts);
    };
    return { push: (chunk) => next(chunk, false), end: () => next("", true) };
  }

  /** Returns a mask for one stream of bytes. */
  bytesMask(): BytesMask {
    const advance = visibleStream(() => this.#bytePatterns());
    let held: Uint8Array = new Uint8Array();
    const next = (chunk: Uint8Array, isEnd: boolean): Uint8Array => {
      const bytes = concatBytes([held, chunk]);
      const { until, parts } = advance(binary(chunk), isEnd);
      held = bytes.slice(until);
      return maskedBytes(bytes, parts);
    };
    return { push: (chunk) => next(chunk, false), end: () => next(new Uint8Array(), true) };
  }

  #bytePatterns(): PatternSet {
    if (this.#bytes === undefined) {
      this.#bytes = new PatternSet();
      for (const form of this.#forms) this.#bytes.add(binary(utf8(form)));
    }
    return this.#bytes;
  }
}

// The label names windows-1252, which gives each of the 256 bytes a character of its own.
const oneByteDecoder = new TextDecoder("latin1");

/** Returns one character for each byte; good for comparing with another such text only. */
function binary(bytes: Uint8Array): string {
  return oneByteDecoder.decode(bytes);
}

/** A stretch of text that may be shown. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns what of `text` before `until` may be shown; a mask belongs between two parts.
 *
 * @param covered end of the stretch at the start whose mask has been written before
 */
function visibleParts(
  patterns: PatternSet,
  text: string,
  until: number,
  covered: number,
): { parts: readonly Part[]; covered: number } {
  const parts: Part[] = [];
  let start = covered;
  let at = patterns.candidate(text, 0);
  while (at >= 0 && at < until) {
    const length = patterns.lengthAt(text, at);
    if (length > 0 && at >= start) {
      parts.push({ start, end: at });
      start = at + length;
    }
    // A secret that begins inside another one lengthens its mask.
    if (length > 0) start = Math.max(start, at + length);
    at = patterns.candidate(text, at + 1);
  }
  parts.push({ start: Math.min(start, until), end: until });
  return { parts, covered: Math.max(0, start - until) };
}

/** What one step of a stream found: the text held back and the chunk, and what of it may leave. */
interface Step {
  readonly text: string;
  /** The text from here on is held back. */
  readonly until: number;
  readonly parts: readonly Part[];
}

/** Returns a function that takes the next chunk of a stream. */
function visibleStream(patterns: () => PatternSet): (chunk: string, isEnd: boolean) => Step {
  let held = "";
  let covered = 0;
  return (chunk, isEnd) => {
    const set = patterns();
    const text = held + chunk;
    const until = isEnd ? text.length : set.openEnd(text);
    const visible = visibleParts(set, text, until, covered);
    held = text.slice(until);
    covered = visible.covered;
    return { text, until, parts: visible.parts };
  };
}

function maskedText(text: string, parts: readonly Part[]): string {
  return parts.map(({ start, end }) => text.slice(start, end)).join(REDACTED);
}

function maskedBytes(bytes: Uint8Array, parts: readonly Part[]): Uint8Array {
  const mask = utf8(REDACTED);
  const pieces = parts.flatMap(({ start, end }, at) =>
    at === 0 ? [bytes.subarray(start, end)] : [mask, bytes.subarray(start, end)],
  );
  return concatBytes(pieces);
}
