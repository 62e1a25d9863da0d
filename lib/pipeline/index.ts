/**
 * Pipelines: a file of steps whose tasks page, retry and write until the data is all there.
 *
 * A file is read, checked and compiled once into a model (model.ts) that holds no text any more:
 * load.ts with load/ goes through its levels, document.ts and the files named yaml-… turn YAML into
 * data that knows its places, schema/ has the shapes, which are also the JSON Schema, and values.ts,
 * setting.ts and readings.ts make something of one node.
 *
 * A run (run.ts) walks from step to step (walk.ts, step.ts), repeats one for each item of its loop
 * (loop.ts, loop-input.ts, loop-results.ts, spool.ts, engine.ts), and goes through the tasks as their
 * policies lead (tasks.ts, task.ts, judge.ts, rules.ts, actions/). What a task does is its kind's
 * (kinds/, with paginators/ and formats/); what it gives is an outcome (outcome.ts), what it sees a
 * scope (run-state.ts, track.ts, scope.ts). All that touches the world comes in as ports (ports.ts),
 * which open.ts makes: clients and rates.ts, outputs.ts, journal.ts, events.ts.
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
