import { WeirError } from "../base/errors.ts";
import type { Item } from "./grammar.ts";
import { quoteItem } from "./item-error.ts";
import { type BuildOptions, isForm } from "./options.ts";

const STDIN = "standard input";

/** A field that holds a value, not a file to upload. */
export type FieldItem = Extract<
  Item,
  { kind: "field" | "field-json" | "field-file" | "field-json-file" }
>;

/** A file to send: a part of a form, or the whole body. */
export type FileItem = Extract<Item, { kind: "upload" | "body-file" }>;

/** Says whether the item is a field that holds a value. */
export function isField(item: Item): item is FieldItem {
  return item.kind.startsWith("field");
}

/** Says whether the item sends a file as it is. */
export function isFile(item: Item): item is FileItem {
  return item.kind === "upload" || item.kind === "body-file";
}

/** Says whether an item reads standard input, as `@-` does; then nothing else may read it. */
export function usesStdin(items: readonly Item[]): boolean {
  return items.some(readsStdin);
}

/** Says whether standard input, which no item names, is the body. */
export function isStdinBody(items: readonly Item[], options: BuildOptions): boolean {
  return options.isStdinBody === true && !usesStdin(items);
}

/**
 * Throws unless the items and flags give one body at most, and read standard input once at most.
 *
 * @throws {WeirError} USAGE_CONFLICT
 */
export function checkSources(items: readonly Item[], options: BuildOptions): void {
  const [, again] = items.filter(readsStdin);
  if (again !== undefined) {
    throw conflict(
      `Item ${quoteItem(again.text)} reads standard input a second time`,
      "Read it once; ./- is a file of that name",
    );
  }
  const upload = isForm(options) ? undefined : items.find((item) => item.kind === "upload");
  if (upload !== undefined) {
    throw conflict(
      `Item ${quoteItem(upload.text)} uploads a file, which JSON cannot hold`,
      "Add --form to upload it, or write name=@file for its text or @file for the whole body",
    );
  }
  const [first, second] = bodySources(items, options);
  if (second === undefined) return;
  throw conflict(
    `Both ${first} and ${second} give the body`,
    second === STDIN
      ? "Add --ignore-stdin to leave standard input alone"
      : "Leave one of them away",
  );
}

function readsStdin(item: Item): boolean {
  return "path" in item && item.path === "-";
}

/** Returns what gives the body. Parts of a form or of a JSON value make one body together. */
function bodySources(items: readonly Item[], options: BuildOptions): readonly string[] {
  const data = items.filter((item) => isField(item) || isFile(item));
  const isPart = (item: Item): boolean => isField(item) || isForm(options);
  const part = data.find(isPart);
  const whole = data.filter((item) => !isPart(item));
  const named = part === undefined ? whole : [part, ...whole];
  return [
    ...named.map(describe),
    ...(options.mode === "multipart" && part === undefined ? ["--multipart"] : []),
    ...(options.raw === undefined ? [] : ["--raw"]),
    ...(isStdinBody(items, options) ? [STDIN] : []),
  ];
}

/** Names the item without its value, which may be a secret that the shell put there. */
function describe(item: FieldItem | FileItem): string {
  return item.kind === "body-file" ? `file "${item.path}"` : `field "${item.name}"`;
}

function conflict(message: string, hint: string): WeirError {
  return new WeirError("USAGE_CONFLICT", message, { hint });
}
