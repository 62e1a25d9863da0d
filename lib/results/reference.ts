import { isRecord } from "../base/record.ts";
import type { StorePolicy } from "./policy.ts";

/** Where a reference points: the n-th stored result of a task in a run. */
export interface ReferencePlace {
  readonly runId: string;
  readonly step: string;
  readonly task: string;
  /** From 1. */
  readonly number: number;
}

/** Pointer to a stored body, as templates and the journal see it. */
export interface ResultReference {
  readonly kind: "result_ref";
  /** `weir://run/<id>/step/<step>/task/<task>/<n>` */
  readonly ref: string;
  readonly store: "memory" | "disk";
  readonly scope: StorePolicy["scope"];
  /** UTC, ISO 8601; null when it has no end. */
  readonly expires_at: string | null;
  readonly meta: {
    readonly content_type: string | null;
    /** Of the body itself, as is `sha256`: compression changes neither. */
    readonly bytes: number;
    readonly sha256: string;
    readonly compression: StorePolicy["compression"];
  };
  readonly extracted: Readonly<Record<string, unknown>>;
  readonly preview: {
    readonly truncated: boolean;
    /** Bytes of the body that `sample` shows. */
    readonly bytes: number;
    readonly sample: string;
  };
}

/** Ids that may name a folder. */
const RUN_ID = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
const REFERENCE = /^weir:\/\/run\/([^/]+)\/step\/([^/]+)\/task\/([^/]+)\/([1-9]\d{0,14})$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** Says whether `text` is the id of a run: it becomes the name of a folder. */
export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

/** Returns the URI of a place. */
export function referenceUri({ runId, step, task, number }: ReferencePlace): string {
  return `weir://run/${runId}/step/${escaped(step)}/task/${escaped(task)}/${number}`;
}

function escaped(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** Returns the place that a URI names, undefined when it is no reference of weir. */
export function readReferenceUri(uri: string): ReferencePlace | undefined {
  const [, runId = "", step = "", task = "", number] = REFERENCE.exec(uri) ?? [];
  if (number === undefined || !isRunId(runId)) return undefined;
  try {
    const place = {
      runId,
      step: decodeURIComponent(step),
      task: decodeURIComponent(task),
      number: Number(number),
    };
    // A place has one URI: what is looked up by its text cannot be asked for by another one.
    return referenceUri(place) === uri ? place : undefined;
  } catch {
    // Escapes that are no UTF-8: no reference of weir.
    return undefined;
  }
}

/** Returns the name of the file of a stored body; nothing but its hash goes into it. */
export function fileNameOf({ sha256, compression }: ResultReference["meta"]): string {
  return compression === "gzip" ? `${sha256}.gz` : sha256;
}

/** Returns `value` as a reference, undefined when it is none: the file it comes from may be anyone's. */
export function readReference(value: unknown): ResultReference | undefined {
  if (!isRecord(value) || value["kind"] !== "result_ref") return undefined;
  const { ref, store, scope, expires_at: expiresAt, meta, extracted, preview } = value;
  if (typeof ref !== "string" || readReferenceUri(ref) === undefined) return undefined;
  if (store !== "memory" && store !== "disk") return undefined;
  if (scope !== "step" && scope !== "execution" && scope !== "permanent") return undefined;
  if (expiresAt !== null && (typeof expiresAt !== "string" || Number.isNaN(Date.parse(expiresAt))))
    return undefined;
  if (!isMeta(meta) || !isRecord(extracted) || !isPreview(preview)) return undefined;
  return { kind: "result_ref", ref, store, scope, expires_at: expiresAt, meta, extracted, preview };
}

function isMeta(value: unknown): value is ResultReference["meta"] {
  if (!isRecord(value)) return false;
  const { content_type: type, bytes, sha256, compression } = value;
  return (
    (type === null || typeof type === "string") &&
    isCount(bytes) &&
    typeof sha256 === "string" &&
    SHA256.test(sha256) &&
    (compression === "gzip" || compression === "none")
  );
}

function isPreview(value: unknown): value is ResultReference["preview"] {
  if (!isRecord(value)) return false;
  const { truncated, bytes, sample } = value;
  return typeof truncated === "boolean" && isCount(bytes) && typeof sample === "string";
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Says whether a reference has ended by `nowMs`. */
export function hasExpired({ expires_at: expiresAt }: ResultReference, nowMs: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs;
}
