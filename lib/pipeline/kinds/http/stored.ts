import { ByteQueue } from "../../../base/bytes.ts";
import { parseSize } from "../../../base/sizes.ts";
import { toWeirError, WeirError } from "../../../base/errors.ts";
import type { Exchange } from "../../../http/exchange.ts";
import { headerValue } from "../../../http/headers.ts";
import { INLINE_CAP_BYTES, PREVIEW_CAP_BYTES, type ResultPolicy } from "../../../results/policy.ts";
import type { SelectField, StorePolicy } from "../../../results/policy.ts";
import type { ResultReference } from "../../../results/reference.ts";
import { compileSelect, type SelectPlan } from "../../../results/select.ts";
import { durationOf, isMap, kindName, wordOf } from "../../readings.ts";
import type { Reading } from "../../setting.ts";
import type { TaskContext } from "../kind.ts";
import { isThrownOn } from "../outcome-error.ts";
import { bodyOf, type ReadBody } from "./read-body.ts";
import type { ResponseType } from "./settings.ts";

/** `spec.result`, read. */
export interface ResultSettings {
  readonly policy: ResultPolicy;
  readonly plan: SelectPlan;
  /** A body up to this size is read into memory, too, when it is stored. */
  readonly heldCapBytes: number;
}

/** What a binary body is stored by when the task has no `spec.result`. */
const BINARY: ResultSettings = {
  policy: {
    store: { kind: "auto", scope: "execution", ttlMs: undefined, compression: "none" },
    select: [],
    inlineCapBytes: 0,
    previewCapBytes: PREVIEW_CAP_BYTES,
  },
  plan: compileSelect([]),
  heldCapBytes: 0,
};

/** Names that a task's result has already. */
const TAKEN_NAMES = new Set(["status", "headers", "data", "ref", "__ref__", "__preview__"]);

const RESULT_KEYS = ["store", "select", "inline_max_bytes", "preview_max_bytes"];
const STORE_KEYS = ["kind", "scope", "ttl", "compression"];

/**
 * Returns a reader of `spec.result`.
 *
 * @param hidden fields that are selected beside those of the file, to find the next page
 * @param isAlways true: small bodies are stored too, because they become parts of a manifest
 */
export function resultOf(
  hidden: readonly SelectField[],
  isAlways: boolean,
): (value: unknown) => Reading<ResultSettings> {
  return (value) => {
    if (!isMap(value)) {
      const hint = "Write result: {select: [{path: $.id, as: id}]}";
      return { wrong: `spec.result is ${kindName(value)}`, hint };
    }
    const other = Object.keys(value).find((key) => !RESULT_KEYS.includes(key));
    if (other !== undefined) return unknownKey("spec.result", other, RESULT_KEYS);
    const store = readStore(value["store"] ?? {});
    if ("wrong" in store) return store;
    const select = readSelect(value["select"] ?? []);
    if ("wrong" in select) return select;
    const inline = sizeOf("inline_max_bytes", value["inline_max_bytes"] ?? INLINE_CAP_BYTES);
    if ("wrong" in inline) return inline;
    const preview = sizeOf("preview_max_bytes", value["preview_max_bytes"] ?? PREVIEW_CAP_BYTES);
    if ("wrong" in preview) return preview;
    const fields = [...select.value, ...hidden];
    const policy: ResultPolicy = {
      store: store.value,
      select: fields,
      inlineCapBytes: isAlways ? 0 : inline.value,
      previewCapBytes: preview.value,
    };
    return planned(policy, inline.value);
  };
}

function planned(policy: ResultPolicy, heldCapBytes: number): Reading<ResultSettings> {
  try {
    return { value: { policy, plan: compileSelect(policy.select), heldCapBytes } };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { wrong: error.message, hint: error.hint ?? 'Write a JSONPath such as "$.items[*].id"' };
  }
}

function readStore(value: unknown): Reading<StorePolicy> {
  const name = "spec.result.store";
  if (!isMap(value)) return { wrong: `${name} is ${kindName(value)}`, hint: "Write {kind: auto}" };
  const other = Object.keys(value).find((key) => !STORE_KEYS.includes(key));
  if (other !== undefined) return unknownKey(name, other, STORE_KEYS);
  const { kind = "auto", scope = "execution", ttl, compression = "none" } = value;
  const place = wordOf(`${name}.kind`, ["auto", "memory", "disk"] as const)(kind);
  if ("wrong" in place) return place;
  const life = wordOf(`${name}.scope`, ["step", "execution", "permanent"] as const)(scope);
  if ("wrong" in life) return life;
  const coding = wordOf(`${name}.compression`, ["gzip", "none"] as const)(compression);
  if ("wrong" in coding) return coding;
  const time: Reading<number | undefined> =
    ttl === undefined || ttl === null ? { value: undefined } : durationOf(`${name}.ttl`)(ttl);
  if ("wrong" in time) return time;
  return {
    value: { kind: place.value, scope: life.value, ttlMs: time.value, compression: coding.value },
  };
}

function readSelect(value: unknown): Reading<readonly SelectField[]> {
  const hint = 'Write select: [{path: "$.items[*].id", as: ids}]';
  if (!Array.isArray(value)) return { wrong: `spec.result.select is ${kindName(value)}`, hint };
  const fields: SelectField[] = [];
  for (const item of value as readonly unknown[]) {
    const { path, as, ...others } = isMap(item) ? item : {};
    if (typeof path !== "string" || typeof as !== "string" || Object.keys(others).length > 0) {
      return { wrong: "A field of spec.result.select is not {path, as}", hint };
    }
    if (TAKEN_NAMES.has(as)) {
      return { wrong: `The result of a task has a ${as} of its own`, hint: "Write another name" };
    }
    fields.push({ path, as });
  }
  return { value: fields };
}

function sizeOf(key: string, value: unknown): Reading<number> {
  const hint = `Write spec.result.${key} as a number of bytes, or with a unit such as 64KiB`;
  try {
    if (typeof value === "number" || typeof value === "string") {
      return { value: parseSize(value, "PIPELINE_INVALID") };
    }
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { wrong: error.message, hint };
  }
  return { wrong: `spec.result.${key} is ${kindName(value)}`, hint };
}

function unknownKey(where: string, key: string, keys: readonly string[]): Reading<never> {
  return {
    wrong: `${where} has the key ${JSON.stringify(key.slice(0, 40))}`,
    hint: `Its keys are ${keys.join(", ")}`,
  };
}

/** Reads the body of a response into the store, without holding more of it than may stay inline. */
export async function storeBody(
  exchange: Exchange,
  settings: ResultSettings,
  responseType: ResponseType | undefined,
  { ports, at }: Pick<TaskContext, "ports" | "at">,
): Promise<ReadBody> {
  const { policy, plan } = settings;
  const contentType = headerValue(exchange.response.headers, "content-type");
  const about = { step: at.step, task: at.task, contentType, policy, plan };
  const sizeBytes = (): number => exchange.body.counts().decodedBytes;
  try {
    const start = new HeldStart(settings.heldCapBytes);
    const kept = await ports.results.keep(start.of(exchange.body.chunks), about);
    if (kept.kind === "reference") {
      const body = referenced(kept.reference, kept.notes);
      const bytes = start.whole();
      return bytes === undefined
        ? body
        : held(body, bodyOf(bytes, contentType ?? "", responseType));
    }
    const read = bodyOf(kept.bytes, contentType ?? "", responseType);
    if (read.binary !== undefined) {
      return await storeBinary(read.binary, contentType, settings, { ports, at });
    }
    return { ...read, fields: visible(kept.extracted), notes: [...read.notes, ...kept.notes] };
  } catch (error) {
    const failure = toWeirError(error);
    if (isThrownOn(failure)) throw failure;
    return { ...NOTHING, sizeBytes: sizeBytes(), failure };
  }
}

/** Stores the bytes of a body that is neither JSON nor text. */
export async function storeBinary(
  bytes: Uint8Array,
  contentType: string | undefined,
  settings: ResultSettings | undefined,
  { ports, at }: Pick<TaskContext, "ports" | "at">,
): Promise<ReadBody> {
  const { policy: own, plan } = settings ?? BINARY;
  const policy = { ...own, inlineCapBytes: 0 };
  const about = { step: at.step, task: at.task, contentType, policy, plan };
  try {
    const kept = await ports.results.keep(oneChunk(bytes), about);
    return kept.kind === "reference" ? referenced(kept.reference, []) : NOTHING;
  } catch (error) {
    const failure = toWeirError(error);
    if (isThrownOn(failure)) throw failure;
    return { ...NOTHING, sizeBytes: bytes.byteLength, failure };
  }
}

const NOTHING: ReadBody = {
  data: null,
  fields: {},
  sizeBytes: 0,
  failure: undefined,
  binary: undefined,
  isElsewhere: false,
  reference: undefined,
  notes: [],
  preview: () => "",
};

/** Holds the bytes that go by as long as they are few. */
class HeldStart {
  readonly #capBytes: number;
  readonly #queue = new ByteQueue();
  #sizeBytes = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#sizeBytes += chunk.byteLength;
      if (this.#sizeBytes <= this.#capBytes) this.#queue.push(chunk);
      else this.#queue.clear();
      yield chunk;
    }
  }

  /** Returns all that went by; undefined when it was too much. */
  whole(): Uint8Array | undefined {
    return this.#sizeBytes > this.#capBytes ? undefined : this.#queue.takeAll();
  }
}

/** A small body that is stored as a part of something is read like one that is not. */
function held(stored: ReadBody, read: ReadBody): ReadBody {
  if (read.binary !== undefined) return stored;
  const { data, failure } = read;
  return { ...stored, data, failure, isElsewhere: false, notes: [...stored.notes, ...read.notes] };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Starts the names of fields that are selected to find the next page only. */
export const HIDDEN_PREFIX = "__page__";

function visible(extracted: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(extracted);
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith(HIDDEN_PREFIX)));
}

function referenced(reference: ResultReference, notes: readonly string[]): ReadBody {
  const { ref, extracted, preview, meta } = reference;
  return {
    ...NOTHING,
    fields: { ...visible(extracted), ref: reference, __ref__: ref, __preview__: preview },
    sizeBytes: meta.bytes,
    isElsewhere: true,
    reference,
    notes,
    preview: (capBytes) => preview.sample.slice(0, capBytes),
  };
}
