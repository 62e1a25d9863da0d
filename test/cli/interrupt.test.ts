import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { startRawServer } from "../support/raw-server.ts";
import { runProgram, startCli } from "../support/run-cli.ts";
import { commandOf } from "../support/targets.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Resolves when `isDone` holds, or after five seconds: then the assertions fail. */
async function eventually(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (!isDone() && performance.now() < deadlineMs) await Bun.sleep(2);
}

describe.each(["source", "binary"] as const)("weir from %s", (target) => {
  test.each([
    { signal: "SIGINT", exit: 130 },
    { signal: "SIGTERM", exit: 143 },
  ] as const)(
    "ends with $exit on $signal while it waits for an answer",
    async ({ signal, exit }) => {
      using server = await startRawServer(() => {});
      const running = startCli(["get", server.url], { target });
      await eventually(() => server.connections[0]?.text().includes("\r\n\r\n") === true);
      running.signal(signal);
      const result = await running.result;
      expect(result).toMatchObject({ stdout: "", exit });
    },
  );

  test.each([
    { name: "a download", flags: ["-d", "-o", "part.bin"] },
    { name: "printed to a file", flags: ["-o", "part.bin"] },
  ])("interrupted, $name is the part that came, under a name it says", async ({ flags }) => {
    using server = await startRawServer(async (connection) => {
      await connection.until((text) => text.includes("\r\n\r\n"));
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
    });
    using folder = temporaryFolder();
    const cwd = join(folder.path, "work");
    const running = startCli([...flags, "get", server.url], { target, cwd });
    await eventually(() => readdirSync(cwd).length > 0);
    running.signal("SIGINT");
    const { exit, stderr } = await running.result;
    expect(exit).toBe(130);
    for (const name of readdirSync(cwd)) expect(stderr).toContain(name);
  });

  test("ends quietly with 0 when the reader of a pipe has gone", async () => {
    const body = Buffer.alloc(4 * 1024 * 1024, "x");
    using server = await startServer({ hits: "any", replies: [{ body }] });
    const script = '{ "$@"; echo "exit $?" >&2; } | head -c 1';
    const argv = ["sh", "-c", script, "sh", ...commandOf(target), "get", server.url];
    expect(await runProgram(argv)).toMatchObject({ stdout: "x", stderr: "exit 0\n" });
  });
});
