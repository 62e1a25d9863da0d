import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// What only processes can show; the rest of agent mode is tested in process.

function configIn(folder: string, port: number, more = ""): string {
  const path = join(folder, "config.toml");
  const list = `[http_request]\nenabled = true\nallowed_domains = ["127.0.0.1:${port}"]\n`;
  writeFileSync(path, list + more, { mode: 0o600 });
  return path;
}

test("PX28 processes that run at the same time share one quota", async () => {
  using folder = temporaryFolder();
  using server = await startServer({ replies: [{ body: "ok" }], hits: 2 });
  const config = configIn(folder.path, server.port, "[http_request.quota]\nrequests = 2\n");
  const call = JSON.stringify({ name: "http_get", arguments: { url: server.url } });
  const runs = Array.from({ length: 5 }, () =>
    runCli(["agent", "call", "--config", config, call], { target: "binary", home: folder.path }),
  );
  const ends = (await Promise.all(runs)).map(({ exit }) => exit);
  expect(ends.toSorted((one, other) => one - other)).toEqual([0, 0, 77, 77, 77]);
});

test("ASK4 a secret is on no stream of the process, also when a call fails", async () => {
  using folder = temporaryFolder();
  using server = await startServer({
    routes: {
      "/echo": (hit) => ({ body: hit.header("authorization") ?? "", headers: { "X-Echo": "1" } }),
      "/cut": (hit, response) => {
        response.writeHead(200, { "X-Echo": hit.header("authorization") ?? "" });
        response.write("abc");
        response.destroy();
        return undefined;
      },
    },
  });
  const rule = `[[http_request.rule]]\nhost = "127.0.0.1:${server.port}"\ncredential = "one"\n`;
  const entry = '[keychain.one]\nkind = "bearer"\ntoken = "env:ONE"\nhosts = ["127.0.0.1"]\n';
  const config = configIn(folder.path, server.port, rule + entry);
  const calls = ["/echo", "/cut"].map((path) => ({
    name: "http_request",
    arguments: { url: server.url + path, headers: { Authorization: "from the model" } },
  }));
  const { stdout, stderr, exit } = await runCli(["agent", "serve", "--debug", "--config", config], {
    target: "binary",
    home: folder.path,
    env: { ONE: "ghp_REALVALUE" },
    stdin: { pipe: calls.map((one) => `${JSON.stringify(one)}\n`).join("") },
  });
  expect(exit).toBe(0);
  expect(stdout).toContain("Bearer [redacted]");
  expect(stdout.trim().split("\n")).toHaveLength(2);
  expect(stdout + stderr).not.toContain("ghp_REALVALUE");
  expect(server.hits.map((hit) => hit.header("authorization"))).toEqual([
    "Bearer ghp_REALVALUE",
    "Bearer ghp_REALVALUE",
  ]);
});
