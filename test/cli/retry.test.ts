import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { isWholeRequest, startRawServer } from "../support/raw-server.ts";
import { runCli, startCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { eventually } from "../support/wire.ts";

describe.each(["source", "binary"] as const)("RQ66 weir --retry from %s", (target) => {
  const run = (...argv: string[]) => runCli(["--retry-delay", "1ms", ...argv], { target });

  test("sends again and says so, a line each", async () => {
    const down = { status: 503, body: "down" };
    using server = await startServer({
      replies: [down, { ...down, headers: { "Retry-After": "0" } }, { body: "up" }],
    });
    const host = `127.0.0.1:${server.port}`;
    expect(await run("--retry", "3", server.url)).toMatchObject({
      stdout: "up",
      stderr: `weir: warning: 503 from ${host}, trying again in 1 ms (2 of 4)
weir: warning: 503 from ${host}, trying again at once (3 of 4)
`,
      exit: 0,
    });
  });

  test("ends with the last answer when the tries are over", async () => {
    const replies = ["first", "second", "last"].map((body) => ({ status: 503, body }));
    using server = await startServer({ replies });
    const result = await run("--retry", "2", server.url);
    expect([result.stdout, result.exit]).toEqual(["last", 5]);
  });

  test("does not wait longer than it may, and says how long it would have been", async () => {
    using server = await startServer({
      replies: [{ status: 429, headers: { "Retry-After": "86400" } }],
    });
    const { stderr, exit } = await run("--retry", "2", server.url);
    expect(exit).toBe(4);
    expect(stderr.split("\n")[0]).toBe(
      `weir: warning: 429 from 127.0.0.1:${server.port}, not tried again: Retry-After asks to wait 86400 s, and at most 300 s are waited`,
    );
  });

  test("starts no try after --retry-max-time", async () => {
    using server = await startServer({ replies: [{ status: 503 }] });
    const argv = ["--retry", "2", "--retry-delay", "2h", "--retry-max-time", "1h", server.url];
    const { stderr, exit } = await run(...argv);
    expect([exit, stderr]).toEqual([5, expect.stringContaining("3600 s")]);
  });

  test.each([
    { flags: [], sent: 1, exit: 69 },
    { flags: ["--retry-unsafe"], sent: 2, exit: 0 },
  ])(
    "a POST that may have arrived goes out $sent times with $flags",
    async ({ flags, sent, exit }) => {
      using server = await startRawServer(async (one) => {
        await one.until(isWholeRequest);
        if (one.id === 1) one.reset();
        else one.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
      const result = await run("--retry", "2", ...flags, "post", server.url, "a=1");
      expect([result.exit, server.connections.length]).toEqual([exit, sent]);
      expect(result.stderr).toContain(sent === 1 ? "--retry-unsafe" : "trying again");
    },
  );

  test("--quiet says nothing of it", async () => {
    using server = await startServer({ replies: [{ status: 503 }, {}] });
    expect(await run("--retry", "1", "-qq", server.url)).toMatchObject({ stderr: "", exit: 0 });
  });

  test("SIGINT ends a wait with 130", async () => {
    using server = await startServer({ replies: [{ status: 503 }] });
    const argv = ["--retry", "1", "--retry-delay", "1h", server.url];
    const running = startCli(argv, { target });
    await eventually(() => server.hits.length === 1);
    running.signal("SIGINT");
    expect((await running.result).exit).toBe(130);
  });

  test("plugins are asked before each wait, and once about the whole", async () => {
    using server = await startServer({ replies: [{ status: 503 }, { status: 503 }] });
    using folder = temporaryFolder();
    const path = join(folder.path, "patience.js");
    writeFileSync(
      path,
      `export const plugin = { name: "patience" };
       weir.on("pre_retry", ({ attempt }) => attempt < 2 ? { delay_ms: 0 } : { cancel: true, reason: "two tries" });
       weir.on("post_request", ({ status }) => { log.warn("final", status); });`,
    );
    const { stderr, exit } = await run("--retry", "5", "--plugin", path, server.url);
    expect(exit).toBe(5);
    const host = `127.0.0.1:${server.port}`;
    // What plugins say is not waited for, so only the lines count and not their order.
    expect(stderr.trimEnd().split("\n").toSorted()).toEqual([
      "patience: warning: final 503",
      `weir: warning: 503 from ${host}, trying again at once (2 of 6)`,
      "weir: warning: HTTP 503 Service Unavailable",
      "weir: warning: Plugin patience keeps the request from being sent again: two tries",
    ]);
  });
});

test.each([
  { argv: ["--retry-delay", "1s"], says: "Flag --retry-delay needs --retry" },
  { argv: ["--retry-max-time", "1s"], says: "Flag --retry-max-time needs --retry" },
  { argv: ["--retry-unsafe"], says: "Flag --retry-unsafe needs --retry" },
  { argv: ["--retry", "two"], says: "--retry" },
  { argv: ["--retry", "1", "--retry-delay", "soon"], says: "is not a duration" },
])("weir $argv is refused before anything is sent", async ({ argv, says }) => {
  using server = await startServer({ hits: 0 });
  const { stderr, exit } = await runCli([...argv, server.url]);
  expect([exit, stderr]).toEqual([64, expect.stringContaining(says)]);
});
