/**
 * The render room: exchange to text.
 *
 * Takes the nouns of `lib/http/exchange.ts` and yields strings and bytes for standard output. Decides
 * nothing about where they go, writes nothing, and reads no clock, environment or file. A new kind of
 * body that can be laid out is one file, one line of FORMATS and one test.
 *
 * Two rules hold everywhere: text from a server is sanitized before colour is added to it, and a pipe
 * that asked for nothing gets the bytes untouched.
 */
import type { BodyFormat } from "./format.ts";
import { jsonFormat, jsonLikeFormat, jsonLinesFormat } from "./json.ts";
import { xmlFormat } from "./xml.ts";

/** Kinds of bodies that are laid out and coloured; the first that matches is taken. Others stay. */
const FORMATS: readonly BodyFormat[] = [jsonLinesFormat, jsonFormat, xmlFormat, jsonLikeFormat];

/** Returns the format for bodies of this media type, undefined when they stay as they are. */
export function formatFor(mediaType: string): BodyFormat | undefined {
  return FORMATS.find((format) => format.matches(mediaType));
}
