/** One link of a Link header, RFC 8288. */
export interface Link {
  readonly url: URL;
  /** Relation types in lower case, for example "next". */
  readonly relations: readonly string[];
  /** Other parameters by lower-case name; the first of several counts, `name*` is decoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TARGET = /[\s,]*<([^>]*)>/y;
const PARAMETER =
  /\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s;,"]*)))?)?/y;
/** ext-value of RFC 8187: charset, language, percent-encoded text. */
const EXTENDED = /^utf-8'[^']*'(.*)$/i;

/**
 * Returns the links of Link header lines in order, resolved against the URL of the response.
 *
 * Lenient: empty elements are passed over, and so is the rest of a line from where it breaks the
 * grammar, and a link that does not resolve.
 */
export function parseLinks(values: readonly string[], base: URL): readonly Link[] {
  return values.flatMap((value) => [...linksOf(value, base)]);
}

/**
 * Returns where the first link of a relation leads.
 *
 * Links with an anchor are about another resource than the one received, so they do not count.
 */
export function findLink(links: readonly Link[], relation: string): URL | undefined {
  const wanted = relation.toLowerCase();
  return links.find((link) => !link.parameters.has("anchor") && link.relations.includes(wanted))
    ?.url;
}

function* linksOf(text: string, base: URL): Generator<Link> {
  let at = 0;
  for (;;) {
    TARGET.lastIndex = at;
    const target = TARGET.exec(text)?.[1];
    if (target === undefined) return;
    const read = readParameters(text, TARGET.lastIndex);
    at = read.end;
    const url = URL.parse(target.trim(), base.href);
    if (url !== null) yield { url, ...toLink(read.parameters) };
  }
}

function readParameters(
  text: string,
  start: number,
): { end: number; parameters: Map<string, string> } {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = start;
  let end = start;
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    end = PARAMETER.lastIndex;
    const [, typed = "", quoted, token = ""] = found;
    const name = typed.toLowerCase();
    if (name === "" || parameters.has(name)) continue;
    parameters.set(name, quoted?.replaceAll(/\\(.)/g, "$1") ?? token);
  }
  return { end, parameters };
}

function toLink(read: ReadonlyMap<string, string>): Pick<Link, "relations" | "parameters"> {
  const parameters = new Map<string, string>();
  for (const [name, value] of read) {
    if (name === "rel") continue;
    if (!name.endsWith("*")) parameters.set(name, parameters.get(name) ?? value);
    else parameters.set(name.slice(0, -1), decodeExtended(value) ?? value);
  }
  const relations = (read.get("rel") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return { relations, parameters };
}

function decodeExtended(value: string): string | undefined {
  const encoded = EXTENDED.exec(value)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Broken percent-encoding: the text as it came is the best there is.
    return undefined;
  }
}
