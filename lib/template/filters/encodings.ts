import { utf8 } from "../../base/bytes.ts";
import type { Evaluation } from "../evaluation.ts";
import { describe, itemsOf } from "../lookup.ts";
import { escapeHtml } from "../markup.ts";
import { pairsOf } from "../methods/dicts.ts";
import { type Arguments, type Operation, operation } from "../operation.ts";
import { isTrue } from "../operators.ts";
import { textOf } from "../text.ts";
import { isDict, Undefined } from "../values.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
/** Characters that cannot stand in the name of an attribute of HTML. */
const ATTRIBUTE_BREAK = /[\s/>=]/;

/** Percent-encodes all but letters, digits and `_.-~`, and `/` outside query strings. */
function quoteUrl(text: string, isQuery: boolean): string {
  // A lone surrogate has no UTF-8 form; it becomes U+FFFD as everywhere else.
  const escaped = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return isQuery ? escaped.replaceAll("%20", "+") : escaped.replaceAll("%2F", "/");
}

function urlEncode(state: Evaluation, value: unknown): string {
  if (!isDict(value) && !Array.isArray(value)) return quoteUrl(textOf(state, value), false);
  const pairs = isDict(value) ? pairsOf(state, value) : itemsOf(state, value);
  const parts = pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw state.typeError(`urlencode needs pairs, not ${describe(pair)}`, "Use a map");
    return pair.map((part) => quoteUrl(textOf(state, part), true)).join("=");
  });
  return checked(state, parts.join("&"));
}

function checked(state: Evaluation, text: string): string {
  state.chargeText(text.length);
  return text;
}

function toBase64(state: Evaluation, value: unknown): string {
  return checked(state, utf8(textOf(state, value)).toBase64());
}

function fromBase64(state: Evaluation, value: unknown): string {
  const text = textOf(state, value).replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[a-z\d+/]*={0,2}$/i.test(text) || text.replace(/=+$/, "").length % 4 === 1)
    throw state.typeError("The text is not Base64");
  // Padding may be left out, as tokens do; what it stands for is then clear all the same.
  try {
    return decoder.decode(Uint8Array.fromBase64(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw state.typeError("The text is not Base64");
    if (!(error instanceof TypeError)) throw error;
    throw state.typeError("The decoded bytes are not UTF-8 text", "Keep binary data in a file");
  }
}

function htmlAttributes(state: Evaluation, value: unknown, args: Arguments): string {
  if (!isDict(value)) throw state.typeError(`xmlattr needs a map, not ${describe(value)}`);
  const parts: string[] = [];
  for (const [key, one] of pairsOf(state, value)) {
    if (one === null || one instanceof Undefined) continue;
    if (ATTRIBUTE_BREAK.test(key)) throw state.typeError("An attribute's name cannot have spaces");
    parts.push(`${escapeHtml(key)}="${escapeHtml(textOf(state, one))}"`);
  }
  const hasSpace = parts.length > 0 && isTrue(state, args.value(0, true));
  return checked(state, (hasSpace ? " " : "") + parts.join(" "));
}

/** Shows at most `limit` characters of an address. */
function shortened(address: string, limit: number | undefined): string {
  return limit === undefined || address.length <= limit ? address : `${address.slice(0, limit)}...`;
}

const LEADING = /^(?:[(<]|&lt;)+/;
const TRAILING = [")", ">", ".", ",", "&gt;"] as const;
const ADDRESS =
  /^(?<scheme>https?:\/\/|www\.)?(?<host>[\w%.-]+|\[[\da-f:]+\])(?::\d{1,5})?(?:[/?#]\S*)?$/i;
const EMAIL = /^(?:mailto:)?[^\s@"]+@[\w.-]+\.[a-z]{2,}$/i;
const KNOWN_ENDS: ReadonlySet<string> = new Set("com net int edu gov org info mil".split(" "));

/** Says whether a word is a web address: by its scheme, or by a well-known top-level domain. */
function isAddress(word: string): boolean {
  const { scheme, host = "" } = ADDRESS.exec(word)?.groups ?? {};
  const labels = host.split(".");
  const end = labels.at(-1) ?? "";
  if (scheme === undefined) return labels.length > 1 && KNOWN_ENDS.has(end);
  return host.startsWith("[") || /^(?:[a-z]{2,63}|xn--[\w%]{2,59}|\d{1,3})$/i.test(end);
}

function urlize(state: Evaluation, value: unknown, args: Arguments): string {
  const limit = args.optionalInteger(0);
  const rel = isTrue(state, args.value(1, false)) ? ' rel="nofollow noopener"' : ' rel="noopener"';
  const target = args.optionalText(2);
  const more = rel + (target === undefined ? "" : ` target="${escapeHtml(target)}"`);
  const words = escapeHtml(textOf(state, value)).split(/(\s+)/);
  return checked(state, words.map((word) => linked(word, limit, more)).join(""));
}

function linked(word: string, limit: number | undefined, more: string): string {
  const head = LEADING.exec(word)?.[0] ?? "";
  let middle = word.slice(head.length);
  let tail = "";
  const ending = (): string | undefined => TRAILING.find((end) => middle.endsWith(end));
  for (let end = ending(); end !== undefined; end = ending()) {
    tail = end + tail;
    middle = middle.slice(0, -end.length);
  }
  if (isAddress(middle)) {
    const url = /^https?:/i.test(middle) ? middle : `https://${middle}`;
    return `${head}<a href="${url}"${more}>${shortened(middle, limit)}</a>${tail}`;
  }
  if (!EMAIL.test(middle)) return word;
  const name = middle.replace(/^mailto:/, "");
  return `${head}<a href="mailto:${name}">${name}</a>${tail}`;
}

const escape = operation("", (state, value) => checked(state, escapeHtml(textOf(state, value))));

/** Filters that write text for URLs, HTML and headers. */
export const ENCODING_FILTERS: Readonly<Record<string, Operation>> = {
  b64decode: operation("", fromBase64),
  b64encode: operation("", toBase64),
  e: escape,
  escape,
  forceescape: escape,
  safe: operation("", textOf),
  urlencode: operation("", urlEncode),
  urlize: operation("trim_url_limit? nofollow? target?", urlize),
  xmlattr: operation("autospace?", htmlAttributes),
};
