import { badEntry } from "./problem.ts";
import type { Reference, ReferencePlace } from "./reference.ts";
import { parseReference } from "./reference.ts";
import type { ComposedSource, EntryField } from "./source.ts";

/** `{{ keychain.NAME }}`, `{{ keychain.NAME.FIELD }}`; a name with other letters as `["…"]`. */
const STEP = String.raw`(?:\.([A-Za-z0-9_-]+)|\[\s*(?:"([^"]*)"|'([^']*)')\s*\])`;
const EXPRESSION = new RegExp(String.raw`\{\{\s*keychain${STEP}${STEP}?\s*\}\}`, "g");

/**
 * Reads a value that may refer to other entries: a reference, or text with `{{ keychain.NAME }}`.
 *
 * @throws {WeirError} CONFIG_INVALID for another expression, and as parseReference does
 */
export function parseValue(text: string, place: ReferencePlace): Reference | ComposedSource {
  const isTemplate = text.includes("{{") && !text.startsWith("literal:");
  return isTemplate
    ? { kind: "composed", parts: partsOf(text, place) }
    : parseReference(text, place);
}

function partsOf(text: string, { path }: ReferencePlace): readonly (string | EntryField)[] {
  const parts: (string | EntryField)[] = [];
  let at = 0;
  for (const found of text.matchAll(EXPRESSION)) {
    const [whole, name, quoted, single, field, quotedField, singleField] = found;
    if (found.index > at) parts.push(text.slice(at, found.index));
    parts.push({
      entry: name ?? quoted ?? single ?? "",
      field: field ?? quotedField ?? singleField,
    });
    at = found.index + whole.length;
  }
  if (at < text.length) parts.push(text.slice(at));
  if (!parts.some((part) => typeof part === "string" && part.includes("{{"))) return parts;
  const hint = "Write {{ keychain.NAME }} or {{ keychain.NAME.FIELD }}, or literal:… for the text";
  throw badEntry(path, "has an expression that is no entry of the keychain", hint);
}
