import type { ErrorCode } from "../base/errors.ts";
import type { Body } from "../http/body.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Address } from "../runtime/runtime.ts";

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

/** What the guard is asked about: one hop, as it is finally to be sent, still undressed. */
export interface HopRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Body;
  /** 0 for the request itself, 1 for its first redirect. */
  readonly hop: number;
  /** The URL of the hop before, when this one is a redirect. */
  readonly from?: URL | undefined;
  /**
   * The text that `url` was parsed from, when somebody else wrote it: the `Location` of a redirect.
   * Parsing repairs what a guard may want to refuse.
   */
  readonly written?: string | undefined;
}

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
