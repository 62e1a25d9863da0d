import { utf8 } from "../base/bytes.ts";
import { codeOf, WeirError } from "../base/errors.ts";
import { whyNotWritten } from "../base/file-reasons.ts";
import type { Files, FileWriter } from "../runtime/runtime.ts";
import type { RowFormat, RowWriter } from "./formats/format.ts";

/** How a file is begun: emptied by the first task of the run that writes to it, or added to. */
export type WriteMode = "overwrite" | "append";

/** Where rows go. */
export interface OutputTarget {
  /** Absolute path, or "-" for standard output. */
  readonly path: string;
  readonly format: RowFormat;
  readonly mode: WriteMode;
}

/** What outputs need from outside. */
export interface OutputPorts {
  readonly files: Files;
  readonly print: (text: string) => Promise<void>;
}

/** Bytes of the beginning of a file that its first line is looked for in. */
const HEAD_CAP_BYTES = 64 * 1024;

/** One file that the tasks of a run write to. */
interface Output {
  readonly mode: WriteMode;
  readonly format: RowFormat;
  readonly rows: RowWriter;
  readonly write: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Ends when all that was written before is on its way to the disk. */
  last: Promise<void>;
}

/**
 * The files that the `write` tasks of one run write to. Each is opened once; rows of tasks that run
 * beside each other never mix within a call.
 */
export class Outputs {
  readonly #ports: OutputPorts;
  readonly #open = new Map<string, Promise<Output>>();

  constructor(ports: OutputPorts) {
    this.#ports = ports;
  }

  /** Says whether something went to standard output. */
  get hasPrinted(): boolean {
    return this.#open.has("-");
  }

  /**
   * Writes rows; for a format that is written whole, the one row is the content.
   *
   * @throws {WeirError} IO_WRITE, DATA_BAD_ROW, DATA_BAD_FILE when the file was begun in another way
   */
  async write(target: OutputTarget, rows: readonly unknown[]): Promise<void> {
    const { path, format, mode } = target;
    if (!format.canGrow && path !== "-") return await this.#replace(target, rows);
    let opened = this.#open.get(path);
    if (opened === undefined) {
      opened = this.#begin(target);
      this.#open.set(path, opened);
      // A file that could not be opened may be there at the next attempt.
      opened.catch(() => this.#open.delete(path));
    }
    const output = await opened;
    if (output.format !== format || output.mode !== mode) {
      throw new WeirError("DATA_BAD_FILE", `${path} is written in two ways`, {
        hint: "Give every task that writes to it the same format and mode",
        details: { path },
      });
    }
    const text = output.rows.rows(rows);
    const before = output.last;
    const done = before.then(() => output.write(text));
    // The next write waits for this one and is not stopped by its failure.
    output.last = done.catch(() => undefined);
    await done;
  }

  /** Writes what is held and closes every file. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    for (const one of opened) {
      if (one.status === "rejected") continue;
      await one.value.last;
      await one.value.close();
    }
  }

  async #begin({ path, format, mode }: OutputTarget): Promise<Output> {
    const { files, print } = this.#ports;
    const last = Promise.resolve();
    if (path === "-") {
      const rows = format.open(undefined);
      return { mode, format, rows, write: print, close: () => last, last };
    }
    return await translated(path, async () => {
      const head = mode === "append" ? await headOf(files, path) : undefined;
      const writer = await files.open(path, mode === "append" ? "append" : "truncate");
      const rows = format.open(head);
      return { mode, format, rows, ...writing(path, writer), last };
    });
  }

  /** A whole file is written beside the old one and renamed over it. */
  async #replace({ path, format }: OutputTarget, rows: readonly unknown[]): Promise<void> {
    const text = format.open(undefined).rows(rows);
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    await translated(path, async () => {
      const facts = await this.#ports.files.stat(folder);
      if (facts === undefined) throw Object.assign(new Error("no folder"), { code: "ENOENT" });
      await this.#ports.files.replace(path, text, 0o666);
    });
  }
}

function writing(path: string, writer: FileWriter): Pick<Output, "write" | "close"> {
  return {
    write: (text) => translated(path, () => writer.write(utf8(text))),
    close: () => translated(path, () => writer.close()),
  };
}

/** Returns the first line of a file, undefined when there is nothing in it. */
async function headOf(files: Files, path: string): Promise<string | undefined> {
  const facts = await files.stat(path);
  if (facts === undefined || facts.sizeBytes === 0 || !facts.isFile) return undefined;
  for await (const chunk of files.chunks(path)) {
    const text = new TextDecoder().decode(chunk.subarray(0, HEAD_CAP_BYTES));
    return text.split(/\r?\n/, 1)[0];
  }
  return undefined;
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const reason = whyNotWritten(error);
    throw new WeirError("IO_WRITE", `Cannot write ${path}: ${reason}`, {
      hint: "Change the key to of the task, or make its folder",
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
}
