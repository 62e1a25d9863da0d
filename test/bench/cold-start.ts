import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A program and how it is asked for one thing. */
export interface Contender {
  readonly name: string;
  readonly words: readonly string[];
}

/** What a contender needed: times in milliseconds, memory in MiB. */
export interface Measurement {
  readonly name: string;
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Median of its time over the yardstick's in the same round. */
  readonly ratio: number;
  /** Peak resident memory; undefined where GNU time is not installed. */
  readonly peakMib: number | undefined;
}

/** GNU time. */
const TIME = "/usr/bin/time";

/** Returns the middle value, of an even number the upper one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function run(words: readonly string[], env: Record<string, string>): Promise<number> {
  const startedAtMs = performance.now();
  const child = Bun.spawn([...words], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env });
  const [status] = await Promise.all([child.exited, new Response(child.stdout).bytes()]);
  const durationMs = performance.now() - startedAtMs;
  if (status === 0) return durationMs;
  const said = await new Response(child.stderr).text();
  throw new Error(`${words.join(" ")} ended with ${status}: ${said.trim()}`);
}

/**
 * Returns the peak resident memory in MiB.
 *
 * Not from Bun's own count: a child starts as a copy of its parent, and the kernel counts that too.
 */
async function peak(words: readonly string[], env: Record<string, string>) {
  if (!existsSync(TIME)) return undefined;
  using folder = temporaryFolder();
  const file = join(folder.path, "peak");
  await run([TIME, "-f", "%M", "-o", file, ...words], env);
  return Number(readFileSync(file, "utf8")) / 1024;
}

/**
 * Runs every contender `rounds` times, one after another in each round so that noise of the machine
 * meets them alike. The first is the yardstick of the ratios.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly Measurement[]> {
  using home = temporaryFolder();
  const env = { PATH: process.env["PATH"] ?? "", HOME: home.path, LANG: "C.UTF-8" };
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      times[at]?.push(await run(contender.words, env));
    }
  }
  const yardstick = times[0] ?? [];
  // Awaited: the home folder goes when this returns.
  return await Promise.all(
    contenders.map(async ({ name, words }, at) => {
      const own = times[at] ?? [];
      return {
        name,
        minMs: Math.min(...own),
        medianMs: median(own),
        maxMs: Math.max(...own),
        ratio: median(own.map((ms, round) => ms / (yardstick[round] ?? Number.NaN))),
        peakMib: await peak(words, env),
      };
    }),
  );
}
