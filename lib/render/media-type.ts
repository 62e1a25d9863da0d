import { isText, parseMediaType } from "../http/media-type.ts";

/** Returns `type/subtype` of a Content-Type value in lower case, "" when it names no type. */
export function essenceOf(contentType: string): string {
  const media = parseMediaType(contentType);
  return media === undefined ? "" : `${media.type}/${media.subtype}`;
}

/**
 * Says whether the type is JSON: `application/problem+json`, `application/x-amz-json-1.1` …
 *
 * Generous, as HTTPie is: what turns out not to be JSON is shown as it is.
 */
export function isJsonType(type: string): boolean {
  return type.includes("json");
}

/** Says whether the type is a sequence of JSON texts, one a line. */
export function isJsonLinesType(type: string): boolean {
  return /^(?:application|text)\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|stream\+json)$/.test(
    type,
  );
}

/** Says whether the type is XML, RFC 7303. */
export function isXmlType(type: string): boolean {
  return /\/xml$|\+xml$|^text\/xsl$/.test(type);
}

/** Says whether the type is HTML. */
export function isHtmlType(type: string): boolean {
  return type === "text/html" || type === "application/xhtml+xml";
}

/** Says whether the type promises text, so that bytes outside UTF-8 are in another charset. */
export function isTextType(type: string): boolean {
  return /^(?:message|multipart)\//.test(type) || isText(type) || isJsonType(type);
}

const BINARY =
  /^(?:image|audio|video|font)\/|^application\/(?:octet-stream|zip|gzip|x-gzip|x-tar|x-bzip2|x-xz|x-7z-compressed|x-rar-compressed|vnd\.rar|zstd|pdf|wasm|x-protobuf|protobuf|grpc|msgpack|x-msgpack|cbor|java-archive|x-executable|x-shockwave-flash|epub\+zip|x-sqlite3|vnd\.sqlite3|vnd\.openxmlformats-officedocument\..+|vnd\.ms-.+|vnd\.oasis\.opendocument\..+)$/;

/** Says whether the type promises bytes that are no text. */
export function isBinaryType(type: string): boolean {
  return BINARY.test(type) && !isXmlType(type);
}
