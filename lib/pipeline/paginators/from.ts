import { isToken } from "../../http/headers.ts";
import { compilePath, type JsonPath } from "../json-path.ts";
import { kindName } from "../readings.ts";
import type { Reading } from "../setting.ts";

/** Where a page says something. */
export type From =
  | { readonly kind: "body"; readonly path: JsonPath }
  | { readonly kind: "header"; readonly name: string }
  /** In the last item of the page. */
  | { readonly kind: "last"; readonly path: JsonPath };

/** Returns a reader of `$.path`, `header NAME` and `last $.path`. */
export function fromOf(key: string): (value: unknown) => Reading<From> {
  return (value) => {
    const hint = 'Write a JSONPath such as "$.next", "header NAME", or "last $.id"';
    if (typeof value !== "string") return { wrong: `${key} is ${kindName(value)}`, hint };
    const [, word = "", rest = ""] = /^(header|last)\s+(.*)$/s.exec(value.trim()) ?? [];
    if (word === "header") {
      const name = rest.trim();
      if (!isToken(name)) return { wrong: `${key} names no header`, hint };
      return { value: { kind: "header", name } };
    }
    const path = compilePath(word === "last" ? rest.trim() : value.trim(), key);
    if ("wrong" in path) return path;
    return { value: { kind: word === "last" ? "last" : "body", path: path.value } };
  };
}
