import type { ZodType } from "zod";
import type { RetryPolicy } from "../../exchange/backoff.ts";
import type { Scope } from "../scope.ts";
import type { KeyPath, Source } from "../source.ts";

/** Where the tasks of a step go after a rule decided. */
export type Move =
  | { readonly kind: "continue" }
  | { readonly kind: "break" }
  | { readonly kind: "fail"; readonly message: string | undefined }
  /** `to` is the label of a task of the same list. */
  | { readonly kind: "jump"; readonly to: string }
  | {
      readonly kind: "retry";
      readonly policy: RetryPolicy;
      /** True: also when it is not known whether the request before arrived. */
      readonly isUnsafe: boolean;
    };

/** What an action is compiled from. */
export interface ActionInput {
  /** The map behind `then`, its keys checked. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly path: KeyPath;
  readonly source: Source;
  /** Labels of the tasks of the step, in order, and the one whose rule this is. */
  readonly labels: readonly string[];
  readonly label: string;
}

/** One word behind `do:`. */
export interface ActionKind {
  readonly name: Move["kind"];
  /** One line for editors. */
  readonly summary: string;
  /** Its keys, beside do, set, set_iter and set_ctx. */
  readonly keys: Readonly<Record<string, ZodType>>;
  /**
   * Returns what says where to go; it runs when its rule matched.
   *
   * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
   */
  compile(input: ActionInput): (scope: Scope) => Move;
}
