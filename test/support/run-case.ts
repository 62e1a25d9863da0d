import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CaseOptions, CaseReply, CaseStep, CliCase, Expectation } from "./cli-cases.ts";
import { compareRequest } from "./compare-request.ts";
import { closedPort, type LoopbackServer, type Reply, startServer } from "./loopback-server.ts";
import { type CliResult, type RunOptions, runProgram } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** How the neutral description of a case becomes a command line of one program. */
export interface Driver {
  /** Words before everything else. */
  readonly command: readonly string[];
  /** Returns the words of `options`; `hasStdin` is false when standard input is to be ignored. */
  flags(options: CaseOptions, hasStdin: boolean): readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit statuses in which the program differs from the corpus: expected to own. */
  readonly exits?: Readonly<Record<number, number>>;
}

/** Folders and servers of one case; all its steps share them. */
interface Stage {
  readonly root: string;
  readonly work: string;
  readonly home: string;
  readonly base: LoopbackServer;
  readonly base2: LoopbackServer;
  readonly placeholders: Readonly<Record<string, string>>;
}

function fill(text: string, { placeholders }: Stage): string {
  return text.replace(
    /\{(base|base2|port|dead|work|home)\}/g,
    (_, name) => placeholders[name] ?? "",
  );
}

function reply({ delay, headers, ...rest }: CaseReply, stage: Stage): Reply {
  const lines = Object.entries(headers ?? {}).map(
    ([name, value]) => [name, fill(value, stage)] as const,
  );
  return { ...rest, headers: lines, ...(delay === undefined ? {} : { delayMs: delay * 1000 }) };
}

function play(server: LoopbackServer, replies: readonly CaseReply[] = [{}], stage: Stage): void {
  server.play({ hits: "any", replies: replies.map((one) => reply(one, stage)) });
}

/** Returns the words after the command: flags, method, URL, items. */
function words(step: CaseStep, driver: Driver, stage: Stage): string[] {
  const options = Object.fromEntries(
    Object.entries(step.options ?? {}).map(([name, value]) => [
      name,
      typeof value === "string" ? fill(value, stage) : value,
    ]),
  );
  const typed = [...(step.method ? [step.method] : []), step.url, ...step.items];
  const flags = driver.flags(options, step.stdin !== undefined);
  return [...driver.command, ...flags, ...typed.map((word) => fill(word, stage))];
}

/** What lies beside the working directory and home. */
function outside(stage: Stage): string[] {
  return readdirSync(stage.root, { recursive: true, encoding: "utf8" })
    .filter((path) => !/^(?:work|home)(?:\/|$)/.test(path))
    .sort();
}

function checkRequests(stage: Stage, wanted: Expectation["requests"]): string[] {
  if (wanted === undefined) return [];
  const came = [
    ...stage.base.hits.map((hit) => ({ hit, server: "base" })),
    ...stage.base2.hits.map((hit) => ({ hit, server: "base2" })),
  ].sort((a, b) => a.hit.order - b.hit.order);
  const problems = wanted.flatMap((want, at) => {
    const one = came[at];
    if (one === undefined) return [`request ${at + 1} of ${wanted.length} did not come`];
    const found = compareRequest(one.hit, want);
    if (one.server !== (want.server ?? one.server)) found.push(`it went to ${one.server}`);
    return found.map((problem) => `request ${at + 1}: ${problem}`);
  });
  const extra = came.slice(wanted.length);
  return [...problems, ...extra.map(({ hit }) => `unexpected: ${hit.method} ${hit.target}`)];
}

function checkOutput(result: CliResult, expected: Expectation, isTerminal: boolean): string[] {
  // A terminal turns every line break into CR LF, also one that was CR LF before, and gets colours.
  const stdout = isTerminal ? Bun.stripANSI(result.stdout).replace(/\r+\n/g, "\n") : result.stdout;
  const problems: string[] = [];
  if (expected.stdout !== undefined && stdout !== expected.stdout) {
    problems.push(
      `stdout is ${JSON.stringify(stdout)}, expected ${JSON.stringify(expected.stdout)}`,
    );
  }
  for (const text of expected.stdout_contains ?? []) {
    if (!stdout.includes(text)) problems.push(`stdout lacks ${JSON.stringify(text)}`);
  }
  for (const text of expected.stdout_lacks ?? []) {
    if (stdout.includes(text)) problems.push(`stdout has ${JSON.stringify(text)}`);
  }
  return problems;
}

function checkExit(result: CliResult, expected: Expectation, driver: Driver): string[] {
  if (expected.exit_nonzero === true)
    return result.exit === 0 ? ["exit is 0, expected an error"] : [];
  if (expected.exit === undefined) return [];
  const wanted = driver.exits?.[expected.exit] ?? expected.exit;
  return result.exit === wanted ? [] : [`exit is ${result.exit}, expected ${wanted}`];
}

function checkFiles(stage: Stage, files: Expectation["files"] = {}): string[] {
  return Object.entries(files).flatMap(([name, want]) => {
    const path = join(stage.work, name);
    const got = existsSync(path) ? readFileSync(path, "utf8") : null;
    if (got === want) return [];
    return [`file ${name} holds ${JSON.stringify(got)}, expected ${JSON.stringify(want)}`];
  });
}

async function runStep(step: CaseStep, driver: Driver, stage: Stage): Promise<string[]> {
  for (const [name, text] of Object.entries(step.files ?? {})) {
    mkdirSync(dirname(join(stage.work, name)), { recursive: true });
    writeFileSync(join(stage.work, name), text);
  }
  play(stage.base, step.server, stage);
  play(stage.base2, step.server2, stage);
  const before = outside(stage);
  const options: RunOptions = {
    cwd: stage.work,
    home: stage.home,
    tty: step.tty ?? false,
    stdin: step.stdin === undefined ? "null" : { pipe: step.stdin },
    env: { ...driver.env },
  };
  const result = await runProgram(words(step, driver, stage), options);
  const { expect: expected } = step;
  const problems = [
    ...checkRequests(stage, expected.requests),
    ...checkOutput(result, expected, step.tty ?? false),
    ...checkExit(result, expected, driver),
    ...checkFiles(stage, expected.files),
  ];
  if (expected.outside_untouched === true && outside(stage).join() !== before.join()) {
    problems.push(`files appeared outside: ${outside(stage).join(", ")}`);
  }
  return problems.length > 0 ? [...problems, `stderr: ${result.stderr.trim()}`] : [];
}

/** Runs a case with a program and returns what went otherwise than expected, a line each. */
export async function runCase(one: CliCase, driver: Driver): Promise<readonly string[]> {
  using folder = temporaryFolder();
  using base = await startServer({ hits: "any" });
  using base2 = await startServer({ hits: "any" });
  const [work, home] = [join(folder.path, "work"), join(folder.path, "home")];
  mkdirSync(work);
  mkdirSync(home);
  writeFileSync(join(folder.path, "neighbour.txt"), "untouched");
  const dead = `http://127.0.0.1:${await closedPort()}`;
  const placeholders = {
    base: base.url,
    base2: base2.url,
    port: String(base.port),
    dead,
    work,
    home,
  };
  const stage: Stage = { root: folder.path, work, home, base, base2, placeholders };
  const problems: string[] = [];
  for (const [at, step] of ("steps" in one ? one.steps : [one]).entries()) {
    const found = await runStep(step, driver, stage);
    problems.push(
      ...found.map((problem) => ("steps" in one ? `step ${at + 1}: ${problem}` : problem)),
    );
  }
  return problems;
}
