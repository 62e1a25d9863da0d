import { isToken } from "../../http/headers.ts";
import { badEntry } from "../problem.ts";
import type { KeychainKind } from "./kind.ts";

/** A key in a header or a query parameter. */
export const apiKey: KeychainKind = {
  name: "api_key",
  summary: "key, sent in the header X-API-Key, another header, or a query parameter",
  keys: ["key", "header", "query"],
  aliases: { key: "api_key", header: "header_name" },
  compile(fields) {
    const key = fields.reference("key");
    const named = new Map(["key", "api_key", "value"].map((name) => [name, key]));
    if (fields.has("header") && fields.has("query")) {
      throw badEntry(fields.pathOf("query"), "contradicts header", "Keep one of the two");
    }
    if (fields.has("query")) {
      const name = fields.text("query");
      return {
        headerNames: [],
        value: key,
        fields: named,
        credential: async (open) => ({ headers: [], query: [[name, await open(key)]] }),
      };
    }
    const name = fields.has("header") ? fields.text("header") : "X-API-Key";
    if (!isToken(name)) {
      throw badEntry(fields.pathOf("header"), "is not a header name", 'Write header = "X-API-Key"');
    }
    return {
      headerNames: [name],
      value: key,
      fields: named,
      credential: async (open) => ({ headers: [[name, await open(key)]], query: [] }),
    };
  },
};
