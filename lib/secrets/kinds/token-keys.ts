import { isToken } from "../../http/headers.ts";
import { isLoopback } from "../hosts.ts";
import type { EntryFields } from "../fields.ts";
import { badEntry } from "../problem.ts";
import type { AnswerField, AnswerShape } from "../token-request.ts";
import { parseAnswerPath } from "../token-path.ts";

/** Keys of every kind whose value is fetched with a request. */
export const TOKEN_KEYS = [
  "endpoint",
  "method",
  "headers",
  "data",
  "auto_renew",
  "token_field",
  "ttl_field",
  "ttl_seconds",
  "fields",
  "scope",
  "cache",
];

/** How long a token may be used, as pipeline files say it; the first two are what weir does. */
const LIVES = ["local", "shared", "global", "catalog"];

/** Says whether the key `scope` tells how long a token is kept, and not what it is for. */
export function isLife(fields: EntryFields): boolean {
  return LIVES.includes(String(fields.value("scope")));
}

/**
 * Throws for what would keep a token longer than the run.
 *
 * @throws {WeirError} CONFIG_INVALID
 */
export function checkLife(fields: EntryFields): void {
  const hint = "Remove it: a token is kept for the run, in memory";
  if (fields.flag("cache", false)) {
    throw badEntry(fields.pathOf("cache"), "is true, which is not available in this version", hint);
  }
  const scope = fields.value("scope");
  if (scope !== "global" && scope !== "catalog") return;
  const problem = `is ${scope}, which is not available in this version`;
  throw badEntry(fields.pathOf("scope"), problem, hint);
}

/**
 * Returns the URL of the token request: https, unless the entry is insecure or the host loopback.
 *
 * @throws {WeirError} CONFIG_INVALID
 */
export function readEndpoint(fields: EntryFields): URL {
  const text = fields.text("endpoint");
  const path = fields.pathOf("endpoint");
  if (text.includes("{{")) {
    throw badEntry(
      path,
      "has an expression",
      "Write the URL itself: it decides who gets the secret",
    );
  }
  const url = URL.parse(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isHttp || url.username !== "" || url.password !== "") {
    throw badEntry(path, "is no http or https URL", 'Write endpoint = "https://…/token"');
  }
  url.hash = "";
  const isSafe = url.protocol === "https:" || isLoopback(url.hostname.replace(/\.$/, ""));
  if (isSafe || fields.flag("insecure", false)) return url;
  throw badEntry(path, "is http, where others can read the secret", "Write https://…");
}

/** Returns the method of the token request, POST when none is named. */
export function readMethod(fields: EntryFields): string {
  const method = fields.has("method") ? fields.text("method") : "POST";
  if (isToken(method)) return method.toUpperCase();
  throw badEntry(fields.pathOf("method"), "is no method", "Write one word such as GET or POST");
}

/** Returns where token, life and further fields stand in the answer. */
export function readAnswerShape(fields: EntryFields): AnswerShape {
  const seconds = fields.positive("ttl_seconds");
  const pathIn = (key: string, otherwise: string) =>
    parseAnswerPath(fields.has(key) ? fields.text(key) : otherwise, fields.pathOf(key));
  return {
    token: pathIn("token_field", "access_token"),
    life: pathIn("ttl_field", "expires_in"),
    lifeMs: seconds === undefined ? undefined : seconds * 1000,
    fields: fields.has("fields") ? readAnswerFields(fields.table("fields")) : [],
  };
}

function readAnswerFields(fields: EntryFields): readonly AnswerField[] {
  return fields.names().map((name) => {
    const inner = fields.table(name);
    inner.checkKeys(["path", "required", "type"]);
    return {
      name,
      path: inner.has("path") ? parseAnswerPath(inner.text("path"), inner.pathOf("path")) : [name],
      isRequired: inner.flag("required", true),
      type: inner.word("type", ["string", "number", "boolean"]),
    };
  });
}
