import { collectBytes } from "../base/bytes.ts";
import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import type { Body } from "../http/body.ts";
import type { FileFacts, Runtime } from "../runtime/runtime.ts";
import { quoteItem } from "./item-error.ts";

/** What building a request takes from outside; a Runtime has it all. */
export interface ItemPorts extends Pick<Runtime, "random" | "env"> {
  readonly files: Pick<Runtime["files"], "read" | "stat" | "chunks">;
  readonly stdin: Pick<Runtime["stdin"], "sizeBytes" | "chunks">;
}

/** An item that names a file. */
interface FileItem {
  readonly text: string;
  readonly path: string;
}

const WHY = new Map([
  ["ENOENT", "does not exist"],
  ["ENOTDIR", "does not exist"],
  ["EISDIR", "is a directory"],
  ["EACCES", "may not be read"],
  ["EPERM", "may not be read"],
]);

/**
 * Returns the text of the file an item names, as it stands.
 *
 * @throws {WeirError} IO_READ, DATA_NOT_UTF8
 */
export async function readItemText(item: FileItem, ports: ItemPorts): Promise<string> {
  const bytes = await readItemBytes(item, ports);
  try {
    // With ignoreBOM the mark stays: "file text is taken whole".
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new WeirError("DATA_NOT_UTF8", `${sourceOf(item)} is not text in UTF-8`, {
      hint: "Send it as a file with --form and name@path, or as the whole body with @path",
      details: { item: item.text, path: item.path },
      cause,
    });
  }
}

/**
 * Returns the file an item names as a body that is read when it is sent.
 *
 * A regular file has its length and can be sent again; standard input and pipes cannot.
 *
 * @throws {WeirError} IO_READ when the file is not there or cannot be opened
 */
export async function openItemFile(item: FileItem, ports: ItemPorts): Promise<Body> {
  if (item.path === "-") return stdinBody(ports);
  const path = expandHome(item.path, ports);
  const facts = await statItem(item, path, ports);
  // Files of /proc say that they are empty and are not.
  if (facts.isFile && facts.sizeBytes === 0) {
    return { kind: "bytes", bytes: await readItemBytes(item, ports) };
  }
  const open = (start = 0): AsyncIterable<Uint8Array> => readChunks(item, path, start, ports);
  if (!facts.isFile) return { kind: "stream", replayable: false, open: () => open() };
  // Opened now, so that a file that may not be read is found before anything is sent.
  for await (const _ of open(facts.sizeBytes)) break;
  return { kind: "stream", lengthBytes: facts.sizeBytes, replayable: true, open: () => open() };
}

/** Returns standard input as a body. */
export function stdinBody({ stdin }: ItemPorts): Body {
  return {
    kind: "stream",
    lengthBytes: stdin.sizeBytes(),
    replayable: false,
    open: () => stdin.chunks(),
  };
}

async function readItemBytes(item: FileItem, ports: ItemPorts): Promise<Uint8Array> {
  try {
    if (item.path === "-") return await collectBytes(ports.stdin.chunks());
    return await ports.files.read(expandHome(item.path, ports));
  } catch (error) {
    throw readFailure(item, error);
  }
}

async function statItem(item: FileItem, path: string, ports: ItemPorts): Promise<FileFacts> {
  let facts: FileFacts | undefined;
  try {
    facts = await ports.files.stat(path);
  } catch (error) {
    throw readFailure(item, error);
  }
  if (facts === undefined) throw readFailure(item, { code: "ENOENT" });
  if (facts.isDirectory) throw readFailure(item, { code: "EISDIR" });
  return facts;
}

async function* readChunks(
  item: FileItem,
  path: string,
  start: number,
  { files }: ItemPorts,
): AsyncGenerator<Uint8Array> {
  try {
    yield* files.chunks(path, start);
  } catch (error) {
    throw readFailure(item, error);
  }
}

/** The shell leaves a tilde alone when it is not at the start of a word. */
function expandHome(path: string, { env }: ItemPorts): string {
  const home = env("HOME");
  if (home === undefined || !/^~(?=\/|$)/.test(path)) return path;
  return `${home}${path.slice(1)}`;
}

function readFailure(item: FileItem, error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  const why = WHY.get(codeOf(error)) ?? `cannot be read: ${messageOf(error)}`;
  return new WeirError("IO_READ", `${sourceOf(item)} ${why}`, {
    hint: "Check the path, or write \\@ when the item should hold the character itself",
    details: { item: item.text, path: item.path },
    cause: error,
  });
}

/** Returns what an item takes its bytes from, as a message begins. */
export function sourceOf({ path, text }: FileItem): string {
  return `${path === "-" ? "Standard input" : `File ${path}`} of item ${quoteItem(text)}`;
}
