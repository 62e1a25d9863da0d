import type { Move } from "./actions/action.ts";
import type { Work } from "./kinds/kind.ts";
import type { Scope } from "./scope.ts";
import type { KeyPath, Place, Source } from "./source.ts";
import type { Condition, Value } from "./values.ts";

/** A variable that a rule sets: `iter.page`, `ctx.token`. */
export interface Assignment {
  readonly target: "iter" | "ctx";
  /** Names from the target down, at least one. */
  readonly names: readonly string[];
  readonly value: Value;
}

/** One rule of a policy; without `when` it is the `else`. */
export interface Rule {
  readonly path: KeyPath;
  readonly when: Condition | undefined;
  readonly assignments: readonly Assignment[];
  readonly action: Move["kind"];
  readonly move: (scope: Scope) => Move;
  /** True: written by `spec.retry`, and so bound to what may be repeated safely. */
  readonly isShorthand: boolean;
}

/** What decides after each task. */
export interface Policy {
  readonly rules: readonly Rule[];
  /** What happens when no rule matches; undefined: ok goes on, an error fails. */
  readonly onUnmatched: "continue" | "fail" | undefined;
}

/** One task of a step. */
export interface Task {
  readonly label: string;
  readonly kind: string;
  readonly path: KeyPath;
  readonly policy: Policy;
  readonly work: Work;
}

/** Where the items of a loop come from. */
export type LoopInput =
  /** Gives a list, a map (items are {key, value}), or a number n for 0 to n-1. */
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "file"; readonly path: Value; readonly format: "ndjson" | "csv" | "json" }
  | { readonly kind: "result"; readonly ref: Value; readonly items: string | undefined };

/** Repeats the tasks of a step for each item. */
export interface Loop {
  readonly path: KeyPath;
  readonly input: LoopInput;
  /** Name under `iter` that holds the item. */
  readonly iterator: string;
  /** 1 for sequential. */
  readonly maxInFlight: number;
  readonly onError: "fail" | "continue";
  /** Failed items that `continue` bears: a count, or a share of the items done from 0 to 1. */
  readonly threshold: { readonly count: number } | { readonly share: number } | undefined;
}

/** A way on to another step. */
export interface Arc {
  readonly path: KeyPath;
  readonly step: string;
  readonly when: Condition | undefined;
  readonly args: Value | undefined;
}

/** A rule that says whether a step may run. */
export interface AdmitRule {
  readonly when: Condition | undefined;
  readonly isAllowed: boolean;
}

/** One step. */
export interface Step {
  readonly name: string;
  readonly description: string | undefined;
  readonly path: KeyPath;
  readonly admit: readonly AdmitRule[];
  readonly loop: Loop | undefined;
  readonly tasks: readonly Task[];
  readonly mode: "exclusive" | "inclusive";
  readonly arcs: readonly Arc[];
  /** How often a jump or an arc may come back here in one run of the step. Default 1000. */
  readonly maxIterations: number;
}

/** A plugin that a file asks for. */
export interface PluginUse {
  readonly path: KeyPath;
  /** File, relative to the pipeline's folder, or the name of one that ships with weir. */
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly net: readonly string[] | undefined;
}

/** A name that a template uses and nothing in the file gives. */
export interface OpenName {
  readonly name: string;
  readonly path: KeyPath;
  readonly place: Place;
  /** The nearest name that the file does give. */
  readonly near: string | undefined;
}

/** A pipeline file, read, checked and compiled. */
export interface Playbook {
  readonly source: Source;
  /** `metadata.name`, else the name of the file without its ending. */
  readonly name: string;
  /** Defaults; what the user gives is merged over them. */
  readonly workload: Readonly<Record<string, unknown>>;
  /** Root `keychain:` as written: `lib/secrets` reads it. */
  readonly keychain: unknown;
  readonly plugins: readonly PluginUse[];
  readonly steps: readonly Step[];
  /** Name of the step a run starts at. */
  readonly entry: string;
  readonly output: Value | undefined;
  /** Longest a run may take; undefined for no bound. */
  readonly maxDurationMs: number | undefined;
  /** Most bytes of all bodies together, decoded; undefined for no bound. */
  readonly maxBytes: number | undefined;
  /** Names that only what the user gives can have: see checkOpenNames(). */
  readonly openNames: readonly OpenName[];
  /** What is odd and does not stop a run. */
  readonly warnings: readonly {
    readonly message: string;
    readonly hint: string;
    readonly path: KeyPath;
    /** The name of openNames that it is about. */
    readonly name?: string | undefined;
  }[];
}
