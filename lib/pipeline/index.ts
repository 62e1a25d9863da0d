/**
 * Pipelines: a file of steps whose tasks page, retry and write until the data is all there.
 *
 * A file is read, checked and compiled once (load.ts) into a model (model.ts) that holds no text any
 * more. A run walks from step to step (walk.ts, step.ts), repeats one for each item of its loop
 * (loop.ts), and goes through the tasks as their policies lead (tasks.ts, judge.ts, rules.ts). What
 * a task does is its kind's (kinds/); what it sees is its scope (track.ts). All that touches the
 * world comes in as ports (ports.ts), which open.ts makes.
 *
 * The room prints nothing and keeps nothing beyond a run: progress is events, bodies are results.
 */
export { loadPlaybook } from "./load.ts";
export { checkOpenNames } from "./load/names.ts";
export { createMemoryJournal } from "./memory-journal.ts";
export { planPlaybook, type RunPlan, type StepPlan } from "./plan.ts";
export { mergeWorkload } from "./workload.ts";
export { runPlaybook, type RunResult } from "./run.ts";
export { type StepSummary } from "./walk.ts";
export { openRun, type OpenRun, type OpenRunOptions } from "./open.ts";
