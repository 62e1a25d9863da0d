/** A field that stays at hand when its body is stored. */
export interface SelectField {
  /** JSONPath, RFC 9535. */
  readonly path: string;
  readonly as: string;
}

/** Where a stored result lives and for how long. */
export interface StorePolicy {
  /** `auto` is `disk`: only a file outlives the process. */
  readonly kind: "auto" | "memory" | "disk";
  /** `step` ends with its step; `permanent` has no end and ignores the ttl. */
  readonly scope: "step" | "execution" | "permanent";
  /** Without it a result lives as long as its run is kept. */
  readonly ttlMs: number | undefined;
  readonly compression: "gzip" | "none";
}

/** What becomes of the body of a task: `spec.result` of a pipeline. */
export interface ResultPolicy {
  readonly store: StorePolicy;
  readonly select: readonly SelectField[];
  /** A body up to this size is not stored. */
  readonly inlineCapBytes: number;
  readonly previewCapBytes: number;
}

/** Inline cap of a policy that gives none; a selected field may be as large as this anyway. */
export const INLINE_CAP_BYTES = 65_536;
