/**
 * Knows how the output ended so far, and so what is missing before the next part.
 *
 * Parts are separated by exactly one empty line, whatever a body ended in.
 */
export class Layout {
  #end: "blank" | "line" | "open" = "blank";

  /** Returns what has to be written before a part that stands apart. */
  gap(): string {
    if (this.#end === "blank") return "";
    return this.#end === "line" ? "\n" : "\n\n";
  }

  /** Returns what has to be written so that the line is ended. */
  lineEnd(): string {
    return this.#end === "open" ? "\n" : "";
  }

  /** Returns a part that brings its own empty line, set apart from what came before. */
  head(text: string): string {
    const whole = this.gap() + text;
    this.#end = "blank";
    return whole;
  }

  /** Yields the pieces of a part, set apart from what came before when there are any. */
  async *part<Piece extends string | Uint8Array>(
    pieces: AsyncIterable<Piece> | Iterable<Piece>,
  ): AsyncGenerator<Piece | string> {
    let gap = this.gap();
    for await (const piece of pieces) {
      const last = piece.at(-1);
      if (last === undefined) continue;
      if (gap !== "") yield gap;
      gap = "";
      // Noted before it is handed on: the reader may stop there.
      this.#end = last === "\n" || last === 0x0a ? "line" : "open";
      yield piece;
    }
  }
}
