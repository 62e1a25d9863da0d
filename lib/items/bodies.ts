import { WeirError } from "../base/errors.ts";
import { type JsonNode, parseJson, printJson } from "../base/json-tree.ts";
import { type Body, textBody } from "../http/body.ts";
import { encodeForm, FORM_TYPE, type FormPair } from "../http/form.ts";
import { mediaTypeOfFile } from "../http/mime-types.ts";
import { multipartBody, multipartType, type Part } from "../http/multipart.ts";

import { type ItemPorts, openItemFile, readItemText, sourceOf } from "./item-files.ts";
import { type JsonField, nestJson } from "./nested.ts";
import { type FieldItem, type FileItem, isFile } from "./sources.ts";

/** Content-Type of a JSON body. */
export const JSON_TYPE = "application/json";

/** A body and what it is. */
export interface TypedBody {
  readonly body: Body;
  readonly contentType?: string | undefined;
}

/**
 * Returns the fields as one JSON value; their names are paths into it.
 *
 * @throws {WeirError} USAGE_BAD_ITEM, USAGE_CONFLICT, IO_READ, DATA_BAD_JSON, DATA_NOT_UTF8
 */
export async function jsonBody(items: readonly FieldItem[], ports: ItemPorts): Promise<TypedBody> {
  const fields: JsonField[] = [];
  for (const item of items) {
    fields.push({ text: item.text, name: item.name, value: await nodeOf(item, ports) });
  }
  const node = nestJson(fields);
  if (node === undefined) return { body: { kind: "none" } };
  return { body: textBody(printJson(node)), contentType: JSON_TYPE };
}

/**
 * Returns the fields as an urlencoded form; brackets in their names mean nothing.
 *
 * @throws {WeirError} USAGE_CONFLICT, IO_READ, DATA_BAD_JSON, DATA_NOT_UTF8
 */
export async function formBody(items: readonly FieldItem[], ports: ItemPorts): Promise<TypedBody> {
  const pairs: FormPair[] = [];
  for (const item of items) pairs.push([item.name, await textOf(item, ports)]);
  return { body: textBody(encodeForm(pairs)), contentType: FORM_TYPE };
}

/**
 * Returns fields and files as the parts of a multipart form, in the order of the items. Files are
 * read when they are sent.
 *
 * @throws {WeirError} USAGE_CONFLICT, IO_READ, DATA_BAD_JSON, DATA_NOT_UTF8
 */
export async function formDataBody(
  items: readonly (FieldItem | FileItem)[],
  boundary: string,
  ports: ItemPorts,
): Promise<TypedBody> {
  const parts: Part[] = [];
  for (const item of items) {
    if (isFile(item)) parts.push(await filePart(item, ports));
    else parts.push({ name: item.name, body: textBody(await textOf(item, ports)) });
  }
  return {
    body: multipartBody(parts, boundary),
    contentType: multipartType("multipart/form-data", boundary),
  };
}

/**
 * Returns a file as the whole body. Its type is the one typed, else the one its name suggests, else
 * JSON, as in HTTPie and xh.
 *
 * @throws {WeirError} IO_READ
 */
export async function fileBody(item: FileItem, ports: ItemPorts): Promise<TypedBody> {
  const body = await openItemFile(item, ports);
  return { body, contentType: item.type ?? mediaTypeOfFile(item.path) ?? JSON_TYPE };
}

async function filePart(item: FileItem, ports: ItemPorts): Promise<Part> {
  return {
    name: item.kind === "upload" ? item.name : "",
    filename: item.filename ?? item.path.slice(item.path.lastIndexOf("/") + 1),
    contentType: item.type ?? mediaTypeOfFile(item.path) ?? "application/octet-stream",
    body: await openItemFile(item, ports),
  };
}

async function nodeOf(item: FieldItem, ports: ItemPorts): Promise<JsonNode> {
  switch (item.kind) {
    case "field":
      return { kind: "string", value: item.value };
    case "field-json":
      return item.node;
    case "field-file":
      return { kind: "string", value: await readItemText(item, ports) };
    case "field-json-file":
      return parseItemFile(item, await readItemText(item, ports));
  }
}

async function textOf(item: FieldItem, ports: ItemPorts): Promise<string> {
  const node = await nodeOf(item, ports);
  if (node.kind === "string") return node.value;
  if (node.kind === "number") return node.text;
  if (node.kind === "literal" && node.value !== null) return String(node.value);
  const what = node.kind === "literal" ? "null" : `an ${node.kind}`;
  // The value stays out of the message: it may be a secret that the shell put there.
  throw new WeirError("USAGE_CONFLICT", `Field "${item.name}" holds ${what}, which a form cannot`, {
    hint: "Leave --form and --multipart away to send JSON, or write = in place of := to send the text",
    details: { name: item.name },
  });
}

function parseItemFile(item: FieldItem & { path: string }, text: string): JsonNode {
  try {
    return parseJson(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const message = `${sourceOf(item)}: ${error.message}`;
    throw new WeirError(error.code, message, {
      hint: "Correct the file, or write =@ in place of :=@ to send its text as a string",
      details: { ...error.details, item: item.text, path: item.path },
      cause: error,
    });
  }
}
