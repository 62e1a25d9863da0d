import { badEntry } from "../problem.ts";
import type { EntryFields } from "../fields.ts";
import type { TokenBody } from "../token-request.ts";
import { tokenSources } from "../token-request.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";
import {
  checkLife,
  isLife,
  readAnswerShape,
  readEndpoint,
  readMethod,
  TOKEN_KEYS,
} from "./token-keys.ts";

/** Keys that give the request a body; only one of them may be there. */
const BODY_KEYS = ["data", "form", "json"] as const;

/** A request whose answer holds the token. */
export const http: KeychainKind = {
  name: "http",
  summary: "endpoint of a request whose JSON answer holds the token; see below",
  keys: [...TOKEN_KEYS, "form", "json", "auth"],
  compile(fields) {
    checkLife(fields);
    if (fields.has("scope") && !isLife(fields)) {
      throw badEntry(
        fields.pathOf("scope"),
        "has another value",
        "Write scope = local, or put it into data",
      );
    }
    const { value, fields: named } = tokenSources({
      entry: fields.entry,
      endpoint: readEndpoint(fields),
      method: readMethod(fields),
      headers: fields.has("headers") ? fields.values("headers", "header") : [],
      body: readBody(fields),
      credential: fields.credential("auth"),
      answer: readAnswerShape(fields),
      isRenewed: fields.flag("auto_renew", true),
    });
    return bearerUse(value, named);
  },
};

function readBody(fields: EntryFields): TokenBody {
  const [key, second] = BODY_KEYS.filter((one) => fields.has(one));
  if (second !== undefined) {
    throw badEntry(fields.pathOf(second), `contradicts ${key}`, "Keep one of data, form and json");
  }
  if (key === undefined) return { kind: "none" };
  if (key === "form") return { kind: "form", pairs: fields.values("form", "parameter") };
  if (key === "json") return { kind: "json", value: fields.json("json") };
  if (fields.isText("data")) return { kind: "text", source: fields.openReference("data") };
  return dataBody(fields);
}

/** A map is a form, and JSON when the headers say so. */
function dataBody(fields: EntryFields): TokenBody {
  const headers = fields.isTable("headers") ? fields.table("headers") : undefined;
  const name = headers?.names().find((one) => one.toLowerCase() === "content-type");
  const type = name === undefined ? undefined : headers?.value(name);
  const isJson = typeof type === "string" && /^application\/(?:[^;]*\+)?json\b/i.test(type);
  return isJson
    ? { kind: "json", value: fields.json("data") }
    : { kind: "form", pairs: fields.values("data", "parameter") };
}
