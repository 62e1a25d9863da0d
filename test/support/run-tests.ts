import { spawn } from "node:child_process";
import { temporaryFolder } from "./temporary-folder.ts";

// Runs bun test and closes with one plain line, so that anyone reading a log sees the count.
// Everything the tests write lies below one folder, which goes away with them: bun test runs no
// exit handler.
const folder = temporaryFolder();
// The tests against real servers need programs from Debian: `bun run test:servers`.
const chosen =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ["--path-ignore-patterns=test/servers/**", "test"];
const child = spawn(process.execPath, ["test", "--timeout", "60000", ...chosen], {
  stdio: ["ignore", "inherit", "pipe"],
  cwd: `${import.meta.dir}/../..`,
  env: { ...process.env, TMPDIR: folder.path },
});
const count = { pass: 0, fail: 0, skip: 0 };
let tail = "";
child.stderr.on("data", (chunk: Buffer) => {
  process.stderr.write(chunk);
  const lines = (tail + chunk.toString()).split("\n");
  tail = lines.pop() ?? "";
  for (const line of lines) readCount(line);
});

function readCount(line: string): void {
  const found = /^\s*(\d+) (pass|fail|skip)$/.exec(line);
  if (found === null) return;
  const kind = found[2] === "pass" ? "pass" : found[2] === "fail" ? "fail" : "skip";
  count[kind] = Number(found[1]);
}

child.on("close", (status) => {
  folder[Symbol.dispose]();
  readCount(tail);
  const skipped = count.skip > 0 ? `, ${count.skip} skipped` : "";
  console.log(`${count.pass} passed, ${count.fail} failed${skipped}`);
  process.exitCode = status === 0 && count.pass > 0 ? 0 : 1;
});
