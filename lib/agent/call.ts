import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { isRecord } from "../base/record.ts";
import type { Body } from "../http/body.ts";
import { NO_BODY, textBody } from "../http/body.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import { hasHeader } from "../http/headers.ts";

/** Echoed in the answer, as it came. */
export type CallId = string | number | null;

/** A line a model's host sent: which tool, with what. */
export interface ToolCall {
  readonly id: CallId;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Arguments of `http_request` and `http_get`, checked. */
export interface HttpArguments {
  readonly method: string;
  /** As written: the guard judges the text before it is parsed. */
  readonly url: string;
  /** With the Content-Type of the body, which decides how secrets are written into it. */
  readonly headers: HeaderList;
  readonly body: Body;
  readonly timeoutMs?: number | undefined;
  /** JSONPath of RFC 9535. */
  readonly select?: string | undefined;
}

const CALL_KEYS = ["id", "name", "arguments"];
const HTTP_KEYS = ["method", "url", "headers", "body", "timeout_secs", "select"];

/**
 * Reads a tool call.
 *
 * @throws {WeirError} DATA_BAD_CALL, with what is right
 */
export function readToolCall(value: unknown): ToolCall {
  if (!isRecord(value)) {
    throw badCall(
      "A call is a JSON object",
      'Write {"name":"http_request","arguments":{"url":"…"}}',
    );
  }
  refuseUnknown(value, CALL_KEYS, "call");
  const { name, arguments: given = {} } = value;
  if (typeof name !== "string" || name === "") {
    throw badCall("A call needs the name of a tool", 'Write "name": "http_request"');
  }
  if (!isRecord(given))
    throw badCall('"arguments" is not an object', 'Write "arguments": {"url": "…"}');
  return { id: callId(value), name, arguments: given };
}

/** Returns the id of whatever was sent, null when it has none that can be echoed. */
export function callId(value: unknown): CallId {
  const id = isRecord(value) ? value["id"] : undefined;
  return typeof id === "string" || typeof id === "number" ? id : null;
}

/**
 * Reads the arguments of an HTTP tool.
 *
 * @param fixedMethod the only method the tool has; undefined when the call chooses
 * @throws {WeirError} DATA_BAD_CALL, with what is right
 */
export function readHttpArguments(
  given: Readonly<Record<string, unknown>>,
  fixedMethod?: string,
): HttpArguments {
  const keys = fixedMethod === undefined ? HTTP_KEYS : withoutBodyKeys();
  refuseUnknown(given, keys, "argument");
  const { url, timeout_secs: seconds } = given;
  // Some hosts of models write null for what the model left out.
  const method = given["method"] ?? fixedMethod ?? "GET";
  const select = given["select"] ?? undefined;
  if (typeof url !== "string" || url === "") {
    throw badCall(
      'Argument "url" is missing',
      "Give the full URL, such as https://api.example.com/",
    );
  }
  if (typeof method !== "string") throw badCall('Argument "method" is not a string', 'Write "GET"');
  if (select !== undefined && typeof select !== "string") {
    throw badCall('Argument "select" is not a string', 'Write a JSONPath such as "$.items[*].id"');
  }
  const headers = readHeaders(given["headers"]);
  const { body, type } = readBody(given["body"]);
  return {
    method: method.toUpperCase(),
    url,
    headers:
      type === undefined || hasHeader(headers, "content-type")
        ? headers
        : [...headers, ["Content-Type", type]],
    body,
    timeoutMs: readSeconds(seconds),
    select,
  };
}

function withoutBodyKeys(): readonly string[] {
  return HTTP_KEYS.filter((key) => key !== "method" && key !== "body");
}

function readHeaders(given: unknown): HeaderList {
  if (given === undefined || given === null) return [];
  if (!isRecord(given)) {
    throw badCall('Argument "headers" is not an object', 'Write {"Accept": "application/json"}');
  }
  return Object.entries(given).map(([name, value]): HeaderEntry => {
    if (typeof value === "string") return [name, value];
    const shown = JSON.stringify(name);
    throw badCall(
      `Header ${shown} is not a string`,
      `Write ${shown}: "…", with the value in quotes`,
    );
  });
}

function readBody(given: unknown): { readonly body: Body; readonly type?: string } {
  if (given === undefined || given === null) return { body: NO_BODY };
  if (typeof given === "string") {
    return { body: textBody(given), type: "text/plain; charset=utf-8" };
  }
  if (typeof given === "object") {
    return { body: textBody(JSON.stringify(given)), type: "application/json" };
  }
  throw badCall(
    'Argument "body" is neither text nor an object',
    'Write "body": "…" or "body": {…}',
  );
}

function readSeconds(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === "number" && Number.isFinite(given) && given > 0) return given * 1000;
  throw badCall('Argument "timeout_secs" is not a positive number', 'Write "timeout_secs": 10');
}

function refuseUnknown(
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
  what: string,
): void {
  const extra = Object.keys(given).find((key) => !known.includes(key));
  if (extra === undefined) return;
  const shown = JSON.stringify(extra.slice(0, 80));
  const near = nearestName(extra.slice(0, 80), known);
  const hint = near === undefined ? `There are: ${known.join(", ")}` : `Did you mean "${near}"?`;
  throw badCall(
    what === "call" ? `A call has no key ${shown}` : `There is no argument ${shown}`,
    hint,
  );
}

function badCall(message: string, hint: string): WeirError {
  return new WeirError("DATA_BAD_CALL", message, { hint });
}
