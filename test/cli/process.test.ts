import { describe, expect, test } from "bun:test";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { startServer } from "../support/loopback-server.ts";
import { runCli, runProgram, startCli } from "../support/run-cli.ts";
import { commandOf, isolatedBinary, type Target } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TARGETS: readonly Target[] = ["source", "binary", "deno"];

describe.each(TARGETS)("weir from %s", (target) => {
  test("prints version, commit and runtime", async () => {
    const { stdout, stderr, exit } = await runCli(["--version"], { target });
    const runtime = target === "deno" ? "deno 2" : "bun 1";
    const [, version, commit, rest] = /^weir (\S+) \(commit (\S+), (.*)\)\n$/.exec(stdout) ?? [];
    expect({ version, stderr, exit }).toEqual({ version: manifest.version, stderr: "", exit: 0 });
    // A tree without git has no commit to name.
    expect(commit).toMatch(target === "binary" ? /^(?:[0-9a-f]{7,}|source)$/ : /^source$/);
    expect(rest).toStartWith(runtime);
  });

  test("has its manual with it", async () => {
    const { stdout, exit } = await runCli(["help", "security"], { target });
    expect({ exit, title: stdout.split("\n", 1)[0] }).toEqual({ exit: 0, title: "# Security" });
  });

  test("prints all of the help into a pipe that is read slowly", async () => {
    const whole = await runCli(["--help"], { target });
    const slow = await runProgram([
      "sh",
      "-c",
      '"$@" | { sleep 0.3; cat; }',
      "sh",
      ...commandOf(target),
      "--help",
    ]);
    expect(slow.stdout).toBe(whole.stdout);
    expect(whole.stdout).toEndWith("commands and manual pages\n");
  });

  test("says on standard error what is wrong, with status 64", async () => {
    const result = await runCli(["--folow", "h.test"], { target });
    expect(result).toMatchObject({
      stdout: "",
      stderr: "weir: error: Unknown flag --folow\nhint: Did you mean --follow?\n",
      exit: 64,
    });
  });

  test.skipIf(!existsSync("/dev/full"))("ends with 74 when the disk is full", async () => {
    const words = ["sh", "-c", '"$@" >/dev/full', "sh", ...commandOf(target), "help"];
    const { stderr, exit } = await runProgram(words);
    expect(exit).toBe(74);
    expect(stderr).toStartWith("weir: error: Cannot write to standard output");
  });

  test("does not wait for a standard input that nobody writes to", async () => {
    expect(await runCli(["help"], { target, stdin: "pipe-open" })).toMatchObject({ exit: 0 });
    expect(await runCli(["--bogus"], { target, stdin: "pipe-open" })).toMatchObject({ exit: 64 });
  });
});

test("weir colours its errors on a terminal, unless told not to", async () => {
  const coloured = await runCli(["--bogus"], { tty: "all" });
  expect(coloured.stdout).toContain("\u001b[31merror:\u001b[39m");
  const plain = await runCli(["--bogus"], { tty: "all", env: { NO_COLOR: "1" } });
  expect(plain.stdout).not.toContain("\u001b");
});

test("weir lets nothing on the command line drive the terminal", async () => {
  const { stdout } = await runCli(["--\u001b]0;title\u0007\u001b[2J"], {
    tty: "all",
    env: { NO_COLOR: "1" },
  });
  expect([stdout.includes("\u001b"), stdout.includes("\u0007")]).toEqual([false, false]);
});

test("weir called weirs speaks https where no scheme is typed", async () => {
  using server = await startServer({ replies: [{ body: "plain" }], hits: 2 });
  using folder = temporaryFolder();
  const weirs = join(folder.path, "weirs");
  symlinkSync(isolatedBinary(), weirs);
  const host = `127.0.0.1:${server.port}`;
  expect(await runProgram([weirs, host])).toMatchObject({ stdout: "", exit: 69 });
  expect(await runProgram([weirs, server.url])).toMatchObject({ stdout: "plain", exit: 0 });
  expect(await runCli([host], { target: "binary" })).toMatchObject({ stdout: "plain", exit: 0 });
});

test("weir reports what no catch saw as a bug, without the values around it", async () => {
  using folder = temporaryFolder();
  const preload = join(folder.path, "preload.ts");
  writeFileSync(
    preload,
    'const key = "s3cret"; setTimeout(() => Promise.reject(Object.assign(new Error("stray"), { key })), 400);',
  );
  const [bun = "", main = ""] = commandOf("source");
  const words = [bun, "--preload", preload, main, "--offline", "post", "h.test"];
  const { stderr, stdout, exit } = await runProgram(words, { stdin: "pipe-open" });
  expect(exit).toBe(1);
  expect(stderr).toContain("weir: error: stray\n");
  expect(stderr + stdout).not.toContain("s3cret");
});

test("weir ends at the first signal even when it waits for input", async () => {
  const running = startCli(["post", "h.test"], { target: "binary", stdin: "pipe-open" });
  await Bun.sleep(150);
  running.signal("SIGTERM");
  const { exit, durationMs } = await running.result;
  expect(exit).toBe(143);
  expect(durationMs).toBeLessThan(5000);
});
