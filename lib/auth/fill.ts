import { Buffer } from "node:buffer";
import { utf8 } from "../base/bytes.ts";
import type { Body } from "../http/body.ts";
import type { HopRequest } from "../http/exchange.ts";
import { type HeaderEntry, type HeaderList, headerValue, withoutHeaders } from "../http/headers.ts";
import { encodingOf, type TextEncoding } from "../secrets/placeholder.ts";
import type { CredentialStore, Dressing } from "./bound.ts";

/** What stands for secrets in a request, and how it is opened when the request is sent. */
export interface Placeholders {
  /** How each of them begins: what does not hold it is not looked through. */
  readonly prefix: string;
  /** Finds what may be one; with the flag g. */
  readonly pattern: RegExp;
  /** Returns the value as it is written; undefined when the text is no placeholder after all. */
  open(found: string, hop: HopRequest, encoding: TextEncoding): Promise<string | undefined>;
  /** Says whether a header line with it is left out of this hop, which it is not meant for. */
  isLeftOut?(found: string, hop: HopRequest): boolean;
}

/** Returns the dressing that opens the placeholders in header values and body, undefined for none. */
export async function fillHop(
  hop: HopRequest,
  placeholders: Placeholders,
): Promise<Dressing | undefined> {
  const { lines, dropped } = await fillHeaders(hop, placeholders);
  const body = await fillBody(hop, placeholders);
  if (lines.length === 0 && dropped.length === 0 && body === undefined) return undefined;
  return { lines, dropped, body };
}

/** All lines of a name are given when one of them changed: they replace those of that name. */
async function fillHeaders(
  hop: HopRequest,
  placeholders: Placeholders,
): Promise<{ readonly lines: HeaderList; readonly dropped: readonly string[] }> {
  const filled: { readonly name: string; readonly line?: HeaderEntry; isChanged: boolean }[] = [];
  for (const [name, value] of hop.headers) {
    if (isLeftOut(value, hop, placeholders)) {
      filled.push({ name, isChanged: true });
      continue;
    }
    const text = await fillText(value, hop, placeholders, "header");
    filled.push({ name, line: [name, text], isChanged: text !== value });
  }
  const changed = new Set(
    filled.filter(({ isChanged }) => isChanged).map(({ name }) => name.toLowerCase()),
  );
  const touched = filled.filter(({ name }) => changed.has(name.toLowerCase()));
  return {
    lines: touched.flatMap(({ line }) => (line === undefined ? [] : [line])),
    dropped: touched.flatMap(({ name, line }) => (line === undefined ? [name] : [])),
  };
}

function isLeftOut(text: string, hop: HopRequest, placeholders: Placeholders): boolean {
  if (!text.includes(placeholders.prefix)) return false;
  const found = [...text.matchAll(placeholders.pattern)];
  return found.some(([one]) => placeholders.isLeftOut?.(one, hop) === true);
}

/**
 * Returns `text` with its placeholders opened.
 *
 * What stands in a value is not looked through again: it is the secret, whatever it looks like.
 */
export async function fillText(
  text: string,
  hop: HopRequest,
  placeholders: Placeholders,
  encoding: TextEncoding,
): Promise<string> {
  const { prefix, pattern } = placeholders;
  if (!text.includes(prefix)) return text;
  const values = new Map<string, string>();
  for (const [found] of text.matchAll(pattern)) {
    if (values.has(found)) continue;
    const value = await placeholders.open(found, hop, encoding);
    if (value !== undefined) values.set(found, value);
  }
  return text.replace(pattern, (found) => values.get(found) ?? found);
}

async function fillBody(hop: HopRequest, placeholders: Placeholders): Promise<Body | undefined> {
  const { body, headers, contentType = headerValue(headers, "content-type") } = hop;
  if (body.kind !== "bytes" || !hasPart(body.bytes, placeholders.prefix)) return undefined;
  const encoding = encodingOf(contentType);
  // One character a byte: placeholders are ASCII, and what stands around them may be no text.
  const text = latin1(body.bytes);
  const filled = await fillText(text, hop, byteWise(placeholders), encoding);
  return filled === text ? undefined : { kind: "bytes", bytes: Buffer.from(filled, "latin1") };
}

/** Returns placeholders whose values have one character for each of their bytes in UTF-8. */
function byteWise(placeholders: Placeholders): Placeholders {
  return {
    ...placeholders,
    async open(found, hop, encoding) {
      const value = await placeholders.open(found, hop, encoding);
      return value === undefined ? undefined : latin1(utf8(value));
    },
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function hasPart(bytes: Uint8Array, part: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(part);
}

/** Opens the placeholders of each hop. */
export interface HopFiller {
  /** Returns what the hop is dressed with, undefined when it holds no placeholder. */
  fill(hop: HopRequest): Promise<Dressing | undefined>;
  /** As `fill`, with values renewed after a 401; undefined when none could be. */
  refill?(hop: HopRequest): Promise<Dressing | undefined>;
}

/** Returns credentials that fill a hop and then do what `base` does, whose lines win. */
export function filledCredentials(base: CredentialStore, filler: HopFiller): CredentialStore {
  // The hop as `base` was shown it: with its values, since a digest is made of the real URL.
  const shown = new WeakMap<HopRequest, HopRequest>();
  return {
    async dress(hop) {
      const filled = await filler.fill(hop);
      if (filled === undefined) return await base.dress(hop);
      const open = withFilled(hop, filled);
      shown.set(hop, open);
      return merged(filled, await base.dress(open));
    },
    async answer(hop, challenge) {
      const answered = await base.answer(shown.get(hop) ?? hop, challenge);
      const filled = await filler.refill?.(hop);
      if (filled === undefined) return answered;
      const dressed = merged(filled, await base.dress(withFilled(hop, filled)));
      return answered === undefined ? dressed : merged(dressed, answered);
    },
  };
}

function withFilled(hop: HopRequest, { lines, dropped = [], body, url }: Dressing): HopRequest {
  const names = [...lines.map(([name]) => name), ...dropped];
  return {
    ...hop,
    headers: [...withoutHeaders(hop.headers, names), ...lines],
    body: body ?? hop.body,
    url: url ?? hop.url,
  };
}

/** Returns both dressings as one; the second one wins. */
function merged(first: Dressing, second: Dressing): Dressing {
  const names = second.lines.map(([name]) => name);
  return {
    lines: [...withoutHeaders(first.lines, names), ...second.lines],
    dropped: [...(first.dropped ?? []), ...(second.dropped ?? [])],
    body: second.body ?? first.body,
    url: second.url ?? first.url,
  };
}
