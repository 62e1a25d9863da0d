import { expect, test } from "bun:test";
import { type Perform, run } from "../../../cli/run.ts";
import type { Clock } from "../../../lib/base/clock.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { fakeIo, systemError } from "../../support/fake-io.ts";

/** A clock whose one timer a test ends by hand. */
function handClock(): Clock & { ring(): void; isSet(): boolean } {
  let task: (() => void) | undefined;
  return {
    now: () => 0,
    monotonicMs: () => 0,
    after(_delayMs, wanted) {
      task = wanted;
      return () => {
        task = undefined;
      };
    },
    ring: () => task?.(),
    isSet: () => task !== undefined,
  };
}

const untilAborted: Perform = (_invocation, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
const never: Perform = () => new Promise(() => undefined);

test("run() hands the invocation to its command and returns the status", async () => {
  const { io, stdout, stderr, listenerCount } = fakeIo();
  const seen: unknown[] = [];
  const status = await run(["PUT", "h", "a=1"], io, (invocation) => {
    seen.push(invocation.takes === "request" && [invocation.method, invocation.url]);
    return Promise.resolve(4);
  });
  expect([status, seen, stdout(), stderr()]).toEqual([4, [["PUT", "h"]], "", ""]);
  expect(listenerCount()).toBe(0);
});

test.each([
  { name: "a usage error", argv: ["--bogus"], status: 64, text: "Unknown flag --bogus" },
  { name: "an unknown command", argv: ["gte"], status: 64, text: "Unknown command gte" },
  { name: "an unknown topic", argv: ["help", "outptu"], status: 64, text: "weir help output" },
  { name: "an unknown shell", argv: ["completion", "fihs"], status: 64, text: "completion fish" },
])("run() reports $name on standard error", async ({ argv, status, text }) => {
  const { io, stdout, stderr } = fakeIo();
  expect(await run(argv, io)).toBe(status);
  expect(stderr()).toStartWith("weir: error: ");
  expect(stderr()).toContain(text);
  expect(stdout()).toBe("");
});

test.each([
  { name: "an error of weir", error: new WeirError("NET_DNS", "No such host"), status: 69 },
  { name: "an error of anybody else", error: new TypeError("x is not a function"), status: 1 },
  { name: "EPIPE that was not standard output", error: systemError("EPIPE"), status: 1 },
])("run() turns $name into a status", async ({ error, status }) => {
  const { io, stderr } = fakeIo();
  expect(await run(["h"], io, () => Promise.reject(error))).toBe(status);
  expect(stderr()).toContain("weir: error: ");
});

test("run() ends quietly with 0 when the reader has gone", async () => {
  const { io, stderr } = fakeIo({ stdoutError: systemError("EPIPE") });
  expect(await run(["--version"], io)).toBe(0);
  expect(stderr()).toBe("");
});

test("run() ends with 74 when standard output cannot be written", async () => {
  const { io, stderr } = fakeIo({ stdoutError: systemError("ENOSPC") });
  expect(await run(["--version"], io)).toBe(74);
  expect(stderr()).toContain("standard output");
});

test("run() reports errors even when standard error has gone before", async () => {
  const { io } = fakeIo({ stderrError: systemError("EPIPE") });
  expect(await run(["--bogus"], io)).toBe(64);
});

test.each([
  { signal: "SIGINT", status: 130 },
  { signal: "SIGTERM", status: 143 },
] as const)("run() ends with $status on $signal, without a word", async ({ signal, status }) => {
  const fake = fakeIo();
  const ended = run(["h"], fake.io, untilAborted);
  fake.send(signal);
  expect([await ended, fake.stderr(), fake.listenerCount()]).toEqual([status, "", 0]);
});

test("run() lets a command clean up, and keeps the status of the signal", async () => {
  const clock = handClock();
  const fake = fakeIo({ clock });
  const ended = run(["h"], fake.io, async (_invocation, io) => {
    await new Promise((resolve) => io.signal.addEventListener("abort", resolve));
    await io.warn("kept part.bin");
    return 0;
  });
  fake.send("SIGINT");
  expect(await ended).toBe(130);
  expect(fake.stderr()).toBe("weir: warning: kept part.bin\n");
  expect(clock.isSet()).toBe(false);
});

test("run() reports a clean-up that failed, and keeps the status of the signal", async () => {
  const fake = fakeIo();
  const ended = run(["h"], fake.io, async (_invocation, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw new WeirError("IO_WRITE", "Cannot keep part.bin");
  });
  fake.send("SIGTERM");
  expect(await ended).toBe(143);
  expect(fake.stderr()).toContain("Cannot keep part.bin");
});

test("run() tells of the half-written file that an interrupted command names", async () => {
  const fake = fakeIo();
  const ended = run(["h"], fake.io, async (_invocation, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw new WeirError("CANCELLED", "Stopped; big.iso holds the first 12 bytes");
  });
  fake.send("SIGINT");
  expect(await ended).toBe(130);
  expect(fake.stderr()).toContain("big.iso holds the first 12 bytes");
});

test("run() does not wait longer than the grace for a command that hangs", async () => {
  const clock = handClock();
  const fake = fakeIo({ clock });
  const ended = run(["h"], fake.io, never);
  fake.send("SIGTERM");
  clock.ring();
  expect(await ended).toBe(143);
});

test("run() does not wait at all after a second signal", async () => {
  const fake = fakeIo({ clock: handClock() });
  const ended = run(["h"], fake.io, never);
  fake.send("SIGINT");
  fake.send("SIGTERM");
  expect(await ended).toBe(130);
});

test("run() aborts with CANCELLED as the reason", async () => {
  const fake = fakeIo();
  let reason: unknown;
  const ended = run(["h"], fake.io, async (_invocation, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
    return 0;
  });
  fake.send("SIGINT");
  await ended;
  expect(reason).toMatchObject({ code: "CANCELLED" });
});

test("run() silences warnings at -qq, not at -q", async () => {
  const warned = async (argv: string[]): Promise<string> => {
    const fake = fakeIo();
    await run(argv, fake.io, async (_invocation, io) => {
      await io.warn("careful");
      return 0;
    });
    return fake.stderr();
  };
  expect(await warned(["-q", "h"])).toContain("careful");
  expect(await warned(["-qq", "h"])).toBe("");
});

test("run() prints causes with --debug, also when the command line is wrong", async () => {
  const fake = fakeIo();
  await run(["--debug", "--bogus"], fake.io);
  expect(fake.stderr()).toContain("code: USAGE_UNKNOWN_FLAG");
});
