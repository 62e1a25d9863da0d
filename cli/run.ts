import { toWeirError } from "../lib/base/errors.ts";
import type { Invocation } from "./commands/command.ts";
import { Interrupt } from "./interrupt.ts";
import { resolveInvocation } from "./invocation.ts";
import type { Io } from "./io.ts";
import { reportError } from "./report.ts";

/** Does what an invocation asks for and returns the exit status. */
export type Perform = (invocation: Invocation, io: Io) => Promise<number>;

/**
 * Runs one command line and returns its exit status. Never rejects.
 *
 * Everything it printed has been written when it returns, unless a signal ended it. A reader that
 * closes the pipe ends it quietly with 0, Ctrl-C with 130, SIGTERM with 143; an error is reported
 * on standard error.
 *
 * @param perform runs the command; tests put their own here
 */
export async function run(
  argv: readonly string[],
  io: Io,
  perform: Perform = performCommand,
): Promise<number> {
  using interrupt = new Interrupt(io.runtime);
  const status = await attempt(argv, io, interrupt, perform);
  if (interrupt.status !== undefined) return interrupt.status;
  // A signal ends this too: whoever reads may have stopped reading without closing.
  await Promise.race([io.flush(), interrupt.graceOver]);
  return interrupt.status ?? status;
}

async function attempt(
  argv: readonly string[],
  io: Io,
  interrupt: Interrupt,
  perform: Perform,
): Promise<number> {
  try {
    const invocation = resolveInvocation(argv);
    const isSilent = invocation.flags.count("quiet") > 1;
    const work = perform(invocation, io.with({ signal: interrupt.signal, isSilent }));
    return await Promise.race([work, interrupt.graceOver]);
  } catch (error) {
    if (io.isReaderGone) return 0;
    const failure = toWeirError(error);
    // The one who pressed Ctrl-C needs no message, unless there is more to say than that: a file
    // that is left half-written, a clean-up that failed.
    if (failure === interrupt.signal.reason) return 0;
    // Read from argv: the command line itself may be what is wrong.
    return await reportError(failure, io, argv.includes("--debug"));
  }
}

async function performCommand(invocation: Invocation, io: Io): Promise<number> {
  // Two branches of one form: each kind of command takes its own kind of invocation.
  if (invocation.takes === "words") {
    return await (await invocation.command.load()).run(invocation, io);
  }
  return await (await invocation.command.load()).run(invocation, io);
}
