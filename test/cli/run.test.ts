import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { startRawServer } from "../support/raw-server.ts";
import {
  type CliOptions,
  type CliResult,
  runCli,
  runProgram,
  startCli,
} from "../support/run-cli.ts";
import { commandOf } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type FilesByName = Readonly<Record<string, string>>;

/** Writes `files` into a folder that goes with its scope. */
function folderOf(files: FilesByName) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text, { mode: 0o600 });
  }
  return folder;
}

/** Runs weir in a folder with `files`. */
async function runIn(
  files: FilesByName,
  argv: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  using folder = folderOf(files);
  return await runCli(argv, { cwd: folder.path, home: folder.path, ...options });
}

async function eventually(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!isDone() && performance.now() < deadlineMs) await Bun.sleep(2);
}

const SHOW = `
apiVersion: weir/v1
kind: Playbook
workload: { a: { b: file, c: file, d: file, e: file }, list: [1] }
workflow:
  - step: show
    tool: [{ all: { kind: noop } }]
output: "{{ workload }}"
`;

const GET = `
- call:
    kind: http
    url: "{{ workload.url }}"
`;

test("NO6 NO14 --set wins over --payload, over --input, over the file", async () => {
  const files = { "p.yaml": SHOW, "in.json": '{"a":{"c":"input","d":"input","e":"input"}}' };
  const flags = ["-i", "in.json", "--payload", '{"a":{"d":"payload","e":"payload"}}'];
  const sets = ["--set", "a.e=1", "--set", 'list:=[2,{"x":3}]', "--set", String.raw`dot\.ted=yes`];
  const { stdout, stderr, exit } = await runIn(files, ["run", "p.yaml", "-q", ...flags, ...sets]);
  expect([stderr, exit]).toEqual(["", 0]);
  expect(stdout).toBe(
    '{"a":{"b":"file","c":"input","d":"payload","e":"1"},"list":[2,{"x":3}],"dot.ted":"yes"}\n',
  );
});

test.each([
  { name: "--workload is --payload", argv: ["p.yaml", "--workload", '{"a":1}'], stdin: undefined },
  { name: "the file is -", argv: ["-", "--payload", '{"a":1}'], stdin: SHOW },
  { name: "--input is -", argv: ["p.yaml", "--input", "-"], stdin: '{"a":1}' },
  { name: "--input is YAML", argv: ["p.yaml", "--input", "in.yaml"], stdin: undefined },
])("NO14 $name", async ({ argv, stdin }) => {
  const options = stdin === undefined ? {} : { stdin: { chunks: [stdin], gapMs: 0 } };
  const files = { "p.yaml": SHOW, "in.yaml": "a: 1\n" };
  const { stdout, exit } = await runIn(files, ["run", ...argv, "-q"], options);
  expect([JSON.parse(stdout), exit]).toEqual([{ a: 1, list: [1] }, 0]);
});

const FAILING: readonly {
  readonly name: string;
  readonly argv: readonly string[];
  readonly files?: FilesByName;
  readonly exit: number;
  readonly says: readonly string[];
}[] = [
  {
    name: "fail",
    argv: ["p.yaml"],
    files: {
      "p.yaml":
        "- step: a\n  tool:\n    - x:\n        kind: noop\n        spec: { policy: { rules: [{ else: { then: { do: fail, message: no luck } } }] } }\n",
    },
    exit: 10,
    says: ['Step "a", task "x": no luck'],
  },
  {
    name: "a file that is not valid",
    argv: ["p.yaml"],
    files: { "p.yaml": "- step: a\n  tool:\n    - x: { kind: htpp }\n" },
    exit: 65,
    says: ["weir: error: p.yaml:3:18: ", "3 |     - x: { kind: htpp }", "^", "hint: "],
  },
  {
    name: "a template that fails",
    argv: ["p.yaml"],
    files: { "p.yaml": '- x: { kind: transform, value: "{{ 1 / 0 }}" }\n' },
    exit: 10,
    says: ["weir: error: p.yaml:1:", "Division by zero", "1 | "],
  },
  { name: "a file that is not there", argv: ["none.yaml"], exit: 74, says: ["none.yaml"] },
  {
    name: "a name that nothing has",
    argv: ["p.yaml"],
    files: { "p.yaml": '- x: { kind: transform, value: "{{ nowhere }}" }\n' },
    exit: 65,
    says: ["p.yaml:1:", "--set nowhere="],
  },
  {
    name: "a wrong configuration",
    argv: ["p.yaml", "--config", "c.toml"],
    files: { "p.yaml": SHOW, "c.toml": "[pipeline]\ngard = true\n" },
    exit: 78,
    says: ["c.toml:2:1", "guard"],
  },
  { name: "an unknown flag", argv: ["p.yaml", "--sett", "a=1"], exit: 64, says: ["mean --set?"] },
  { name: "a flag of requests", argv: ["p.yaml", "--follow"], exit: 64, says: ["--follow"] },
  {
    name: "a setting without a sign",
    argv: ["p.yaml", "--set", "a"],
    exit: 64,
    says: ["KEY=VALUE"],
  },
  {
    name: "a setting that is no JSON",
    argv: ["p.yaml", "--set", "a:=[1"],
    exit: 65,
    says: ["--set a is not JSON: line 1"],
  },
  {
    name: "a payload that is no map",
    argv: ["p.yaml", "--payload", "[]"],
    exit: 64,
    says: ["a list"],
  },
  {
    name: "a report of another kind",
    argv: ["p.yaml", "--report", "junit=x.xml"],
    exit: 64,
    says: ["Report junit is not available in this version", "json=FILE"],
  },
  {
    name: "two readers of standard input",
    argv: ["-", "--input", "-"],
    exit: 64,
    says: ["both standard input"],
  },
  { name: "resume", argv: ["resume", "1"], exit: 64, says: ["not available in this version"] },
  { name: "list", argv: ["list"], exit: 64, says: ["not available in this version"] },
  { name: "validate without a file", argv: ["validate"], exit: 64, says: ["./validate"] },
  { name: "a word too many", argv: ["p.yaml", "q.yaml"], exit: 64, says: ['"q.yaml"'] },
  { name: "an unknown step", argv: ["p.yaml", "-t", "shaw"], exit: 64, says: ['such as "show"'] },
  { name: "no reference", argv: ["result", "nothing"], exit: 65, says: ["weir://run/<id>"] },
];

test.each([...FAILING])("NO14 weir run ends with $exit for $name", async (row) => {
  const { argv, files, exit, says } = row;
  const result = await runIn({ "p.yaml": SHOW, ...files }, ["run", ...argv]);
  expect(result).toMatchObject({ exit, stdout: "" });
  for (const text of says) expect(result.stderr).toContain(text);
});

test("a plain line tells of each step, and the last one of the run", async () => {
  using server = await startServer({ replies: [{ status: 503 }, { json: 1 }] });
  const text = `- step: one
  tool:
    - call: { kind: http, url: "${server.url}", spec: { retry: { attempts: 2, delay: 0.01 } } }
- step: two
  loop: { in: [1, 2], iterator: x }
  tool: [{ y: { kind: noop } }]
`;
  const { stdout, stderr, exit } = await runIn({ "p.yaml": text }, ["run", "p.yaml"]);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ one: 1 });
  const lines = stderr.replace(/\d+(?:\.\d)? m?s\b/g, "T").split("\n");
  expect(lines).toEqual([
    "one: done, T",
    "two: done, 2 items, T",
    "done in T: 2 steps, 2 requests, 1 retry, 1 flaky",
    "",
  ]);
});

test("NO64 --events ndjson prints an object a line, and nothing else", async () => {
  using server = await startServer({ replies: [{ status: 404 }] });
  const argv = ["run", "p.yaml", "--events", "ndjson", "--set", `url=${server.url}/a?token=hush`];
  const { stderr, exit } = await runIn(
    { "p.yaml": `${GET}    spec: { policy: { rules: [{ else: { do: continue } }] } }\n` },
    argv,
  );
  expect(exit).toBe(0);
  const events = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual([
    "run_start",
    "step_start",
    "attempt",
    "task_done",
    "step_end",
    "run_end",
  ]);
  for (const event of events) {
    expect(event["run_id"]).toMatch(/^[0-9A-Z]{26}$/);
    expect(event["time"]).toMatch(/^\d{4}-\d\d-\d\dT/);
  }
  expect(stderr).not.toContain("hush");
});

test.each([
  { status: 200, exit: 0, state: "done" },
  { status: 500, exit: 10, state: "failed" },
])("--report json=FILE is written when the run is $state", async ({ status, exit, state }) => {
  using server = await startServer({ replies: [{ status, json: {} }] });
  using folder = folderOf({ "p.yaml": GET });
  const argv = ["run", "p.yaml", "-q", "--report", "json=out/r.json", "--set", `url=${server.url}`];
  expect((await runCli(argv, { cwd: folder.path, home: folder.path })).exit).toBe(exit);
  const report = JSON.parse(readFileSync(join(folder.path, "out/r.json"), "utf8")) as unknown;
  expect(report).toMatchObject({
    run: expect.stringMatching(/^[0-9A-Z]{26}$/),
    state,
    requests: 1,
    retries: 0,
    steps: [{ step: "p", status: exit === 0 ? "ok" : "error" }],
    flaky: [],
    warnings: [],
    failed_at: exit === 0 ? null : { step: "p", task: "call" },
  });
});

test.each([
  { words: ["validate"] },
  { words: ["plan"] },
  { words: ["validate", "--json"] },
  { words: ["plan", "--json"] },
])("NO13 weir run $words sends nothing", async ({ words }) => {
  using server = await startServer({ hits: 0 });
  const text = `- step: one
  loop: { in: 3, iterator: id }
  tool:
    - call:
        kind: http
        url: "${server.url}/{{ iter.id }}"
        headers: { Authorization: "Bearer {{ keychain.k }}" }
        spec: { retry: 5 }
`;
  const flags: readonly string[] = words;
  const argv = ["run", ...flags, "p.yaml"];
  const { stdout, exit } = await runIn({ "p.yaml": text }, argv);
  expect(exit).toBe(0);
  if (flags.includes("--json")) expect(JSON.parse(stdout)).toBeObject();
  else expect(stdout).toContain(words[0] === "plan" ? `GET ${server.url}/0` : "p.yaml: valid");
  if (words[0] === "plan") expect(stdout).toContain("retry, 5 tries, exponential from 1 s");
  expect(server.connections()).toBe(0);
});

test("NO13 weir run validate --json says what is wrong, and exits 65", async () => {
  const files = { "p.yaml": "- x: { kind: http }\n" };
  const { stdout, exit } = await runIn(files, ["run", "validate", "p.yaml", "--json"]);
  expect(exit).toBe(65);
  expect(JSON.parse(stdout)).toMatchObject({
    valid: false,
    file: "p.yaml",
    error: { code: "PIPELINE_INVALID", details: { line: 1 } },
  });
});

test("--dry-run is plan", async () => {
  const files = { "p.yaml": SHOW };
  const planned = await runIn(files, ["run", "plan", "p.yaml"]);
  expect(await runIn(files, ["run", "p.yaml", "--dry-run"])).toMatchObject({
    stdout: planned.stdout,
    exit: 0,
  });
});

test("the network flags of requests hold for a run: --resolve", async () => {
  using server = await startServer({ replies: [{ json: "here" }] });
  const url = `http://api.example.test:${server.port}/`;
  const argv = ["run", "p.yaml", "-q", "--resolve", "api.example.test:127.0.0.1"];
  const result = await runIn({ "p.yaml": GET }, [...argv, "--set", `url=${url}`]);
  expect(result).toMatchObject({ stdout: '{"p":"here"}\n', stderr: "", exit: 0 });
  expect(server.hits[0]?.header("host")).toBe(`api.example.test:${server.port}`);
});

test("time limits, TLS and network flags of [defaults] hold for a run, others do not", async () => {
  using server = await startServer({ replies: [{ json: "here" }] });
  const argv = ["run", "p.yaml", "--config", "c.toml"];
  const config = '[defaults]\nresolve = ["api.example.test:127.0.0.1"]\nquiet = 2\nfollow = true\n';
  const files = { "p.yaml": GET, "c.toml": config };
  const url = `http://api.example.test:${server.port}/`;
  const { stdout, stderr, exit } = await runIn(files, [...argv, "--set", `url=${url}`]);
  expect([stdout, exit]).toEqual(['{"p":"here"}\n', 0]);
  expect(stderr).toContain("done in ");
});

const policy = (port: number): string =>
  `[http_request]\nenabled = true\nallowed_domains = ["127.0.0.1:${port}"]\n`;

test.each([
  { name: "--guard", flags: ["--guard"], extra: "" },
  { name: "[pipeline] guard = true", flags: [], extra: "[pipeline]\nguard = true\n" },
])("$name holds a run to the operator's allowlist", async ({ flags, extra }) => {
  using allowed = await startServer({ replies: [{ json: 1 }] });
  using forbidden = await startServer({ hits: 0 });
  const text = `- a: { kind: http, url: "${allowed.url}" }
- b:
    kind: http
    url: "${forbidden.url}"
    spec: { policy: { rules: [{ when: outcome.error.kind == 'policy_denied', then: { do: continue } }] } }
- c: { kind: transform, value: "{{ b.status }}" }
`;
  const files = { "p.yaml": text, "c.toml": policy(allowed.port) + extra };
  const result = await runIn(files, ["run", "p.yaml", "-q", "--config", "c.toml", ...flags]);
  expect(result).toMatchObject({ stdout: '{"p":null}\n', stderr: "", exit: 0 });
  expect(forbidden.connections()).toBe(0);
});

const MARK = `export const plugin = { name: "mark", capabilities: ["rewrite"] };
weir.on("pre_request", (event) => { event.headers["x-mark"] = "1"; return event; });
`;

function marked(url: string, use: string): string {
  return `apiVersion: weir/v1
kind: Playbook
plugins:
  - ${use}
workflow:
  - step: a
    tool: [{ call: { kind: http, url: "${url}" } }]
`;
}

describe("plugins of a file", () => {
  test.each([
    { name: "a file beside it", use: "{ plugin: ./mark.js }", says: "is not trusted" },
    {
      name: "hosts for a plugin of weir",
      use: "{ plugin: request-id, net: [evil.test] }",
      says: "sub/p.yaml:4:5: The file gives hosts to plugin request-id",
    },
  ])("grant nothing without --trust: $name", async ({ use, says }) => {
    using server = await startServer({ hits: 0 });
    const files = { "sub/p.yaml": marked(server.url, use), "sub/mark.js": MARK };
    const { exit, stderr, stdout } = await runIn(files, ["run", "sub/p.yaml"]);
    expect([exit, stdout]).toEqual([77, ""]);
    expect(stderr).toContain(says);
  });

  test("run with --trust, from the folder of the file", async () => {
    using server = await startServer({ replies: [{}] });
    const files = {
      "sub/p.yaml": marked(server.url, "{ plugin: ./mark.js }"),
      "sub/mark.js": MARK,
    };
    expect((await runIn(files, ["run", "sub/p.yaml", "--trust", "-q"])).exit).toBe(0);
    expect(server.hits[0]?.header("x-mark")).toBe("1");
  });

  test("--plugin on the command line is its own grant", async () => {
    using server = await startServer({ replies: [{}] });
    const argv = ["run", "p.yaml", "-q", "--plugin", "./mark.js", "--set", `url=${server.url}`];
    expect(await runIn({ "p.yaml": GET, "mark.js": MARK }, argv)).toMatchObject({
      exit: 0,
      stderr: "",
    });
    expect(server.hits[0]?.header("x-mark")).toBe("1");
  });
});

describe("keychain", () => {
  const file = (url: string): string => `apiVersion: weir/v1
kind: Playbook
keychain: [{ name: mine, kind: bearer, token: env:MINE, hosts: [127.0.0.1] }]
workflow:
  - step: a
    tool:
      - one: { kind: http, url: "${url}/1", headers: { X-Key: "k {{ keychain.mine }}" } }
      - two: { kind: http, url: "${url}/2", auth: theirs }
`;

  test("NO20 NO21 entries of the file and of the configuration are used and never shown", async () => {
    using server = await startServer({ replies: [{}, {}] });
    const files = {
      "p.yaml": file(server.url),
      "c.toml": '[keychain.theirs]\nkind = "bearer"\ntoken = "env:THEIRS"\nhosts = ["127.0.0.1"]\n',
    };
    const env = { MINE: "my-secret-1", THEIRS: "their-secret-2" };
    const argv = ["run", "p.yaml", "-vv", "--config", "c.toml"];
    const { exit, stdout, stderr } = await runIn(files, argv, { env });
    expect(exit).toBe(0);
    const [first, second] = server.hits;
    expect(first?.header("x-key")).toBe("k my-secret-1");
    expect(second?.header("authorization")).toBe("Bearer their-secret-2");
    expect(stdout + stderr).not.toMatch(/secret-/);
  });

  test.each([
    {
      name: "an entry of no kind",
      change: ["kind: bearer", "kind: barer"],
      says: ["p.yaml:3:32", "bearer"],
    },
    {
      name: "an entry without its key",
      change: [", token: env:MINE", ""],
      says: ["p.yaml:3:12", 'Write token: "…"'],
    },
    {
      name: "an unknown key",
      change: ["token:", "tokn: a, token:"],
      says: ["p.yaml:3:40", "tokn"],
    },
  ] as const)("NO13 NO54 $name is found by validate and by run", async ({ change, says }) => {
    using server = await startServer({ hits: 0 });
    const text = file(server.url).replace("auth: theirs", "auth: mine");
    const files = { "p.yaml": text.replace(change[0], change[1]) };
    for (const argv of [["validate", "p.yaml"], ["p.yaml"]]) {
      const { exit, stderr } = await runIn(files, ["run", ...argv]);
      expect(exit).toBe(65);
      for (const text of says) expect(stderr).toContain(text);
    }
  });

  test("NO13 NO19 an auth that is not there is a warning of validate, and fails its task", async () => {
    using server = await startServer({ hits: 0 });
    const text = file(server.url)
      .replace(/      - one: .*\n/, "")
      .replace("theirs", "min");
    const validated = await runIn({ "p.yaml": text }, ["run", "validate", "p.yaml"]);
    expect(validated).toMatchObject({
      exit: 0,
      stderr: expect.stringMatching(/p.yaml:7:.*no entry min\n.*mine/),
    });
    const env = { MINE: "my-secret-1" };
    const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"], { env });
    expect(exit).toBe(10);
    expect(stderr).toContain("no entry min");
  });

  test("a file's keychain that runs commands is refused at its place without --trust", async () => {
    using server = await startServer({ hits: 0 });
    const text = file(server.url).replace(
      "kind: bearer, token: env:MINE",
      "kind: command, command: [echo, x]",
    );
    const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"]);
    expect(exit).toBe(77);
    expect(stderr).toContain("p.yaml:3:");
    expect(stderr).toContain("--trust");
  });
});

describe.each(["source", "binary"] as const)("weir run from %s", (target) => {
  test.each([
    { signal: "SIGINT", exit: 130 },
    { signal: "SIGTERM", exit: 143 },
  ] as const)("NO14 stops on $signal, says how far it came, exits $exit", async (row) => {
    using server = await startRawServer(() => {});
    using folder = folderOf({ "p.yaml": GET });
    const argv = ["run", "p.yaml", "--set", `url=${server.url}`, "--report", "json=r.json"];
    const running = startCli(argv, { target, cwd: folder.path, home: folder.path });
    await eventually(() => server.connections[0]?.text().includes("\r\n\r\n") === true);
    running.signal(row.signal);
    const { exit, stdout, stderr } = await running.result;
    expect([exit, stdout]).toEqual([row.exit, ""]);
    expect(stderr).toMatch(/^stopped after .*: 0 steps done, p under way/m);
    expect(JSON.parse(readFileSync(join(folder.path, "r.json"), "utf8"))).toMatchObject({
      state: "cancelled",
    });
  });

  test("ends quietly with 0 when the reader of its output has gone", async () => {
    using folder = folderOf({
      "p.yaml": '- x: { kind: transform, value: "{{ range(100000) | list }}" }\n',
    });
    const script = '{ "$@"; echo "exit $?" >&2; } | head -c 1';
    const argv = ["sh", "-c", script, "sh", ...commandOf(target), "run", "p.yaml", "-q"];
    const result = await runProgram(argv, { cwd: folder.path, home: folder.path });
    expect(result).toMatchObject({ stdout: "{", stderr: "exit 0\n" });
  });

  test("on a terminal the output is laid out and the live line is gone", async () => {
    using server = await startServer({ replies: [{ json: { a: 1 }, delayMs: 400 }] });
    const argv = ["run", "p.yaml", "--set", `url=${server.url}`];
    const options = { target, tty: "all", env: { NO_COLOR: "1" } } as const;
    const { stdout, exit } = await runIn({ "p.yaml": GET }, argv, options);
    expect(exit).toBe(0);
    const text = stdout.replaceAll("\r\n", "\n");
    expect(text).toContain('{\n    "p": {\n        "a": 1\n    }\n}\ndone in ');
    const [live = "", after = ""] = text.split('{\n    "p"');
    expect(live).toContain("p");
    expect(live).toEndWith("\r\u001b[2K");
    expect(after).not.toContain("\u001b");
  });

  test("what a write task prints is all there is on standard output", async () => {
    const text = '- out: { kind: write, to: "-", format: jsonl, rows: [{ a: 1 }, { a: 2 }] }\n';
    expect(await runIn({ "p.yaml": text }, ["run", "p.yaml", "-q"], { target })).toMatchObject({
      stdout: '{"a":1}\n{"a":2}\n',
      stderr: "",
      exit: 0,
    });
  });
});

test("no file of a run stays behind in the working directory", async () => {
  using folder = folderOf({ "p.yaml": SHOW });
  const options = { cwd: folder.path, home: join(folder.path, "home") };
  expect((await runCli(["run", "p.yaml", "-q"], options)).exit).toBe(0);
  expect(existsSync(join(folder.path, "weir"))).toBe(false);
});

test.each([
  { argv: ["{{ [3, 4] | sum }}"], stdout: "7\n" },
  { argv: ["{{ a.b }}", "--context", "c.json"], stdout: '["x",{"y":null}]\n' },
  { argv: ["{{ a.b }} and more", "--context", "-"], stdout: '"1 and more"\n' },
  { argv: ["no template"], stdout: '"no template"\n' },
])("weir eval $argv prints the value as JSON", async ({ argv, stdout }) => {
  const files = { "c.json": '{"a":{"b":["x",{"y":null}]}}' };
  const stdin = { chunks: ['{"a":{"b":1}}'], gapMs: 0 };
  expect(await runIn(files, ["eval", ...argv], { stdin })).toMatchObject({
    stdout,
    stderr: "",
    exit: 0,
  });
});

test("weir eval shows the place of an error", async () => {
  const { stderr, exit } = await runIn({}, ["eval", "{{ 1 + nowhere }}"]);
  expect(exit).toBe(65);
  expect(stderr).toContain("weir: error: template:1:8: ");
  expect(stderr).toContain("1 | {{ 1 + nowhere }}");
});

test("a run with a request, a script and rows ends the same on deno", async () => {
  using server = await startServer({ replies: [{ json: [{ a: 1 }] }] });
  const text = `- call: { kind: http, url: "${server.url}" }
- more: { kind: script, args: { rows: "{{ call.data }}" }, code: "export default ({ rows }) => [...rows, { a: 2 }];" }
- out: { kind: write, to: "-", format: jsonl, rows: "{{ more.data }}" }
`;
  const options = { target: "deno", timeoutMs: 60_000 } as const;
  expect(await runIn({ "p.yaml": text }, ["run", "p.yaml", "-q"], options)).toMatchObject({
    stdout: '{"a":1}\n{"a":2}\n',
    stderr: "",
    exit: 0,
  });
});
