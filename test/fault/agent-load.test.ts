import { expect, test } from "bun:test";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { type Handler, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { auditLines, type Holdings, holdings, startServing } from "../support/serving.ts";

// The compiled binary under load. Proves PX11. WEIR_CALLS sets the number of calls.
const CALLS = Number(process.env["WEIR_CALLS"] ?? 10_000);
const IN_FLIGHT = 16;
const SETTLED = CALLS / 5;

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
`;

test(`weir agent serve answers ${CALLS} calls, ${IN_FLIGHT} in flight: none lost, none mixed up`, async () => {
  const echo: Handler = (hit) => ({ json: { asked: hit.target, sent: hit.text } });
  using server = await startServer({ hits: "any", routes: { "/echo": echo } });
  await using agent = startServing({ policy: POLICY });
  const ids = new Set<string>();
  const wrong: unknown[] = [];
  let settled: Holdings | undefined;
  let started = 0;
  const caller = async (): Promise<void> => {
    while (started < CALLS) {
      const at = started++;
      if (at === SETTLED) settled = holdings(agent.pid);
      const id = `${crypto.randomUUID()}-${at}`;
      const target = `/echo?id=${id}`;
      const isPost = at % 4 === 0;
      const url = server.url + target;
      const call = isPost
        ? { name: "http_request", arguments: { url, method: "POST", body: { id } } }
        : { arguments: { url } };
      const sent = isPost ? JSON.stringify({ id }) : "";
      const envelope = await agent.call(call, id);
      ids.add(id);
      if (!isRight(envelope, id, { asked: target, sent })) wrong.push(envelope);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const seconds = (performance.now() - startedMs) / 1000;
  const end = holdings(agent.pid);
  expect(wrong).toEqual([]);
  expect(ids.size).toBe(CALLS);
  expect(server.hits.length).toBe(CALLS);
  // Each tool has connections of its own.
  expect(server.connections()).toBeLessThanOrEqual(2 * IN_FLIGHT);
  expect(agent.otherLines).toEqual([]);
  console.log(
    `${CALLS} calls in ${seconds.toFixed(1)} s; at ${SETTLED}: ${show(settled)}; at the end: ${show(end)}`,
  );
  // What waits for the collector comes and goes by 25 MiB; a leak of 5 KiB a call is over this.
  expect(end.rssMib - (settled?.rssMib ?? 0)).toBeLessThan(40);
  // Connections that idle come and go; a descriptor a call would be thousands.
  expect(end.descriptors).toBeLessThanOrEqual((settled?.descriptors ?? 0) + IN_FLIGHT);
  agent.closeInput();
  expect(await agent.exited).toBe(0);
  expect(auditLines(agent.auditPath)).toHaveLength(2 * CALLS);
  const report = await runCli(["agent", "audit", "verify"], {
    target: "binary",
    home: agent.home,
    env: { XDG_STATE_HOME: undefined },
  });
  expect(report.stdout).toStartWith(`ok: ${2 * CALLS} records, 1 to ${2 * CALLS}, head `);
}, 120_000);

function isRight(envelope: Envelope, id: string, want: { asked: string; sent: string }): boolean {
  if (!envelope.success || envelope.id !== id) return false;
  const body: unknown = JSON.parse(envelope.output.split("\n\n").at(-1) ?? "");
  return (
    Bun.deepEquals(body, want) &&
    envelope.meta.final_url.endsWith(want.asked) &&
    envelope.meta.status === 200
  );
}

function show(one: Holdings | undefined): string {
  return `${one?.rssMib.toFixed(1)} MiB (peak ${one?.peakMib.toFixed(1)}), ${one?.descriptors} descriptors`;
}
