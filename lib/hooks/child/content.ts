import { utf8 } from "../../base/bytes.ts";

/** What goes with a call of the host: a body as bytes or text, or nothing. */
export type Content = Uint8Array | string | undefined;

const NO_BYTES = new Uint8Array();

/** Returns content as bytes. */
export function contentBytes(content: Content): Uint8Array {
  if (content === undefined) return NO_BYTES;
  return typeof content === "string" ? utf8(content) : content;
}
