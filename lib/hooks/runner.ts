import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { EventName } from "./events.ts";
import { hookFailure } from "./failure.ts";
import type { Hook, HookCall, Plugin } from "./plugin.ts";
import { readVerdict, type Verdict } from "./verdict.ts";

/** In which kind of program the hooks run. */
export type HookMode = "raw" | "agent" | "pipeline" | "script";

/** What the runner needs from outside. */
export interface RunnerPorts {
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly mode: HookMode;
  /** What handlers read as `ctx.run_id`; one of its own when not given. */
  readonly runId?: string | undefined;
  /** Takes a warning for a person: one line, sanitized. */
  readonly warn: (text: string) => void;
}

/** Events whose handlers may not change anything. */
const OBSERVED: ReadonlySet<EventName> = new Set([
  "load",
  "unload",
  "post_attempt",
  "page",
  "run_start",
  "step_start",
  "step_end",
  "run_end",
]);

/** Asks handlers, in their order, and sees to it that each stays within its grant. */
export class HookRunner {
  readonly #ports: RunnerPorts;
  readonly #plugins: readonly Plugin[];
  /** The run the handlers are told of. */
  readonly runId: string;
  #sorted: Promise<ReadonlyMap<EventName, readonly Hook[]>> | undefined;

  constructor(plugins: readonly Plugin[], ports: RunnerPorts) {
    this.#plugins = plugins;
    this.#ports = ports;
    this.runId = ports.runId ?? newId(ports.clock, ports.random);
  }

  /** Returns a new id for an event. */
  newId(): string {
    return newId(this.#ports.clock, this.#ports.random);
  }

  /** Loads every plugin, once, and runs its `load` handlers. */
  async ready(): Promise<void> {
    await this.#all();
  }

  /** Returns the handlers of an event: lower priority first, then in load order. */
  async hooks(event: EventName): Promise<readonly Hook[]> {
    return (await this.#all()).get(event) ?? [];
  }

  /** Runs a handler and reads what it returned; refuses what its plugin was not granted. */
  async ask(hook: Hook, call: HookCall): Promise<Verdict> {
    const context = { run_id: this.runId, mode: this.#ports.mode, attempt: 1 };
    const raw = await hook.plugin.run(hook, { ...call, context: { ...context, ...call.context } });
    const verdict = readVerdict(raw);
    checkCapability(hook, verdict);
    return verdict;
  }

  /**
   * Runs `task` and returns what it returns. When it throws: the error for a handler that fails
   * closed, else a warning and undefined.
   */
  async guarded<T>(hook: Hook, task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      const { event, where, plugin } = hook;
      const failure = hookFailure(error, { plugin: plugin.name, event, where });
      if (hook.isClosed) throw failure;
      this.#ports.warn(failure.message);
      return undefined;
    }
  }

  /** Tells a person one line. */
  warn(text: string): void {
    this.#ports.warn(text);
  }

  /**
   * Runs the handlers of an event that only observe.
   *
   * @param subject what their patterns are held against; every handler is run when not given
   */
  async announce(
    event: EventName,
    fields: Readonly<Record<string, unknown>> = {},
    subject?: string,
  ): Promise<void> {
    const id = this.newId();
    for (const hook of await this.hooks(event)) {
      if (subject !== undefined && !hook.matches(subject)) continue;
      const call = { event: { type: event, id, ...fields }, context: {} };
      await this.guarded(hook, () => this.ask(hook, call));
    }
  }

  #all(): Promise<ReadonlyMap<EventName, readonly Hook[]>> {
    this.#sorted ??= this.#load();
    return this.#sorted;
  }

  async #load(): Promise<ReadonlyMap<EventName, readonly Hook[]>> {
    await Promise.all(this.#plugins.map((plugin) => plugin.load()));
    this.#refuseTwins();
    this.#warnOfIdle();
    const hooks = this.#plugins
      .flatMap((plugin) => plugin.hooks)
      // A stable sort: ties stay in load order.
      .toSorted((left, right) => left.priority - right.priority);
    const byEvent = Map.groupBy(hooks, (hook) => hook.event);
    this.#sorted = Promise.resolve(byEvent);
    await this.announce("load");
    return byEvent;
  }

  /** One that exports its handlers, as elsewhere, would guard nothing in silence. */
  #warnOfIdle(): void {
    if (this.#ports.mode === "script") return;
    for (const { name, hooks } of this.#plugins) {
      if (hooks.length === 0) this.warn(`Plugin ${name} does nothing: it calls weir.on() nowhere`);
    }
  }

  /** Two plugins of one name would share storage, and no error could tell them apart. */
  #refuseTwins(): void {
    const names = this.#plugins.map((plugin) => plugin.name);
    const twin = names.find((name, at) => names.indexOf(name) !== at);
    if (twin === undefined) return;
    throw new WeirError("PLUGIN_INVALID", `Two plugins are called ${twin}`, {
      hint: "Give one of them another name in its manifest",
    });
  }
}

function checkCapability(hook: Hook, verdict: Verdict): void {
  const { plugin, event } = hook;
  checkPlace(event, verdict);
  // The time of a wait is no part of a request.
  if (event === "pre_retry") return;
  const needed =
    verdict.kind === "replace" ? "rewrite" : verdict.kind === "respond" ? "respond" : undefined;
  if (needed === undefined || plugin.has(needed)) return;
  throw new WeirError(
    "HOOK_CAPABILITY",
    `it returned ${verdict.kind === "respond" ? "a response" : "a replacement"} without the capability ${needed}`,
    { hint: `Add "${needed}" to capabilities in its manifest, and grant it` },
  );
}

/** Throws unless the event is one whose handlers may do this. */
function checkPlace(event: EventName, { kind }: Verdict): void {
  if (kind === "stop") {
    if (event === "page") return;
    throw new WeirError("HOOK_FAILED", `it returned stop, and ${event} is no page`, {
      hint: "Return { cancel: true, reason } to stop a request",
    });
  }
  if (kind === "pass" || !OBSERVED.has(event)) return;
  throw new WeirError("HOOK_FAILED", `it returned ${kind}, and ${event} only observes`);
}
