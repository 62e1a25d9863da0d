import { isToken } from "./headers.ts";

/** A media type of RFC 9110 section 8.3; everything but parameter values is in lower case. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  /** The first of several parameters of one name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** One parameter: name, then quoted string or token; what else stands before the next is passed over. */
const PARAMETER = /[ \t]*;[ \t]*(?:([^\s;="]+)=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s;"]*)))?[^;]*/gy;

/** Subtypes outside of text/ that hold text; `+json`, `+xml` and `+yaml` count as well. */
const TEXT_SUBTYPES =
  /^(?:json|xml|yaml|toml|sql|graphql|(?:x-)?(?:javascript|ecmascript|ndjson|jsonl|yaml|sh|json)|json-seq|json5|jsonlines|x-www-form-urlencoded|http|mbox)$|\+(?:json|xml|yaml)$/;

/** Returns the parts of a Content-Type value, undefined when it names no type. */
export function parseMediaType(text: string): MediaType | undefined {
  const [essence = ""] = text.split(";", 1);
  const [type = "", subtype = "", ...rest] = essence.trim().toLowerCase().split("/");
  if (!isToken(type) || !isToken(subtype) || rest.length > 0) return undefined;
  return { type, subtype, parameters: parseParameters(text.slice(essence.length)) };
}

function parseParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [, typed, quoted, token] of text.matchAll(PARAMETER)) {
    const name = typed?.toLowerCase() ?? "";
    if (name === "" || parameters.has(name)) continue;
    parameters.set(name, quoted?.replaceAll(/\\(.)/g, "$1") ?? token ?? "");
  }
  return parameters;
}

/** Says whether a Content-Type value stands for one JSON value: json, or anything that ends in +json. */
export function isJson(contentType: string): boolean {
  const subtype = parseMediaType(contentType)?.subtype ?? "";
  return /^(?:x-)?json$|\+json$/.test(subtype);
}

/** Says whether a Content-Type value stands for text that can be shown. */
export function isText(contentType: string): boolean {
  const media = parseMediaType(contentType);
  return media?.type === "text" || TEXT_SUBTYPES.test(media?.subtype ?? "");
}

/** Returns the charset of a Content-Type value in lower case, undefined when it names none. */
export function charsetOf(contentType: string): string | undefined {
  const charset = parseMediaType(contentType)?.parameters.get("charset")?.trim().toLowerCase();
  return charset === "" ? undefined : charset;
}
