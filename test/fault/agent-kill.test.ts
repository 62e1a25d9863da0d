import { expect, test } from "bun:test";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { type AuditLine, type Serving, startServing, writePolicy } from "../support/serving.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// kill -9 of the compiled binary while it serves. Proves PX27. WEIR_KILLS=200 is the full series.
const KILLS = Number(process.env["WEIR_KILLS"] ?? 20);
const IN_FLIGHT = 8;

const policy = (maxBytes: number): string => `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
[audit]
max_bytes = ${maxBytes}
keep = 1000
`;

/** Calls again and again, each with a target of its own, until weir is dead. */
async function keepCalling(agent: Serving, url: string, answered: Set<string>): Promise<void> {
  for (let at = 0; ; at++) {
    const target = `${url}/${at}`;
    const envelope = await agent.call(target).catch(() => undefined);
    if (envelope === undefined) return;
    answered.add(target);
  }
}

test.each([
  { name: "one file", maxBytes: 100_000_000 },
  { name: "a file that rotates", maxBytes: 20_000 },
])(
  `kill -9 at ${KILLS / 2} random moments, $name: the chain holds every request that left`,
  async ({ maxBytes }) => {
    using server = await startServer({ hits: "any", replies: [{ body: "fine" }] });
    using folder = temporaryFolder();
    const config = writePolicy(folder.path, policy(maxBytes));
    const weir = (...argv: readonly string[]) =>
      runCli([...argv, "--config", config], {
        target: "binary",
        home: folder.path,
        env: { XDG_STATE_HOME: undefined },
      });
    const answered = new Set<string>();
    let lastSeq = 0;
    for (let turn = 0; turn < KILLS / 2; turn++) {
      await using agent = startServing({ policy: policy(maxBytes), home: folder.path });
      await agent.call(`${server.url}/${turn}/first`);
      const callers = Array.from({ length: IN_FLIGHT }, (_, at) =>
        keepCalling(agent, `${server.url}/${turn}/${at}`, answered),
      );
      await Bun.sleep(Math.random() * 150);
      agent.signal("SIGKILL");
      await Promise.all([agent.exited, ...callers]);
      const report = await weir("agent", "audit", "verify");
      const [, seq] = /^ok: \d+ records, 1 to (\d+), head /.exec(report.stdout) ?? [];
      expect(report.stdout).toStartWith("ok: ");
      expect(Number(seq)).toBeGreaterThan(lastSeq);
      lastSeq = Number(seq);
    }
    const shown = await weir("agent", "audit", "show");
    // The binary printed them; what is not a record fails to parse.
    const records = shown.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditLine);
    const intents = new Set(records.filter(({ kind }) => kind === "intent").map(({ url }) => url));
    const outcomes = new Set(records.filter((one) => one.kind === "outcome").map(({ url }) => url));
    const left = server.hits.map(({ target }) => `${server.url}${target}`);
    expect(left.filter((url) => !intents.has(url))).toEqual([]);
    expect([...answered].filter((url) => !outcomes.has(url))).toEqual([]);
    expect(left.length).toBeGreaterThan(KILLS);
  },
  20_000 + KILLS * 1000,
);
