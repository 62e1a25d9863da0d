import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AGENT_COMMANDS } from "../../cli/commands/agent.ts";
import { COMMANDS } from "../../cli/commands/index.ts";
import { EVAL_TABLE, FLAGS, RUN_TABLE } from "../../cli/flags.ts";
import { resolveInvocation } from "../../cli/invocation.ts";
import { TOPICS } from "../../cli/manual/index.ts";
import { run } from "../../cli/run.ts";
import { ERRORS } from "../../lib/base/errors.ts";
import { fakeIo } from "../support/fake-io.ts";

// The help is read by people, so its text is kept in files that a change shows up in.
// WEIR_UPDATE_HELP=1 bun test test/cli/help.test.ts writes them anew.

const FOLDER = join(import.meta.dir, "..", "..", "fixtures", "help");

async function helpOf(...argv: string[]): Promise<string> {
  const { io, stdout, stderr } = fakeIo();
  expect([await run(argv, io), stderr()]).toEqual([0, ""]);
  return stdout();
}

test.each([
  { file: "short.txt", argv: ["-h"] },
  { file: "long.txt", argv: ["--help"] },
  { file: "overview.txt", argv: ["help"] },
  { file: "get.txt", argv: ["get", "-h"] },
  { file: "completion.txt", argv: ["completion", "--help"] },
  { file: "verify.txt", argv: ["help", "verify"] },
  { file: "run-short.txt", argv: ["run", "-h"] },
  { file: "run.txt", argv: ["run", "--help"] },
  { file: "eval.txt", argv: ["eval", "-h"] },
])("weir $argv prints fixtures/help/$file", async ({ file, argv }) => {
  const text = await helpOf(...argv);
  if (process.env["WEIR_UPDATE_HELP"] === "1") writeFileSync(join(FOLDER, file), text);
  expect(text).toBe(readFileSync(join(FOLDER, file), "utf8"));
});

const everything = [
  ["-h"],
  ["--help"],
  ["help"],
  ...COMMANDS.flatMap(({ name }) => [
    [name, "--help"],
    [name, "-h"],
    ["help", name],
  ]),
  ...TOPICS.map(({ name }) => ["help", name]),
  ...[...FLAGS, ...RUN_TABLE.rows, ...EVAL_TABLE.rows].map(({ name }) => ["help", name]),
].map((argv) => ({ argv }));

test.each(everything)("weir $argv fits 80 columns and ends in a line", async ({ argv }) => {
  const text = await helpOf(...argv);
  const lines = text.split("\n");
  expect(lines.filter((line) => line.length > 80 || line !== line.trimEnd())).toEqual([]);
  expect(text).toMatch(/[^\n]\n$/);
  expect(text).not.toMatch(/\n\n\n|\t|(?<!true, )undefined|\bTODO\b/);
});

test("weir -h has one line for each flag, and --help a paragraph", async () => {
  const short = (await helpOf("-h")).split("\n");
  const long = await helpOf("--help");
  for (const flag of FLAGS) {
    const lines = short.filter(
      (line) => line.includes(` --${flag.name} `) && line.includes(flag.help),
    );
    expect({ flag: flag.name, count: lines.length }).toEqual({ flag: flag.name, count: 1 });
    expect(long).toContain(`--${flag.name}`);
    expect(long).toContain(`      ${flag.help}.`);
  }
});

test("weir help names every command and every page", async () => {
  const overview = await helpOf("help");
  for (const { name, summary } of [...COMMANDS, ...TOPICS]) {
    expect(overview).toMatch(new RegExp(`^  ${name} +${RegExp.escape(summary)}$`, "m"));
  }
});

test("weir help COMMAND has usage and examples that parse", async () => {
  const shared = COMMANDS.filter((one) => !("hasOwnFlags" in one));
  for (const { name, examples, usage } of shared) {
    const text = await helpOf(name, "--help");
    expect(text).toContain(`Usage: weir ${name} ${usage}`.trimEnd());
    for (const example of examples) {
      expect(text).toContain(`  ${example}\n`);
      const [words = ""] = example.split(/ >+ /);
      const argv = [...words.matchAll(/'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2] ?? "");
      expect(resolveInvocation(argv.slice(1)).command.name).toBe(name);
    }
  }
});

test("weir help FLAG takes the flag as it is typed, too", async () => {
  expect(await helpOf("help", "--", "--verify")).toBe(await helpOf("help", "verify"));
  expect(await helpOf("help", "no-check-status")).toContain("--check-status");
});

test("the manual mentions only flags that exist, and every page that exists", () => {
  const known = new Set([
    ...[...FLAGS, ...RUN_TABLE.rows, ...EVAL_TABLE.rows].flatMap(({ name }) => [
      `--${name}`,
      `--no-${name}`,
    ]),
    ...AGENT_COMMANDS.flatMap(({ flags }) => flags.map(({ name }) => `--${name}`)),
  ]);
  const pages = TOPICS.map((topic) => topic.text()).join("\n");
  const mentioned = pages.match(/(?<![\w-])--[a-z][a-z0-9-]*/g) ?? [];
  const foreign = mentioned.filter((flag) => !known.has(flag));
  // --no-FLAG is a pattern, --preload belongs to Bun, and --folow shows an error.
  expect([...new Set(foreign)].sort()).toEqual(["--folow", "--no-", "--preload"]);
  const linked = [...pages.matchAll(/weir help ([a-z-]+)/g)].map((link) => link[1] ?? "");
  const targets = [...TOPICS, ...COMMANDS].map(({ name }) => name);
  expect(linked.filter((name) => !targets.includes(name))).toEqual([]);
});

test("the manual shows command lines that parse", () => {
  for (const { name, text } of TOPICS) {
    for (const [, line = ""] of text().matchAll(/^ {4}(?:.*\| )?weir (\S.*)$/gm)) {
      // What stands two spaces behind a command line is a remark on it.
      const [shown = ""] = /^(?:'[^']*'|(?! {2}| \|\|? | && | > ).)*/.exec(line) ?? [];
      if (shown.startsWith("[method]")) continue;
      if (shown.startsWith("agent ")) {
        const word = shown.split(" ")[1];
        expect(AGENT_COMMANDS.map((one) => one.name)).toContain(word ?? "");
        continue;
      }
      const words = [...shown.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)];
      const argv = words.map((word) => word[1] ?? word[2] ?? word[3] ?? "");
      const isOfWords = /^(?:plugin|exec|run|eval|schema) /.test(shown);
      expect({ name, shown, takes: resolveInvocation(argv).takes }).toEqual({
        name,
        shown,
        takes: isOfWords ? "words" : "request",
      });
    }
  }
});

test("exit-codes.md tells of every exit status an error may have", () => {
  const page = TOPICS.find(({ name }) => name === "exit-codes")?.text() ?? "";
  const told = [...page.matchAll(/^(\d+) {2,}/gm)].map(([, status]) => Number(status));
  const needed = [0, 3, 4, 5, 143, ...Object.values(ERRORS).map(({ exit }) => exit)];
  expect([...new Set(needed)].filter((status) => !told.includes(status))).toEqual([]);
});

test("weir help errors lists every code once", async () => {
  const page = await helpOf("help", "errors");
  const codes = [...page.matchAll(/^([A-Z][A-Z0-9_]+)$/gm)].map(([code]) => code);
  expect(codes.sort()).toEqual(Object.keys(ERRORS).sort());
});

test("completion and help are data: nothing of them depends on terminal or environment", async () => {
  const fake = fakeIo({ isStdoutTerminal: true, env: { CLICOLOR_FORCE: "1", TERM: "xterm" } });
  await run(["help", "output"], fake.io);
  expect(fake.stdout()).toBe(await helpOf("help", "output"));
});
