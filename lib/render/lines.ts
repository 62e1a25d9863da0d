/** Characters of one line that are held; what is longer comes in parts. */
const LONGEST_LINE = 1_048_576;

/** A line with its end, or a part of a line that is too long to be held. */
export interface LinePart {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Cuts text that comes in pieces into lines. */
export class LineSplitter {
  #held: string[] = [];
  #heldLength = 0;
  #isOverlong = false;

  /** Yields the lines that `piece` ends. */
  *push(piece: string): Generator<LinePart> {
    let from = 0;
    for (let at = piece.indexOf("\n"); at >= 0; at = piece.indexOf("\n", from)) {
      this.#hold(piece.slice(from, at + 1));
      yield this.#take();
      this.#isOverlong = false;
      from = at + 1;
    }
    this.#hold(piece.slice(from));
    if (this.#heldLength < LONGEST_LINE) return;
    this.#isOverlong = true;
    yield this.#take();
  }

  /** Yields the last line, which has no end. */
  *end(): Generator<LinePart> {
    if (this.#heldLength > 0) yield this.#take();
  }

  #hold(text: string): void {
    if (text === "") return;
    this.#held.push(text);
    this.#heldLength += text.length;
  }

  #take(): LinePart {
    const text = this.#held.join("");
    this.#held = [];
    this.#heldLength = 0;
    return { text, isWhole: !this.#isOverlong };
  }
}
