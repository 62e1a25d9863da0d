import { dirname } from "node:path";
import { noCredentials } from "../auth/bound.ts";
import { WeirError } from "../base/errors.ts";
import { type Client, createClient } from "../client.ts";
import type { Guard } from "../guard/decision.ts";
import type { Hooks } from "../hooks/index.ts";
import type { ScriptRunner } from "../hooks/scripts.ts";
import { ResultStore } from "../results/store.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { MemoryJar } from "../session/jar.ts";
import type { DialOptions, WireLimits } from "../transport/wire.ts";
import type { StampedEvent } from "./events.ts";
import { createMemoryJournal } from "./memory-journal.ts";
import { Outputs } from "./outputs.ts";
import type { RunCredentials, RunPorts } from "./ports.ts";
import { Traffic } from "./traffic.ts";

/** What a run is opened with; what is left out is not there. */
export interface OpenRunOptions {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random" | "files">;
  readonly dial: Omit<DialOptions, "judge">;
  /** Folder of the pipeline file, without a final slash. */
  readonly folder: string;
  /** True: the file may name files anywhere; false when not given. */
  readonly isTrusted?: boolean | undefined;
  /** See `newId` of lib/base/ids.ts. */
  readonly runId: string;
  /** Folder of this run alone, without a final slash; results go below it. */
  readonly stateFolder: string;
  readonly limits: WireLimits;
  readonly signal: AbortSignal;
  /** Writes to standard output. */
  readonly print: (text: string) => Promise<void>;
  /** Masks secrets that were opened. */
  readonly redact: (text: string) => string;
  readonly hooks?: Pick<Hooks, "chain" | "run"> | undefined;
  readonly credentials?: RunCredentials | undefined;
  readonly scripts?: ScriptRunner | undefined;
  readonly guard?: Guard | undefined;
  /** Shared with the clients of plugins and scripts; the run has its own when not given. */
  readonly traffic?: Traffic | undefined;
  /** Takes what happens; must not throw. */
  readonly onEvent?: ((event: StampedEvent) => void) | undefined;
}

/** The ports of one run, and the end of them. */
export interface OpenRun extends RunPorts {
  /** Closes connections and scripts; results stay. */
  close(): Promise<void>;
}

const NO_CREDENTIALS: RunCredentials = {
  values: {},
  names: [],
  forTask(auth) {
    if (auth === undefined) return noCredentials;
    throw new WeirError("SECRET_UNRESOLVED", `There is no keychain entry "${auth}"`, {
      hint: `Declare ${auth} under keychain: of the file, or as [keychain.${auth}] of the configuration`,
    });
  },
};

const NO_SCRIPTS: ScriptRunner = {
  run: () => Promise.reject(new WeirError("USAGE_NOT_SUPPORTED", "Scripts cannot run here")),
  close: () => undefined,
};

/** Where neither flag nor file says more: a host that is gone must not hold up a run for ever. */
const CONNECT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;

function withTimeouts(limits: WireLimits): WireLimits {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, readTimeoutMs = READ_TIMEOUT_MS } = limits;
  return { ...limits, connectTimeoutMs, readTimeoutMs };
}

/** Returns ports that reach the network through one client for each way of checking TLS. */
export function openRun(options: OpenRunOptions): OpenRun {
  const { runtime, runId, folder, print, redact, signal, onEvent } = options;
  const { clock, files } = runtime;
  const traffic = options.traffic ?? new Traffic({ clock });
  const clients = new RunClients(options, traffic);
  const scripts = options.scripts ?? NO_SCRIPTS;
  const { stateFolder } = options;
  const results = new ResultStore({
    runId,
    folder: `${stateFolder}/results`,
    runsFolder: dirname(stateFolder),
    runtime,
    redact,
  });
  return {
    runId,
    folder,
    isTrusted: options.isTrusted ?? false,
    clock,
    files,
    random: (count) => runtime.random(count),
    client: ({ isVerified }) => clients.client(isVerified),
    rates: traffic.rates,
    credentials: options.credentials ?? NO_CREDENTIALS,
    results,
    hooks: options.hooks?.run,
    scripts,
    journal: createMemoryJournal(),
    requests: () => traffic.count,
    capBytes: (capBytes, onCap) => traffic.cap(capBytes, onCap),
    outputs: new Outputs({ files, print }),
    emit: (event) => {
      if (onEvent === undefined) return;
      onEvent({ run_id: runId, time: new Date(clock.now()).toISOString(), ...event });
    },
    redact,
    signal,
    async close() {
      clients.close();
      results[Symbol.dispose]();
      scripts.close();
    },
  };
}

/** The clients of a run; they share everything but their connections. */
class RunClients {
  readonly #options: OpenRunOptions;
  readonly #traffic: Traffic;
  readonly #jar = new MemoryJar();
  readonly #clients = new Map<boolean, Client>();

  constructor(options: OpenRunOptions, traffic: Traffic) {
    this.#options = options;
    this.#traffic = traffic;
  }

  /** Returns the client that checks certificates as the run does, or not at all. */
  client(isVerified: boolean): Client {
    const known = this.#clients.get(isVerified);
    if (known !== undefined) return known;
    const { runtime, dial, limits, guard, hooks, signal } = this.#options;
    const client = createClient({
      runtime,
      dial: isVerified ? dial : { ...dial, tls: { ...dial.tls, isVerified: false } },
      exchange: { limits: withTimeouts(limits), isDecoded: true, signal },
      guard,
      hooks: hooks?.chain,
      jar: this.#jar,
      quota: (request) => this.#traffic.quota(request, signal),
      record: this.#traffic.record,
      received: this.#traffic.received,
    });
    this.#clients.set(isVerified, client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}
