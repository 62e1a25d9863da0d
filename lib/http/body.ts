import { utf8 } from "../base/bytes.ts";

/** The body of a request. */
export type Body =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "stream";
      /** Exact length, or undefined: then it is sent chunked. */
      readonly lengthBytes?: number | undefined;
      /** True when `open` may be called again, for a redirect or a retry. */
      readonly replayable: boolean;
      readonly open: () => AsyncIterable<Uint8Array>;
    };

/** The body of a request that has none. */
export const NO_BODY: Body = { kind: "none" };

/** Returns a body that holds the UTF-8 bytes of `text`. */
export function textBody(text: string): Body {
  return { kind: "bytes", bytes: utf8(text) };
}

/** Returns the length in bytes; undefined when it is not known before sending. */
export function bodyLength(body: Body): number | undefined {
  if (body.kind === "none") return 0;
  return body.kind === "bytes" ? body.bytes.byteLength : body.lengthBytes;
}

/** Yields the bytes of a body in order. */
export async function* readBody(body: Body): AsyncGenerator<Uint8Array> {
  if (body.kind === "bytes") yield body.bytes;
  if (body.kind === "stream") yield* body.open();
}
