import { badEntry } from "../problem.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** A value with no meaning of its own, or several by name; as a credential it is a bearer token. */
export const staticValue: KeychainKind = {
  name: "static",
  summary: "value, a reference or the value itself; map, a table of such values by name",
  keys: ["value", "map"],
  compile(fields) {
    const map = fields.has("map") ? fields.references("map") : [];
    if (map.length === 0 || fields.has("value")) return bearerUse(fields.reference("value"), map);
    return {
      headerNames: [],
      value: undefined,
      fields: new Map(map),
      credential() {
        const hint = "Add value to the entry, or use its fields in templates";
        throw badEntry(fields.pathOf("map"), "says not which value dresses a request", hint);
      },
    };
  },
};
