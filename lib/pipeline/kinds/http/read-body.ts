import { ByteQueue } from "../../../base/bytes.ts";
import { toWeirError, WeirError } from "../../../base/errors.ts";
import type { Exchange } from "../../../http/exchange.ts";
import { headerValue } from "../../../http/headers.ts";
import type { ResultReference } from "../../../results/reference.ts";
import { isThrownOn } from "../outcome-error.ts";
import { decodeBody, previewOf } from "./decode.ts";
import type { ResponseType } from "./settings.ts";

/** Largest body that is held in memory. */
const HELD_CAP_BYTES = 64 * 1024 * 1024;

/** The body of a response, read. */
export interface ReadBody {
  /** null when it is not there or elsewhere. */
  readonly data: unknown;
  /** Selected fields, `__ref__` and `__preview__`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sizeBytes: number;
  /** Why it cannot be used. */
  readonly failure: WeirError | undefined;
  /** Bytes to be stored, of a body that is neither JSON nor text. */
  readonly binary: Uint8Array | undefined;
  /** True: it is in the store and nowhere else, so that `data` says nothing about it. */
  readonly isElsewhere: boolean;
  /** Where it is when it was stored. */
  readonly reference: ResultReference | undefined;
  /** What is odd about it and stops nothing. */
  readonly notes: readonly string[];
  /** Returns its start as text. */
  preview(capBytes: number): string;
}

/** Reads the body of a response into memory; what goes wrong is part of what is returned. */
export async function readBody(
  exchange: Exchange,
  responseType: ResponseType | undefined,
): Promise<ReadBody> {
  const contentType = headerValue(exchange.response.headers, "content-type") ?? "";
  const { bytes, failure } = await collect(exchange);
  if (failure === undefined) return bodyOf(bytes, contentType, responseType);
  return { ...bodyOf(bytes, contentType, "text"), data: null, failure };
}

/** Returns the body that is these bytes. */
export function bodyOf(
  bytes: Uint8Array,
  contentType: string,
  responseType: ResponseType | undefined,
): ReadBody {
  const read = {
    data: null,
    fields: {},
    sizeBytes: bytes.byteLength,
    failure: undefined,
    binary: undefined,
    isElsewhere: false,
    reference: undefined,
    notes: [],
    preview: (capBytes: number): string => previewOf(bytes, contentType, capBytes),
  };
  const decoded = decodeBody(bytes, contentType, responseType);
  if (decoded.kind === "binary") return { ...read, binary: bytes };
  if (decoded.kind === "broken") {
    return { ...read, data: decoded.text, failure: notJson(decoded.reason) };
  }
  const { data, exactNumbers } = decoded;
  return { ...read, data, notes: exactNumbers === 0 ? [] : [exactNote(exactNumbers)] };
}

interface Collected {
  readonly bytes: Uint8Array;
  readonly failure: WeirError | undefined;
}

async function collect({ body }: Exchange): Promise<Collected> {
  const queue = new ByteQueue();
  let failure: WeirError | undefined;
  try {
    const whole = body.chunks.takeWhole?.();
    if (whole !== undefined) return { bytes: whole, failure };
    for await (const chunk of body.chunks) {
      queue.push(chunk);
      if (queue.sizeBytes <= HELD_CAP_BYTES) continue;
      failure = tooLarge();
      queue.clear();
      break;
    }
  } catch (error) {
    failure = toWeirError(error);
    if (isThrownOn(failure)) throw failure;
  }
  return { bytes: queue.takeAll(), failure };
}

function tooLarge(): WeirError {
  return new WeirError("BODY_TOO_LARGE", "The response is larger than 64 MiB", {
    hint: "Add spec.result to the task: then it is stored, and select takes fields of it",
    details: { capBytes: HELD_CAP_BYTES },
  });
}

function notJson(reason: string): WeirError {
  return new WeirError(
    "DATA_BAD_JSON",
    `The response says that it is JSON, and is not: ${reason}`,
    {
      hint: "Its text is in outcome.result.data; spec.response_type: text takes it as it is",
    },
  );
}

function exactNote(count: number): string {
  const what = count === 1 ? "1 integer is" : `${count} integers are`;
  return `${what} beyond 2^53 and kept as text, because a number would lose its last digits`;
}
