/** Length of the shortest pattern a PatternSet takes. */
export const SHORTEST_PATTERN = 6;

/** Characters looked at together; the window of a candidate ends with such a block. */
const BLOCK = 3;
const FAR_SKIP = SHORTEST_PATTERN - BLOCK + 1;

function blockHash(text: string, last: number): number {
  const first = Math.imul(text.charCodeAt(last - 2), 7919);
  const second = Math.imul(text.charCodeAt(last - 1), 263);
  return (first ^ second ^ text.charCodeAt(last)) & 0xffff;
}

/**
 * Many strings that are looked for at once.
 *
 * The method of Wu and Manber: a table says from the last three characters of a window how far the
 * next candidate is away, so most of the text is never looked at; a tree of the patterns decides.
 * Patterns can be added at any time.
 */
export class PatternSet {
  /** Tree of the patterns: node and code unit in one number, to the next node. */
  readonly #edges = new Map<number, number>();
  readonly #isEnd = [false];
  readonly #isInner = [false];
  readonly #skips = new Uint8Array(0x10000).fill(FAR_SKIP);
  #longest = 0;

  /** Adds `pattern`, which has SHORTEST_PATTERN characters or more. */
  add(pattern: string): void {
    let node = 0;
    for (let at = 0; at < pattern.length; at += 1) {
      this.#isInner[node] = true;
      node = this.#child(node, pattern.charCodeAt(at));
    }
    this.#isEnd[node] = true;
    this.#longest = Math.max(this.#longest, pattern.length);
    for (let last = BLOCK - 1; last < SHORTEST_PATTERN; last += 1) {
      const hash = blockHash(pattern, last);
      this.#skips[hash] = Math.min(this.#skips[hash] ?? 0, SHORTEST_PATTERN - 1 - last);
    }
  }

  /** Returns the first offset from `from` on where a pattern may begin, or -1. */
  candidate(text: string, from: number): number {
    if (this.#longest === 0) return -1;
    for (let last = from + SHORTEST_PATTERN - 1; last < text.length;) {
      const skip = this.#skips[blockHash(text, last)] ?? 0;
      if (skip === 0) return last - SHORTEST_PATTERN + 1;
      last += skip;
    }
    return -1;
  }

  /** Returns the length of the longest pattern at `at`, 0 when there is none. */
  lengthAt(text: string, at: number): number {
    let node: number | undefined = 0;
    let length = 0;
    for (let end = at; end < text.length; end += 1) {
      node = this.#edges.get(node * 0x10000 + text.charCodeAt(end));
      if (node === undefined) break;
      if (this.#isEnd[node] === true) length = end + 1 - at;
    }
    return length;
  }

  /** Returns the first offset whose text, up to the end, may be the beginning of a pattern. */
  openEnd(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at += 1) {
      if (this.#isBeginning(text, at)) return at;
    }
    return text.length;
  }

  #isBeginning(text: string, at: number): boolean {
    let node: number | undefined = 0;
    for (let end = at; end < text.length; end += 1) {
      node = this.#edges.get(node * 0x10000 + text.charCodeAt(end));
      if (node === undefined) return false;
    }
    return this.#isInner[node] === true;
  }

  #child(node: number, unit: number): number {
    const key = node * 0x10000 + unit;
    const known = this.#edges.get(key);
    if (known !== undefined) return known;
    const made = this.#isEnd.length;
    this.#isEnd.push(false);
    this.#isInner.push(false);
    this.#edges.set(key, made);
    return made;
  }
}
