import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../cli/commands/index.ts";
import { completionScript, SHELL_NAMES } from "../../cli/completion/index.ts";
import { FLAGS, RUN_TABLE } from "../../cli/flags.ts";
import { TOPICS } from "../../cli/manual/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Every script is run by its own shell where that shell is installed.

/** A folder with something to complete to. */
function folderWithFiles() {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, "cat photo.jpg"), "");
  writeFileSync(join(folder.path, "ca.pem"), "");
  mkdirSync(join(folder.path, "casks"));
  return folder;
}

async function outputOf(words: string[], cwd: string): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: cwd, TERM: "dumb", LC_ALL: "C" };
  const child = Bun.spawn(words, { cwd, env, stdout: "pipe", stderr: "pipe" });
  const [text, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ errors, exit: await child.exited }).toEqual({ errors: "", exit: 0 });
  return text;
}

/** Returns what bash offers when the last of `words` is completed. */
async function inBash(...words: string[]): Promise<string[]> {
  using folder = folderWithFiles();
  const script = join(folder.path, "weir.bash");
  writeFileSync(script, completionScript("bash") ?? "");
  const body =
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf "%s\\n" "${COMPREPLY[@]}"';
  const text = await outputOf(
    ["bash", "--norc", "-c", body, script, "weir", ...words],
    folder.path,
  );
  return text.split("\n").filter((line) => line !== "" && line !== "weir.bash");
}

/** Returns what fish offers at the end of `line`, without descriptions. */
async function inFish(line: string): Promise<string[]> {
  using folder = folderWithFiles();
  const script = join(folder.path, "weir.fish");
  writeFileSync(script, completionScript("fish") ?? "");
  const body = `source ${script}; complete -C ${JSON.stringify(line)}`;
  const text = await outputOf(["fish", "--no-config", "-c", body], folder.path);
  return text
    .split("\n")
    .map((row) => row.split("\t")[0] ?? "")
    .filter((row) => row !== "" && row !== "weir.fish");
}

const CHOICES = ["all", "colors", "format", "none"];
const commandNames = COMMANDS.map(({ name }) => name);

describe("weir completion bash", () => {
  test.each([
    { name: "commands at the start", words: [""], want: commandNames },
    { name: "the end of a command", words: ["comp"], want: ["completion"] },
    { name: "commands behind flags", words: ["--follow", "--output", "x", "po"], want: ["post"] },
    { name: "flags", words: ["--comp"], want: ["--compress"] },
    { name: "flags behind a URL", words: ["get", "h.test", "--pret"], want: ["--pretty"] },
    { name: "flags that are taken back", words: ["--no-foll"], want: ["--no-follow"] },
    { name: "choices", words: ["--pretty", ""], want: CHOICES },
    { name: "choices of a short flag", words: ["-A", "b"], want: ["basic", "bearer"] },
    { name: "choices behind =", words: ["--pretty", "=", "c"], want: ["colors"] },
    { name: "all choices behind =", words: ["--pretty", "="], want: CHOICES },
    {
      name: "files for a flag that takes one",
      words: ["--verify", "ca"],
      want: ["ca.pem", "casks", "cat photo.jpg"],
    },
    { name: "files behind =", words: ["--verify", "=", "ca."], want: ["ca.pem"] },
    { name: "files behind @", words: ["post", "h", "doc", "@", "cat"], want: ["cat photo.jpg"] },
    { name: "nothing for a free value", words: ["--timeout", ""], want: [] },
    { name: "pages and commands for help", words: ["help", "out"], want: ["output"] },
    { name: "shells", words: ["completion", ""], want: [...SHELL_NAMES] },
    { name: "few flags for other commands", words: ["completion", "--f"], want: [] },
    { name: "flags of run", words: ["run", "--dry"], want: ["--dry-run"] },
    { name: "flags of run, taken back", words: ["run", "--no-prox"], want: ["--no-proxy"] },
    { name: "no flags of requests for run", words: ["run", "x.yaml", "--follo"], want: [] },
    { name: "commands of run, and files", words: ["run", "pl"], want: ["plan"] },
    { name: "files for run", words: ["run", "ca."], want: ["ca.pem"] },
    { name: "choices of a flag of run", words: ["run", "--events", ""], want: ["ndjson"] },
    { name: "nothing for an item", words: ["post", "h.test", "na"], want: [] },
    { name: "nothing after version", words: ["version", ""], want: [] },
  ])("offers $name", async ({ words, want }) => {
    expect((await inBash(...words)).sort()).toEqual([...want].sort());
  });

  test("offers every flag", async () => {
    const spelled = FLAGS.flatMap((flag) => [
      `--${flag.name}`,
      ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    ]);
    expect((await inBash("get", "-")).sort()).toEqual(spelled.sort());
  });
});

describe.skipIf(Bun.which("fish") === null)("weir completion fish", () => {
  test.each([
    { name: "commands at the start", line: "weir ", want: commandNames },
    { name: "the end of a flag", line: "weir --comp", want: ["--compress"] },
    { name: "choices", line: "weir --pretty ", want: CHOICES },
    { name: "choices behind =", line: "weir --pretty=c", want: ["--pretty=colors"] },
    { name: "files for a flag that takes one", line: "weir --verify ca.", want: ["ca.pem"] },
    { name: "files behind @", line: "weir post h doc@ca.", want: ["doc@ca.pem"] },
    { name: "pages for help", line: "weir help out", want: ["output"] },
    { name: "shells", line: "weir completion ", want: [...SHELL_NAMES] },
    { name: "the same for weirs", line: "weirs --comp", want: ["--compress"] },
  ])("offers $name", async ({ line, want }) => {
    expect((await inFish(line)).sort()).toEqual([...want].sort());
  });
});

describe.skipIf(Bun.which("zsh") === null)("weir completion zsh", () => {
  test("is read by zsh, which hands weir and weirs to it", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "_weir"), completionScript("zsh") ?? "");
    await outputOf(["zsh", "-f", "-n", join(folder.path, "_weir")], folder.path);
    const body =
      'fpath=("$1" $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[weir] $_comps[weirs]';
    expect(await outputOf(["zsh", "-f", "-c", body, "zsh", folder.path], folder.path)).toBe(
      "_weir _weir\n",
    );
  });
});

test("every script names every command, page, shell and flag", () => {
  const names = [
    ...commandNames,
    ...TOPICS.map(({ name }) => name),
    ...SHELL_NAMES,
    ...[...FLAGS, ...RUN_TABLE.rows].map(({ name }) => name),
  ];
  for (const shell of SHELL_NAMES) {
    const script = completionScript(shell) ?? "";
    const missing = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(script));
    expect({ shell, missing }).toEqual({ shell, missing: [] });
    expect(script).not.toMatch(/undefined|\[object|\t/);
  }
});

test("completionScript() knows no other shell", () => {
  expect(completionScript("tcsh")).toBeUndefined();
});
