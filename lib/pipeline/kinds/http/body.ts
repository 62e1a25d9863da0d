import { headerValue, type HeaderList } from "../../../http/headers.ts";
import { parseMediaType } from "../../../http/media-type.ts";
import { isMap, kindName, scalarText } from "../../readings.ts";
import type { Scope } from "../../scope.ts";
import { compileSetting, misrendered, type Reading } from "../../setting.ts";
import type { KindInput } from "../kind.ts";
import type { Content, ContentPart } from "./content.ts";
import { pairsOf } from "./fields.ts";

/** Keys of a task that each say what its body is. */
const BODY_KEYS = ["body", "payload", "form", "multipart"] as const;

/** The body of a task, compiled. */
export interface BodySetting {
  /** @throws {WeirError} TEMPLATE_* */
  read(scope: Scope, headers: HeaderList): Content;
}

/**
 * Returns the compiled body of a task.
 *
 * @throws {WeirError} PIPELINE_INVALID when it has two, TEMPLATE_SYNTAX
 */
export function compileBody({ fields, path, source }: KindInput): BodySetting {
  const given = BODY_KEYS.filter((key) => fields[key] !== undefined);
  const [key, second] = given;
  if (key === undefined) return { read: () => ({ kind: "none" }) };
  if (second !== undefined) {
    throw source.error([...path, second], {
      message: `A request has one body, and ${key} and ${second} are both given`,
      hint: `Keep one of them`,
      part: "key",
    });
  }
  const at = [...path, key];
  if (key === "form") {
    const setting = compileSetting(fields[key], at, source, pairsOf(key));
    return { read: (scope) => ({ kind: "form", pairs: setting.read(scope) }) };
  }
  if (key === "multipart") {
    const setting = compileSetting(fields[key], at, source, readParts);
    return { read: (scope) => ({ kind: "multipart", parts: setting.read(scope) }) };
  }
  const setting = compileSetting(fields[key], at, source, (value) => ({ value }));
  return {
    read(scope, headers) {
      const reading = contentOf(setting.read(scope), headers, key);
      if ("value" in reading) return reading.value;
      throw misrendered(at, source, reading);
    },
  };
}

function contentOf(value: unknown, headers: HeaderList, key: string): Reading<Content> {
  if (value === null) return { value: { kind: "none" } };
  if (typeof value === "string") return { value: { kind: "text", text: value } };
  const media = parseMediaType(headerValue(headers, "content-type") ?? "");
  const essence = media === undefined ? "" : `${media.type}/${media.subtype}`;
  if (essence === "multipart/form-data") {
    return {
      wrong: `${key} is ${kindName(value)}, and Content-Type says multipart/form-data`,
      hint: "Write the parts under multipart, and leave Content-Type out: weir adds the boundary",
    };
  }
  if (essence !== "application/x-www-form-urlencoded") {
    return { value: { kind: "json", data: value } };
  }
  const pairs = pairsOf(key)(value);
  return "value" in pairs ? { value: { kind: "form", pairs: pairs.value } } : pairs;
}

function readParts(value: unknown): Reading<readonly ContentPart[]> {
  if (!isMap(value)) {
    return {
      wrong: `multipart is ${kindName(value)}`,
      hint: "Write multipart as a map of names to texts or {file, filename, type}",
    };
  }
  const parts: ContentPart[] = [];
  for (const [name, field] of Object.entries(value)) {
    const items: readonly unknown[] = Array.isArray(field) ? field : [field];
    for (const item of items.filter((one) => one !== null)) {
      const reading = readPart(name, item);
      if ("wrong" in reading) return reading;
      parts.push(reading.value);
    }
  }
  return { value: parts };
}

function readPart(name: string, item: unknown): Reading<ContentPart> {
  const text = scalarText(item);
  if (text !== undefined) return { value: { name, value: { text } } };
  const wrong = `multipart.${name} is ${kindName(item)}`;
  if (!isMap(item)) return { wrong, hint: "Write a text, or {file: PATH}" };
  const { file, text: own, filename, type, ...others } = item;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    return {
      wrong: `multipart.${name} has the key ${JSON.stringify(other)}`,
      hint: "A part has file or text, and perhaps filename and type",
    };
  }
  if (!isTextOrNothing(filename) || !isTextOrNothing(type)) {
    return {
      wrong: `multipart.${name} has a filename or type that is no text`,
      hint: "Write texts",
    };
  }
  const about = { name, filename: filename ?? undefined, type: type ?? undefined };
  if (typeof file === "string" && own === undefined)
    return { value: { ...about, value: { file } } };
  const ownText = scalarText(own);
  if (ownText !== undefined && file === undefined) {
    return { value: { ...about, value: { text: ownText } } };
  }
  return { wrong: `multipart.${name} has no file and no text`, hint: "Write {file: PATH}" };
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === "string";
}
