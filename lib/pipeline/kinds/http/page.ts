import { ByteQueue } from "../../../base/bytes.ts";
import type { Exchange } from "../../../http/exchange.ts";
import { jsonItems } from "../../../results/json-items.ts";
import type { ResultReference } from "../../../results/reference.ts";
import { itemsOf, MEMORY_CAP_BYTES, onlyList } from "../../accumulate.ts";
import type { Outcome } from "../../outcome.ts";
import type { From } from "../../paginators/from.ts";
import type { Page } from "../../paginators/paginator.ts";
import type { TaskContext } from "../kind.ts";
import { bodyOf } from "./read-body.ts";
import { hiddenName, type PaginatePlan } from "./paginate.ts";
import { readReference } from "../../../results/reference.ts";

/** A page that was received whole. */
export interface ReceivedPage extends Page {
  readonly outcome: Outcome;
  /** Its items when they are in memory and it is known which they are. */
  readonly items: readonly unknown[] | undefined;
  /** Where it is when it was stored. */
  readonly reference: ResultReference | undefined;
  readonly sizeBytes: number;
}

/**
 * Returns a page as paginators see it.
 *
 * @throws {WeirError} PAGE_INVALID, and what reading a stored page throws
 */
export async function receivedPage(
  plan: PaginatePlan,
  { outcome: received, exchange }: { readonly outcome: Outcome; readonly exchange: Exchange },
  number: number,
  context: TaskContext,
): Promise<ReceivedPage> {
  const reference = readReference(received.result["ref"]);
  const outcome =
    reference === undefined || plan.isStored
      ? received
      : await loaded(received, reference, context);
  const { result, meta } = outcome;
  const bytes = meta["bytes"];
  const about = {
    number,
    outcome,
    reference,
    url: exchange.hops.at(-1)?.request.url ?? exchange.draft.url,
    headers: exchange.response.headers,
    sizeBytes: typeof bytes === "number" ? bytes : 0,
  };
  // A small one is in memory, too.
  if (reference !== undefined && result.data === null) {
    const counted = await countStored(plan, reference, context);
    const look = (from: From): unknown => lookStored(from, exchange, reference, counted.last);
    return { ...about, items: undefined, count: counted.count, look };
  }
  const items = itemsOf(result.data, plan.accumulate.path);
  const counted = items ?? onlyList(result.data);
  const look = (from: From): unknown => lookInline(from, exchange, result.data, counted);
  // An empty body has no items, and so has a body without the path.
  const count = counted?.length ?? (result.data === null ? 0 : undefined);
  return { ...about, items, count, look };
}

/** Puts the data of a stored page into its outcome, for pages that are gathered in memory. */
async function loaded(
  outcome: Outcome,
  { ref, meta }: ResultReference,
  { ports }: TaskContext,
): Promise<Outcome> {
  const { result } = outcome;
  // What is larger is refused where the pages are added up.
  if (result.data !== null || meta.bytes > MEMORY_CAP_BYTES) return outcome;
  const queue = new ByteQueue();
  for await (const chunk of await ports.results.open(ref)) queue.push(chunk);
  const { data } = bodyOf(queue.takeAll(), meta.content_type ?? "", undefined);
  return { ...outcome, result: { ...result, data } };
}

function lookInline(
  from: From,
  exchange: Exchange,
  data: unknown,
  items: readonly unknown[] | undefined,
): unknown {
  if (from.kind === "header") return headerOf(exchange, from.name);
  return from.path.find(from.kind === "last" ? items?.at(-1) : data)[0];
}

function lookStored(
  from: From,
  exchange: Exchange,
  { extracted }: ResultReference,
  last: unknown,
): unknown {
  if (from.kind === "header") return headerOf(exchange, from.name);
  if (from.kind === "last") return from.path.find(last)[0];
  const name = hiddenName(from);
  const found = Object.hasOwn(extracted, name) ? extracted[name] : undefined;
  return !from.path.isSingular && Array.isArray(found) ? found[0] : found;
}

function headerOf({ response }: Exchange, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return response.headers.find(([one]) => one.toLowerCase() === wanted)?.[1];
}

/** Reads a stored page once more where the end of the pages, or a bound, needs its items. */
async function countStored(
  { paginator, maxItems, accumulate }: PaginatePlan,
  { ref }: ResultReference,
  { ports }: TaskContext,
): Promise<{ readonly count: number | undefined; readonly last: unknown }> {
  const isNeeded =
    paginator.isCounting ||
    maxItems !== undefined ||
    paginator.wanted.some(({ kind }) => kind === "last");
  if (!isNeeded) return { count: undefined, last: undefined };
  let count = 0;
  let last: unknown;
  for await (const item of jsonItems(await ports.results.open(ref), itemsPath(accumulate))) {
    count += 1;
    last = item;
  }
  return { count, last };
}

/** Returns the JSONPath to each item of a page. */
function itemsPath({ path }: PaginatePlan["accumulate"]): string {
  const text = path?.text ?? "$";
  return text.endsWith("[*]") ? text : `${text}[*]`;
}
