/** The parts of a Content-Type that rendering looks at. */
export interface MediaType {
  /** `type/subtype` in lower case; "" when the header is missing or no media type. */
  readonly type: string;
  /** Value of the charset parameter, as written. */
  readonly charset?: string | undefined;
}

// type and subtype are tokens of RFC 9110 section 5.6.2.
const ESSENCE = /^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))/i;

/** Returns the media type of a Content-Type value; lenient, because servers are. */
export function parseMediaType(value: string | undefined): MediaType {
  if (value === undefined) return { type: "" };
  const semicolon = value.indexOf(";");
  const essence = (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
  const type = ESSENCE.test(essence) ? essence : "";
  const match = semicolon < 0 ? null : CHARSET.exec(value.slice(semicolon));
  return { type, charset: match?.[1] ?? match?.[2] ?? match?.[3] };
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

const TEXTUAL =
  /^text\/|^message\/|^multipart\/|^application\/(?:x-www-form-urlencoded|graphql|sql|toml|yaml|x-yaml|x-sh|x-httpd-php|rtf|pem-certificate-chain|x-pem-file|x-javascript|javascript|ecmascript|x-ndjson|jsonl)$/;

/** Says whether the type promises text, so that bytes outside UTF-8 are in another charset. */
export function isTextType(type: string): boolean {
  return TEXTUAL.test(type) || isJsonType(type) || isJsonLinesType(type) || isXmlType(type);
}

const BINARY =
  /^(?:image|audio|video|font)\/|^application\/(?:octet-stream|zip|gzip|x-gzip|x-tar|x-bzip2|x-xz|x-7z-compressed|x-rar-compressed|vnd\.rar|zstd|pdf|wasm|x-protobuf|protobuf|grpc|msgpack|x-msgpack|cbor|java-archive|x-executable|x-shockwave-flash|epub\+zip|x-sqlite3|vnd\.sqlite3|vnd\.openxmlformats-officedocument\..+|vnd\.ms-.+|vnd\.oasis\.opendocument\..+)$/;

/** Says whether the type promises bytes that are no text. */
export function isBinaryType(type: string): boolean {
  return BINARY.test(type) && !isXmlType(type);
}
