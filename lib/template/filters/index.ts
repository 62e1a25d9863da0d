import type { Operation } from "../operation.ts";
import { ENCODING_FILTERS } from "./encodings.ts";
import { LIST_FILTERS } from "./lists.ts";
import { NUMBER_FILTERS } from "./numbers.ts";
import { SELECTION_FILTERS } from "./selections.ts";
import { TEXT_FILTERS } from "./texts.ts";
import { VALUE_FILTERS } from "./values.ts";

/** Every filter by its name, one family a file. */
export const FILTERS: ReadonlyMap<string, Operation> = new Map([
  ...Object.entries(VALUE_FILTERS),
  ...Object.entries(TEXT_FILTERS),
  ...Object.entries(ENCODING_FILTERS),
  ...Object.entries(NUMBER_FILTERS),
  ...Object.entries(LIST_FILTERS),
  ...Object.entries(SELECTION_FILTERS),
]);
