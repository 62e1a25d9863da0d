import { join } from "node:path";

/** Neutral option names of the corpus; a driver maps them to a program's flags. */
export type CaseOptions = Readonly<Record<string, string | number | boolean>>;

/** What one of the two servers of a case answers. */
export interface CaseReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly gzip?: boolean;
  /** Seconds. */
  readonly delay?: number;
}

/** One part of a multipart body; only the named parts are compared, null = must be absent. */
export interface WantedPart {
  readonly name: string;
  readonly filename?: string | null;
  readonly type?: string;
  readonly text?: string;
}

/** One request that must arrive; only the named parts are compared. */
export interface WantedRequest {
  /** Which of the two servers it must reach; any when it is not said. */
  readonly server?: "base" | "base2";
  readonly method?: string;
  readonly target?: string;
  readonly path?: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly headers_prefix?: Readonly<Record<string, string>>;
  readonly headers_absent?: readonly string[];
  readonly body?: string;
  readonly json?: unknown;
  readonly deflated_json?: unknown;
  readonly form?: readonly (readonly [string, string])[];
  readonly multipart?: readonly WantedPart[];
}

/** What a command line must lead to. */
export interface Expectation {
  readonly requests?: readonly WantedRequest[];
  readonly exit?: number;
  readonly exit_nonzero?: boolean;
  readonly stdout?: string;
  readonly stdout_contains?: readonly string[];
  readonly stdout_lacks?: readonly string[];
  /** File name to its text afterwards; null = must not exist. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Nothing beside the working directory and home may change. */
  readonly outside_untouched?: boolean;
}

/** One invocation. */
export interface CaseStep {
  readonly method?: string | null;
  readonly url: string;
  readonly items: readonly string[];
  readonly options?: CaseOptions;
  readonly stdin?: string;
  readonly tty?: boolean;
  readonly server?: readonly CaseReply[];
  readonly server2?: readonly CaseReply[];
  readonly files?: Readonly<Record<string, string>>;
  readonly expect: Expectation;
}

/** A case: one invocation, or several that share one home. */
export type CliCase = CaseAbout & (CaseStep | { readonly steps: readonly CaseStep[] });

/** What every case says of itself. */
export interface CaseAbout {
  readonly id: string;
  readonly area: string;
  readonly level: "core" | "one-peer" | "ours";
  /** Program to whether it meets the expectation. */
  readonly agree: Readonly<Record<string, boolean>>;
}

/** Areas whose core cases hold from the first release on. */
export const FIRM_AREAS: readonly string[] = [
  "items",
  "nested",
  "form",
  "method",
  "url",
  "body",
  "redirect",
  "exit",
];

const FIXTURES = join(import.meta.dir, "..", "..", "fixtures");

/** Reads every case of the command-line corpus. */
export async function readCases(): Promise<readonly CliCase[]> {
  // The file is data of this repository; the run of every case against it is its check.
  const file = (await Bun.file(join(FIXTURES, "cli-cases.json")).json()) as { cases: CliCase[] };
  return file.cases;
}

/** Reads the cases that weir does not meet yet: id to reason. */
export async function readKnownFailures(): Promise<Readonly<Record<string, string>>> {
  // As above.
  return (await Bun.file(join(FIXTURES, "cli-known-failures.json")).json()) as Record<
    string,
    string
  >;
}
