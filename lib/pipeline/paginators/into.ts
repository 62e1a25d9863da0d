import { isToken } from "../../http/headers.ts";
import { isMap, kindName } from "../readings.ts";
import type { Reading } from "../setting.ts";

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
