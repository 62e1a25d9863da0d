import { csv } from "./csv.ts";
import type { RowFormat } from "./format.ts";
import { json } from "./json.ts";
import { jsonl } from "./jsonl.ts";

/** Every format of a `write` task, in the order of the manual. */
export const ROW_FORMATS: readonly RowFormat[] = [jsonl, json, csv];
