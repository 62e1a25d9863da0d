import type { AppendFile, Files } from "../runtime/runtime.ts";
import { notWritten } from "./problem.ts";

/** Small chunks are written together in blocks of this size. */
const BLOCK_BYTES = 128 * 1024;

/** Takes blocks; a block may be changed once its promise resolves. */
interface BlockSink {
  write(block: Uint8Array): Promise<void>;
  end(): Promise<void>;
  destroy(): void;
}

/** Writes a body to a file beside its later place, compressed when asked for. */
export class ResultFileWriter {
  readonly path: string;
  readonly #files: Files;
  readonly #file: AppendFile;
  readonly #sink: BlockSink;
  /** One block is filled while the other one is written. */
  #block = new Uint8Array(BLOCK_BYTES);
  #spare = new Uint8Array(BLOCK_BYTES);
  #used = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, files: Files, file: AppendFile, sink: BlockSink) {
    this.path = path;
    this.#files = files;
    this.#file = file;
    this.#sink = sink;
  }

  /**
   * Opens the file `path`, for its owner alone.
   *
   * @throws {WeirError} IO_WRITE
   */
  static async open(files: Files, path: string, isGzip: boolean): Promise<ResultFileWriter> {
    try {
      const file = await files.openAppend(path, 0o600);
      const sink = isGzip ? await gzipSink(file) : plainSink(file);
      return new ResultFileWriter(path, files, file, sink);
    } catch (error) {
      throw notWritten(path, error);
    }
  }

  /** @throws {WeirError} IO_WRITE */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.byteLength;
      at += part.byteLength;
      if (this.#used === BLOCK_BYTES) await this.#flush();
    }
  }

  /**
   * Resolves when everything is on the disk.
   *
   * @throws {WeirError} IO_WRITE
   */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#done();
    try {
      await this.#sink.end();
      await this.#file.sync();
      await this.#file.close();
    } catch (error) {
      throw notWritten(this.path, error);
    }
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    // What made the caller give up is told already; this is to leave nothing behind.
    await this.#writing.catch(() => undefined);
    this.#sink.destroy();
    await this.#file.close().catch(() => undefined);
    await this.#files.remove(this.path).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await this.#done();
    const block = this.#block.subarray(0, this.#used);
    [this.#block, this.#spare] = [this.#spare, this.#block];
    this.#used = 0;
    if (block.byteLength === 0) return;
    this.#writing = this.#sink.write(block);
    // Its failure is told by the next call that waits for it.
    this.#writing.catch(() => undefined);
  }

  async #done(): Promise<void> {
    try {
      await this.#writing;
    } catch (error) {
      throw notWritten(this.path, error);
    }
  }
}

function plainSink(file: AppendFile): BlockSink {
  return {
    write: (block) => file.append(block),
    end: () => Promise.resolve(),
    destroy: () => undefined,
  };
}

async function gzipSink(file: AppendFile): Promise<BlockSink> {
  const { createGzip, constants } = await import("node:zlib");
  // The fastest level: a body is written once while it arrives and read a few times at most.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  let made: Uint8Array[] = [];
  let failure: Error | undefined;
  gzip.on("data", (bytes: Uint8Array) => made.push(bytes));
  gzip.on("error", (error) => {
    failure = error;
  });
  const drain = async (): Promise<void> => {
    if (failure !== undefined) throw failure;
    const ready = made;
    made = [];
    for (const bytes of ready) await file.append(bytes);
  };
  return {
    async write(block) {
      await new Promise<void>((resolve) => {
        gzip.write(block, () => resolve());
      });
      await drain();
    },
    async end() {
      await new Promise<void>((resolve) => {
        gzip.once("close", resolve);
        gzip.end();
      });
      await drain();
    },
    destroy: () => gzip.destroy(),
  };
}
