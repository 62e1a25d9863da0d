/** Which task of a run something happened to. */
export interface Where {
  readonly step: string;
  readonly task?: string | undefined;
  /** Index of the loop item, from 0. */
  readonly iteration?: number | undefined;
  /** Page of a pagination, from 1. */
  readonly page?: number | undefined;
  /** From 1. */
  readonly attempt?: number | undefined;
}

/** What happens in a run; never holds a body or a secret. Field names are those of the JSON. */
export type RunEvent =
  | { readonly event: "run_start"; readonly pipeline: string; readonly steps: number }
  | (Where & { readonly event: "step_start"; readonly items?: number | undefined })
  | (Where & {
      readonly event: "attempt";
      readonly method: string;
      /** Without userinfo, secret parameters masked. */
      readonly url: string;
      readonly status: number | null;
      readonly error?: string | undefined;
      readonly duration_ms: number;
      readonly bytes?: number | undefined;
    })
  | (Where & {
      readonly event: "retry";
      readonly wait_ms: number;
      readonly reason: string;
    })
  | (Where & { readonly event: "page_done"; readonly items?: number | undefined })
  | (Where & {
      readonly event: "task_done";
      readonly kind: string;
      readonly status: "ok" | "error";
      readonly action: string;
      /** Number of the rule that decided, from 1; absent when no rule did. */
      readonly rule?: number | undefined;
      readonly error?: { readonly kind: string; readonly code: string; readonly message: string };
      readonly duration_ms: number;
      /** True: it passed after a retry. */
      readonly is_flaky?: boolean | undefined;
    })
  | (Where & {
      readonly event: "item_done";
      readonly status: "ok" | "error";
      readonly done: number;
      readonly failed: number;
      /** Items in all, when that is known. */
      readonly total?: number | undefined;
    })
  | (Where & {
      readonly event: "step_end";
      readonly status: "ok" | "error";
      readonly duration_ms: number;
      readonly items?: number | undefined;
      readonly failed?: number | undefined;
    })
  | (Partial<Where> & { readonly event: "warning"; readonly message: string })
  | {
      readonly event: "run_end";
      readonly state: "done" | "failed";
      readonly duration_ms: number;
      readonly requests: number;
      readonly warnings: number;
      readonly flaky: number;
    };

/** An event with the run and the time it happened at, as `--events ndjson` prints it. */
export type StampedEvent = { readonly run_id: string; readonly time: string } & RunEvent;
