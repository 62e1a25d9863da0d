import { toWeirError, WeirError } from "../../../base/errors.ts";
import { maskUrl } from "../../../base/sensitive.ts";
import { Accumulator } from "../../accumulate.ts";
import type { Where } from "../../events.ts";
import type { Outcome } from "../../outcome.ts";
import type { NextPage, Paginator } from "../../paginators/paginator.ts";
import { within } from "../../scope.ts";
import type { TaskContext } from "../kind.ts";
import { errorOf, isThrownOn } from "../outcome-error.ts";
import type { Sent } from "./attempts.ts";
import { NextRequests } from "./next-request.ts";

import { receivedPage, type ReceivedPage } from "./page.ts";
import type { PaginatePlan } from "./paginate.ts";
import { place } from "../../paginators/place.ts";
import type { RenderedRequest } from "./request.ts";
import { StoredPages } from "./stored-pages.ts";

/** Pages asked for at most where the file gives no bound: then something is wrong. */
const UNSAID_MAX_PAGES = 1000;

/** Sends the request of one page with the policy of the task. */
export type SendPage = (
  request: RenderedRequest,
  at: Where & { readonly task: string },
) => Promise<Sent>;

/** What pages are made with. */
export interface PagesOptions {
  readonly plan: PaginatePlan;
  /** The request of the task, its templates rendered. */
  readonly request: RenderedRequest;
  readonly context: TaskContext;
  readonly send: SendPage;
}

/**
 * Asks for page after page and returns the outcome of all: that of the last page, with the data of
 * all pages. When a page fails, and its policy does not go on, its outcome is returned.
 *
 * @throws {WeirError} CANCELLED, INTERNAL, TEMPLATE_* of a bound that cannot be read
 */
export async function runPages(options: PagesOptions): Promise<Outcome> {
  return await new Pages(options).run();
}

/** Why there is no next page. */
type Ending = "end" | "bound";

class Pages {
  readonly #options: PagesOptions;
  readonly #paginator: Paginator;
  readonly #next: NextRequests;
  readonly #gathered: Accumulator | StoredPages;
  readonly #startedMs: number;
  readonly #maxPages: number | undefined;
  readonly #maxTimeMs: number | undefined;
  #number = 0;
  #attempts = 0;
  #last: Outcome | undefined;

  constructor(options: PagesOptions) {
    this.#options = options;
    const { plan, request, context } = options;
    const { scope, ports } = context;
    this.#paginator = plan.paginator.open(scope, (message) => this.#note(message));
    const mayCrossOrigin = plan.mayCrossOrigin?.read(scope) ?? false;
    this.#next = new NextRequests({ base: request, mayCrossOrigin });
    const maxItems = plan.maxItems?.read(scope) ?? Infinity;
    this.#gathered = plan.isStored
      ? new StoredPages(plan.accumulate, maxItems)
      : new Accumulator(plan.accumulate, maxItems);
    this.#maxPages = plan.maxPages?.read(scope);
    this.#maxTimeMs = plan.maxTimeMs?.read(scope);
    this.#startedMs = ports.clock.monotonicMs();
  }

  async run(): Promise<Outcome> {
    let request = place(this.#options.request, this.#paginator.first);
    for (;;) {
      this.#number += 1;
      const sent = await this.#options.send(request, this.#at());
      const { outcome } = sent;
      this.#attempts = Math.max(this.#attempts, outcome.meta.attempt);
      try {
        const following = await this.#follow(sent);
        if (following === "failed") return this.#withMeta(outcome);
        if (following === "done") return await this.#whole(outcome);
        request = following;
      } catch (error) {
        return this.#broken(outcome, toWeirError(error));
      }
    }
  }

  /** Takes what came for a page, and returns the request of the next one. */
  async #follow(sent: Sent): Promise<RenderedRequest | "done" | "failed"> {
    const { plan, context } = this.#options;
    const { outcome, exchange } = sent;
    const isOk = outcome.status === "ok" && exchange !== undefined;
    const page = isOk
      ? await receivedPage(plan, { outcome, exchange }, this.#number, context)
      : undefined;
    if (page !== undefined) this.#take(page);
    const verdict = await context.afterPage(outcome);
    if (verdict === "stop") return isOk ? "done" : "failed";
    if (verdict === "end") return "done";
    const next = await this.#nextOf(page);
    if (next === "end" || next === "bound") {
      await this.#record(page, next === "end" ? null : undefined);
      return "done";
    }
    const from = page ?? { number: this.#number, url: this.#options.request.url };
    const { request, cursor } = this.#next.make(next, from);
    await this.#record(page, cursor ?? this.#number + 1);
    return request;
  }

  #take(page: ReceivedPage): void {
    this.#last = page.outcome;
    this.#gathered.add(page);
    const { ports } = this.#options.context;
    ports.emit({ event: "page_done", ...this.#at(), items: page.count });
  }

  /** Returns how the next page is asked for; bounds come first, so that a stale cursor does no harm. */
  async #nextOf(
    page: ReceivedPage | undefined,
  ): Promise<Exclude<NextPage, { kind: "end" }> | Ending> {
    if (page === undefined) {
      const skipped = this.#paginator.skip();
      if (skipped.kind !== "end") return this.#isBounded() ? "bound" : skipped;
      this.#note(`Page ${this.#number} failed, and what leads to the next one was in it`);
      return "end";
    }
    if (this.#stops(page) || this.#gathered.isFull) return "bound";
    if (await this.#isStoppedByHook(page)) return "bound";
    const next = this.#paginator.next(page);
    if (next.kind === "end") return "end";
    return this.#isBounded() ? "bound" : next;
  }

  #stops({ number, count, items, outcome }: ReceivedPage): boolean {
    const { plan, context } = this.#options;
    const { status, headers, data } = outcome.result;
    const page = { number, count: count ?? null, items: items ?? null, status, headers, data };
    return plan.stop?.test(within(context.scope, { page })) ?? false;
  }

  async #isStoppedByHook({ number, url, count, outcome }: ReceivedPage): Promise<boolean> {
    const { ports, at } = this.#options.context;
    const status = outcome.http.status ?? 0;
    const answer = await ports.hooks?.page({
      step: at.step,
      task: at.task,
      page: number,
      url: ports.redact(maskUrl(url)),
      status,
      ...(count === undefined ? {} : { counts: { items: count } }),
    });
    if (answer?.isStopped !== true) return false;
    this.#note(`Plugin ${answer.by} stopped the pages: ${answer.reason}`);
    return true;
  }

  #isBounded(): boolean {
    const { clock } = this.#options.context.ports;
    if (this.#maxPages !== undefined && this.#number >= this.#maxPages) {
      this.#note(`Stopped at max_pages ${this.#maxPages}, and there are more pages`);
      return true;
    }
    if (this.#maxPages === undefined && this.#number >= UNSAID_MAX_PAGES) {
      throw new WeirError("PAGE_LIMIT", `There are more than ${UNSAID_MAX_PAGES} pages`, {
        hint: "Write paginate.max_pages with the number of pages there may be",
      });
    }
    const isLate =
      this.#maxTimeMs !== undefined && clock.monotonicMs() - this.#startedMs >= this.#maxTimeMs;
    if (isLate) this.#note("Stopped at max_time, and there are more pages");
    return isLate;
  }

  async #record(page: ReceivedPage | undefined, cursor: unknown): Promise<void> {
    const { journal, redact } = this.#options.context.ports;
    const kept = typeof cursor === "string" ? redact(cursor) : cursor;
    await journal.page(this.#at(), { cursor: kept, ref: page?.reference?.ref });
  }

  async #whole(last: Outcome): Promise<Outcome> {
    const outcome = this.#last ?? last;
    const { data, fields } = await this.#gathered.result(this.#options.context);
    // Where the last page is stored says nothing of all pages.
    const { ref: _, __ref__: _ref, __preview__: _preview, ...others } = outcome.result;
    const result = { ...others, ...fields, data };
    return this.#withMeta({ ...outcome, status: "ok", error: null, result });
  }

  #broken(outcome: Outcome, error: WeirError): Outcome {
    if (isThrownOn(error)) throw error;
    const { ports } = this.#options.context;
    return this.#withMeta({ ...outcome, status: "error", error: errorOf(error, ports) });
  }

  #withMeta(outcome: Outcome): Outcome {
    const { ports } = this.#options.context;
    const meta = {
      ...outcome.meta,
      attempt: Math.max(this.#attempts, outcome.meta.attempt),
      duration_ms: Math.round(ports.clock.monotonicMs() - this.#startedMs),
      pages: this.#number,
      items: this.#gathered.items ?? null,
    };
    return { ...outcome, meta };
  }

  #note(message: string): void {
    this.#options.context.ports.emit({ event: "warning", ...this.#at(), message });
  }

  #at(): Where & { readonly task: string } {
    return { ...this.#options.context.at, page: this.#number };
  }
}
