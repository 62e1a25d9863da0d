import { codeOf, toWeirError, WeirError } from "../../../lib/base/errors.ts";
import { whyNotWritten } from "../../../lib/base/file-reasons.ts";
import type { Files, FileWriter } from "../../../lib/runtime/runtime.ts";

/** Returns the error for a file that cannot be written. */
function cannotWrite(path: string, error: unknown): WeirError {
  const reason = whyNotWritten(error);
  return new WeirError("IO_WRITE", `Cannot write ${path}: ${reason}`, {
    hint: "Choose another place with --output FILE",
    details: { path, reason: codeOf(error) },
    cause: error,
  });
}

/**
 * Opens a file for writing; its errors, and those of every write, are IO_WRITE.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function openFile(
  files: Files,
  path: string,
  how: "truncate" | "append",
): Promise<FileWriter> {
  const translated = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw cannotWrite(path, error);
    }
  };
  const writer = await translated(files.open(path, how));
  return {
    write: (chunk) => translated(writer.write(chunk)),
    close: () => translated(writer.close()),
  };
}

/**
 * Throws when no file can be made at `path`: known before a request is sent, whose answer would be
 * lost. What only opening tells, such as a permission, is told later.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function checkPlace(files: Files, path: string): Promise<void> {
  const code = await obstacle(files, path).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  if (code !== undefined) throw cannotWrite(path, { code });
}

/** Returns the code that opening `path` would fail with, as far as it can be seen. */
async function obstacle(files: Files, path: string): Promise<string | undefined> {
  if ((await files.stat(path))?.isDirectory === true) return "EISDIR";
  const folder = /^(.+)\/[^/]*$/s.exec(path)?.[1];
  if (folder === undefined) return undefined;
  const facts = await files.stat(folder);
  if (facts === undefined) return "ENOENT";
  return facts.isDirectory ? undefined : "ENOTDIR";
}

/** Returns the error `cause` with the file that holds what came before it. */
export function partialFile(
  cause: unknown,
  path: string,
  doneBytes: number,
  hint?: string,
): WeirError {
  const error = toWeirError(cause);
  return new WeirError(error.code, `${error.message}; ${path} holds the first ${doneBytes} bytes`, {
    hint: hint ?? error.hint,
    details: { ...error.details, path, doneBytes },
    cause,
  });
}

/**
 * Creates a file that was not there: `path`, else `stem-1.ext`, `stem-2.ext` and so on.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function createUnique(
  files: Files,
  path: string,
): Promise<{ readonly path: string; readonly writer: FileWriter }> {
  const dot = path.lastIndexOf(".");
  const stemEnd = dot > path.lastIndexOf("/") + 1 ? dot : path.length;
  for (let count = 0; ; count += 1) {
    const suffix = count === 0 ? "" : `-${count}`;
    const tried = path.slice(0, stemEnd) + suffix + path.slice(stemEnd);
    try {
      return { path: tried, writer: await files.open(tried, "create") };
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw cannotWrite(tried, error);
    }
  }
}
