import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { type CliResult, runCli } from "../support/run-cli.ts";
import { auditLines, startServing, usualAuditPath, writePolicy } from "../support/serving.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

// The audit file of the compiled binary under tampering, and when it cannot be written.

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
`;

let server: LoopbackServer;

beforeAll(async () => {
  server = await startServer({ hits: "any", replies: [{ body: "fine" }] });
});

afterAll(() => server[Symbol.dispose]());

/** Runs weir with nothing but this home. */
function weir(home: string, ...argv: readonly string[]): Promise<CliResult> {
  return runCli(argv, { target: "binary", home, env: { XDG_STATE_HOME: undefined } });
}

const oneCall = (url: string): string => JSON.stringify({ name: "http_get", arguments: { url } });

describe("weir agent audit verify", () => {
  let folder: TemporaryFolder;
  let config: string;
  let lines: readonly string[];
  let head: string;

  const path = (): string => usualAuditPath(folder.path);
  const verify = (...flags: readonly string[]): Promise<CliResult> =>
    weir(folder.path, "agent", "audit", "verify", "--config", config, ...flags);
  const save = (changed: readonly string[]): void =>
    writeFileSync(path(), changed.map((line) => `${line}\n`).join(""));

  beforeAll(async () => {
    folder = temporaryFolder();
    config = writePolicy(folder.path, POLICY);
    await using agent = startServing({ policy: POLICY, home: folder.path });
    for (let at = 0; at < 5; at++) await agent.call(`${server.url}/${at}`);
    agent.closeInput();
    await agent.exited;
    lines = readFileSync(path(), "utf8").split("\n").slice(0, -1);
    head = (await weir(folder.path, "agent", "audit", "head", "--config", config)).stdout.trim();
  });

  afterAll(() => folder[Symbol.dispose]());

  const edited = (at: number, from: string, to: string): string[] =>
    lines.map((line, place) => (place === at ? line.replace(from, to) : line));

  test("finds nothing in what weir wrote", async () => {
    save(lines);
    expect(lines).toHaveLength(10);
    expect(await verify()).toMatchObject({
      stdout: `ok: 10 records, 1 to 10, head ${head}\n`,
      exit: 0,
    });
    expect(await verify("--expect-head", head)).toMatchObject({ exit: 0 });
  });

  test.each([
    { name: "a changed URL", change: () => edited(4, "/2", "/3"), says: /\(.*:5, record 5\)/ },
    { name: "a changed verdict", change: () => edited(2, '"allow"', '"deny"'), says: /record 3\)/ },
    { name: "a deleted record", change: () => lines.toSpliced(3, 1), says: /missing|deleted/ },
    { name: "a deleted first record", change: () => lines.slice(1), says: /missing|deleted/ },
    {
      name: "two records in the other order",
      change: () => lines.toSpliced(4, 2, lines[5] ?? "", lines[4] ?? ""),
      says: /Record 5 belongs here/,
    },
    { name: "a record twice", change: () => lines.toSpliced(4, 0, lines[4] ?? ""), says: /record/ },
    {
      name: "a line of somebody else",
      change: () => lines.toSpliced(4, 0, '{"seq":5,"kind":"intent"}'),
      says: /:5/,
    },
    {
      name: "a line that is no record",
      change: () => lines.toSpliced(4, 0, "# nothing to see"),
      says: /:5/,
    },
    { name: "an empty line", change: () => lines.toSpliced(4, 0, ""), says: /:5/ },
  ])("names $name", async ({ change, says }) => {
    save(change());
    const result = await verify();
    expect(result).toMatchObject({ exit: 65, stderr: "" });
    expect(result.stdout).toStartWith("broken: ");
    expect(result.stdout).toMatch(says);
  });

  test.each([
    { name: "a cut end", change: () => lines.slice(0, 6) },
    { name: "an edited last record", change: () => edited(9, '"allow"', '"deny"') },
    { name: "an emptied file", change: () => [] },
  ])("finds $name with the head that was kept, and not without", async ({ change }) => {
    save(change());
    expect(await verify()).toMatchObject({ exit: 0 });
    const result = await verify("--expect-head", head);
    expect(result).toMatchObject({ exit: 65 });
    expect(result.stdout).toMatch(/^broken: .*(cut|rewritten)/);
  });

  test("finds that the file is gone with the head that was kept", async () => {
    save(lines);
    const moved = `${path()}.elsewhere`;
    writeFileSync(moved, "");
    await Bun.$`rm ${path()}`.quiet();
    const { stdout, exit } = await verify("--expect-head", head);
    expect({ exit, hasPlace: stdout.includes("undefined") }).toEqual({ exit: 65, hasPlace: false });
  });

  test("a head that is an earlier record is fine: more was added since", async () => {
    save(lines);
    const { stdout } = await weir(folder.path, "agent", "audit", "show", "--config", config);
    const prev: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "").prev;
    expect(await verify("--expect-head", String(prev))).toMatchObject({ exit: 0 });
  });

  test.each([
    { name: "ends in what is no record", end: "# the end" },
    { name: "ends in a record of a key", end: '{"seq":11,"kind":"intent","mac":"00"}' },
  ])("a chain that $name is not continued", async ({ end }) => {
    save([...lines, end]);
    const before = server.hits.length;
    const argv = ["agent", "call", oneCall(`${server.url}/after`), "--config", config];
    expect(await weir(folder.path, ...argv)).toMatchObject({ stdout: "", exit: 65 });
    expect(server.hits.length).toBe(before);
    expect(readFileSync(path(), "utf8")).toEndWith(`\n${end}\n`);
  });

  test.each([
    { name: "emptied", spoil: (file: string) => writeFileSync(file, "") },
    {
      name: "replaced by an older copy",
      spoil: (file: string) => {
        rmSync(file);
        writeFileSync(file, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
      },
    },
  ])("a file that is $name under an agent ends its calls", async ({ spoil }) => {
    save(lines);
    await using agent = startServing({ policy: POLICY, home: folder.path });
    expect(await agent.call(`${server.url}/before`)).toMatchObject({ success: true });
    spoil(path());
    const before = server.hits.length;
    for (const _ of [1, 2]) {
      expect(await agent.call(`${server.url}/after`)).toMatchObject({ code: "AUDIT_BROKEN" });
    }
    expect(server.hits.length).toBe(before);
  });

  test("a file that is moved away under an agent is begun anew, which the kept head shows", async () => {
    save(lines);
    await using agent = startServing({ policy: POLICY, home: folder.path });
    expect(await agent.call(`${server.url}/before`)).toMatchObject({ success: true });
    rmSync(path());
    expect(await agent.call(`${server.url}/after`)).toMatchObject({ success: true });
    expect((await verify()).stdout).toStartWith("ok: 2 records, 1 to 2,");
    expect(await verify("--expect-head", head)).toMatchObject({ exit: 65 });
  });

  test("a changed last record is named once the chain went on", async () => {
    save(edited(9, '"success":true', '"success":false'));
    const argv = ["agent", "call", oneCall(`${server.url}/after`), "--config", config];
    expect(await weir(folder.path, ...argv)).toMatchObject({ exit: 0 });
    expect(await verify("--expect-head", head)).toMatchObject({ exit: 65 });
  });
});

describe("without a place for its records weir agent sends nothing", () => {
  /** Runs `agent call`, and one call through `agent serve`; returns what both said. */
  async function both(home: string, policy: string) {
    const config = writePolicy(join(home, "config"), policy);
    const before = server.hits.length;
    const text = oneCall(`${server.url}/call`);
    const call = await weir(home, "agent", "call", text, "--config", config);
    await using agent = startServing({ policy, home });
    const served = await agent.call(`${server.url}/serve`).catch(() => undefined);
    agent.closeInput();
    await agent.exited;
    const said = `${call.stdout}${call.stderr}\n${JSON.stringify(served)}${await agent.stderr()}`;
    return { said, exit: call.exit, hits: server.hits.length - before };
  }

  test.each([
    {
      name: "a folder that is a file",
      make: (folder: string) => writeFileSync(join(folder, "state"), ""),
    },
    {
      name: "a symbolic link",
      make: (folder: string) => {
        mkdirSync(join(folder, "state"));
        writeFileSync(join(folder, "victim"), "mine\n");
        symlinkSync(join(folder, "victim"), join(folder, "state", "audit.jsonl"));
      },
    },
    {
      name: "a folder in its place",
      make: (folder: string) =>
        mkdirSync(join(folder, "state", "audit.jsonl"), { recursive: true }),
    },
    {
      name: "a file that others may write",
      make: (folder: string) => {
        mkdirSync(join(folder, "state"));
        const path = join(folder, "state", "audit.jsonl");
        writeFileSync(path, "");
        return Bun.$`chmod 666 ${path}`.quiet();
      },
    },
    {
      name: "the lock's place taken by a symbolic link",
      make: (folder: string) => {
        mkdirSync(join(folder, "state"));
        writeFileSync(join(folder, "victim"), "mine\n");
        symlinkSync(join(folder, "victim"), join(folder, "state", "audit.jsonl.lock"));
      },
    },
  ])("$name", async ({ make }) => {
    using folder = temporaryFolder();
    await make(folder.path);
    const path = join(folder.path, "state", "audit.jsonl");
    const { said, exit, hits } = await both(folder.path, `${POLICY}[audit]\npath = "${path}"\n`);
    expect(said.match(/Audit file \S+ (?:cannot be written|is not safe)/g)).toHaveLength(2);
    expect({ exit, hits }).toEqual({ exit: 77, hits: 0 });
    const victim = join(folder.path, "victim");
    if (await Bun.file(victim).exists()) expect(readFileSync(victim, "utf8")).toBe("mine\n");
  });

  test("a disk that fills up while it serves", async () => {
    using folder = temporaryFolder();
    const path = usualAuditPath(folder.path);
    mkdirSync(dirname(path), { recursive: true });
    const limit = 20_000;
    const before = server.hits.length;
    // A limit on the size of files stands for a disk that is full: the write is cut short too.
    const prefix = ["prlimit", `--fsize=${limit}`, "--"];
    await using agent = startServing({ policy: POLICY, home: folder.path, prefix });
    const answers = [];
    for (let at = 0; at < 60; at++) answers.push(await agent.call(`${server.url}/${at}`));
    const failed = answers.filter(({ success }) => !success);
    expect(failed.length).toBeGreaterThan(5);
    expect(new Set(failed.map((one) => (one.success ? "" : one.code)))).toEqual(
      new Set(["AUDIT_WRITE"]),
    );
    const asked = server.hits.slice(before).map(({ target }) => target);
    const intents = auditLines(path)
      .filter(({ kind }) => kind === "intent")
      .map(({ url = "" }) => new URL(url).pathname);
    expect(asked.filter((target) => !intents.includes(target))).toEqual([]);
    expect(statSync(path).size).toBeLessThanOrEqual(limit);
    agent.closeInput();
    await agent.exited;
    const config = writePolicy(folder.path, POLICY);
    // With room again the chain goes on behind the line that was cut.
    await weir(folder.path, "agent", "call", oneCall(`${server.url}/again`), "--config", config);
    const result = await weir(folder.path, "agent", "audit", "verify", "--config", config);
    expect(result.stdout).toStartWith("ok: ");
  });
});
