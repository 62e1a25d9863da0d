import { WeirError } from "../base/errors.ts";
import { type Body, bodyLength } from "../http/body.ts";
import { checkHeader, type HeaderList, headerValue, isSameName, isToken } from "../http/headers.ts";
import type { SentRequest } from "../http/exchange.ts";

/** Visible ASCII: the only characters of a request target, RFC 9112 section 3.2. */
const TARGET = /^[\x21-\x7e]+$/;

const LENGTH = /^\d{1,15}$/;

/** Headers that frame or route a message: a second line would make two readings of it. */
const AT_MOST_ONCE = ["Host", "Content-Length", "Transfer-Encoding"];

/**
 * Throws unless the request can be sent as it stands, and be read in one way only.
 *
 * @throws {WeirError} USAGE_BAD_METHOD, USAGE_BAD_URL, USAGE_BAD_HEADER, USAGE_BAD_FRAMING
 */
export function checkRequest(request: SentRequest): void {
  checkMethod(request.method);
  checkTarget(request);
  for (const entry of request.headers) checkHeader(entry[0], entry[1]);
  for (const name of AT_MOST_ONCE) checkOnce(request.headers, name);
  checkFraming(request);
}

function checkMethod(method: string): void {
  if (isToken(method)) return;
  throw new WeirError("USAGE_BAD_METHOD", `Method ${JSON.stringify(method)} is not a token`, {
    hint: "A method holds letters, digits and !#$%&'*+-.^_`|~ only",
    details: { method },
  });
}

function checkTarget({ target, url }: SentRequest): void {
  if (url.username !== "" || url.password !== "") {
    throw new WeirError("USAGE_BAD_URL", `The URL of ${url.host} still carries credentials`, {
      hint: "Give them with --auth USER:PASSWORD",
    });
  }
  if (TARGET.test(target)) return;
  throw new WeirError("USAGE_BAD_URL", "The request target has a character that cannot be sent", {
    hint: "Percent-encode spaces, control characters and everything beyond ASCII",
    details: { host: url.hostname },
  });
}

function checkOnce(headers: HeaderList, name: string): void {
  let count = 0;
  for (const entry of headers) {
    if (isSameName(entry[0], name)) count += 1;
  }
  if (count > 1) throw badFraming(`The request has two ${name} headers`, `Send ${name} once`);
}

function checkFraming({ headers, body }: SentRequest): void {
  const length = headerValue(headers, "Content-Length");
  const coding = headerValue(headers, "Transfer-Encoding");
  if (coding !== undefined) {
    if (length !== undefined) {
      throw badFraming(
        "The request has both Content-Length and Transfer-Encoding",
        "Send one of the two",
      );
    }
    checkCoding(coding);
    return;
  }
  if (length !== undefined) checkLength(length, body);
  else if (bodyLength(body) !== 0) {
    throw badFraming(
      "The request has a body, but no header says where it ends",
      "Send Content-Length, or Transfer-Encoding: chunked",
    );
  }
}

/** Chunked has to be the last coding, or the end of the message is unknown (RFC 9112, 6.1). */
function checkCoding(coding: string): void {
  const codings = coding.split(",").map((part) => part.trim().toLowerCase());
  const isOnceAtTheEnd = codings.indexOf("chunked") === codings.length - 1;
  if (isOnceAtTheEnd && codings.every(isToken)) return;
  throw badFraming(
    `Transfer-Encoding ${JSON.stringify(coding)} does not end in chunked`,
    "Send Transfer-Encoding: chunked",
  );
}

function checkLength(text: string, body: Body): void {
  const actual = bodyLength(body);
  if (LENGTH.test(text) && (actual === undefined || actual === Number(text))) return;
  const size = actual === undefined ? "of unknown length" : `of ${actual} bytes`;
  throw badFraming(
    `Content-Length is ${JSON.stringify(text)}, but the body is one ${size}`,
    "Leave Content-Length out; it is set from the body",
  );
}

function badFraming(message: string, hint: string): WeirError {
  return new WeirError("USAGE_BAD_FRAMING", message, { hint });
}

/** Returns how many bytes the body must have, undefined when it is sent chunked. */
export function declaredLength({ headers }: SentRequest): number | undefined {
  const length = headerValue(headers, "Content-Length");
  if (length !== undefined) return Number(length);
  return headerValue(headers, "Transfer-Encoding") === undefined ? 0 : undefined;
}
