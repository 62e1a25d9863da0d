import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** A value with no meaning of its own; as a credential it is a bearer token. */
export const staticValue: KeychainKind = {
  name: "static",
  summary: "value, a reference or the value itself",
  keys: ["value"],
  compile: (fields) => bearerUse(fields.reference("value")),
};
