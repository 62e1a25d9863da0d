import { commandReference } from "../reference.ts";
import { bearerUse } from "./bearer.ts";
import type { KeychainKind } from "./kind.ts";

/** The output of a program; as a credential it is a bearer token. */
export const commandValue: KeychainKind = {
  name: "command",
  summary: "command, a program and its arguments as a list, whose output is the value",
  keys: ["command"],
  compile: (fields) =>
    bearerUse(commandReference(fields.texts("command"), fields.placeOf("command"))),
};
