/** The parsers behind oq.*: in the child, and outside of the guest. */
export interface DataFormats {
  /** Does what a JSON list of action and arguments says; returns JSON text. */
  run(json: string): string;
}

/** Says whether a module may use oq, so that its parsers are worth loading. */
export function mentionsFormats(source: string): boolean {
  return /\boq\b/.test(source);
}
