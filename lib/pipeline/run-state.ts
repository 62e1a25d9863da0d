import type { Where } from "./events.ts";
import type { Playbook } from "./model.ts";
import type { TaskResult } from "./outcome.ts";
import type { RunPorts } from "./ports.ts";
import type { Scope } from "./scope.ts";
import { bareMap } from "./bare-map.ts";
import { lentFunctions } from "./lent-functions.ts";
import type { Dict } from "../template/values.ts";

/** Names that are the same in all of a run; only `ctx` changes. */
type RunNames = {
  readonly workload: Dict;
  readonly keychain: Dict;
  readonly execution_id: string;
  ctx: Readonly<Record<string, unknown>>;
};

/** Tasks that passed after a retry are listed up to this many. */
const FLAKY_LISTED = 1000;

/** What the steps of one run share. */
export class RunState {
  readonly playbook: Playbook;
  /** The ports of the run; what goes through them is counted. */
  readonly ports: RunPorts;
  readonly names: RunNames;
  /** Results of the tasks of steps that are over, by label. */
  readonly labels: Record<string, TaskResult> = bareMap();
  /** What templates see of the steps that are over, by name. */
  readonly steps: Record<string, unknown> = bareMap();
  /** Layers of every scope, below the names of its place; a label hides a step of the same name. */
  readonly layers: readonly Dict[];
  /** How often each step ran. */
  readonly visits = new Map<string, number>();
  readonly flaky: Where[] = [];
  flakyCount = 0;
  warningCount = 0;
  #values = 0;

  /** @param signal ends the run, beside what ends all of `ports` */
  constructor(playbook: Playbook, workload: Dict, ports: RunPorts, signal: AbortSignal) {
    this.playbook = playbook;
    this.ports = {
      ...ports,
      signal,
      emit: (event) => {
        if (event.event === "warning") this.warningCount += 1;
        ports.emit(event);
      },
    };
    const keychain = ports.credentials.values;
    this.names = { workload, keychain, execution_id: ports.runId, ctx: {} };
    this.layers = [this.labels, this.steps, workload];
  }

  /** Returns what templates outside of a step see. */
  scope(names: Dict): Scope {
    const place = (): string => `/${(this.#values += 1)}`;
    return {
      layers: [names, this.names, ...this.layers],
      options: lentFunctions(this.ports, place),
    };
  }

  /** Says something that did not stop the run. */
  warn(message: string, at: Partial<Where> = {}): void {
    this.ports.emit({ event: "warning", ...at, message: this.ports.redact(message) });
  }

  /** Notes that a task passed after a retry. */
  addFlaky(at: Where): void {
    this.flakyCount += 1;
    if (this.flaky.length < FLAKY_LISTED) this.flaky.push(at);
  }
}
