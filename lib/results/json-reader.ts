import { ByteQueue } from "../base/bytes.ts";
import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";
import {
  BRACE,
  BYTE,
  OPEN,
  OPEN_ESCAPED,
  skipBlank,
  startsWord,
  stringEnd,
  valueEnd,
  wordEnd,
} from "./json-bytes.ts";
import type { PathNode } from "./path-node.ts";

// Follows paths through JSON text of any length. Only what a path leads to is looked at; the rest is
// skipped by its quotes and brackets, and neither decoded nor checked further. Memory is bounded by
// the paths and by what they find: skipping counts levels and keeps nothing.

/** Takes what a reader finds. */
export interface Finds {
  /** Count of what was found and not forgotten. */
  readonly count: number;
  /** Takes the text of a value; returns false when it is not JSON. */
  found(node: PathNode, text: Uint8Array): boolean;
  /** Drops what was found from `start` to `end`: its key came again, and the last one counts. */
  forget(start: number, end: number): void;
  /** Refuses a value: over the cap, or with too many levels. */
  refuse(node: PathNode, why: "size" | "depth"): never;
}

/** An object or array on a path. */
interface Frame {
  node: PathNode;
  isArray: boolean;
  /** Of the current item. */
  index: number;
  /** Of the current member, when a path leads to it. */
  key: string | undefined;
  /** `Finds.count` before the current member. */
  start: number;
  /** Where each key found something. */
  readonly spans: Map<string, readonly [number, number]>;
}

/** Longest text of a key that a path may ask for. */
const KEY_CAP_BYTES = 64 * 1024;

/** Text of all keys that are remembered because they found something. */
const KEYS_CAP = 4 * 1024 * 1024;

type State =
  | "start"
  | "value"
  | "first item"
  | "first key"
  | "key"
  | "in key"
  | "colon"
  | "after"
  | "in string"
  | "in tree"
  | "in word"
  | "done"
  | "broken";

/** Reads one JSON text, chunk by chunk. */
export class JsonReader {
  readonly #finds: Finds;
  readonly #capBytes: number;
  #state: State = "start";
  /** Offset of the chunk. */
  #offset = 0;
  #brokenAt = 0;
  /** Frames up to `#level` are open; those above are kept to be used again. */
  readonly #frames: Frame[] = [];
  #level = -1;
  /** Of the value that comes next; undefined when it is skipped. */
  #node: PathNode | undefined;
  /** Levels inside the value that is skipped or taken. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** The value being taken, the offset in this chunk where it goes on, and what came before. */
  #taken: PathNode | undefined;
  #takenFrom = 0;
  readonly #held = new ByteQueue();
  #isKeyTooLong = false;
  #keysLength = 0;

  /** @param capBytes of the text of one value */
  constructor(root: PathNode, finds: Finds, capBytes: number) {
    this.#node = root;
    this.#finds = finds;
    this.#capBytes = capBytes;
  }

  /** Reads the next chunk, which must not change afterwards. */
  write(bytes: Uint8Array): void {
    this.#takenFrom = 0;
    let at = 0;
    while (at < bytes.byteLength && this.#state !== "broken") at = this.#advance(bytes, at);
    if (this.#state === "broken") return;
    this.#hold(bytes);
    this.#offset += bytes.byteLength;
  }

  /** Ends the text; returns what makes it no JSON, undefined when nothing was seen that does. */
  end(): string | undefined {
    if (this.#state === "in word" && this.#level < 0) this.#valueEnd(new Uint8Array(), 0);
    if (this.#state === "done") return undefined;
    return this.#state === "broken"
      ? `it is not valid at byte ${this.#brokenAt}`
      : `it ends too early, after ${this.#offset} bytes`;
  }

  /** Keeps what the next chunk continues: a value that is taken, or a key. */
  #hold(bytes: Uint8Array): void {
    if (this.#taken !== undefined) {
      this.#held.push(bytes.subarray(this.#takenFrom));
      if (this.#held.sizeBytes > this.#capBytes) this.#finds.refuse(this.#taken, "size");
      return;
    }
    if (this.#state !== "in key") return;
    if (this.#held.sizeBytes + bytes.byteLength - this.#takenFrom > KEY_CAP_BYTES) {
      this.#isKeyTooLong = true;
      this.#held.clear();
    } else this.#held.push(bytes.subarray(this.#takenFrom));
  }

  #advance(bytes: Uint8Array, at: number): number {
    if (this.#state === "in tree") return this.#skipTree(bytes, at);
    if (this.#state === "in string") return this.#skipString(bytes, at);
    if (this.#state === "in word") return this.#skipWord(bytes, at);
    if (this.#state === "in key") return this.#readKey(bytes, at);
    if (this.#state === "start") return this.#skipMark(bytes, at);
    const next = skipBlank(bytes, at);
    return next === bytes.byteLength ? next : this.#step(bytes, next);
  }

  /** Reads one byte between values. */
  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    if (this.#state === "colon") {
      if (byte !== BYTE.colon) return this.#break(at);
      this.#state = "value";
      return at + 1;
    }
    if (this.#state === "value") return this.#begin(byte, at);
    if (this.#state === "after") return this.#separate(byte, at);
    if (this.#state === "key") return this.#nextKey(bytes, at);
    if (this.#state === "first item") {
      return byte === BYTE.closeArray ? this.#close(at) : this.#begin(byte, at);
    }
    if (this.#state === "first key") {
      return byte === BYTE.closeObject ? this.#close(at) : this.#nextKey(bytes, at);
    }
    return this.#break(at);
  }

  /** Skips a byte order mark, which RFC 8259 section 8.1 lets a reader ignore. */
  #skipMark(bytes: Uint8Array, at: number): number {
    const mark = [0xef, 0xbb, 0xbf][this.#depth];
    if (this.#depth === 3 || bytes[at] !== mark) {
      if (this.#depth > 0 && this.#depth < 3) return this.#break(at);
      this.#depth = 0;
      this.#state = "value";
      return at;
    }
    this.#depth += 1;
    return at + 1;
  }

  #begin(byte: number, at: number): number {
    const node = this.#node;
    const isArray = byte === BYTE.openArray;
    const isOpen = isArray || byte === BYTE.openObject;
    if (node !== undefined && node.ends.length > 0) {
      this.#taken = node;
      this.#takenFrom = at;
    } else if (isOpen && node !== undefined) return this.#open(node, isArray, at);
    if (isOpen) {
      this.#depth = 1;
      this.#state = "in tree";
    } else if (byte === BYTE.quote) this.#state = "in string";
    else if (startsWord(byte)) this.#state = "in word";
    else return this.#break(at);
    return at + 1;
  }

  #open(node: PathNode, isArray: boolean, at: number): number {
    this.#level += 1;
    const frame = this.#frames[this.#level];
    if (frame === undefined) {
      const [index, start, spans] = [0, 0, new Map<string, readonly [number, number]>()];
      this.#frames.push({ node, isArray, index, key: undefined, start, spans });
    } else {
      frame.node = node;
      frame.isArray = isArray;
      frame.index = 0;
      frame.key = undefined;
      if (frame.spans.size > 0) frame.spans.clear();
    }
    this.#node = isArray ? node.item(0) : undefined;
    this.#state = isArray ? "first item" : "first key";
    return at + 1;
  }

  #close(at: number): number {
    this.#level -= 1;
    this.#endMember();
    return at + 1;
  }

  #separate(byte: number, at: number): number {
    const frame = this.#frames[this.#level];
    if (frame === undefined) return this.#break(at);
    if (byte === (frame.isArray ? BYTE.closeArray : BYTE.closeObject)) return this.#close(at);
    if (byte !== BYTE.comma) return this.#break(at);
    if (frame.isArray) {
      frame.index += 1;
      this.#node = frame.node.item(frame.index);
      this.#state = "value";
    } else this.#state = "key";
    return at + 1;
  }

  #nextKey(bytes: Uint8Array, from: number): number {
    const at = this.#passMembers(bytes, from);
    if (this.#state === "after" || at === bytes.byteLength) return at;
    if (bytes[at] !== BYTE.quote) return this.#break(at);
    this.#state = "in key";
    this.#takenFrom = at + 1;
    this.#isKeyTooLong = false;
    return at + 1;
  }

  /**
   * Passes members that no path asks for and that end in this chunk. It does nothing that the states
   * would not do, only without going from one to the other.
   */
  #passMembers(bytes: Uint8Array, from: number): number {
    const node = this.#frames[this.#level]?.node;
    if (node === undefined || node.takesAll) return from;
    for (let start = from; ;) {
      if (bytes[start] !== BYTE.quote) return start;
      const keyEnd = stringEnd(bytes, start + 1);
      if (keyEnd < 0 || node.keyAt(bytes, start + 1, keyEnd - 1) !== undefined) return start;
      const colon = skipBlank(bytes, keyEnd);
      if (bytes[colon] !== BYTE.colon) return start;
      const end = valueEnd(bytes, skipBlank(bytes, colon + 1));
      if (end < 0) return start;
      const comma = skipBlank(bytes, end);
      this.#state = bytes[comma] === BYTE.comma ? "key" : "after";
      if (this.#state === "after") return comma;
      start = skipBlank(bytes, comma + 1);
    }
  }

  #readKey(bytes: Uint8Array, at: number): number {
    const end = this.#stringEnd(bytes, at);
    if (end < 0) return bytes.byteLength;
    this.#state = "colon";
    if (this.#held.sizeBytes === 0) this.#takeKey(bytes, this.#takenFrom, end - 1);
    else {
      this.#held.push(bytes.subarray(this.#takenFrom, end - 1));
      const key = this.#held.takeAll();
      this.#takeKey(key, 0, key.byteLength);
    }
    return end;
  }

  #takeKey(bytes: Uint8Array, from: number, end: number): void {
    const frame = this.#frames[this.#level];
    if (frame === undefined) return;
    const isTooLong = this.#isKeyTooLong || end - from > KEY_CAP_BYTES;
    frame.key = isTooLong ? undefined : frame.node.keyAt(bytes, from, end);
    this.#node = frame.key === undefined ? undefined : frame.node.member(frame.key);
    if (frame.key === undefined) return;
    const before = frame.spans.get(frame.key);
    if (before !== undefined) {
      this.#finds.forget(...before);
      frame.spans.delete(frame.key);
    }
    frame.start = this.#finds.count;
  }

  /** Skips to the end of an object or array; the loop that decides how fast a body goes by. */
  #skipTree(bytes: Uint8Array, from: number): number {
    let at = from;
    if (this.#isInString) {
      at = this.#stringEnd(bytes, at);
      if (at < 0) return bytes.byteLength;
      this.#isInString = false;
    }
    let depth = this.#depth;
    const end = bytes.byteLength;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      at += 1;
      if (byte === BYTE.quote) {
        at = stringEnd(bytes, at);
        if (at >= 0) continue;
        this.#isInString = true;
        this.#isEscaped = at === OPEN_ESCAPED;
        break;
      }
      if (byte < BYTE.openArray) continue;
      const bracket = byte | BRACE;
      if (bracket === BYTE.openObject) {
        depth += 1;
        if (depth > JSON_DEPTH_LIMIT && this.#taken) this.#finds.refuse(this.#taken, "depth");
      } else if (bracket === BYTE.closeObject) {
        depth -= 1;
        if (depth === 0) return this.#valueEnd(bytes, at);
      }
    }
    this.#depth = depth;
    return end;
  }

  #skipString(bytes: Uint8Array, at: number): number {
    const end = this.#stringEnd(bytes, at);
    return end < 0 ? bytes.byteLength : this.#valueEnd(bytes, end);
  }

  #skipWord(bytes: Uint8Array, at: number): number {
    const end = wordEnd(bytes, at);
    return end === bytes.byteLength ? end : this.#valueEnd(bytes, end);
  }

  /** As `stringEnd`, for a string that may have begun in an earlier chunk. */
  #stringEnd(bytes: Uint8Array, at: number): number {
    const end = stringEnd(bytes, at + (this.#isEscaped ? 1 : 0));
    this.#isEscaped = end === OPEN_ESCAPED;
    return this.#isEscaped ? OPEN : end;
  }

  /** Ends the value whose last byte stands before `at`. */
  #valueEnd(bytes: Uint8Array, at: number): number {
    const node = this.#taken;
    if (node !== undefined) {
      this.#taken = undefined;
      if (!this.#take(node, bytes.subarray(this.#takenFrom, at))) return this.#break(at);
    }
    this.#endMember();
    return at;
  }

  #take(node: PathNode, last: Uint8Array): boolean {
    if (this.#held.sizeBytes + last.byteLength > this.#capBytes) this.#finds.refuse(node, "size");
    if (this.#held.sizeBytes === 0) return this.#finds.found(node, last);
    this.#held.push(last);
    return this.#finds.found(node, this.#held.takeAll());
  }

  #endMember(): void {
    const frame = this.#frames[this.#level];
    if (this.#level < 0 || frame === undefined) {
      this.#state = "done";
      return;
    }
    this.#state = "after";
    if (frame.key === undefined || this.#finds.count <= frame.start) return;
    this.#keysLength += frame.key.length;
    if (this.#keysLength > KEYS_CAP) this.#finds.refuse(frame.node, "size");
    frame.spans.set(frame.key, [frame.start, this.#finds.count]);
  }

  #break(at: number): number {
    this.#state = "broken";
    this.#brokenAt = this.#offset + at;
    this.#held.clear();
    return at;
  }
}
