import { durationText, parseDuration } from "../../../lib/base/duration.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Retry } from "../../../lib/exchange/ports.ts";
import type { RetryNote } from "../../../lib/exchange/standard-retry.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";

/**
 * Returns what sends a request again as the flags say, undefined when they do not ask for it.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, USAGE_CONFLICT
 */
export async function requestRetry(flags: Flags, io: Io): Promise<Retry | undefined> {
  checkRetryFlags(flags);
  const attempts = flags.integer("retry") + 1;
  if (attempts === 1) return undefined;
  const [{ DEFAULT_RETRY }, { standardRetry }] = await Promise.all([
    import("../../../lib/exchange/backoff.ts"),
    import("../../../lib/exchange/standard-retry.ts"),
  ]);
  const delayMs = parseDuration(flags.text("retry-delay"), "USAGE_BAD_VALUE");
  const maxTime = flags.text("retry-max-time");
  const maxElapsedMs = maxTime === undefined ? 0 : parseDuration(maxTime, "USAGE_BAD_VALUE");
  return standardRetry({
    policy: {
      ...DEFAULT_RETRY,
      attempts,
      backoff: "exponential",
      delayMs,
      maxDelayMs: Math.max(delayMs, DEFAULT_RETRY.maxDelayMs),
      maxElapsedMs: maxElapsedMs === 0 ? undefined : maxElapsedMs,
    },
    isUnsafeAllowed: flags.isSet("retry-unsafe"),
    clock: io.runtime.clock,
    // There is no jitter to be random: one person sends one request.
    random: () => 0,
    note: (note) => io.warn(noteText(note, attempts)),
  });
}

function checkRetryFlags(flags: Flags): void {
  const details = ["retry-delay", "retry-max-time", "retry-unsafe"] as const;
  const alone = flags.isGiven("retry") ? undefined : details.find((flag) => flags.isGiven(flag));
  if (alone === undefined) return;
  throw new WeirError("USAGE_CONFLICT", `Flag --${alone} needs --retry`, {
    hint: "Say with --retry N how often to send again",
    details: { flag: alone },
  });
}

function noteText(note: RetryNote, attempts: number): string {
  if (note.kind === "again") {
    const when = note.waitMs === 0 ? "at once" : `in ${durationText(note.waitMs)}`;
    return `${note.reason}, trying again ${when} (${note.next} of ${attempts})`;
  }
  const way = note.isUnsafe ? "; --retry-unsafe sends it all the same" : "";
  return `${note.reason}, not tried again: ${note.because}${way}`;
}
