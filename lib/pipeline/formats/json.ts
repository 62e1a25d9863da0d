import type { RowFormat } from "./format.ts";

/** One JSON text, the value as it is. */
export const json: RowFormat = {
  name: "json",
  endings: [".json"],
  canGrow: false,
  open: () => ({
    // The value of `rows` is the document, so that it comes as the one row there is.
    rows: ([value]) => `${JSON.stringify(value ?? null, null, 2)}\n`,
  }),
};
