import { expect, test } from "bun:test";
import { colourWish, createIo } from "../../../cli/io.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { fakeIo, systemError } from "../../support/fake-io.ts";

test.each([
  { name: "nothing is set", env: {}, want: "auto" },
  { name: "NO_COLOR is set", env: { NO_COLOR: "1" }, want: "never" },
  { name: "NO_COLOR is 0, which is set too", env: { NO_COLOR: "0" }, want: "never" },
  { name: "NO_COLOR is empty, which is not", env: { NO_COLOR: "" }, want: "auto" },
  { name: "CLICOLOR_FORCE is set", env: { CLICOLOR_FORCE: "1" }, want: "always" },
  { name: "CLICOLOR_FORCE is 0", env: { CLICOLOR_FORCE: "0" }, want: "auto" },
  { name: "both are set", env: { NO_COLOR: "1", CLICOLOR_FORCE: "1" }, want: "never" },
  { name: "the terminal is dumb", env: { TERM: "dumb" }, want: "never" },
  {
    name: "the terminal is dumb but forced",
    env: { TERM: "dumb", CLICOLOR_FORCE: "1" },
    want: "always",
  },
])("colourWish() is $want when $name", ({ env, want }) => {
  const known: Readonly<Record<string, string | undefined>> = env;
  expect<string>(colourWish((name) => known[name])).toBe(want);
});

test("Io colours what goes to a terminal, each stream by itself", () => {
  const { io } = fakeIo({ isStdoutTerminal: true });
  expect([io.isStdoutColoured, io.isStderrColoured]).toEqual([true, false]);
  expect([io.isStdoutTerminal, io.columns]).toEqual([true, 80]);
});

test.each([
  { calledAs: "weir", want: "weir" },
  { calledAs: "/usr/local/bin/weirs", want: "weirs" },
  { calledAs: "./weirs", want: "weirs" },
  { calledAs: String.raw`C:\bin\weirs.EXE`, want: "weirs" },
  { calledAs: "", want: "" },
])("createIo() takes $want from $calledAs", ({ calledAs, want }) => {
  expect(createIo(fakeIo().io.runtime, calledAs).programName).toBe(want);
});

test("Io.warn() writes one safe line to standard error", async () => {
  const fake = fakeIo();
  await fake.io.warn("Server said \u001b]0;x\u0007\nhint: trust me");
  expect(fake.stderr()).toMatch(/^weir: warning: Server said [ -~]*\n$/);
});

test("Io.warn() is silent when told to be, and so are ios made from it", async () => {
  const fake = fakeIo();
  const silent = fake.io.with({ isSilent: true });
  await silent.warn("x");
  await silent.with({ signal: new AbortController().signal }).warn("x");
  expect(fake.stderr()).toBe("");
});

test("Io.warn() does not fail when standard error is gone", async () => {
  await fakeIo({ stderrError: systemError("EPIPE") }).io.warn("x");
});

test("Io says that the reader is gone after EPIPE, whatever became of the error", async () => {
  const { io } = fakeIo({ stdoutError: systemError("EPIPE") });
  const used = io.with({ isSilent: true });
  expect(io.isReaderGone).toBe(false);
  await used.stdout.write("x").catch(() => undefined);
  expect([io.isReaderGone, used.isReaderGone]).toEqual([true, true]);
});

test.each(["ENOSPC", "EBADF", "EIO"])("Io turns %s into an error of its own", async (code) => {
  const { io } = fakeIo({ stdoutError: systemError(code) });
  const error = await io.stdout.write("x").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WeirError);
  expect(error).toMatchObject({ code: "IO_WRITE" });
  expect(io.isReaderGone).toBe(false);
});

test("Io.flush() waits for writes that nobody waits for, and for failed ones", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { runtime } = fakeIo().io;
  const io = createIo(
    { ...runtime, stderr: { ...runtime.stderr, isTerminal: () => false, write: () => promise } },
    "weir",
  );
  void io.with({}).warn("late");
  let isFlushed = false;
  const flushed = io.flush().then(() => {
    isFlushed = true;
  });
  await Promise.resolve();
  expect(isFlushed).toBe(false);
  resolve();
  await flushed;
  const broken = fakeIo({ stdoutError: systemError("EIO") }).io;
  broken.stdout.write("x").catch(() => undefined);
  await broken.flush();
});
