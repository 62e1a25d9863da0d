import { codeOf, messageOf } from "./errors.ts";

/** Reasons a person understands, for the codes of the system. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EEXIST", "it exists already"],
  ["EISDIR", "it is a directory"],
  ["ENOSPC", "the disk is full"],
  ["ENOTDIR", "a part of its path is not a folder"],
  ["EROFS", "the file system is read-only"],
]);

/** Returns why a file cannot be written: half a sentence, to stand behind a colon. */
export function whyNotWritten(error: unknown): string {
  return codeOf(error) === "ENOENT" ? "its folder does not exist" : reasonOf(error);
}

/** Returns why a file cannot be read: half a sentence, to stand behind a colon. */
export function whyNotRead(error: unknown): string {
  return codeOf(error) === "ENOENT" ? "there is no such file" : reasonOf(error);
}

function reasonOf(error: unknown): string {
  return REASONS.get(codeOf(error)) ?? messageOf(error);
}
