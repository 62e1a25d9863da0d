import { systemClock } from "../../../lib/base/clock.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { type Client, createClient } from "../../../lib/client.ts";
import type { RunEvent } from "../../../lib/pipeline/events.ts";
import type { Completion, Intent } from "../../../lib/pipeline/journal.ts";
import type { Again, AttemptFacts, TaskContext, Work } from "../../../lib/pipeline/kinds/kind.ts";
import { httpKind } from "../../../lib/pipeline/kinds/http.ts";
import type { Outcome } from "../../../lib/pipeline/outcome.ts";
import { Outputs } from "../../../lib/pipeline/outputs.ts";
import type { RunPorts } from "../../../lib/pipeline/ports.ts";
import { Rates } from "../../../lib/pipeline/rates.ts";
import type { KeyPath, Source } from "../../../lib/pipeline/source.ts";
import { runtime } from "../../support/wire.ts";

/** A file that says of each node where it stands by its path. */
const source: Source = {
  file: "test.yaml",
  text: "",
  placeOf: (path: KeyPath) => ({ line: path.length, column: 1 }),
  templateAt: (path) => ({ name: "test.yaml", line: path.length, column: 1 }),
  error: (path, { message, hint }) =>
    new WeirError("PIPELINE_INVALID", message, {
      hint,
      details: { file: "test.yaml", line: path.length, column: 1, path: path.join(".") },
    }),
};

/** Returns the work of an http task, and the warnings it was loaded with. */
export function httpTask(
  fields: Readonly<Record<string, unknown>>,
  spec: Readonly<Record<string, unknown>> = {},
): Work & { readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const work = httpKind.compile({
    fields,
    spec,
    path: ["task"],
    source,
    warn: (_, message) => warnings.push(message),
  });
  return { ...work, warnings };
}

/** What a test changes of the run that a task is part of. */
export interface RunChanges extends Partial<
  Omit<RunPorts, "client" | "clock" | "emit" | "journal">
> {
  readonly clock?: RunPorts["clock"];
  readonly values?: Readonly<Record<string, unknown>>;
  readonly hookChain?: Parameters<typeof createClient>[0]["hooks"];
  /** What the policy says after each attempt. */
  readonly again?: (outcome: Outcome, facts: AttemptFacts) => Again | undefined;
  readonly afterPage?: (outcome: Outcome) => "next" | "end" | "stop";
  /** Aborts when nothing new is to be sent. */
  readonly quiet?: AbortSignal;
}

/** A run with one task, and what it told. */
export interface TestRun extends Disposable {
  readonly context: TaskContext;
  readonly events: RunEvent[];
  readonly intents: Intent[];
  readonly completions: Completion[];
  readonly pages: unknown[];
  /** Messages of warning events. */
  warnings(): readonly string[];
}

/** Returns a run whose requests are real. */
export function testRun(changes: RunChanges = {}): TestRun {
  const { values = {}, hookChain, again, afterPage, quiet, ...own } = changes;
  const clock = own.clock ?? systemClock;
  const clients: Client[] = [];
  const events: RunEvent[] = [];
  const intents: Intent[] = [];
  const completions: Completion[] = [];
  const pages: unknown[] = [];
  const rates = own.rates ?? new Rates(clock);
  const signal = own.signal ?? new AbortController().signal;
  const unused = (): never => {
    throw new Error("this test has no such port");
  };
  const ports: RunPorts = {
    runId: "run-1",
    random: (count) => runtime.random(count),
    folder: "/nowhere",
    isTrusted: false,
    files: runtime.files,
    credentials: { values: {}, names: [], forTask: () => noCredentials },
    // Tests that store results bring a store of their own.
    results: {} as RunPorts["results"],
    hooks: undefined,
    scripts: { run: unused, close: () => undefined },
    outputs: new Outputs({ files: runtime.files, print: unused }),
    requests: () => 0,
    capBytes: unused,
    redact: (text) => text,
    ...own,
    clock,
    rates,
    signal,
    client: ({ isVerified }) => {
      const client = createClient({
        runtime: { clock, network: runtime.network },
        dial: { tls: { isVerified } },
        exchange: { limits: {}, isDecoded: true },
        hooks: hookChain,
        quota: (request) => rates.before(request, signal),
        record: {
          intent: () => Promise.resolve(),
          outcome: async (request, result) =>
            rates.after(request, result instanceof WeirError ? null : result.response.status),
        },
      });
      clients.push(client);
      return client;
    },
    journal: {
      intent: async (intent) => intents.push(intent),
      complete: async (_, completion) => void completions.push(completion),
      page: async (_, page) => void pages.push(page),
      value: (_, make) => make(),
      iteration: async () => undefined,
    },
    emit: (event) => events.push(event),
  };
  const context: TaskContext = {
    ports,
    at: { step: "fetch", task: "call" },
    scope: { layers: [values], options: {} },
    signal: quiet ?? signal,
    again: async (outcome, facts) => again?.(outcome, facts),
    afterPage: async (outcome) =>
      afterPage?.(outcome) ?? (outcome.status === "ok" ? "next" : "stop"),
  };
  return {
    context,
    events,
    intents,
    completions,
    pages,
    warnings: () => events.flatMap((one) => (one.event === "warning" ? [one.message] : [])),
    [Symbol.dispose]: () => clients.forEach((client) => client.close()),
  };
}
