/** Names of tables and keys, and indexes of array elements, from the root of a TOML file. */
export type KeyPath = readonly (string | number)[];

/** A position in a text; both count from 1, columns in UTF-16 units as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds keys in the source they were read from. */
export interface KeyIndex {
  /** Returns where the last part of `path` is written, or the deepest part of it that is. */
  keyPlace(path: KeyPath): Place;
  /** Returns where the value of `path` begins; a table written with a header begins at its name. */
  valuePlace(path: KeyPath): Place;
  /** The key whose value was read last: where a scan of unfinished text stopped. */
  readonly lastPath: KeyPath;
}

/** A key or element with offsets into the source. */
interface Node {
  readonly name: string | number;
  readonly parent: Node | undefined;
  keyAt: number;
  valueAt: number;
  /** True for the elements of `[[name]]`: later headers go into the last of them. */
  isTableList: boolean;
  readonly children: Map<string | number, Node>;
}

interface Segment {
  readonly name: string;
  readonly at: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\u001b",
};

function newNode(name: string | number, at: number, parent?: Node): Node {
  const node = { name, parent, keyAt: at, valueAt: at, isTableList: false, children: new Map() };
  parent?.children.set(name, node);
  return node;
}

function childOf(node: Node, { name, at }: Segment): Node {
  return node.children.get(name) ?? newNode(name, at, node);
}

function pathOf(node: Node): KeyPath {
  const path: (string | number)[] = [];
  for (let one = node; one.parent !== undefined; one = one.parent) path.push(one.name);
  return path.reverse();
}

/** Returns the table that names below `node` belong to. */
function openTable(node: Node): Node {
  if (!node.isTableList) return node;
  return node.children.get(node.children.size - 1) ?? node;
}

function unescape(text: string): string {
  return text.replace(
    /\\(?:x(.{2})|u(.{4})|U(.{8})|(.))/g,
    (_, x?: string, u?: string, U?: string, one = "") => {
      const hex = x ?? u ?? U;
      const point = hex === undefined ? Number.NaN : Number.parseInt(hex, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : (ESCAPES[one] ?? one);
    },
  );
}

/** Walks TOML that a parser has accepted; on a cut text it stops at the cut. */
class Scanner {
  readonly #text: string;
  #at = 0;
  readonly root = newNode("", 0);
  last = this.root;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): void {
    let table = this.root;
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      const start = this.#at;
      if (this.#text[start] === "[") table = this.#scanHeader();
      else this.#scanPair(table);
      // Only text that no parser has accepted gets here without moving.
      if (this.#at === start) this.#at += 1;
    }
  }

  #scanHeader(): Node {
    const isList = this.#text.startsWith("[[", this.#at);
    this.#at += isList ? 2 : 1;
    const segments = this.#scanKey();
    this.#at += isList ? 2 : 1;
    const parents = segments.slice(0, -1);
    const parent = parents.reduce((node, one) => openTable(childOf(node, one)), this.root);
    const node = segments.slice(-1).reduce(childOf, parent);
    const at = segments.at(-1)?.at ?? 0;
    this.last = node;
    if (isList) {
      node.isTableList = true;
      this.last = newNode(node.children.size, at, node);
      return this.last;
    }
    // `[a]` may come after `[a.b]`: the table's own header is the better place.
    node.keyAt = node.valueAt = at;
    return node;
  }

  #scanPair(table: Node): void {
    const node = this.#scanKey().reduce(childOf, table);
    this.#skipSpaces();
    if (this.#text[this.#at] === "=") this.#at += 1;
    this.#skipSpaces();
    this.last = node;
    this.#scanValue(node);
  }

  #scanKey(): Segment[] {
    const segments: Segment[] = [];
    do {
      this.#at += segments.length > 0 ? 1 : 0;
      this.#skipSpaces();
      const at = this.#at;
      segments.push({ name: this.#scanName(), at });
      this.#skipSpaces();
    } while (this.#text[this.#at] === ".");
    return segments;
  }

  #scanName(): string {
    const start = this.#at;
    const quote = this.#text[start];
    if (quote !== '"' && quote !== "'") return this.#skip(/[\w-]*/y);
    this.#skipString();
    const inside = this.#text.slice(start + 1, this.#at - 1);
    return quote === '"' ? unescape(inside) : inside;
  }

  #scanValue(node: Node): void {
    node.valueAt = this.#at;
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") this.#skipString();
    else if (first === "[")
      this.#scanItems("]", (index) => this.#scanValue(newNode(index, this.#at, node)));
    else if (first === "{") this.#scanItems("}", () => this.#scanPair(node));
    // A date and its time may be joined by a space.
    else this.#skip(/[^\s,\]}#]*(?: \d\d:[^\s,\]}#]*)?/y);
  }

  #scanItems(end: string, scanItem: (index: number) => void): void {
    this.#at += 1;
    for (let index = 0; ; index += 1) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return;
      if (this.#text[this.#at] === end) break;
      const start = this.#at;
      scanItem(index);
      this.#skipBlank();
      if (this.#text[this.#at] === "," || this.#at === start) this.#at += 1;
    }
    this.#at += 1;
  }

  #skipString(): void {
    const text = this.#text;
    const quote = text.charAt(this.#at);
    const triple = quote.repeat(3);
    const end = text.startsWith(triple, this.#at) ? triple : quote;
    for (this.#at += end.length; this.#at < text.length; this.#at += 1) {
      if (text[this.#at] === "\\" && quote === '"') this.#at += 1;
      else if (text.startsWith(end, this.#at)) break;
    }
    this.#at += end.length;
    // A multi-line string may end in up to two quotes of its own.
    for (let own = 0; end === triple && own < 2 && text[this.#at] === quote; own += 1)
      this.#at += 1;
  }

  #skipSpaces(): void {
    this.#skip(/[ \t]*/y);
  }

  #skipBlank(): void {
    this.#skip(/(?:[ \t\r\n]+|#[^\n]*)*/y);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}

/** Returns a function from offsets of `text` to places. */
function placeFinder(text: string): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Returns the part of `text` that stands before `place`. */
export function textBefore(text: string, place: Place): string {
  const lines = text.split("\n", place.line);
  const last = lines.pop() ?? "";
  return [...lines, last.slice(0, place.column - 1)].join("\n");
}

/**
 * Returns an index of every key, table and array element of `source`.
 *
 * The TOML parser keeps no positions, and an error needs one. The text must have been accepted by
 * the parser; of a text that was cut where the parser gave up, the part before the cut is indexed.
 */
export function indexKeys(source: string): KeyIndex {
  const scanner = new Scanner(source);
  scanner.scan();
  const placeOf = placeFinder(source);
  const find = (path: KeyPath): Node => {
    let node = scanner.root;
    for (const part of path) {
      const child = node.children.get(part);
      if (child === undefined) break;
      node = child;
    }
    return node;
  };
  return {
    keyPlace: (path) => placeOf(find(path).keyAt),
    valuePlace: (path) => placeOf(find(path).valueAt),
    lastPath: pathOf(scanner.last),
  };
}
