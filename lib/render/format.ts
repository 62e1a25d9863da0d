import type { Painter } from "./color.ts";
import type { FormatOptions } from "./pretty.ts";

/** What a format needs to know of the output. */
export interface FormatContext {
  readonly options: FormatOptions;
  /** False: only colour is added, every character stays where it is. */
  readonly isFormatted: boolean;
  readonly painter: Painter;
  /** Makes text from a server safe; gives it back unchanged when no terminal will see it. */
  readonly clean: (text: string) => string;
}

/** One kind of body that can be laid out or coloured. */
export interface BodyFormat {
  readonly name: string;
  /** What it is given: all of the text, one line, or either of them when the body is live. */
  readonly takes: "body" | "either" | "line";
  /** Says whether bodies of this media type are of this kind; "" when the type is not known. */
  matches(mediaType: string): boolean;
  /**
   * Yields the text anew, in pieces that are safe to write.
   *
   * @returns undefined when the text is not of this kind after all: then it is shown as it is
   */
  format(text: string, context: FormatContext): Iterable<string> | undefined;
}

/** Characters after which a piece of output is handed on. */
export const PIECE_LENGTH = 65_536;

/**
 * Returns how long a text may get by layout.
 *
 * Nesting multiplies indentation by content: 20 MB can ask for gigabytes. A text that grows more
 * than any real document does is shown as it is.
 */
export function longestLayout(textLength: number): number {
  return 1_048_576 + textLength * 32;
}
