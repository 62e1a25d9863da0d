import { WeirError } from "../base/errors.ts";
import type { Where } from "./events.ts";
import { type Failure, failureOf } from "./failure.ts";
import type { Again, AttemptFacts } from "./kinds/kind.ts";
import { fraction } from "./lent-functions.ts";
import type { Task } from "./model.ts";
import type { Outcome } from "./outcome.ts";
import { assign, decide, type Decision, judgingScope } from "./rules.ts";
import type { Track } from "./track.ts";

/** What became of an outcome: what its policy decided, or why that cannot be said. */
export type Verdict = Decision | { readonly kind: "broken"; readonly failure: Failure };

/** An outcome that was judged, so that the same one is not judged twice. */
interface Judged {
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}

/** Attempts of a task that counts none itself. */
const ONE_ATTEMPT: AttemptFacts = {
  attempt: 1,
  elapsedMs: 0,
  maySendAgain: () => ({ allowed: true }),
};

/** Asks the policy of one task, attempt by attempt and page by page, and sets what rules set. */
export class Judge {
  readonly #task: Task;
  readonly #track: Track;
  readonly #at: Where;
  /** Attempts made before this run of the task, see Track.failedAttempts. */
  #before: number;
  #facts = ONE_ATTEMPT;
  #judged: Judged | undefined;
  #page: Judged | undefined;
  /** True once an attempt failed and another was made. */
  hasRetried = false;

  constructor(task: Task, track: Track, at: Where) {
    this.#task = task;
    this.#track = track;
    this.#at = at;
    this.#before = track.failedAttempts.get(task.label) ?? 0;
  }

  /** Returns what to wait for another attempt; undefined when there is none. */
  async again(outcome: Outcome, facts: AttemptFacts): Promise<Again | undefined> {
    const { names, signal } = this.#track;
    this.#facts = { ...facts, attempt: facts.attempt + this.#before };
    names._attempt = facts.attempt;
    if (outcome.error?.kind === "cancelled" || signal.aborted) return undefined;
    const verdict = this.#decide(outcome, true);
    this.#judged = { outcome, verdict };
    if (verdict.kind !== "retry") return undefined;
    const broken = assigns(verdict) ? await this.#assign(outcome, verdict) : undefined;
    if (broken !== undefined) {
      this.#judged = { outcome, verdict: broken };
      return undefined;
    }
    this.hasRetried ||= outcome.status === "error";
    names._attempt = facts.attempt + 1;
    return { waitMs: verdict.waitMs, reason: verdict.reason };
  }

  /** Returns whether a task with pages goes on after this one; "end" when it ends well. */
  async afterPage(outcome: Outcome): Promise<"next" | "end" | "stop"> {
    const verdict = await this.#settle(outcome);
    this.#page = { outcome, verdict };
    if (outcome.status === "ok") this.#before = 0;
    if (verdict.kind === "continue") return "next";
    return verdict.kind === "break" ? "end" : "stop";
  }

  /** Returns what follows from the final outcome. */
  async settle(outcome: Outcome): Promise<Verdict> {
    const page = this.#page;
    const isOfPage =
      page !== undefined && (outcome.status === "ok" || page.outcome.status === "error");
    const verdict = isOfPage ? page.verdict : await this.#settle(outcome);
    const { label } = this.#task;
    if (outcome.status === "ok") this.#track.failedAttempts.delete(label);
    else this.#track.failedAttempts.set(label, this.#facts.attempt);
    return verdict;
  }

  async #settle(outcome: Outcome): Promise<Verdict> {
    const known = this.#judged?.outcome === outcome ? this.#judged.verdict : undefined;
    // A retry that was to be and is not, because a plugin forbade it, leaves it to later rules.
    const isUsed = known === undefined || known.kind === "retry";
    const verdict = isUsed ? this.#decide(outcome, false) : known;
    if (!assigns(verdict)) return verdict;
    return (await this.#assign(outcome, verdict)) ?? verdict;
  }

  #decide(outcome: Outcome, isOpen: boolean): Verdict {
    const { scope, run } = this.#track;
    const { error } = outcome;
    // A task that could not be set up did nothing that a rule could judge.
    if (error?.kind === "template") {
      return { kind: "broken", failure: { at: this.#at, error } };
    }
    try {
      return decide(this.#task.policy, judgingScope(scope, outcome), outcome, {
        facts: this.#facts,
        isOpen,
        random: () => fraction(run.ports.random),
        onUnsafe: (rule, reason) =>
          run.warn(`${ruleText(rule)} did not send the request again: ${reason}`, this.#at),
      });
    } catch (error) {
      return this.#broken(error);
    }
  }

  async #assign(outcome: Outcome, verdict: Decision): Promise<Verdict | undefined> {
    const { run, names, scope } = this.#track;
    const before = { iter: names.iter, ctx: run.names.ctx };
    try {
      const seen = judgingScope(scope, outcome);
      const after = assign(before, verdict.assignments, seen, run.playbook.source);
      names.iter = after.iter;
      run.names.ctx = after.ctx;
    } catch (error) {
      return this.#broken(error);
    }
    await run.ports.journal.iteration(this.#at, names.iter);
    return undefined;
  }

  #broken(error: unknown): Verdict {
    if (!(error instanceof WeirError)) throw error;
    return { kind: "broken", failure: failureOf(error, this.#at) };
  }
}

function assigns(verdict: Verdict): verdict is Decision {
  return verdict.kind !== "broken" && verdict.assignments.length > 0;
}

function ruleText(rule: number | undefined): string {
  return rule === undefined ? "spec.retry" : `Rule ${rule}`;
}
