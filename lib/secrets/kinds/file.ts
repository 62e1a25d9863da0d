import { parseReference } from "../reference.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** The content of a file; as a credential it is a bearer token. */
export const fileValue: KeychainKind = {
  name: "file",
  summary: "path of a file that nobody else can read",
  keys: ["path"],
  compile(fields) {
    const place = { ...fields.placeOf("path"), isBareAllowed: false };
    return bearerUse(parseReference(`file:${fields.text("path")}`, place));
  },
};
