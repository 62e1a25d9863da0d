import { WeirError } from "../../../lib/base/errors.ts";
import type { ResponseHead } from "../../../lib/http/exchange.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import { headerValue } from "../../../lib/http/headers.ts";
import type { Files } from "../../../lib/runtime/runtime.ts";

/** Where an earlier download stopped. */
export interface ResumePoint {
  /** Bytes the file has. */
  readonly offset: number;
  /** Range, and If-Range when the version of the first part is known (RFC 9110 section 13.1.5). */
  readonly headers: HeaderList;
}

/** Returns the file beside a download that remembers which version its first part is of. */
export function validatorPath(path: string): string {
  return `${path}.weir-part`;
}

/** Returns where to go on with the download of `path`, undefined when there is nothing of it. */
export async function findResumePoint(
  files: Files,
  path: string,
): Promise<ResumePoint | undefined> {
  const facts = await files.stat(path);
  if (facts === undefined || !facts.isFile || facts.sizeBytes === 0) return undefined;
  const range = ["Range", `bytes=${facts.sizeBytes}-`] as const;
  const side = validatorPath(path);
  if ((await files.stat(side)) === undefined) return { offset: facts.sizeBytes, headers: [range] };
  const validator = new TextDecoder().decode(await files.read(side)).trim();
  const headers = validator === "" ? [range] : [range, ["If-Range", validator] as const];
  return { offset: facts.sizeBytes, headers };
}

/** Returns the validator a later If-Range can use: a strong ETag, else Last-Modified. */
export function validatorOf(head: ResponseHead): string | undefined {
  const tag = headerValue(head.headers, "etag");
  if (tag !== undefined && tag.startsWith('"')) return tag;
  return headerValue(head.headers, "last-modified");
}

/** What the answer to a Range request means for the file. */
export type ResumeAnswer = "append" | "restart" | "complete";

/**
 * Reads the answer to a request that asked for the rest of a file.
 *
 * @throws {WeirError} NET_PROTOCOL when the server sends another part than asked for
 */
export function readResumeAnswer(head: ResponseHead, offset: number): ResumeAnswer {
  const range = headerValue(head.headers, "content-range") ?? "";
  if (head.status === 416) {
    const total = /^bytes \*\/(\d+)$/i.exec(range)?.[1];
    if (total === undefined || Number(total) === offset) return "complete";
    throw otherFile(`the file here has ${offset} bytes, the one on the server ${total}`);
  }
  if (head.status !== 206) return "restart";
  const start = /^bytes (\d+)-/i.exec(range)?.[1];
  if (Number(start) === offset) return "append";
  throw otherFile(`asked for the bytes from ${offset} on, got ${range || "no range"}`);
}

function otherFile(what: string): WeirError {
  return new WeirError("NET_PROTOCOL", `The download cannot be continued: ${what}`, {
    hint: "Download the whole file again without --continue",
  });
}
