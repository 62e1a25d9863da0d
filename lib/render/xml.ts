import type { Painter } from "./color.ts";
import { type BodyFormat, type FormatContext, longestLayout, PIECE_LENGTH } from "./format.ts";
import { isXmlType } from "./media-type.ts";
import { tokenizeXml, type XmlToken } from "./xml-tokens.ts";

/**
 * XML by its media type.
 *
 * Only white space between elements changes: an element that holds text or nothing, or says
 * `xml:space`, is printed as it is written.
 */
export const xmlFormat: BodyFormat = {
  name: "xml",
  takes: "body",
  matches: isXmlType,
  format(text, context) {
    const tokens = tokenizeXml(text);
    if (tokens === undefined) return undefined;
    const { isFormatted, indent } = context.options.xml;
    if (!context.isFormatted || !isFormatted) return print(asWritten(tokens), context);
    if (lengthOf(indented(tokens, indent), longestLayout(text.length)) === undefined)
      return undefined;
    return print(indented(tokens, indent, text.endsWith("\n") ? "\n" : ""), context);
  },
};

/** A token with the white space before it; the last one may have no token. */
interface Placed {
  readonly gap: string;
  readonly token?: XmlToken;
}

function* asWritten(tokens: readonly XmlToken[]): Generator<Placed> {
  for (const token of tokens) yield { gap: "", token };
}

function* indented(tokens: readonly XmlToken[], spaces: number, end = ""): Generator<Placed> {
  const kept = keptElements(tokens);
  let depth = 0;
  /** How many elements are open from the one on that is printed as written. */
  let keptDepth = 0;
  let isFirst = true;
  for (const [at, token] of tokens.entries()) {
    if (keptDepth > 0) {
      yield { gap: "", token };
      if (token.kind === "open") keptDepth += 1;
      if (token.kind === "close") keptDepth -= 1;
      continue;
    }
    if (token.kind === "text") continue;
    if (token.kind === "close") depth -= 1;
    yield { gap: isFirst ? "" : `\n${" ".repeat(spaces * depth)}`, token };
    isFirst = false;
    if (kept.has(at)) keptDepth = 1;
    else if (token.kind === "open") depth += 1;
  }
  yield { gap: end };
}

/** Returns the places of start tags whose elements are printed as they are written. */
function keptElements(tokens: readonly XmlToken[]): ReadonlySet<number> {
  const kept = new Set<number>();
  const open: { readonly at: number; hasChild: boolean }[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    const parent = open.at(-1);
    if (kind === "close") {
      open.pop();
      if (parent?.hasChild === false) kept.add(parent.at);
    } else if (kind === "cdata" || (kind === "text" && text.trim() !== "")) {
      if (parent !== undefined) kept.add(parent.at);
    } else if (kind !== "text" && parent !== undefined) {
      parent.hasChild = true;
    }
    if (kind !== "open") continue;
    open.push({ at, hasChild: false });
    if (/\sxml:space\s*=/.test(text)) kept.add(at);
  }
  return kept;
}

function lengthOf(placed: Iterable<Placed>, longest: number): number | undefined {
  let length = 0;
  for (const { gap, token } of placed) {
    length += gap.length + (token?.text.length ?? 0);
    if (length > longest) return undefined;
  }
  return length;
}

function* print(placed: Iterable<Placed>, { clean, painter }: FormatContext): Generator<string> {
  let piece = "";
  for (const { gap, token } of placed) {
    piece += gap + (token === undefined ? "" : paintToken(token.kind, clean(token.text), painter));
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

const ATTRIBUTE = /([^\s<>"'=/]+)(\s*=\s*)("[^"]*"|'[^']*')/g;

function paintToken(kind: XmlToken["kind"], text: string, painter: Painter): string {
  if (kind === "text" || kind === "cdata") return text;
  if (kind === "comment" || kind === "directive") return painter.paint("comment", text);
  const start = /^<\/?[^\s/>]+/.exec(text)?.[0] ?? "";
  const end = text.endsWith("/>") ? "/>" : ">";
  const attributes = text.slice(start.length, -end.length);
  if (attributes === "") return painter.paint("tag", text);
  const painted = attributes.replace(
    ATTRIBUTE,
    (_all, name: string, equals: string, value: string) =>
      painter.paint("attribute", name) + equals + painter.paint("string", value),
  );
  return painter.paint("tag", start) + painted + painter.paint("tag", end);
}
