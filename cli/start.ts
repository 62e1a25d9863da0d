import process from "node:process";
import { toWeirError } from "../lib/base/errors.ts";
import { detectRuntime } from "../lib/runtime/detect.ts";
import { createIo } from "./io.ts";
import { reportError } from "./report.ts";
import { run } from "./run.ts";

/** Runs the command line of this process and hands its exit status to `exit`. */
export async function start(
  argv: readonly string[],
  exit: (status: number) => void,
): Promise<void> {
  const io = createIo(await detectRuntime(), process.argv0);
  // Reports what no catch saw: without it the runtime would print source lines and values.
  const crash = async (error: unknown): Promise<void> =>
    exit(await reportError(toWeirError(error), io, argv.includes("--debug")));
  process.on("uncaughtException", (error) => void crash(error));
  process.on("unhandledRejection", (error) => void crash(error));
  exit(await run(argv, io));
}
