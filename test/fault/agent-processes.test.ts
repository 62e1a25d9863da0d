import { expect, test } from "bun:test";
import { startServer } from "../support/loopback-server.ts";
import { type CliResult, runCli } from "../support/run-cli.ts";
import { auditLines, usualAuditPath, writePolicy } from "../support/serving.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Many one-shot processes of the compiled binary share one audit file and one quota.

const PROCESSES = 8;

async function callAtOnce(home: string, config: string, url: string): Promise<CliResult[]> {
  return await Promise.all(
    Array.from({ length: PROCESSES }, (_, at) => {
      const call = { id: at, name: "http_get", arguments: { url: `${url}/${at}` } };
      return runCli(["agent", "call", JSON.stringify(call), "--config", config], {
        target: "binary",
        home,
        env: { XDG_STATE_HOME: undefined },
      });
    }),
  );
}

const policy = (more: string): string => `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
${more}
`;

test("weir agent call: processes at the same time keep one chain, also while it rotates", async () => {
  using server = await startServer({ hits: 2 * PROCESSES, replies: [{ body: "fine" }] });
  using folder = temporaryFolder();
  const config = writePolicy(folder.path, policy("[audit]\nmax_bytes = 4000\nkeep = 100"));
  for (const _ of [1, 2]) {
    const results = await callAtOnce(folder.path, config, server.url);
    expect(results.map(({ exit }) => exit)).toEqual(results.map(() => 0));
  }
  const argv = ["agent", "audit", "verify", "--config", config];
  const env = { XDG_STATE_HOME: undefined };
  const report = await runCli(argv, { target: "binary", home: folder.path, env });
  expect(report.stdout).toStartWith("ok: ");
});

test("weir agent call: a quota holds over processes at the same time", async () => {
  using server = await startServer({ hits: 3, replies: [{ body: "fine" }, {}, {}] });
  using folder = temporaryFolder();
  const config = writePolicy(folder.path, policy("[http_request.quota]\nrequests = 3"));
  const results = await callAtOnce(folder.path, config, server.url);
  const exits = results.map(({ exit }) => exit).toSorted((a, b) => a - b);
  expect(exits).toEqual([0, 0, 0, ...Array.from({ length: PROCESSES - 3 }, () => 77)]);
  expect(results.filter(({ stdout }) => stdout.includes("POLICY_QUOTA"))).toHaveLength(
    PROCESSES - 3,
  );
  const records = auditLines(usualAuditPath(folder.path));
  expect(records).toHaveLength(2 * PROCESSES);
  expect(records.filter(({ code }) => code === "POLICY_QUOTA")).toHaveLength(2 * (PROCESSES - 3));
});
