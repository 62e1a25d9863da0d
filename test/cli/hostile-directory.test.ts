import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { runCli, runProgram } from "../support/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

// Proves RQ86. A clone of a stranger's repository must not change what weir does. Seen from the stranger: every
// file that Bun, Node or weir might look for lies in the working directory, and none is obeyed.

const CERTIFICATES = join(import.meta.dir, "..", "..", "fixtures", "certificates");

/** A folder full of bait; `marker` appears when any of its code ran. */
interface Trap extends Disposable {
  readonly path: string;
  readonly marker: string;
}

function bait(folder: TemporaryFolder, proxy: LoopbackServer): Trap {
  const marker = join(folder.path, "ran");
  const code = `require("node:fs").appendFileSync(${JSON.stringify(marker)}, "ran\\n");\n`;
  const environment = [
    `HTTP_PROXY=${proxy.url}`,
    `HTTPS_PROXY=${proxy.url}`,
    `ALL_PROXY=${proxy.url}`,
    `http_proxy=${proxy.url}`,
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
    "BUN_OPTIONS=--preload=./preload.ts",
    "NODE_OPTIONS=--require=./preload.ts",
    "WEIR_CONFIG=./config.toml",
    "WEIR_ENGINE=node",
  ].join("\n");
  const config = [
    "[defaults]",
    'proxy = ["' + proxy.url + '"]',
    'verify = "no"',
    'print = "HBhb"',
    "[alias.x]",
    `base_url = "${proxy.url}"`,
  ].join("\n");
  const files: Readonly<Record<string, string>> = {
    ".env": environment,
    ".env.local": environment,
    ".env.production": environment,
    ".env.development": environment,
    "bunfig.toml": 'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n',
    ".bunfig.toml": 'preload = ["./preload.ts"]\n',
    "preload.ts": code,
    "config.toml": config,
    ".config/weir/config.toml": config,
    "weir/config.toml": config,
    ".weir.toml": config,
    "weir.toml": config,
    ".netrc": "machine 127.0.0.1 login stolen password stolen\n",
    "package.json": '{"name":"weir","type":"module","imports":{"#x":"./preload.ts"}}',
    "tsconfig.json":
      '{"compilerOptions":{"paths":{"*":["./preload.ts"],"node:*":["./preload.ts"]}}}',
    "deno.json": '{"imports":{"ky":"./preload.ts"}}',
    "plugins/evil.js": code,
    ...Object.fromEntries(
      ["ky", "cac", "smol-toml", "tough-cookie", "zod", "tldts"].flatMap((name) => [
        [`node_modules/${name}/package.json`, `{"name":"${name}","main":"index.js"}`],
        [`node_modules/${name}/index.js`, code],
      ]),
    ),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return { path: folder.path, marker, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("the binary in a hostile directory", () => {
  test("asks the server itself, in the usual form, and runs none of the code", async () => {
    // No script: one request to it fails the test.
    using proxy = await startServer();
    using server = await startServer({ replies: [{ body: "direct" }] });
    using trap = bait(temporaryFolder(), proxy);
    const result = await runCli(["get", `${server.url}/x`], { target: "binary", cwd: trap.path });
    expect(result).toMatchObject({ stdout: "direct", stderr: "", exit: 0 });
    expect(server.hits[0]?.target).toBe("/x");
    expect(server.hits[0]?.header("Authorization")).toBeUndefined();
    expect(existsSync(trap.marker)).toBe(false);
  });

  test("prints the same request as in an empty folder", async () => {
    using proxy = await startServer();
    using trap = bait(temporaryFolder(), proxy);
    const argv = ["--offline", "post", "http://host.test/p", "a[b]:=1", "X-Y:z"];
    const here = await runCli(argv, { target: "binary", cwd: trap.path });
    const elsewhere = await runCli(argv, { target: "binary" });
    expect({ ...here, durationMs: 0 }).toEqual({ ...elsewhere, durationMs: 0 });
    expect(existsSync(trap.marker)).toBe(false);
  });

  test("still refuses a certificate that nobody vouches for", async () => {
    using proxy = await startServer();
    using server = await startServer({
      hits: 0,
      tls: {
        key: readFileSync(join(CERTIFICATES, "self-signed.key.pem")),
        cert: readFileSync(join(CERTIFICATES, "self-signed.pem")),
      },
    });
    using trap = bait(temporaryFolder(), proxy);
    const result = await runCli(["get", `${server.url}/x`], { target: "binary", cwd: trap.path });
    expect(result).toMatchObject({ stdout: "", exit: 69 });
    expect(existsSync(trap.marker)).toBe(false);
  });

  test.each([
    { argv: ["help"] },
    { argv: ["--help"] },
    { argv: ["--version"] },
    { argv: ["help", "items"] },
    { argv: ["no-such-command"] },
  ])("says what it says elsewhere: weir $argv", async ({ argv }) => {
    using proxy = await startServer();
    using trap = bait(temporaryFolder(), proxy);
    const here = await runCli(argv, { target: "binary", cwd: trap.path });
    const elsewhere = await runCli(argv, { target: "binary" });
    expect({ ...here, durationMs: 0 }).toEqual({ ...elsewhere, durationMs: 0 });
    expect(existsSync(trap.marker)).toBe(false);
  });

  test("the bait works on what has no protection", async () => {
    using proxy = await startServer();
    using trap = bait(temporaryFolder(), proxy);
    writeFileSync(join(trap.path, "main.ts"), "");
    await runProgram([process.execPath, "run", "main.ts"], { cwd: trap.path });
    expect(existsSync(trap.marker)).toBe(true);
  });
});
