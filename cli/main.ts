import process from "node:process";
import { toWeirError } from "../lib/base/errors.ts";
import { detectRuntime } from "../lib/runtime/detect.ts";
import { SANDBOX_WORD } from "../lib/runtime/sandbox-word.ts";
import { createIo } from "./io.ts";
import { reportError } from "./report.ts";
import { run } from "./run.ts";

// The only file that ends the process. Everything printed has been awaited before it does, so that
// nothing is cut; ending by itself would wait for a read of standard input that nobody wants.

const argv = process.argv.slice(2);
if (argv[0] === SANDBOX_WORD) {
  await (await import("../lib/hooks/child/serve.ts")).serveSandbox(Number(argv[1]));
  // oxlint-disable-next-line unicorn/no-process-exit -- the one place that ends the process
  process.exit(0);
}
const io = createIo(await detectRuntime(), process.argv0);

/** Reports what no catch saw: without it the runtime would print source lines and values. */
async function crash(error: unknown): Promise<void> {
  const status = await reportError(toWeirError(error), io, argv.includes("--debug"));
  // oxlint-disable-next-line unicorn/no-process-exit -- the one place that ends the process
  process.exit(status);
}

process.on("uncaughtException", (error) => void crash(error));
process.on("unhandledRejection", (error) => void crash(error));
// oxlint-disable-next-line unicorn/no-process-exit -- the one place that ends the process
process.exit(await run(argv, io));
