import { createHash } from "node:crypto";
import { ByteQueue } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { Files } from "../runtime/runtime.ts";
import { INLINE_CAP_BYTES, type ResultPolicy } from "./policy.ts";
import type { ResultReference } from "./reference.ts";
import { ResultFileWriter } from "./result-file.ts";
import { type Selected, type SelectPlan, TREE_CAP_BYTES } from "./select.ts";

/** A body that was read to its end. */
export interface TakenBody {
  readonly bytes: number;
  /** Of the body itself, not of its compressed form. */
  readonly sha256: string;
  readonly selected: Selected;
  readonly preview: ResultReference["preview"];
  /** Where the bytes are: in memory, or in a file that is on the disk and waits for its name. */
  readonly held: Uint8Array | ResultFileWriter;
}

/** How a body is read. */
export interface IntakeOptions {
  readonly files: Files;
  readonly policy: ResultPolicy;
  readonly plan: SelectPlan;
  /** Returns the path of a file that is not there yet. */
  readonly newPath: () => string;
  /** Masks secrets that were opened; the preview is for people. */
  readonly redact: (text: string) => string;
}

/**
 * Reads a body once: hash, fields and preview are taken while it goes by. Up to the inline cap it is
 * held, beyond it goes to a file.
 *
 * @throws {WeirError} BODY_TOO_LARGE, SELECT_*, IO_WRITE, or what the body throws; no file is left
 */
export async function takeBody(
  body: AsyncIterable<Uint8Array>,
  options: IntakeOptions,
): Promise<TakenBody> {
  const { policy, plan, redact } = options;
  const hash = createHash("sha256");
  // A policy that stores everything means bodies, and its fields stay at hand all the same.
  const selection = plan.selection(Math.max(policy.inlineCapBytes, INLINE_CAP_BYTES));
  const preview = new PreviewTaker(policy.previewCapBytes);
  const holder = new Holder(options);
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      hash.update(chunk);
      selection.write(chunk);
      preview.write(chunk);
      await holder.write(chunk);
    }
    const selected = selection.end();
    const held = await holder.finish();
    return {
      bytes,
      sha256: hash.digest("hex"),
      selected,
      preview: preview.end(bytes, redact),
      held,
    };
  } catch (error) {
    await holder.discard();
    throw error;
  }
}

/** Holds a body in memory as long as it is small, then moves it to a file. */
class Holder {
  readonly #options: IntakeOptions;
  readonly #queue = new ByteQueue();
  #writer: ResultFileWriter | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#writer !== undefined) {
      await this.#writer.write(chunk);
      return;
    }
    this.#queue.push(chunk);
    const { files, policy, newPath } = this.#options;
    if (this.#queue.sizeBytes <= policy.inlineCapBytes) return;
    if (policy.store.kind === "memory") {
      if (this.#queue.sizeBytes > TREE_CAP_BYTES) throw memoryFull();
      return;
    }
    const isGzip = policy.store.compression === "gzip";
    this.#writer = await ResultFileWriter.open(files, newPath(), isGzip);
    await this.#writer.write(this.#queue.takeAll());
  }

  async finish(): Promise<Uint8Array | ResultFileWriter> {
    await this.#writer?.finish();
    return this.#writer ?? this.#queue.takeAll();
  }

  async discard(): Promise<void> {
    await this.#writer?.discard();
  }
}

function memoryFull(): WeirError {
  return new WeirError(
    "BODY_TOO_LARGE",
    `The body is larger than ${TREE_CAP_BYTES} bytes and cannot be kept in memory`,
    {
      hint: "Set kind: disk under spec.result.store",
      details: { capBytes: TREE_CAP_BYTES },
    },
  );
}

/** Bytes beyond a preview that are looked at, so that the cut does not leave half a secret. */
const MARGIN_BYTES = 8 * 1024;

/** Takes the beginning of a body as text. */
class PreviewTaker {
  readonly #capBytes: number;
  readonly #queue = new ByteQueue();

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  write(chunk: Uint8Array): void {
    const wantedBytes = this.#capBytes === 0 ? 0 : this.#capBytes + MARGIN_BYTES;
    const roomBytes = wantedBytes - this.#queue.sizeBytes;
    // Copied: a chunk need not be kept for its beginning.
    if (roomBytes > 0) this.#queue.push(chunk.slice(0, roomBytes));
  }

  end(bodyBytes: number, redact: (text: string) => string): ResultReference["preview"] {
    const taken = this.#queue.takeAll();
    const start = taken.subarray(0, this.#capBytes);
    const isCut = bodyBytes > start.byteLength;
    // Of a character that the cut goes through, nothing is shown.
    const sample = new TextDecoder().decode(start, { stream: isCut });
    const whole = new TextDecoder().decode(taken, { stream: true });
    const masked = redact(whole);
    const shown = masked === whole ? sample : masked.slice(0, sample.length);
    return { truncated: isCut, bytes: start.byteLength, sample: shown };
  }
}
