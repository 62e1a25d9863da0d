import type { FormPair } from "../http/form.ts";
import { checkHeader, type HeaderEntry, type HeaderList, isSameName } from "../http/headers.ts";
import type { Item } from "./grammar.ts";
import { type ItemPorts, readItemText } from "./item-files.ts";

/** Header lines the items set, and the names of those they take away. */
export interface ItemHeaders {
  readonly headers: HeaderList;
  /** In lower case. */
  readonly unset: readonly string[];
}

/**
 * Returns the header lines of the items in order; a name given twice is sent twice.
 *
 * `Name:` drops the lines before it, and a line after it makes the header be sent again.
 *
 * @throws {WeirError} USAGE_BAD_HEADER, IO_READ, DATA_NOT_UTF8
 */
export async function buildHeaders(items: readonly Item[], ports: ItemPorts): Promise<ItemHeaders> {
  let headers: HeaderEntry[] = [];
  const unset = new Set<string>();
  for (const item of items) {
    const entry = await headerOf(item, ports);
    if (entry === undefined) continue;
    const [name, value] = entry;
    checkHeader(name, value ?? "");
    if (value === undefined) {
      headers = headers.filter((line) => !isSameName(line[0], name));
      unset.add(name.toLowerCase());
      continue;
    }
    headers.push([name, value]);
    unset.delete(name.toLowerCase());
  }
  return { headers, unset: [...unset] };
}

/** Returns the query parameters of the items in order; a file loses the line breaks at its end. */
export async function buildQuery(
  items: readonly Item[],
  ports: ItemPorts,
): Promise<readonly FormPair[]> {
  const query: FormPair[] = [];
  for (const item of items) {
    if (item.kind === "query") query.push([item.name, item.value]);
    if (item.kind !== "query-file") continue;
    query.push([item.name, withoutFinalBreaks(await readItemText(item, ports))]);
  }
  return query;
}

/** Returns name and value, the value undefined when the header is taken away. */
async function headerOf(
  item: Item,
  ports: ItemPorts,
): Promise<readonly [string, string | undefined] | undefined> {
  if (item.kind === "header") return [item.name, item.value.trim()];
  if (item.kind === "header-file") return [item.name, (await readItemText(item, ports)).trim()];
  if (item.kind === "header-empty") return [item.name, ""];
  return item.kind === "header-unset" ? [item.name, undefined] : undefined;
}

function withoutFinalBreaks(text: string): string {
  let end = text.length;
  while (end > 0 && "\r\n".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
