import type { HeaderList } from "./headers.ts";
import { headerValue } from "./headers.ts";

/** Extensions for names that come without one; the usual one of each type. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/gzip": ".gz",
  "application/javascript": ".js",
  "application/json": ".json",
  "application/pdf": ".pdf",
  "application/xml": ".xml",
  "application/yaml": ".yaml",
  "application/zip": ".zip",
  "image/gif": ".gif",
  "image/jpeg": ".jpg",
  "image/png": ".png",
  "image/svg+xml": ".svg",
  "image/webp": ".webp",
  "text/css": ".css",
  "text/csv": ".csv",
  "text/html": ".html",
  "text/javascript": ".js",
  "text/markdown": ".md",
  "text/plain": ".txt",
  "text/xml": ".xml",
};

/** Characters no file name should have: separators, control, bidi and zero-width characters. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff<>:"|?*/\\]/g;

/** Names Windows keeps for devices, whatever their extension. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Bytes most file systems allow in a name. */
const NAME_CAP_BYTES = 255;

/**
 * Returns a file name that is safe to create in the working directory: no path, no leading dot, no
 * control characters, at most 255 bytes. Returns undefined when nothing is left.
 */
export function safeFileName(text: string): string | undefined {
  const base = text.split(/[/\\]/).at(-1) ?? "";
  const name = base
    .replace(UNSAFE, "_")
    .trim()
    .replace(/^\.+/, "")
    .replace(/[. ]+$/, "");
  if (name === "") return undefined;
  return cut(DEVICE_NAME.test(name) ? `_${name}` : name);
}

/** Cuts the stem, so that the extension stays. */
function cut(name: string): string {
  const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;
  if (bytes(name) <= NAME_CAP_BYTES) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && bytes(name.slice(dot)) <= 20 ? name.slice(dot) : "";
  const stem = Array.from(name.slice(0, name.length - extension.length));
  while (stem.length > 0 && bytes(stem.join("")) > NAME_CAP_BYTES - bytes(extension)) stem.pop();
  return stem.join("") + extension;
}

/**
 * Returns the name a download is saved under: from Content-Disposition (RFC 6266), else from the
 * last segment of the URL typed, with an extension by Content-Type when it has none.
 */
export async function downloadName(url: URL, headers: HeaderList): Promise<string> {
  const given = await dispositionName(headerValue(headers, "content-disposition"));
  const fromHeader = given === undefined ? undefined : safeFileName(given);
  if (fromHeader !== undefined) return fromHeader;
  const segment = url.pathname.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const stem = safeFileName(decodeSegment(segment)) ?? "index";
  return stem.includes(".") ? stem : stem + extensionFor(headerValue(headers, "content-type"));
}

async function dispositionName(value: string | undefined): Promise<string | undefined> {
  if (value === undefined) return undefined;
  const { parse } = await import("content-disposition");
  const name = parse(value).parameters["filename"];
  return typeof name === "string" ? name : undefined;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign: the name is taken as it stands.
    return segment;
  }
}

function extensionFor(contentType: string | undefined): string {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  return EXTENSIONS[type] ?? "";
}
