/** How much one evaluation may take. What is above is TEMPLATE_BUDGET. */
export interface TemplateLimits {
  /** Operations, list items touched, and texts by the 16 characters. */
  readonly steps: number;
  /** Bytes written, and characters of any text made on the way. */
  readonly outputCapBytes: number;
  /** Items `range` may give. */
  readonly rangeLength: number;
  /** Items a list may have after `*` or filling. */
  readonly repeatLength: number;
  /** Levels of the tree below all running macros and recursive loops. */
  readonly recursionDepth: number;
  /** Levels lists and maps may nest where they are compared or printed. */
  readonly dataDepth: number;
}

/** Limits that no honest template reaches and that end a hostile one within about a second. */
export const DEFAULT_LIMITS: TemplateLimits = {
  steps: 10_000_000,
  outputCapBytes: 16 * 1024 * 1024,
  rangeLength: 100_000,
  repeatLength: 1_000_000,
  recursionDepth: 1_500,
  dataDepth: 400,
};
