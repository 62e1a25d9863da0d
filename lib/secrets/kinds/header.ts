import { isToken } from "../../http/headers.ts";
import { badEntry } from "../problem.ts";
import type { SecretLine } from "../lines.ts";
import type { KeychainKind } from "./kind.ts";

/** Headers with secret values. */
export const header: KeychainKind = {
  name: "header",
  summary: "headers, a table of header names and their values",
  keys: ["headers"],
  aliases: { headers: "map" },
  compile(fields) {
    const lines = fields.references("headers");
    for (const [name] of lines) {
      if (isToken(name)) continue;
      const path = [...fields.pathOf("headers"), name];
      throw badEntry(path, "is not a header name", 'Write for example "X-API-Key"');
    }
    return {
      headerNames: lines.map(([name]) => name),
      value: lines.length === 1 ? lines[0]?.[1] : undefined,
      fields: new Map(lines),
      async credential(open) {
        const headers: SecretLine[] = [];
        for (const [name, source] of lines) headers.push([name, await open(source)]);
        return { headers, query: [] };
      },
    };
  },
};
