import { WeirError } from "../../base/errors.ts";
import { encodeForm, type FormPair } from "../../http/form.ts";
import { isToken, withHeader } from "../../http/headers.ts";
import { setKey } from "../../template/values.ts";
import { isMap, kindName, scalarText } from "../readings.ts";
import type { Reading } from "../setting.ts";
import type { Content } from "../kinds/http/content.ts";
import type { RenderedRequest } from "../kinds/http/request.ts";
import type { Placement } from "./paginator.ts";

/** Where a request carries a value. */
export type Into =
  | { readonly kind: "query"; readonly name: string }
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "body"; readonly names: readonly string[] };

/** Returns a reader of `{query: NAME}`, `{header: NAME}` and `{body: a.b}`. */
export function intoOf(key: string): (value: unknown) => Reading<Into> {
  return (value) => {
    const hint = "Write {query: NAME}, {header: NAME} or {body: path.of.keys}";
    if (!isMap(value)) return { wrong: `${key} is ${kindName(value)}`, hint };
    const [entry, ...others] = Object.entries(value);
    if (entry === undefined || others.length > 0) return { wrong: `${key} has not one key`, hint };
    const [kind, name] = entry;
    if (typeof name !== "string" || name === "")
      return { wrong: `${key}.${kind} is no name`, hint };
    if (kind === "query") return { value: { kind, name } };
    if (kind === "header") {
      if (!isToken(name)) return { wrong: `${key}.header is not a token`, hint };
      return { value: { kind, name } };
    }
    if (kind !== "body") return { wrong: `${key} has the key ${JSON.stringify(kind)}`, hint };
    const names = name.replace(/^\$\.?/, "").split(".");
    const isPath = names.every((one) => one !== "" && one !== "__proto__" && !/[[\]*]/.test(one));
    if (!isPath) return { wrong: `${key}.body is no path of keys`, hint: "Write it as a.b.c" };
    return { value: { kind, names } };
  };
}

/**
 * Returns the request with the values in place of those it has there.
 *
 * @throws {WeirError} PAGE_INVALID when the value does not fit
 */
export function place(request: RenderedRequest, placements: readonly Placement[]): RenderedRequest {
  return placements.reduce(placeOne, request);
}

function placeOne(request: RenderedRequest, { into, value }: Placement): RenderedRequest {
  if (into.kind === "body") {
    return { ...request, content: placeInBody(request.content, into.names, value) };
  }
  const text = scalarText(value);
  if (text === undefined) {
    throw new WeirError("PAGE_INVALID", `The value for the next page is ${kindName(value)}`, {
      hint: `A ${into.kind} takes a text or a number: let from name one`,
    });
  }
  if (into.kind === "header") {
    return { ...request, headers: withHeader(request.headers, into.name, text) };
  }
  const url = new URL(request.url);
  url.search = withPair(url.search, [into.name, text]);
  return { ...request, url };
}

/** Returns a query with `pair` in place of those of its name; the rest stays byte for byte. */
function withPair(search: string, pair: FormPair): string {
  const wanted = pair[0];
  const kept = search
    .replace(/^\?/, "")
    .split("&")
    .filter((one) => one !== "" && nameOf(one) !== wanted);
  return `?${[...kept, encodeForm([pair])].join("&")}`;
}

function nameOf(pair: string): string {
  const [[name = ""] = []] = [...new URLSearchParams(pair)];
  return name;
}

function placeInBody(
  content: Content,
  names: readonly string[],
  value: Placement["value"],
): Content {
  if (content.kind === "none") return { kind: "json", data: placeInData({}, names, value) };
  if (content.kind === "json") {
    return { kind: "json", data: placeInData(content.data, names, value) };
  }
  const text = scalarText(value);
  if (content.kind === "form" && text !== undefined) {
    const name = names.join(".");
    const kept = content.pairs.filter(([one]) => one !== name);
    return { kind: "form", pairs: [...kept, [name, text]] };
  }
  throw new WeirError("PAGE_INVALID", "The value for the next page does not fit into the body", {
    hint: "into: {body: …} takes a body that is a map, or a form",
  });
}

function placeInData(data: unknown, names: readonly string[], value: unknown): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return value;
  if (data !== undefined && data !== null && !isMap(data)) {
    throw new WeirError(
      "PAGE_INVALID",
      `The body has no key ${name}: it is ${kindName(data)} there`,
      {
        hint: "Let into.body name a path of maps",
      },
    );
  }
  const copy: Record<string, unknown> = { ...data };
  setKey(copy, name, placeInData(isMap(data) ? data[name] : undefined, rest, value));
  return copy;
}
