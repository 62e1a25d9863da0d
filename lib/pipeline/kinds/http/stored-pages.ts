import { utf8 } from "../../../base/bytes.ts";
import { WeirError } from "../../../base/errors.ts";
import { MANIFEST_TYPE, manifestOf, type MergeStrategy } from "../../../results/manifest.ts";
import type { ResultReference } from "../../../results/reference.ts";
import { compileSelect } from "../../../results/select.ts";
import type { AccumulateSettings } from "../../accumulate.ts";
import type { TaskContext } from "../kind.ts";
import type { ReceivedPage } from "./page.ts";

/** Gathers pages that were stored, by their references. */
export class StoredPages {
  readonly #settings: AccumulateSettings;
  readonly #maxItems: number;
  readonly #parts: ResultReference[] = [];
  #items = 0;
  #areItemsKnown = true;

  constructor(settings: AccumulateSettings, maxItems: number) {
    this.#settings = settings;
    this.#maxItems = maxItems;
  }

  /** Items so far; undefined when they were not counted. */
  get items(): number | undefined {
    return this.#areItemsKnown ? this.#items : undefined;
  }

  /** True: as many items are there as are wanted; the last page is kept whole. */
  get isFull(): boolean {
    return this.#items >= this.#maxItems;
  }

  /** Adds a page. An empty one was not stored, and adds nothing. */
  add({ reference, count }: ReceivedPage): void {
    if (count === undefined) this.#areItemsKnown = false;
    else this.#items += count;
    if (reference !== undefined) this.#parts.push(reference);
  }

  /** Stores the list of the pages, and returns where it is. */
  async result({ ports, at }: TaskContext): Promise<{
    readonly data: null;
    readonly fields: Readonly<Record<string, unknown>>;
  }> {
    const [first] = this.#parts;
    if (this.#settings.strategy === "none") return { data: null, fields: {} };
    const manifest = manifestOf(this.#strategy(), this.#mergePath(), this.#parts);
    const kept = await ports.results.keep(oneChunk(utf8(JSON.stringify(manifest))), {
      step: at.step,
      task: at.task,
      contentType: MANIFEST_TYPE,
      policy: {
        // It lives as long as its parts.
        store: {
          kind: first?.store ?? "disk",
          scope: first?.scope ?? "execution",
          ttlMs: ttlOf(first, ports.clock.now()),
          compression: "none",
        },
        select: [],
        inlineCapBytes: 0,
        previewCapBytes: 0,
      },
      plan: compileSelect([]),
    });
    if (kept.kind === "reference") {
      const { ref } = kept.reference;
      return { data: null, fields: { ref: manifest, __ref__: ref, __preview__: null } };
    }
    throw new WeirError("INTERNAL", "A manifest was not stored");
  }

  #strategy(): MergeStrategy {
    const { strategy, path } = this.#settings;
    if (strategy === "append" || strategy === "collect" || strategy === "extend") return strategy;
    return path === undefined ? "append" : "extend";
  }

  /** The manifest names the list; its readers go over the items. */
  #mergePath(): string {
    return (this.#settings.path?.text ?? "$").replace(/\[\*\]$/, "");
  }
}

function ttlOf(first: ResultReference | undefined, nowMs: number): number | undefined {
  const end = first?.expires_at ?? null;
  return end === null ? undefined : Math.max(1, Date.parse(end) - nowMs);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
