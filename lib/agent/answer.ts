import { concatBytes } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { Redactor } from "../base/redact.ts";
import { isSensitiveHeader, maskHeaders, maskUrl } from "../base/sensitive.ts";
import type { Exchange, ResponseHead } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import { headerValue } from "../http/headers.ts";
import { isText } from "../http/media-type.ts";
import type { AnswerMeta } from "./envelope.ts";
import { selectFrom } from "./select.ts";

/** How an answer is made. */
export interface AnswerOptions {
  /** Decoded bytes of a body that are kept; reading stops there. */
  readonly capBytes: number;
  readonly redactor: Redactor;
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
 * @throws {WeirError} what the body throws, BODY_ENCODING for stacked codings, DATA_BAD_CALL for a
 *   `select` that cannot be applied
 */
export async function readAnswer(exchange: Exchange, options: AnswerOptions): Promise<Answer> {
  const { response } = exchange;
  refuseStackedCodings(exchange);
  const kept = await readBody(exchange, options.capBytes);
  const type = headerValue(response.headers, "content-type");
  const text = textOf(kept, type);
  const result = await selected(text, kept, options);
  const shown = result === undefined ? text : JSON.stringify(result, undefined, 2);
  const body = shown ?? `[binary: ${kept.bytes.byteLength} bytes of ${type ?? "unknown type"}]`;
  const note = kept.isTruncated ? truncationNote(kept, response) : "";
  const headers = shownHeaders(response.headers, options.redactor);
  const head = [`Status: ${response.status} ${response.reason}`.trimEnd(), ...headers.map(lineOf)];
  return {
    output: `${options.redactor.redactText(head.join("\n"))}\n\n${options.redactor.redactText(body)}${note}`,
    meta: {
      status: response.status,
      reason: options.redactor.redactText(response.reason),
      headers: headerRecord(headers),
      bytes: kept.bytes.byteLength,
      truncated: kept.isTruncated,
      content_type: type === undefined ? null : options.redactor.redactText(type),
      final_url: finalUrl(exchange, options.redactor),
      redirects: exchange.hops.length - 1,
      result: result === undefined ? null : options.redactor.redactData(result),
    },
  };
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
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body.chunks) {
      chunks.push(chunk.slice(0, capBytes - size));
      size += chunk.byteLength;
      if (size > capBytes) return { bytes: concatBytes(chunks), isTruncated: true };
    }
    return { bytes: concatBytes(chunks), isTruncated: false };
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
  { select }: AnswerOptions,
): Promise<unknown> {
  if (select === undefined) return undefined;
  if (text === undefined || isTruncated) {
    const why = isTruncated ? "was cut at the size limit" : "is not text";
    throw new WeirError("DATA_BAD_CALL", `"select" needs the whole body as JSON, and it ${why}`, {
      hint: 'Ask again without "select"',
    });
  }
  return await selectFrom(text, select);
}

function truncationNote({ bytes }: KeptBody, { headers }: ResponseHead): string {
  const isPlain = headerValue(headers, "content-encoding") === undefined;
  const length = isPlain ? headerValue(headers, "content-length") : undefined;
  const total = length ?? `more than ${bytes.byteLength}`;
  return `\n\n[truncated: kept ${bytes.byteLength} bytes of ${total}]`;
}

function shownHeaders(headers: HeaderList, redactor: Redactor): HeaderList {
  return maskHeaders(headers).map(([name, value]) => [
    name,
    isSensitiveHeader(name) ? value : redactor.redactText(value),
  ]);
}

function lineOf([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}

function headerRecord(headers: HeaderList): Readonly<Record<string, string>> {
  const all = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = all.get(key);
    all.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(all);
}

function finalUrl({ hops, draft }: Exchange, redactor: Redactor): string {
  return redactor.redactText(maskUrl(hops.at(-1)?.request.url ?? draft.url));
}
