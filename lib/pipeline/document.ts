import {
  Alias,
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import { messageOf, WeirError } from "../base/errors.ts";
import type { TemplateName, TemplateOptions } from "../template/render.ts";
import { drawFrame } from "./frame.ts";
import type { Complaint, KeyPath, Place, Source } from "./source.ts";
import { plainData } from "./yaml-data.ts";
import { scalarStart } from "./yaml-scalar.ts";
import { yamlComplaint } from "./yaml-words.ts";

/** More text than any file a person wrote, and as much as parses in a few seconds. */
const CAP_BYTES = 4 * 1024 * 1024;

/** A YAML file: its data, and where each node of it stands. */
export interface YamlFile {
  readonly source: Source;
  /** Plain data: maps, lists, texts, numbers, booleans and null. */
  readonly data: unknown;
  /** Names that templates of the file turned out to use, in the order they were compiled. */
  readonly uses: readonly NameUse[];
}

/** Names that the templates of one node use. */
export interface NameUse {
  readonly path: KeyPath;
  readonly names: readonly TemplateName[];
}

/** The text of a file before its structure is known: it knows lines only. */
class TextSource implements Source {
  readonly file: string;
  readonly text: string;
  readonly #lines: LineCounter;

  constructor(file: string, text: string, lines: LineCounter) {
    this.file = file;
    this.text = text;
    this.#lines = lines;
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    // Line 0 is what the counter says of a text without a line.
    return line === 0 ? { line: 1, column: 1 } : { line, column: col };
  }

  placeOf(_path: KeyPath, _part?: "key" | "value"): Place {
    return { line: 1, column: 1 };
  }

  templateAt(_path: KeyPath): TemplateOptions {
    return { name: this.file };
  }

  error(path: KeyPath, { message, hint, part, place }: Complaint): WeirError {
    const at = place ?? this.placeOf(path, part);
    const frame = drawFrame(this.text, at);
    return new WeirError("PIPELINE_INVALID", message, {
      hint,
      details: { file: this.file, ...at, frame },
    });
  }
}

/** The text of a file whose structure is known. */
class YamlSource extends TextSource {
  readonly uses: NameUse[] = [];
  readonly #document: Document;

  constructor(file: string, text: string, lines: LineCounter, document: Document) {
    super(file, text, lines);
    this.#document = document;
  }

  override placeOf(path: KeyPath, part: "key" | "value" = "value"): Place {
    const { key, value } = this.#find(path);
    const node = part === "key" ? (key ?? value) : value;
    return this.placeAt(node?.range?.[0] ?? 0);
  }

  override templateAt(path: KeyPath): TemplateOptions {
    const { value } = this.#find(path);
    const { file: name, text } = this;
    if (!isScalar(value)) return { name, ...this.placeOf(path) };
    return { name, ...scalarStart(value, text, (offset) => this.placeAt(offset)) };
  }

  note(path: KeyPath, names: readonly TemplateName[]): void {
    if (names.length > 0) this.uses.push({ path, names });
  }

  /** Returns the node at `path` and its key, or the last ones on the way there. */
  #find(path: KeyPath): { key: Node | undefined; value: Node | undefined } {
    let key: Node | undefined;
    let value = this.#follow(this.#document.contents);
    for (const part of path) {
      const next = this.#child(value, part);
      if (next === undefined) break;
      key = next.key ?? next.value;
      // A key without a value stands for both.
      value = next.value ?? next.key;
    }
    return { key, value };
  }

  #child(parent: Node | undefined, part: string | number) {
    if (isSeq(parent)) {
      const value = this.#follow(parent.items[Number(part)]);
      return value === undefined ? undefined : { key: undefined, value };
    }
    if (!isMap(parent)) return undefined;
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === part);
    // Keys of a parsed document are nodes.
    return pair === undefined
      ? undefined
      : { key: pair.key as Node, value: this.#follow(pair.value) };
  }

  /** Children of parsed collections are nodes or null, which the types do not say. */
  #follow(node: unknown): Node | undefined {
    if (node instanceof Alias) return node.resolve(this.#document);
    return (node ?? undefined) as Node | undefined;
  }
}

/**
 * Reads a YAML file into plain data, with the place of each node.
 *
 * What YAML readers disagree on is refused: keys that repeat, tags, several documents, numbers that
 * lose digits.
 *
 * @param input bytes, or text that was decoded already
 * @throws {WeirError} PIPELINE_INVALID with file, line, column and frame
 */
export function readDocument(input: string | Uint8Array, file: string): YamlFile {
  const text = textOf(input, file);
  const lines = new LineCounter();
  const before = new TextSource(file, text, lines);
  const document = parsed(text, lines, before);
  const [problem] = [...document.errors, ...document.warnings].toSorted(
    (a, b) => a.pos[0] - b.pos[0],
  );
  if (problem !== undefined) {
    const { offset, ...words } = yamlComplaint(problem, text);
    throw before.error([], { ...words, place: before.placeAt(offset) });
  }
  const { yaml } = document.directives ?? {};
  if (yaml?.explicit === true && yaml.version !== "1.2")
    throw before.error([], {
      message: `The file asks for YAML ${yaml.version}, where no and yes are no texts`,
      hint: "Remove the %YAML line: weir reads YAML 1.2",
    });
  const refuse = (node: Node | undefined, complaint: Complaint): WeirError =>
    before.error([], { ...complaint, place: before.placeAt(node?.range?.[0] ?? 0) });
  const data = plainData(document, refuse);
  const source = new YamlSource(file, text, lines, document);
  return { source, data, uses: source.uses };
}

function parsed(text: string, lines: LineCounter, source: Source): Document {
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    // The parser is recursive, and so bound by the stack.
    if (!(error instanceof RangeError)) throw error;
    throw source.error([], {
      message: `The file cannot be read: ${messageOf(error)}`,
      hint: "Make it nest less deeply",
    });
  }
}

/** Returns the text without its byte order mark. */
function textOf(input: string | Uint8Array, file: string): string {
  const bytes = typeof input === "string" ? Buffer.byteLength(input) : input.length;
  const bare = new TextSource(file, "", new LineCounter());
  if (bytes > CAP_BYTES)
    throw bare.error([], {
      message: `The file has ${bytes} bytes, and a pipeline may have ${CAP_BYTES}`,
      hint: "Keep data in a file of its own and read it with loop.in: { file: items.ndjson }",
    });
  const text = typeof input === "string" ? input : decoded(input, file);
  return text.replace(/^\ufeff/, "");
}

function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // Decoding leaves a mark where the first wrong byte is, unless the text has that mark itself.
    const lossy = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const before = lossy.slice(0, Math.max(0, lossy.indexOf("\ufffd")));
    const place = {
      line: before.split("\n").length,
      column: before.length - before.lastIndexOf("\n"),
    };
    throw new WeirError("PIPELINE_INVALID", "The file is not UTF-8 text", {
      hint: "Save it as UTF-8",
      details: { file, ...place, frame: drawFrame(lossy, place) },
      cause: error,
    });
  }
}
