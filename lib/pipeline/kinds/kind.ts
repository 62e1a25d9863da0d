import type { ZodType } from "zod";
import type { Outcome } from "../outcome.ts";
import type { RunPorts } from "../ports.ts";
import type { Scope } from "../scope.ts";
import type { KeyPath, Source } from "../source.ts";
import type { Where } from "../events.ts";

/** What one task of a running step works with. */
export interface TaskContext {
  readonly ports: RunPorts;
  readonly at: Where & { readonly task: string };
  readonly scope: Scope;
  /**
   * Aborts when nothing new is to be sent: the run is stopped, or an item beside it failed. What was
   * sent by then is finished, and waits end with CANCELLED; `ports.signal` gives up all.
   */
  readonly signal: AbortSignal;
  /**
   * Asks the policy of the task whether to make another attempt: what it waits, undefined for no.
   * Kinds with attempts of their own call it after each; the runner does it for the others.
   */
  again(outcome: Outcome, facts: AttemptFacts): Promise<Again | undefined>;
  /**
   * Asks the policy about one page of several, after its last attempt: "next" when the task goes on
   * with the page after it, "end" when it ends well with the pages before, `break`. What was decided
   * about the last page holds for the task, unless it returns an error though that page was none.
   */
  afterPage(outcome: Outcome): Promise<"next" | "end" | "stop">;
}

/** What the policy is told about an attempt beside its outcome. */
export interface AttemptFacts {
  /** Attempts made since the last success or jump, from 1. */
  readonly attempt: number;
  readonly elapsedMs: number;
  /** Says whether it may be made again as far as the request goes; always true for other kinds. */
  maySendAgain(
    isExplicit: boolean,
    isUnsafe: boolean,
  ): { readonly allowed: true } | { readonly allowed: false; readonly reason: string };
}

/** Another attempt is to be made. */
export interface Again {
  readonly waitMs: number;
  readonly reason: string;
}

/** What a task of one kind does, compiled. */
export interface Work {
  /** True: it calls `again` itself and returns when no attempt is left. */
  readonly hasOwnAttempts: boolean;
  /**
   * Does the task; a failure is an outcome, never a throw, except for bugs and CANCELLED. What its
   * templates throw may be thrown on: it fails the task with its place in the file.
   */
  run(context: TaskContext): Promise<Outcome>;
  /** Lines of `weir run plan`: what would be done first, as far as it is known without doing it. */
  plan(scope: Scope): readonly string[];
  /** Names of credentials that it uses, as far as they are written down. */
  readonly credentials: readonly string[];
  /** Names that templates of the task find because it gives them itself. */
  readonly names?: readonly string[] | undefined;
}

/** What a task is compiled from. */
export interface KindInput {
  /** The keys of the task that belong to its kind; their shapes are checked. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `spec` after kind defaults, executor, step, loop and task were merged, without policy. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** `expect`, when the kind takes it. */
  readonly path: KeyPath;
  readonly source: Source;
  /** Takes a warning about the file; it does not stop the load. */
  warn(path: KeyPath, message: string, hint: string): void;
}

/** One word behind `kind:`. */
export interface TaskKind {
  readonly name: string;
  /** One line for editors. */
  readonly summary: string;
  /** Keys of the task, beside kind, name, desc and spec: key to shape, templates allowed in texts. */
  readonly keys: Readonly<Record<string, ZodType>>;
  /** Keys of its `spec`, beside policy and retry. */
  readonly specKeys: Readonly<Record<string, ZodType>>;
  /** Its `spec` where nothing else is said. */
  readonly specDefaults: Readonly<Record<string, unknown>>;
  /**
   * Returns the compiled task.
   *
   * @throws {WeirError} PIPELINE_INVALID or TEMPLATE_SYNTAX, with the place in the file
   */
  compile(input: KindInput): Work;
}
