import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childrenOf } from "../support/children.ts";
import { startServer } from "../support/loopback-server.ts";
import { runCli, startProgram } from "../support/run-cli.ts";
import { commandOf, type Target } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ADD_HEADER = `export const plugin = { name: "marker", capabilities: ["rewrite"] };
weir.on("pre_request", (event) => { event.headers["x-mark"] = "1"; return event; });
`;

/** Writes `files` into a folder that goes with its scope. */
function folderOf(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  return folder;
}

test.each([{ target: "source" }, { target: "binary" }, { target: "deno" }] as const)(
  "--plugin changes the request on $target",
  async ({ target }: { target: Target }) => {
    using server = await startServer({ replies: [{ body: "fine" }] });
    using folder = folderOf({ "mark.js": ADD_HEADER });
    const argv = ["--plugin", "./mark.js", "get", server.url];
    const result = await runCli(argv, { target, cwd: folder.path, timeoutMs: 60_000 });
    expect(result).toMatchObject({ stdout: "fine", stderr: "", exit: 0 });
    expect(server.hits[0]?.header("x-mark")).toBe("1");
  },
);

test("a plugin of weir runs by its name, with an option, alone in an empty folder", async () => {
  using server = await startServer({ replies: [{}] });
  const argv = [
    "--plugin",
    "request-id",
    "--plugin",
    "request-id:header=X-Trace",
    "get",
    server.url,
  ];
  expect(await runCli(argv, { target: "binary" })).toMatchObject({ stderr: "", exit: 0 });
  expect(server.hits[0]?.header("x-trace")).toMatch(/^[0-9a-f-]{36}$/);
  expect(server.hits[0]?.header("x-request-id")).toBeUndefined();
});

test("json-only fails an HTML page with its title, and exits 7", async () => {
  using server = await startServer({
    replies: [{ body: "<title>Log in</title>", headers: { "Content-Type": "text/html" } }],
  });
  const result = await runCli(["--plugin", "json-only", "get", server.url], { target: "binary" });
  expect(result.exit).toBe(7);
  expect(result.stderr).toContain('expected JSON and got text/html titled "Log in" (HTTP 200)');
});

test("a plugin that is stopped refuses the request, and names its place", async () => {
  using server = await startServer({ hits: 0 });
  using folder = folderOf({
    "hang.ts": `export const plugin: { name: string } = { name: "hang" };
// A comment.
weir.on("pre_request", (event: unknown): void => {
  while (true) Math.sqrt(2);
});
`,
  });
  const argv = ["--plugin", "./hang.ts", "get", server.url];
  const result = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(result.exit).toBe(7);
  expect(result.stderr).toContain(
    "Plugin hang failed in pre_request: ran for more than 1000 ms without giving back control (hang.ts:",
  );
  // The call in the loop, or the function around it: the engine that is stopped as it jumps back to
  // the start of a loop knows no line of that.
  expect(result.stderr).toMatch(/\(hang\.ts:(?:3:24|4:\d+)\)/);
});

test.each([{ target: "binary" }, { target: "deno" }] as const)(
  "exec runs a script with its arguments on $target, and exits with what it exports",
  async ({ target }: { target: Target }) => {
    using server = await startServer({ replies: [{ json: { name: "Ada" } }] });
    using folder = folderOf({
      "lib.ts": "export const nameOf = (value: { name: string }): string => value.name;",
      "main.ts": `import { nameOf } from "./lib.ts";
const [url, word] = args;
const response = await http.get(url as string);
print(nameOf(oq.parse(response.body)), word);
export default 3;
`,
    });
    const net = `127.0.0.1:${server.port}`;
    const argv = ["exec", "--allow-net", net, "main.ts", server.url, "--word"];
    const result = await runCli(argv, { target, cwd: folder.path, timeoutMs: 60_000 });
    expect(result).toMatchObject({ stdout: "", stderr: "Ada --word\n", exit: 3 });
  },
);

test("exec reaches nothing that is not allowed, and --plugin runs around its requests", async () => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({
    "mark.js": ADD_HEADER,
    "main.js": `const { status, error_code } = await http.get(args[0]); print(status, error_code);`,
  });
  const run = (flags: readonly string[]) =>
    runCli(["exec", ...flags, "main.js", server.url], { target: "binary", cwd: folder.path });
  expect((await run([])).stderr).toBe("0 policy\n");
  const net = `--allow-net=127.0.0.1:${server.port}`;
  expect((await run([net, "--plugin", "./mark.js"])).stderr).toBe("200 undefined\n");
  expect(server.hits.map((hit) => hit.header("x-mark"))).toEqual(["1"]);
});

test("exec reports an uncaught error with its place and exits 7", async () => {
  using folder = folderOf({ "main.js": "const a = 1;\nnull.x;\n" });
  const result = await runCli(["exec", "main.js"], { target: "binary", cwd: folder.path });
  expect(result.exit).toBe(7);
  expect(result.stderr).toContain("(main.js:2:");
  expect(result.stderr).toMatch(
    /^weir: error: Script main failed: .*\nhint: Correct the script\n$/,
  );
});

test("exec writes what a script prints to a file in its order", async () => {
  using folder = folderOf({ "main.js": "for (let at = 0; at < 100; at += 1) print(at);\n" });
  const printed = join(folder.path, "printed.txt");
  const child = Bun.spawn([...commandOf("binary"), "exec", join(folder.path, "main.js")], {
    stderr: Bun.file(printed),
  });
  expect(await child.exited).toBe(0);
  const want = Array.from({ length: 100 }, (_, at) => `${at}\n`).join("");
  expect(readFileSync(printed, "utf8")).toBe(want);
});

test("exec refuses a script that exports a function, which nobody would call", async () => {
  using folder = folderOf({ "main.js": "export default function main() {}\n" });
  const result = await runCli(["exec", "main.js"], { target: "binary", cwd: folder.path });
  expect(result.exit).toBe(7);
  expect(result.stderr).toContain("export default await main()");
});

test("a plugin that logs several lines has its name before each of them", async () => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({
    "lines.js": `weir.on("pre_request", () => { log.warn("a\\nb\\rc\\n"); });`,
  });
  const argv = ["--plugin", "./lines.js", "get", server.url];
  const { stderr } = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(stderr).toBe("lines: warning: a\nlines: warning: b\\x0dc\n");
});

test.each([
  { flag: "-q", want: "lines: warning: w\nlines: error: e\n" },
  { flag: "-qq", want: "lines: error: e\n" },
])("$flag leaves of a plugin's log what it leaves of weir's", async ({ flag, want }) => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({
    "lines.js": `weir.on("pre_request", () => { print("i"); log.warn("w"); log.error("e"); });`,
  });
  const argv = [flag, "--plugin", "./lines.js", "get", server.url];
  const { stderr } = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(stderr).toBe(want);
});

test("a glob of the configuration that no file matches stops the request", async () => {
  using server = await startServer({ hits: 0 });
  using folder = folderOf({ "weir.toml": '[[plugin]]\npath = "guards/*.js"\n' });
  const argv = ["--config", "weir.toml", "get", server.url];
  const result = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(result.exit).toBe(65);
  expect(result.stderr).toContain("No plugin matches guards/*.js");
});

test("a plugin that is not there is told of by its path, without a dot in it", async () => {
  using folder = folderOf({});
  const argv = ["--plugin", "./nobody.js", "get", "http://127.0.0.1:1/"];
  const { stderr } = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(stderr).toContain(`Plugin ${folder.path}/nobody.js does not exist`);
});

test("what a plugin answered has no address in its metadata", async () => {
  using folder = folderOf({
    "mock.js": `export const plugin = { capabilities: ["respond"] };
weir.on("pre_request", () => ({ respond: { body: "x" } }));`,
  });
  const argv = ["-m", "--plugin", "./mock.js", "get", "http://127.0.0.1:1/"];
  const { stdout } = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(stdout).toContain("Answered by: a plugin, not the server\n");
  expect(stdout).not.toContain("Address");
});

test.each([
  { name: "waits for ever", script: "await new Promise(() => {});" },
  { name: "waits for a timer", script: "setTimeout(() => {}, 60000);" },
  { name: "never gives back control", script: "for (;;) Math.sqrt(2);" },
])("exec --timeout stops a script that $name", async ({ script }) => {
  using folder = folderOf({ "main.js": script });
  const argv = ["exec", "--timeout", "300ms", "main.js"];
  const result = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(result).toMatchObject({ stdout: "", exit: 2 });
  expect(result.stderr).toContain("The script was not done within 300 ms");
  expect(result.stderr).toContain("Raise --timeout");
});

test("exec --timeout leaves alone a script that is done in time, and wants a duration", async () => {
  using folder = folderOf({ "main.js": "export default 4;" });
  const run = (value: string) =>
    runCli(["exec", `--timeout=${value}`, "main.js"], { target: "binary", cwd: folder.path });
  expect((await run("30")).exit).toBe(4);
  expect((await run("0")).exit).toBe(4);
  expect(await run("soon")).toMatchObject({ exit: 64, stderr: expect.stringContaining("soon") });
});

test("a plugin of the configuration runs only when it is trusted, and as it was", async () => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({ "mark.js": ADD_HEADER });
  const home = join(folder.path, "home");
  mkdirSync(join(home, ".config", "weir"), { recursive: true });
  const file = join(folder.path, "mark.js");
  writeFileSync(join(home, ".config", "weir", "config.toml"), `[[plugin]]\npath = "${file}"\n`);
  const run = (argv: readonly string[]) => runCli(argv, { target: "binary", home });
  const before = await run(["get", server.url]);
  expect(before).toMatchObject({ exit: 77, stderr: expect.stringContaining("is not trusted") });
  expect((await run(["plugin", "trust", file])).stdout).toContain("trusted       yes, from now on");
  const record = join(home, ".local", "share", "weir", "trust.json");
  expect(statSync(record).mode & 0o777).toBe(0o600);
  expect(await run(["get", server.url])).toMatchObject({ exit: 0, stderr: "" });
  expect(server.hits[0]?.header("x-mark")).toBe("1");
  writeFileSync(file, `${ADD_HEADER}// changed\n`);
  const after = await run(["get", server.url]);
  expect(after).toMatchObject({ exit: 77, stderr: expect.stringContaining("has changed") });
  expect((await run(["plugin", "show", file])).stdout).toContain("no: it has changed since");
});

const TOML = `name = "tom"\nmain = "main.js"\n[limits]\nrequests = 5\n[options]\nword = "good"\n`;

test.each([
  { name: "an option", from: "good", to: "evil" },
  { name: "a limit", from: "requests = 5", to: "requests = 50" },
  { name: "how it fails", from: "[limits]", to: '[fail]\npre_request = "open"\n[limits]' },
  { name: "a host", from: "[limits]", to: 'net = ["127.0.0.1:*"]\n[limits]' },
  { name: "a capability", from: "[limits]", to: 'capabilities = ["storage"]\n[limits]' },
  { name: "its main module", from: "main.js", to: "./other.js" },
])("a plugin.toml in which $name has changed is refused before it runs", async ({ from, to }) => {
  using server = await startServer({ replies: [{}] });
  using forbidden = await startServer({ hits: 0 });
  const main = `import "./other.js"; print("runs", (await http.get("${forbidden.url}")).error_code);`;
  using folder = folderOf({
    "main.js": main,
    "other.js": `weir.on("load", () => {});`,
    "plugin.toml": TOML,
  });
  const config = join(folder.path, "weir.toml");
  writeFileSync(config, `[[plugin]]\npath = "${folder.path}"\n`, { mode: 0o600 });
  const home = join(folder.path, "home");
  const run = (argv: readonly string[]) => runCli(argv, { target: "binary", home });
  await run(["plugin", "trust", folder.path]);
  const get = ["--config", config, "get", server.url];
  expect(await run(get)).toMatchObject({ exit: 0, stderr: "tom: runs policy\n" });
  writeFileSync(join(folder.path, "plugin.toml"), TOML.replace(from, to));
  const { exit, stderr } = await run(get);
  expect(exit).toBe(77);
  expect(stderr).toContain("has changed since it was trusted: plugin.toml");
  expect(stderr).not.toContain("runs");
  const shown = (await run(["plugin", "show", folder.path])).stdout;
  expect(shown).toContain("no: it has changed since");
});

test("a plugin that takes another name than it was trusted under is refused", async () => {
  using server = await startServer({ hits: 0 });
  using folder = folderOf({
    "names.js": `export const plugin = { name: "n" + crypto.randomUUID(), capabilities: ["storage"] };
weir.on("pre_request", async (event, ctx) => print(await ctx.storage.keys()));`,
  });
  const config = join(folder.path, "weir.toml");
  const file = join(folder.path, "names.js");
  writeFileSync(config, `[[plugin]]\npath = "${file}"\n`, { mode: 0o600 });
  const home = join(folder.path, "home");
  const run = (argv: readonly string[]) => runCli(argv, { target: "binary", home });
  expect((await run(["plugin", "trust", file])).exit).toBe(0);
  const result = await run(["--config", config, "get", server.url]);
  expect(result).toMatchObject({
    exit: 77,
    stderr: expect.stringMatching(/calls itself n[0-9a-f-]+/),
  });
});

test("plugin list, check and types print on standard output", async () => {
  using folder = folderOf({ "mark.js": ADD_HEADER });
  const run = (argv: readonly string[]) =>
    runCli(["plugin", ...argv], { target: "binary", cwd: folder.path });
  expect((await run(["list"])).stdout).toContain("hmac-sign          Signs method, path");
  const check = await run(["check", "./mark.js"]);
  expect(check.stdout).toMatch(/^marker\n\nfile {10}\S+mark\.js\ncapabilities {2}rewrite\n/);
  expect(check.stdout).toContain("hooks         pre_request, priority 100");
  const types = readFileSync(join(import.meta.dir, "../../plugins/plugin.d.ts"), "utf8");
  expect((await run(["types"])).stdout).toBe(types);
});

test("CR29 a plugin of a pipeline is told the id of the run", async () => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({
    "ids.js": `for (const name of ["run_start", "pre_request", "run_end"]) {
  weir.on(name, (event, ctx) => print(event.run_id ?? "-", ctx.run_id, ctx.mode));
}`,
    "one.yaml": `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: one }
workflow:
  - step: start
    tool: { kind: http, url: "${server.url}" }
`,
  });
  const argv = ["run", "--plugin", "./ids.js", "--events", "ndjson", "one.yaml"];
  const result = await runCli(argv, { target: "binary", cwd: folder.path });
  const said = [...result.stderr.matchAll(/^ids: (\S+) (\S+) pipeline$/gm)];
  const [, id = ""] = /^\{"run_id":"(\w+)"/m.exec(result.stderr) ?? [];
  expect(said.map(([, event, context]) => [event, context])).toEqual([
    [id, id],
    ["-", id],
    [id, id],
  ]);
});

test("CR30 a clone's plugin is not found by being there", async () => {
  using server = await startServer({ replies: [{}] });
  using folder = folderOf({ "request-id.js": "throw new Error('run');", "plugin.toml": "" });
  const argv = ["--plugin", "request-id", "get", server.url];
  const result = await runCli(argv, { target: "binary", cwd: folder.path });
  expect(result).toMatchObject({ exit: 0, stderr: "" });
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "the child of the binary stays under its cap and 60 MB",
  async () => {
    using folder = folderOf({
      "bomb.js": `export const plugin = { name: "bomb", limits: { memory_mb: 64 } };
weir.on("pre_request", async () => {
  const held = [];
  try { for (;;) held.push(new Uint8Array(1 << 20)); } catch { /* full */ }
  await new Promise((resolve) => setTimeout(resolve, 400));
});
`,
    });
    const [program = ""] = commandOf("binary");
    const argv = ["--plugin", join(folder.path, "bomb.js"), "get", "http://127.0.0.1:1/"];
    const parent = Bun.spawn([program, ...argv], { stdout: "ignore", stderr: "ignore" });
    let peakMib = 0;
    while (parent.exitCode === null) {
      for (const child of childrenOf(parent.pid)) {
        const text = await Bun.file(`/proc/${child}/status`)
          .text()
          .catch(() => "");
        peakMib = Math.max(peakMib, Number(/^VmHWM:\s*(\d+)/m.exec(text)?.[1] ?? 0) / 1024);
      }
      await Bun.sleep(10);
    }
    expect(peakMib).toBeGreaterThan(64);
    expect(peakMib).toBeLessThan(64 + 60);
  },
);

test("Ctrl-C ends weir and its child", async () => {
  using folder = folderOf({
    "wait.js": `weir.on("pre_request", () => new Promise(() => {}));`,
  });
  const running = startProgram([
    ...commandOf("binary"),
    "--plugin",
    join(folder.path, "wait.js"),
    "get",
    "http://127.0.0.1:1/",
  ]);
  await Bun.sleep(500);
  running.signal("SIGINT");
  expect((await running.result).exit).toBe(130);
});

test("a secret of the keychain is sent over TLS to its host, and a plugin never holds it", async () => {
  const certificates = join(import.meta.dir, "../../fixtures/certificates");
  const pem = (name: string): string => readFileSync(join(certificates, `${name}.pem`), "utf8");
  using server = await startServer({
    replies: [{ body: "fine" }],
    tls: { cert: pem("server"), key: pem("server.key") },
  });
  using folder = folderOf({
    "token.js": `export const plugin = { name: "token", capabilities: ["rewrite", "secrets"] };
weir.on("pre_request", (event) => {
  const text = weir.secret("partner");
  log.info(text.replace(/[0-9a-f]{32}/, "…"));
  event.headers["x-token"] = text;
  return event;
});
`,
  });
  const config = join(folder.path, "weir.toml");
  const entry = `kind = "static"\nvalue = "env:PARTNER"\nhosts = ["127.0.0.1:${server.port}"]\n`;
  writeFileSync(config, `[keychain.partner]\n${entry}`, { mode: 0o600 });
  const flags = ["--config", config, "--verify", join(certificates, "authority.pem")];
  const argv = [...flags, "--plugin", "./token.js", "get", server.url];
  const env = { PARTNER: "s3cret-value" };
  const result = await runCli(argv, { target: "binary", cwd: folder.path, env });
  expect(result).toMatchObject({ stdout: "fine", exit: 0, stderr: "token: weir-secret-…\n" });
  expect(server.hits[0]?.header("x-token")).toBe("s3cret-value");
});
