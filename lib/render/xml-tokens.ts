/** A piece of XML text, kept as written. */
export interface XmlToken {
  readonly kind: "open" | "close" | "empty" | "text" | "cdata" | "comment" | "directive";
  /** The text of the token, angle brackets included. */
  readonly text: string;
  /** Name of the element for tags, else "". */
  readonly name: string;
}

// Names are looser than XML 1.0: what matters is that they end where a parser ends them.
const NAME = /[^\s<>"'=/!?&;]+/y;
const ATTRIBUTE = /\s+[^\s<>"'=/]+\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;
const TAG_END = /\s*(\/?)>/y;
const CLOSE_END = /\s*>/y;

/** Kinds that end at a fixed mark, by how they begin. */
const MARKED = [
  { kind: "comment", start: "<!--", end: "-->" },
  { kind: "cdata", start: "<![CDATA[", end: "]]>" },
  { kind: "directive", start: "<?", end: "?>" },
] as const;

/**
 * Returns the tokens of `text`, or undefined when it is not XML that can be taken apart safely.
 *
 * Checks that tags are whole, attributes quoted and the elements nested under one root. Nothing is
 * expanded or fetched: entities and document types are text.
 */
export function tokenizeXml(text: string): readonly XmlToken[] | undefined {
  const tokens: XmlToken[] = [];
  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    if (token === undefined) return undefined;
    tokens.push(token);
    at += token.text.length;
  }
  return isNested(tokens) ? tokens : undefined;
}

function tokenAt(text: string, at: number): XmlToken | undefined {
  if (text[at] !== "<") {
    const next = text.indexOf("<", at);
    return { kind: "text", text: text.slice(at, next < 0 ? undefined : next), name: "" };
  }
  const marked = MARKED.find(({ start }) => text.startsWith(start, at));
  if (marked !== undefined) {
    const end = endAfter(text, marked.end, at + marked.start.length);
    return end === undefined ? undefined : token(marked.kind, text.slice(at, end));
  }
  if (text.startsWith("<!", at)) return documentTypeAt(text, at);
  return text[at + 1] === "/" ? closeTagAt(text, at) : openTagAt(text, at);
}

function token(kind: XmlToken["kind"], text: string, name = ""): XmlToken {
  return { kind, text, name };
}

function closeTagAt(text: string, at: number): XmlToken | undefined {
  const name = match(NAME, text, at + 2);
  const end = name === undefined ? undefined : match(CLOSE_END, text, at + 2 + name.length);
  if (name === undefined || end === undefined) return undefined;
  return token("close", `</${name}${end}`, name);
}

function openTagAt(text: string, at: number): XmlToken | undefined {
  const name = match(NAME, text, at + 1);
  if (name === undefined) return undefined;
  let end = at + 1 + name.length;
  for (let attribute; (attribute = match(ATTRIBUTE, text, end)) !== undefined;)
    end += attribute.length;
  const close = match(TAG_END, text, end);
  if (close === undefined) return undefined;
  const kind = close.endsWith("/>") ? "empty" : "open";
  return token(kind, text.slice(at, end + close.length), name);
}

const DOCTYPE_MARK = /["'<>[\]]/g;

/** A document type ends at the first `>` outside quotes, comments and its internal subset. */
function documentTypeAt(text: string, at: number): XmlToken | undefined {
  let depth = 0;
  for (let from = at; ;) {
    DOCTYPE_MARK.lastIndex = from;
    const mark = DOCTYPE_MARK.exec(text);
    if (mark === null) return undefined;
    const end = endOfMark(text, mark.index);
    if (end === undefined) return undefined;
    const isWhole = end > mark.index + 1;
    if (!isWhole) depth += mark[0] === "<" || mark[0] === "[" ? 1 : -1;
    if (depth === 0 && !isWhole) return token("directive", text.slice(at, end));
    from = end;
  }
}

/** Returns where the quoted text, comment, instruction or single character at `at` ends. */
function endOfMark(text: string, at: number): number | undefined {
  const first = text.charAt(at);
  if (first === '"' || first === "'") return endAfter(text, first, at + 1);
  if (text.startsWith("<!--", at)) return endAfter(text, "-->", at + 4);
  return text.startsWith("<?", at) ? endAfter(text, "?>", at + 2) : at + 1;
}

function endAfter(text: string, mark: string, from: number): number | undefined {
  const found = text.indexOf(mark, from);
  return found < 0 ? undefined : found + mark.length;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function isNested(tokens: readonly XmlToken[]): boolean {
  const open: string[] = [];
  let roots = 0;
  for (const { kind, text, name } of tokens) {
    if (open.length === 0) {
      if (kind === "open" || kind === "empty") roots += 1;
      if (kind === "cdata" || (kind === "text" && text.trim() !== "")) return false;
    }
    if (kind === "open") open.push(name);
    if (kind === "close" && open.pop() !== name) return false;
  }
  return open.length === 0 && roots === 1;
}
