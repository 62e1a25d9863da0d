import { WeirError } from "../base/errors.ts";

/** One header line: name as written, value without surrounding white space. */
export type HeaderEntry = readonly [name: string, value: string];

/** Header lines in the order of the wire. Names compare case-insensitively. */
export type HeaderList = readonly HeaderEntry[];

/** token of RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Control characters that may not stand in a field value, RFC 9110 section 5.5. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Says whether `text` is a token, which methods and header names have to be. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Says whether two header names are the same. */
export function isSameName(left: string, right: string): boolean {
  // The length first: this is asked of every line of every message.
  return (
    left.length === right.length && (left === right || left.toLowerCase() === right.toLowerCase())
  );
}

/** Returns the value of the first line called `name`, or undefined. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  // This is asked often: taking entries apart in the loop would cost several times as much.
  for (const entry of headers) {
    if (isSameName(entry[0], name)) return entry[1];
  }
  return undefined;
}

/** Returns the values of all lines called `name`, in order. */
export function headerValues(headers: HeaderList, name: string): readonly string[] {
  return headers.filter((entry) => isSameName(entry[0], name)).map((entry) => entry[1]);
}

/** Says whether a line called `name` is there. */
export function hasHeader(headers: HeaderList, name: string): boolean {
  return headerValue(headers, name) !== undefined;
}

/** Returns the list without the lines called by any of `names`. */
export function withoutHeaders(headers: HeaderList, names: readonly string[]): HeaderList {
  const gone = new Set(names.map((name) => name.toLowerCase()));
  return headers.filter((entry) => !gone.has(entry[0].toLowerCase()));
}

/** Returns the list with one line called `name`: in place of the first one there was, else last. */
export function withHeader(headers: HeaderList, name: string, value: string): HeaderList {
  const at = headers.findIndex((entry) => isSameName(entry[0], name));
  if (at < 0) return [...headers, [name, value]];
  const before = headers.slice(0, at);
  const after = withoutHeaders(headers.slice(at + 1), [name]);
  return [...before, [name, value], ...after];
}

/** Returns the values by lower-case name, those of lines that repeat joined by ", ". */
export function headerRecord(headers: HeaderList): Readonly<Record<string, string>> {
  const all = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = all.get(key);
    all.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(all);
}

/**
 * Throws unless the line can be sent as it is.
 *
 * @throws {WeirError} USAGE_BAD_HEADER (names the header, never prints its value)
 */
export function checkHeader(name: string, value: string): void {
  if (!isToken(name)) {
    throw new WeirError("USAGE_BAD_HEADER", `Header name ${JSON.stringify(name)} is not a token`, {
      hint: "A header name holds letters, digits and !#$%&'*+-.^_`|~ only",
      details: { name },
    });
  }
  if (FORBIDDEN_IN_VALUE.test(value)) {
    throw new WeirError("USAGE_BAD_HEADER", `Header ${name} has a control character in its value`, {
      hint: "Remove line breaks, NUL and other control characters from the value",
      details: { name },
    });
  }
}
