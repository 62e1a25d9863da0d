import { codeOf, type WeirError } from "../base/errors.ts";
import { HEADER_LIMIT } from "./exchange-rules.ts";
import { placeText, wireError } from "./errors.ts";
import { proxyError } from "./proxy-errors.ts";
import { alertError } from "./tls-errors.ts";
import type { HostPort } from "./wire.ts";

/** How far a request got when its connection failed. */
export interface Progress {
  readonly target: HostPort & { readonly scheme: "http" | "https" };
  /** The proxy that was asked in absolute form: what is said before an answer, it says. */
  readonly proxy?: HostPort | undefined;
  /** True when the head of the response was there. */
  readonly isAnswered: boolean;
  /** True when the connection had served a request before. */
  readonly isReused: boolean;
  readonly receivedBytes: number;
  readonly headerCapBytes: number;
  /** Content-Length of the response, when it has one. */
  readonly expectedBytes: number | undefined;
}

/** Returns the error for a connection that failed in a request. */
export function exchangeError(cause: unknown, progress: Progress): WeirError {
  const code = codeOf(cause);
  const alert = alertError(cause, progress.target);
  if (alert !== undefined) return alert;
  if (code === "HPE_HEADER_OVERFLOW") return headersTooLarge(progress, cause);
  if (code === "HPE_INVALID_EOF_STATE") return truncated(progress, cause);
  if (code.startsWith("HPE_")) return malformed(cause, progress);
  return progress.isAnswered ? truncated(progress, cause) : closedEarly(cause, progress);
}

/** Returns the error for header lines over the cap in bytes. */
function headersTooLarge(progress: Progress, cause: unknown): WeirError {
  const cap = progress.headerCapBytes;
  return refusedHeaders(progress, `more than ${cap} bytes of headers`, cause);
}

/** Returns the error for too many header lines. */
export function tooManyHeaders(progress: Progress): WeirError {
  return refusedHeaders(progress, `more than ${HEADER_LIMIT} headers`);
}

function refusedHeaders(
  { target, isAnswered }: Progress,
  what: string,
  cause?: unknown,
): WeirError {
  return wireError(
    "NET_HEADERS_TOO_LARGE",
    `${placeText(target)} sent ${what}`,
    { ...target, phase: isAnswered ? "body" : "response" },
    { hint: "weir reads no such response; ask the owner of the host why it has so many", cause },
  );
}

/** Returns the error for a response that ended before it was complete. */
function truncated(progress: Progress, cause?: unknown): WeirError {
  const { target, receivedBytes, expectedBytes } = progress;
  const of = expectedBytes === undefined ? "" : ` of ${expectedBytes}`;
  return wireError(
    "NET_TRUNCATED",
    `${placeText(target)} closed the connection after ${receivedBytes}${of} bytes of the body`,
    { ...target, phase: "body" },
    {
      hint: "Send the request again; --continue resumes a download",
      cause,
      details: { receivedBytes, expectedBytes },
    },
  );
}

/** What the codes of the parser mean. */
const PROBLEMS: Readonly<Record<string, string>> = {
  HPE_INVALID_CHUNK_SIZE: "a chunk of the body has an invalid size",
  HPE_STRICT: "a chunk of the body does not end where its size says",
  HPE_INVALID_CONSTANT: "it does not begin with HTTP/",
  HPE_INVALID_VERSION: "its HTTP version is not known",
  HPE_INVALID_STATUS: "its status is not a number",
  HPE_INVALID_HEADER_TOKEN: "a header has an invalid character",
  HPE_INVALID_CONTENT_LENGTH: "its Content-Length is not valid",
  HPE_UNEXPECTED_CONTENT_LENGTH: "its Content-Length contradicts another header",
  HPE_INVALID_TRANSFER_ENCODING: "its Transfer-Encoding is not valid",
  HPE_CR_EXPECTED: "a line does not end in CR LF",
  HPE_LF_EXPECTED: "a line does not end in CR LF",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "a chunk of the body has too long an extension",
};

function malformed(cause: unknown, progress: Progress): WeirError {
  const { target, proxy, isAnswered } = progress;
  const start = startOfPacket(cause);
  const isTls = !isAnswered && start !== undefined && isTlsRecord(start);
  const problem = PROBLEMS[codeOf(cause)] ?? "it cannot be parsed";
  if (proxy !== undefined && !isAnswered) {
    return proxyError({ proxy, target }, `gave an answer that is not valid HTTP: ${problem}`, {
      cause,
    });
  }
  const excerpt = isAnswered || start === undefined ? {} : { excerpt: printable(start) };
  return wireError(
    "NET_PROTOCOL",
    `${placeText(target)} sent a response that is not valid HTTP: ${problem}`,
    { ...target, phase: isAnswered ? "body" : "response" },
    {
      hint: isTls ? "The port speaks TLS: try https://" : "Check that the port speaks HTTP/1.1",
      cause,
      details: excerpt,
    },
  );
}

/** The parser's error carries the packet it could not read. */
function startOfPacket(cause: unknown): Uint8Array | undefined {
  if (!(cause instanceof Error) || !("rawPacket" in cause)) return undefined;
  return cause.rawPacket instanceof Uint8Array ? cause.rawPacket.subarray(0, 40) : undefined;
}

/** An alert or handshake record of TLS, RFC 8446 section 5.1. */
function isTlsRecord(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03;
}

function printable(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/[^\x20-\x7e]/g, ".");
}

function closedEarly(cause: unknown, { target, proxy, isReused }: Progress): WeirError {
  const where = placeText(target);
  // A reset comes from a system call; the end of the stream does not.
  const isReset = cause instanceof Error && "syscall" in cause;
  const how = isReset ? "reset the connection" : "closed the connection";
  if (proxy !== undefined) {
    return proxyError({ proxy, target }, `${how} before a response came`, { cause });
  }
  const kept = isReused ? ", which had been kept open from the request before" : "";
  const message = `${where} ${how} before a response came${kept}`;
  return wireError(
    "NET_CLOSED",
    message,
    { ...target, phase: "response" },
    {
      hint: closedHint(target.scheme, isReused),
      cause,
      details: { isReused },
    },
  );
}

function closedHint(scheme: "http" | "https", isReused: boolean): string {
  if (isReused) return "The request may have arrived; if it may be sent twice, send it again";
  return scheme === "http"
    ? "If the port speaks TLS, try https://; else look at the log of the server"
    : "Look at the log of the server";
}

/** Returns the error for a server that sends informational responses without end. */
export function tooManyInterim(target: HostPort, count: number): WeirError {
  return wireError(
    "NET_PROTOCOL",
    `${placeText(target)} sent ${count} informational responses and no final one`,
    { ...target, phase: "response" },
    { hint: "Ask the owner of the host; a server sends one or two at most" },
  );
}
