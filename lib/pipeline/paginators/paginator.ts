import type { HeaderList } from "../../http/headers.ts";
import type { Scope } from "../scope.ts";
import type { KeyPath, Source } from "../source.ts";
import type { From } from "./from.ts";
import type { Into } from "./into.ts";

/** A page, as far as finding the next one goes. */
export interface Page {
  /** From 1. */
  readonly number: number;
  /** Where it came from, redirects followed. */
  readonly url: URL;
  readonly headers: HeaderList;
  /** Its items, when they can be counted. */
  readonly count: number | undefined;
  /** Returns what stands there; undefined for nothing. */
  look(from: From): unknown;
}

/** A value that a request is to carry. */
export interface Placement {
  readonly into: Into;
  readonly value:
    | string
    | number
    | boolean
    | Readonly<Record<string, unknown>>
    | readonly unknown[];
}

/** How the next page is asked for. */
export type NextPage =
  | { readonly kind: "end" }
  /** As the server wrote it: relative, or anything else. */
  | { readonly kind: "url"; readonly url: string }
  /** `cursor` is what may not come twice; undefined where counting makes that impossible. */
  | {
      readonly kind: "values";
      readonly placements: readonly Placement[];
      readonly cursor: string | undefined;
    };

/** No more pages. */
export const END: NextPage = { kind: "end" };

/** Finds the pages of one run of a task. */
export interface Paginator {
  /** What the first request carries. */
  readonly first: readonly Placement[];
  /** @throws {WeirError} PAGE_INVALID */
  next(page: Page): NextPage;
  /** Returns how to go on behind a page that failed; END when only that page could have told. */
  skip(): NextPage;
}

/** What a paginator is compiled from. */
export interface PaginatorInput {
  /** The map behind `paginate`; a single word is `{type: word}`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly path: KeyPath;
  readonly source: Source;
}

/** A paginator, compiled. */
export interface PaginatorPlan {
  /** Where values are looked for in the body, for pages of which only selected fields are kept. */
  readonly wanted: readonly From[];
  /** True: the end is found by counting the items of each page. */
  readonly isCounting: boolean;
  /**
   * @param note takes what the user should know
   * @throws {WeirError} TEMPLATE_*
   */
  open(scope: Scope, note: (message: string) => void): Paginator;
  /** The rules and variables that one would write by hand, line by line. */
  readonly expansion: readonly string[];
}

/** One word behind `paginate.type`. */
export interface PaginatorKind {
  readonly name: string;
  /** Predicate of a sentence about it, for editors. */
  readonly summary: string;
  /** Its keys, beside those that all have. */
  readonly keys: readonly string[];
  /** @throws {WeirError} PIPELINE_INVALID */
  compile(input: PaginatorInput): PaginatorPlan;
}
