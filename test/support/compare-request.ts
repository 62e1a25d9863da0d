import { isDeepStrictEqual } from "node:util";
import { inflateSync } from "node:zlib";
import type { WantedPart, WantedRequest } from "./cli-cases.ts";
import type { Hit } from "./loopback-server.ts";

/** One part of a multipart body as it came. */
interface Part {
  readonly name: string | undefined;
  readonly filename: string | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}

/** Returns a complaint when `got` is not deeply equal to `want`. */
function differs(what: string, got: unknown, want: unknown): string[] {
  return isDeepStrictEqual(got, want) ? [] : [`${what} is ${show(got)}, expected ${show(want)}`];
}

/** Returns the parts of a multipart/form-data body, RFC 7578. */
function partsOf(hit: Hit): Part[] {
  const boundary = /boundary="?([^";]+)/i.exec(hit.header("Content-Type") ?? "")?.[1];
  if (boundary === undefined) return [];
  const pieces = `\r\n${hit.text}`.split(`\r\n--${boundary}`);
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    const head = piece.slice(0, end);
    return {
      name: /[ ;]name="([^"]*)"/i.exec(head)?.[1],
      filename: /filename="([^"]*)"/i.exec(head)?.[1],
      type: /^content-type: *(.+)$/im.exec(head)?.[1],
      text: piece.slice(end + 4),
    };
  });
}

function comparePart(got: Part, want: WantedPart, at: number): string[] {
  const what = `part ${at}`;
  const problems = differs(`${what} name`, got.name, want.name);
  if (want.filename !== undefined) {
    problems.push(...differs(`${what} filename`, got.filename ?? null, want.filename));
  }
  if (want.type !== undefined) problems.push(...differs(`${what} type`, got.type, want.type));
  if (want.text !== undefined) problems.push(...differs(`${what} text`, got.text, want.text));
  return problems;
}

function compareParts(hit: Hit, wanted: readonly WantedPart[]): string[] {
  const parts = partsOf(hit);
  if (parts.length !== wanted.length)
    return differs("number of parts", parts.length, wanted.length);
  return parts.flatMap((part, at) => {
    const want = wanted[at];
    return want === undefined ? [] : comparePart(part, want, at);
  });
}

function compareJson(what: string, text: string, want: unknown): string[] {
  try {
    return differs(what, JSON.parse(text), want);
  } catch {
    return [`${what} is not JSON: ${show(text)}`];
  }
}

function compareDeflated(hit: Hit, want: unknown): string[] {
  try {
    return compareJson("deflated JSON", inflateSync(hit.body).toString("utf8"), want);
  } catch (error) {
    return [`body is not in the zlib format: ${String(error)}`];
  }
}

function compareHeaders(hit: Hit, want: WantedRequest): string[] {
  const { headers = {}, headers_prefix: prefixes = {}, headers_absent: absent = [] } = want;
  return [
    ...Object.entries(headers).flatMap(([name, value]) => differs(name, hit.header(name), value)),
    ...Object.entries(prefixes).flatMap(([name, value]) =>
      hit.header(name)?.startsWith(value) === true
        ? []
        : [`${name} is ${show(hit.header(name))}, expected it to start with ${show(value)}`],
    ),
    ...absent.flatMap((name) => differs(name, hit.header(name), undefined)),
  ];
}

/** Returns what is wrong with the body, a complaint each. */
function compareBody(hit: Hit, want: WantedRequest): string[] {
  const problems: string[] = [];
  if (want.body !== undefined) problems.push(...differs("body", hit.text, want.body));
  if (want.json !== undefined) problems.push(...compareJson("JSON body", hit.text, want.json));
  if (want.deflated_json !== undefined) problems.push(...compareDeflated(hit, want.deflated_json));
  if (want.form !== undefined) {
    problems.push(...differs("form", [...new URLSearchParams(hit.text)], want.form));
  }
  if (want.multipart !== undefined) problems.push(...compareParts(hit, want.multipart));
  return problems;
}

/** Returns what differs between a request that came and the one wanted, a complaint each. */
export function compareRequest(hit: Hit, want: WantedRequest): string[] {
  const problems = [...compareHeaders(hit, want), ...compareBody(hit, want)];
  if (want.method !== undefined) problems.push(...differs("method", hit.method, want.method));
  if (want.target !== undefined) problems.push(...differs("target", hit.target, want.target));
  if (want.path !== undefined) problems.push(...differs("path", hit.path, want.path));
  if (want.query !== undefined) problems.push(...differs("query", hit.query, want.query));
  return problems;
}
