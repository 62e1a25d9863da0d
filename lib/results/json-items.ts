import { WeirError } from "../base/errors.ts";
import { JSON_DEPTH_LIMIT } from "../base/json-tree.ts";
import { parseBytes } from "./field-finds.ts";
import { ITEM_CAP_BYTES, itemTooLarge } from "./item-problem.ts";
import { type Finds, JsonReader } from "./json-reader.ts";
import { compilePath, quoted } from "./path.ts";
import { PathNode } from "./path-node.ts";

/**
 * Yields each value that a path finds in JSON text, in the order of the text and as it goes by.
 *
 * A member whose key comes twice is found twice: the first one is gone when the second one comes.
 *
 * @param path JSONPath of names, indexes from the front and `[*]`, such as `$.items[*]`
 * @throws {WeirError} SELECT_BAD_PATH or SELECT_NOT_STREAMED at once; DATA_BAD_JSON and BODY_TOO_LARGE
 *   while it is read
 */
export function jsonItems(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<unknown> {
  const { steps } = compilePath(path);
  if (steps === undefined) {
    throw new WeirError(
      "SELECT_NOT_STREAMED",
      `The items at ${quoted(path)} cannot be read one by one`,
      {
        hint: "Write a path of names, indexes from the front and [*] only, such as $.items[*]",
        details: { path },
      },
    );
  }
  return readItems(chunks, new PathNode([steps], [0]), path);
}

async function* readItems(
  chunks: AsyncIterable<Uint8Array>,
  root: PathNode,
  path: string,
): AsyncGenerator<unknown> {
  const finds = new ItemFinds(path);
  const reader = new JsonReader(root, finds, ITEM_CAP_BYTES);
  for await (const chunk of chunks) {
    reader.write(chunk);
    yield* finds.take();
  }
  const problem = reader.end();
  yield* finds.take();
  if (problem === undefined) return;
  throw new WeirError("DATA_BAD_JSON", `The text with the items is not JSON: ${problem}`, {
    hint: "Give JSON to read items by path; lines of JSON are read as NDJSON",
    details: { path, reason: problem },
  });
}

/** Hands on what is found; nothing is kept, so nothing can be forgotten. */
class ItemFinds implements Finds {
  readonly count = 0;
  readonly #path: string;
  #ready: unknown[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  found(_node: PathNode, text: Uint8Array): boolean {
    const parsed = parseBytes(text);
    if (parsed !== undefined) this.#ready.push(parsed.value);
    return parsed !== undefined;
  }

  forget(): void {
    // Handed on already.
  }

  refuse(_node: PathNode, why: "size" | "depth"): never {
    const what =
      why === "size"
        ? `is larger than ${ITEM_CAP_BYTES} bytes`
        : `nests deeper than ${JSON_DEPTH_LIMIT} levels`;
    throw itemTooLarge(`An item at ${quoted(this.#path)} ${what}`, { path: this.#path });
  }

  take(): readonly unknown[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}
