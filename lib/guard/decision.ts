import type { ErrorCode } from "../base/errors.ts";
import type { HopRequest } from "../http/exchange.ts";
import type { Address } from "../runtime/runtime.ts";

/** What the guard is asked about. */
export type { HopRequest } from "../http/exchange.ts";

/** The guard's answer, as data. */
export type Decision =
  | { readonly verdict: "allow"; readonly rule: string }
  /** Allowed once somebody approves it. */
  | { readonly verdict: "ask"; readonly rule: string; readonly reason: string }
  | {
      readonly verdict: "deny";
      readonly code: ErrorCode;
      readonly rule: string;
      readonly reason: string;
      readonly hint?: string | undefined;
    };

/** Host and port a connection is wanted to. */
export interface Target {
  readonly scheme: "http" | "https";
  /** Name or IP literal, lower case, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Network policy. Pure: it neither resolves names nor reads a clock. */
export interface Guard {
  /** Judges a hop before its name is resolved. */
  admit(request: HopRequest): Decision;
  /** Judges all addresses a host resolved to; one bad address refuses the host. */
  judge(target: Target, addresses: readonly Address[]): Decision;
}
