import { sanitizeLine, sanitizeText, TextSanitizer } from "../base/sanitize.ts";
import { type Painter, painterOf, plainPainter, type StyleName } from "./color.ts";
import type { Mask } from "./head.ts";
import type { FormatOptions, Pretty } from "./pretty.ts";
import type { PrintParts } from "./print.ts";

/** Everything that decides how an exchange is printed. */
export interface RenderOptions {
  readonly print: PrintParts;
  readonly pretty: Pretty;
  readonly style: StyleName;
  readonly formatOptions: FormatOptions;
  /** True when standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Checked by `parseCharset`; wins over what the response says. */
  readonly responseCharset?: string | undefined;
  /** Media type that wins over the Content-Type of the response. */
  readonly responseMime?: string | undefined;
  /** True: bodies are printed as they arrive; `text/event-stream` always is. */
  readonly isStreamed: boolean;
  /** True: the responses of hops that were not the last are printed too. */
  readonly showAll: boolean;
  /** Most bytes of a body held for layout; a longer one is printed as it is, with a warning. */
  readonly maxBodyBytes: number;
  /** Puts the redactor in; concerns requests only, a person's own response is never altered. */
  readonly mask?: Mask | undefined;
  /** Takes a sentence for standard error. */
  readonly warn?: ((text: string) => void) | undefined;
  /** Returns milliseconds since the exchange began, asked after the body; else its own are used. */
  readonly elapsedMs?: (() => number) | undefined;
}

/** Makes text safe that comes in pieces. */
export interface PieceCleaner {
  push(piece: string): string;
  end(): string;
}

/** What follows from the options, worked out once. */
export interface View {
  readonly options: RenderOptions;
  /** True: bodies go through as bytes, heads as they are on the wire. */
  readonly isRaw: boolean;
  readonly painter: Painter;
  readonly cleanText: (text: string) => string;
  readonly cleanLine: (line: string) => string;
  readonly newCleaner: () => PieceCleaner;
}

/**
 * Returns what follows from `options`.
 *
 * Text is made safe when a terminal sees it now, or later: colour is only asked for because of one.
 */
export function viewOf(options: RenderOptions): View {
  const { isTerminal, pretty, style } = options;
  const isClean = isTerminal || pretty.isColored;
  return {
    options,
    isRaw: !isClean && !pretty.isFormatted,
    painter: pretty.isColored ? painterOf(style) : plainPainter,
    cleanText: isClean ? sanitizeText : asIs,
    cleanLine: isClean ? sanitizeLine : asIs,
    newCleaner: () => (isClean ? new TextSanitizer() : { push: asIs, end: () => "" }),
  };
}

function asIs(text: string): string {
  return text;
}
