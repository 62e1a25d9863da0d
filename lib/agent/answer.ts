import { collectUpTo } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import type { Redactor } from "../base/redact.ts";
import { sanitizeLine, sanitizeText } from "../base/sanitize.ts";
import { maskHeaders, maskUrl } from "../base/sensitive.ts";
import type { Exchange, ResponseHead } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import { headerRecord, headerValue } from "../http/headers.ts";
import { isText } from "../http/media-type.ts";
import type { AnswerMeta } from "./envelope.ts";
import { selectFrom } from "./select.ts";

/** How an answer is made. */
export interface AnswerOptions {
  /** Decoded bytes of a body that are kept; reading stops there. */
  readonly capBytes: number;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** URL of the last hop, without what a credential added to it. */
  readonly finalUrl: string;
  readonly select?: string | undefined;
}

/** The text a model reads, and the facts beside it. */
export interface Answer {
  readonly output: string;
  readonly meta: Omit<AnswerMeta, "duration_ms" | "decision_id">;
}

interface KeptBody {
  readonly bytes: Uint8Array;
  readonly isTruncated: boolean;
}

/**
 * Reads the body of a response, at most `capBytes` of it, and returns what a model is shown.
 *
 * Secrets are masked first, then what a terminal would obey or a reader would not see is escaped:
 * the other way round an escape inside a secret would hide it from the redactor.
 *
 * @throws {WeirError} what the body throws, NET_PROTOCOL for a switch of protocols, BODY_ENCODING
 *   for stacked codings, DATA_BAD_CALL for a
 *   `select` that cannot be applied
 */
export async function readAnswer(exchange: Exchange, options: AnswerOptions): Promise<Answer> {
  const { response } = exchange;
  const { redactor } = options;
  refuseSwitch(exchange);
  refuseStackedCodings(exchange);
  const kept = await readBody(exchange, options.capBytes);
  const type = headerValue(response.headers, "content-type");
  const text = textOf(kept, type);
  const result = await selected(text, kept, options);
  const body =
    result === undefined
      ? shownBody(kept, text, type, redactor)
      : redactor.redactText(JSON.stringify(result, undefined, 2));
  const headers = shownHeaders(response.headers, redactor);
  const head = [`Status: ${response.status} ${response.reason}`.trimEnd(), ...headers.map(lineOf)];
  const note = kept.isTruncated ? truncationNote(kept, response) : "";
  return {
    output: sanitizeText(`${redactor.redactText(head.join("\n"))}\n\n${body}${note}`),
    meta: {
      status: response.status,
      reason: sanitizeLine(redactor.redactText(response.reason)),
      headers: headerRecord(headers),
      bytes: kept.bytes.byteLength,
      truncated: kept.isTruncated,
      content_type: type === undefined ? null : sanitizeLine(redactor.redactText(type)),
      final_url: redactor.redactText(maskUrl(options.finalUrl)),
      redirects: exchange.hops.length - 1,
      result: result === undefined ? null : redactor.redactData(result),
    },
  };
}

function shownBody(
  { bytes, isTruncated }: KeptBody,
  text: string | undefined,
  type: string | undefined,
  redactor: Redactor,
): string {
  if (text === undefined) {
    return redactor.redactText(`[binary: ${bytes.byteLength} bytes of ${type ?? "unknown type"}]`);
  }
  // The cut may have gone through a secret: what the mask holds back at the end is left out.
  return redactor.redactText(isTruncated ? redactor.textMask().push(text) : text);
}

/** No call can ask for another protocol, so what comes next on the connection is not HTTP. */
function refuseSwitch({ response, body }: Exchange): void {
  if (response.status >= 200) return;
  body.cancel();
  throw new WeirError(
    "NET_PROTOCOL",
    `The server answered ${response.status}, which nobody asked for`,
    {
      hint: "Nothing can be done about it here; tell the operator of the server",
    },
  );
}

/** Two codings on top of each other serve bombs more often than people. */
function refuseStackedCodings({ response, body }: Exchange): void {
  const codings = response.headers
    .filter(([name]) => name.toLowerCase() === "content-encoding")
    .flatMap(([, value]) => value.split(","));
  if (codings.length < 2) return;
  body.cancel();
  throw new WeirError("BODY_ENCODING", "The response has more than one content coding", {
    hint: "Nothing can be done about it here; tell the operator of the server",
  });
}

async function readBody({ body }: Exchange, capBytes: number): Promise<KeptBody> {
  try {
    // One byte more than is kept tells whether there was more.
    const bytes = await collectUpTo(body.chunks, capBytes + 1);
    return { bytes: bytes.subarray(0, capBytes), isTruncated: bytes.byteLength > capBytes };
  } finally {
    body.cancel();
  }
}

/** Returns the body as text, undefined when it is binary. */
function textOf({ bytes, isTruncated }: KeptBody, type: string | undefined): string | undefined {
  if (bytes.byteLength === 0) return "";
  if (type !== undefined && !isText(type)) return undefined;
  if (bytes.includes(0)) return undefined;
  try {
    // A cut may have gone through a character: "stream" leaves its first bytes out.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isTruncated });
  } catch {
    // Not UTF-8: shown as size and type, like any other binary.
    return undefined;
  }
}

async function selected(
  text: string | undefined,
  { isTruncated }: KeptBody,
  { select, capBytes, redactor, clock }: AnswerOptions,
): Promise<unknown> {
  if (select === undefined) return undefined;
  if (text === undefined || isTruncated) {
    const why = isTruncated ? "was cut at the size limit" : "is not text";
    throw new WeirError("DATA_BAD_CALL", `"select" needs the whole body as JSON, and it ${why}`, {
      hint: 'Ask again without "select"',
    });
  }
  return await selectFrom(text, select, { capBytes, redactor, clock });
}

function truncationNote({ bytes }: KeptBody, { headers }: ResponseHead): string {
  const isPlain = headerValue(headers, "content-encoding") === undefined;
  const length = isPlain ? headerValue(headers, "content-length") : undefined;
  const total = length ?? `more than ${bytes.byteLength}`;
  return `\n\n[truncated: kept ${bytes.byteLength} bytes of ${total}]`;
}

function shownHeaders(headers: HeaderList, redactor: Redactor): HeaderList {
  return maskHeaders(headers).map(([name, value]) => [
    sanitizeLine(redactor.redactText(name)),
    sanitizeLine(redactor.redactText(value)),
  ]);
}

function lineOf([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}
