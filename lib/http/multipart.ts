import { concatBytes, utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { type Body, bodyLength, readBody } from "./body.ts";
import { isToken } from "./headers.ts";

/** One part of a multipart body. */
export interface Part {
  readonly name: string;
  readonly filename?: string | undefined;
  readonly contentType?: string | undefined;
  readonly body: Body;
}

/** bchars of RFC 2046 section 5.1.1: at most 70 of them, the last one not a space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/** What WHATWG HTML section 4.10.21.8 escapes in the name and file name of a part. */
const ESCAPES = new Map([
  ["\r", "%0D"],
  ["\n", "%0A"],
  ['"', "%22"],
]);

/**
 * Returns `boundary` when it can separate parts.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function checkBoundary(boundary: string): string {
  if (BOUNDARY.test(boundary)) return boundary;
  throw new WeirError("USAGE_BAD_VALUE", "The boundary cannot separate the parts of a body", {
    hint: "A boundary is 1 to 70 letters, digits and '()+_,-./:=? and does not end with a space",
    details: { boundary },
  });
}

/** Returns a boundary that no content holds by chance; `random` gives strong random bytes. */
export function newBoundary(random: (count: number) => Uint8Array): string {
  return random(16).toHex();
}

/** Returns a Content-Type value with its boundary, for example of "multipart/form-data". */
export function multipartType(essence: string, boundary: string): string {
  return `${essence}; boundary=${isToken(boundary) ? boundary : `"${boundary}"`}`;
}

/**
 * Returns the parts as one body, RFC 7578.
 *
 * Parts in memory make a body in memory. Any streamed part makes a streamed body, whose length is
 * known when that of every part is, and which is replayable when every part is.
 */
export function multipartBody(parts: readonly Part[], boundary: string): Body {
  const pieces: readonly Body[] = [
    ...parts.flatMap((part) => [
      bytesBody(utf8(headOf(part, boundary))),
      part.body,
      bytesBody(utf8("\r\n")),
    ]),
    bytesBody(utf8(`--${boundary}--\r\n`)),
  ];
  const streams = pieces.filter((piece) => piece.kind === "stream");
  if (streams.length === 0) return bytesBody(concatBytes(pieces.flatMap(bytesOf)));
  return {
    kind: "stream",
    lengthBytes: sumLengths(pieces),
    replayable: streams.every((piece) => piece.replayable),
    open: () => readAll(pieces),
  };
}

function headOf({ name, filename, contentType }: Part, boundary: string): string {
  const file = filename === undefined ? "" : `; filename="${escape(filename)}"`;
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const disposition = `Content-Disposition: form-data; name="${escape(name)}"${file}\r\n`;
  return `--${boundary}\r\n${disposition}${type}\r\n`;
}

function escape(text: string): string {
  return text.replace(/[\r\n"]/g, (character) => ESCAPES.get(character) ?? character);
}

function bytesBody(bytes: Uint8Array): Body {
  return { kind: "bytes", bytes };
}

function bytesOf(body: Body): readonly Uint8Array[] {
  return body.kind === "bytes" ? [body.bytes] : [];
}

function sumLengths(bodies: readonly Body[]): number | undefined {
  let sum = 0;
  for (const body of bodies) {
    const lengthBytes = bodyLength(body);
    if (lengthBytes === undefined) return undefined;
    sum += lengthBytes;
  }
  return sum;
}

async function* readAll(bodies: readonly Body[]): AsyncGenerator<Uint8Array> {
  for (const body of bodies) yield* readBody(body);
}
