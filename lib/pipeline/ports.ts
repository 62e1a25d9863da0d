import type { CredentialStore } from "../auth/bound.ts";
import type { WeirError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Client } from "../client.ts";
import type { RunHooks } from "../hooks/run-hooks.ts";
import type { ScriptRunner } from "../hooks/scripts.ts";
import type { ResultStore } from "../results/store.ts";
import type { Files } from "../runtime/runtime.ts";
import type { FieldedText } from "../template/values.ts";
import type { RunEvent } from "./events.ts";
import type { FilePlace } from "./files.ts";
import type { Journal } from "./journal.ts";
import type { Outputs } from "./outputs.ts";
import type { Rates } from "./rates.ts";

/** How the connections of a task differ from those of the run. */
export interface ClientSettings {
  /** False: any certificate is accepted. */
  readonly isVerified: boolean;
}

/** Credentials of a run. */
export interface RunCredentials {
  /** What `{{ keychain.NAME }}` stands for: placeholders that are opened when a hop is dressed. */
  readonly values: Readonly<Record<string, FieldedText>>;
  /** Names that `auth:` may use. */
  readonly names: readonly string[];
  /**
   * Returns what dresses the requests of one task: placeholders, and the entry `auth` names.
   *
   * @throws {WeirError} SECRET_UNRESOLVED when there is no such entry
   */
  forTask(auth: string | undefined, url: URL): CredentialStore;
}

/** Everything a run has to do with the world. */
export interface RunPorts extends FilePlace {
  readonly runId: string;
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly files: Files;
  /** Sends requests; all clients of a run share cookies, hooks, rates and records. */
  client(settings: ClientSettings): Client;
  readonly credentials: RunCredentials;
  readonly results: ResultStore;
  /** Tasks declare their rates here; the clients of the run ask it before each request. */
  readonly rates: Rates;
  readonly hooks: RunHooks | undefined;
  /** Scripts of `script` tasks. */
  readonly scripts: ScriptRunner;
  /** Files of `write` tasks, and standard output for `to: "-"`. */
  readonly outputs: Outputs;
  readonly journal: Journal;
  /** Returns how many requests were sent so far, those of redirects and scripts included. */
  readonly requests: () => number;
  /** Bounds the bytes of all bodies of the run together; `onCap` makes the error that ends it. */
  readonly capBytes: (capBytes: number, onCap: () => WeirError) => void;
  /** Takes what happens; must not throw. */
  readonly emit: (event: RunEvent) => void;
  /** Masks secrets that were opened. */
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}
