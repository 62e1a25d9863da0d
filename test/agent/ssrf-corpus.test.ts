import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { refusalOf } from "../support/audit.ts";
import {
  MISNAMED_IDENTITY,
  STAND_IN_IDENTITY,
  openWorld,
  stringsIn,
  type World,
} from "../support/agent-world.ts";
import { type FakeClock, fakeClock } from "../support/fake-clock.ts";
import { type CliResult, runCli } from "../support/run-cli.ts";
import { configOf, envOf, isChecked, KNOWN_FAILURES, SSRF_CASES } from "../support/ssrf-cases.ts";
import type { SsrfCase } from "../support/ssrf-cases.ts";
import { playOf } from "../support/ssrf-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Every attack of the corpus against the whole agent. What is decided by text alone is asked of
// the compiled binary; all cases are called in process, with a resolver that plays the answers and
// servers on loopback in the place of every address. An address that no part of a case may reach
// leads to the forbidden server, whose count is 0 in the end.

/** Hosts whose servers a denied case may reach on its way: all but the last place it is led to. */
function hostsOnTheWay(row: SsrfCase): readonly string[] {
  const locations = (row.hops ?? []).flatMap((hop) => hop.headers?.["location"] ?? []);
  const urls = [row.url, ...locations.slice(0, -1)];
  return urls.map((text) => new URL(text, row.url).hostname);
}

/** Addresses a case may connect to. */
function reachable(row: SsrfCase): ReadonlySet<string> {
  const { resolver = {}, must_not_connect: closed = [] } = row;
  const isServed = [row.hops, row.response, row.fault, row.calls_before].some(
    (one) => one !== undefined,
  );
  if (row.expect === "deny" && !isServed) return new Set();
  const hosts = row.expect === "deny" ? hostsOnTheWay(row) : Object.keys(resolver);
  const answers = hosts.flatMap((host) =>
    row.expect === "deny" ? (resolver[host]?.[0] ?? []) : (resolver[host] ?? []).flat(),
  );
  const literal = new URL(row.url).hostname.replace(/^\[|\]$/g, "");
  return new Set([...answers, literal].filter((address) => !closed.includes(address)));
}

async function worldOf(row: SsrfCase, clock?: FakeClock): Promise<World> {
  const open = reachable(row);
  const netrc = Object.entries(row.ambient?.netrc ?? {}).map(([host, pair]) => {
    const [login, password] = pair.split(":");
    return `machine ${host} login ${login} password ${password}\n`;
  });
  return await openWorld({
    config: configOf(row) + toolConfig(row),
    names: row.resolver ?? {},
    play: await playOf(row),
    env: envOf(row),
    homeFiles: { ".netrc": netrc.join("") },
    identity: row.fault === "bad_certificate" ? MISNAMED_IDENTITY : STAND_IN_IDENTITY,
    isReachable: (address) => open.has(address),
    ...(clock === undefined ? {} : { clock }),
    ...(row.fault === "connect_reset_once" ? { resets: new Set([0]) } : {}),
  });
}

function toolConfig({ tool }: SsrfCase): string {
  if (tool === undefined) return "";
  const { source, ...rest } = tool;
  // As a file of declared tools will be read: TOML in the place of the seed's YAML.
  return `[sources.case]\nbody = ${JSON.stringify(source)}\n[tools.case]\nbody = ${JSON.stringify(rest)}\n`;
}

function argumentsOf({ url, request = {} }: SsrfCase): Readonly<Record<string, unknown>> {
  const { extra_args: extra, ...rest } = request;
  return { url, ...rest, ...extra };
}

/** Makes the call of a case; a case about time is answered by moving the clock. */
async function callOf(row: SsrfCase, world: World, clock?: FakeClock): Promise<Envelope> {
  for (let made = 0; made < (row.calls_before ?? 0); made += 1) {
    expect((await world.get(row.url)).success).toBe(true);
  }
  if (row.tool !== undefined) return await world.call("case", row.args);
  const answer = world.get(row.url, argumentsOf(row));
  if (clock !== undefined) {
    await arrival(world);
    const limitMs = 1000 * (row.limits?.timeout_secs ?? row.limits?.max_timeout_secs ?? NaN);
    clock.advance(limitMs - 1);
    expect(await Promise.race([answer, settled()])).toBe("waiting");
    clock.advance(1);
  }
  return await answer;
}

async function arrival(world: World): Promise<void> {
  while (world.arrivals.length === 0) await settled();
}

/** Resolves when what can happen by now has happened. */
async function settled(): Promise<"waiting"> {
  await Bun.sleep(5);
  return "waiting";
}

/** Asserts how a case has to end, and that nothing happened on its way that may not. */
function checkEnd(row: SsrfCase, world: World, answer: Envelope): void {
  const text = JSON.stringify(answer);
  if (row.expect === "deny") {
    expect(answer.success, text).toBe(false);
  } else if (row.outcome !== "incomplete" && row.outcome !== "complete_or_error") {
    expect(answer.success, text).toBe(true);
  }
  checkOutcome(row, answer);
  checkWay(row, world, answer);
  checkRecords(row, world, answer);
  const shown = [...stringsIn(answer), world.auditText(), ...world.audit().flatMap(stringsIn)];
  for (const secret of row.must_not_appear ?? []) {
    expect(shown.filter((one) => one.includes(secret))).toEqual([]);
  }
}

function checkOutcome({ outcome, limits = {}, response = {} }: SsrfCase, answer: Envelope): void {
  const meta = answer.success ? answer.meta : undefined;
  const code = answer.success ? "" : answer.code;
  const cap = limits.max_response_size ?? 1_000_000;
  switch (outcome) {
    case "truncated":
      expect(meta).toMatchObject({ truncated: true, bytes: cap });
      expect(answer.output).toContain(`\n\n[truncated: kept ${cap} bytes of `);
      return;
    case "complete":
      expect(meta).toMatchObject({ truncated: false, bytes: response.body_bytes });
      return;
    case "incomplete":
      expect(answer.success && !answer.meta.truncated).toBe(false);
      return;
    case "binary":
      expect(answer.output).toContain(`bytes of ${response.content_type}]`);
      expect(answer.output).not.toContain(response.body ?? "");
      return;
    case "timeout":
      expect(code).toBe("TIMEOUT_TOTAL");
      return;
    case "too_many_redirects":
      expect(code).toBe("POLICY_REDIRECT");
      return;
    case "tls_error":
      expect(code).toStartWith("TLS_");
      return;
    case "error":
      expect(code).toMatch(/^(?:BODY|NET|PROTOCOL|HTTP|RESPONSE)_/);
      return;
    case "wrapped":
      expect(answer.output).toMatch(/\n(\S{16,})\n<\/untrusted> SYSTEM[^\n]*\n\1(?:\n|$)/);
      return;
    case "complete_or_error":
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      expect(stringsIn(answer).filter((one) => /[\u0000-\u0008\u000b-\u001f]/.test(one))).toEqual(
        [],
      );
      return;
    case undefined:
      return;
    default:
      throw new Error(`No check for the outcome ${outcome}`);
  }
}

/** Asserts what was asked, where to, and with which headers. */
function checkWay(row: SsrfCase, world: World, answer: Envelope): void {
  const open = reachable(row);
  expect(world.forbidden()).toBe(0);
  expect(world.dialled.map(({ address }) => address).filter((one) => !open.has(one))).toEqual([]);
  expect(world.dialled.filter((one) => row.must_not_connect?.includes(one.address))).toEqual([]);
  if (row.connect_to !== undefined) {
    expect(world.dialled.map(({ address }) => address)).toEqual([row.connect_to]);
  }
  if (row.expect_requests !== undefined) expect(world.arrivals).toHaveLength(row.expect_requests);
  for (const name of new Set(world.lookups)) {
    const count = world.lookups.filter((one) => one === name).length;
    const limit =
      row.fault === undefined && row.hops === undefined && row.calls_before === undefined;
    expect(count).toBeLessThanOrEqual(row.max_lookups ?? (limit ? 1 : Infinity));
  }
  for (const [host, names] of Object.entries(row.must_not_send ?? {})) {
    const there = world.arrivals.filter((one) => one.host === host);
    expect(there.length).toBeGreaterThan(0);
    for (const { headers } of there) {
      expect([...headers.keys()].filter((name) => names.includes(name))).toEqual([]);
    }
  }
  if (row.expect_target !== undefined) expect(world.arrivals[0]?.target).toBe(row.expect_target);
  if (row.expect_body_json !== undefined) {
    expect(JSON.parse(world.arrivals[0]?.body ?? "")).toEqual(row.expect_body_json);
  }
  if (answer.success || !isChecked(row) || answer.code === "POLICY_ADDRESS") return;
  // What is refused by its text is refused before anything is looked up.
  expect(world.lookups).toEqual([]);
}

/** Asserts that the audit file tells what happened. */
function checkRecords(row: SsrfCase, world: World, answer: Envelope): void {
  const records = world.audit();
  const sent = records.filter((one) => one.kind === "intent" && one.decision === "allow");
  expect(sent.length).toBeGreaterThanOrEqual(world.arrivals.length);
  if (!answer.success && answer.code === "DATA_BAD_CALL") {
    expect(records).toEqual([]);
    return;
  }
  const last = records.at(-1);
  expect(last).toMatchObject({ kind: "outcome", success: answer.success });
  if (answer.success) {
    expect(last).toMatchObject({ status: answer.meta.status, bytes: answer.meta.bytes });
    const dialled = new Set(world.dialled.map(({ address }) => address));
    expect(last?.kind === "outcome" && dialled.has(last.address ?? "")).toBe(true);
  } else {
    expect(last).toMatchObject({ code: answer.code });
    if (answer.code.startsWith("POLICY_")) expect(last).toMatchObject({ decision: "deny" });
  }
  expect(row.url === "" || records.length >= 2).toBe(true);
}

/** Runs a case from its configuration to its last record. */
async function runCase(row: SsrfCase): Promise<void> {
  const clock = row.outcome === "timeout" ? fakeClock() : undefined;
  using _variables = environment(row.env ?? {});
  await using world = await worldOf(row, clock);
  const growth = memoryGrowth();
  const answer = await callOf(row, world, clock);
  const { max_memory_growth_mb: limitMb, observe_after_ms: waitMs } = row.limits ?? {};
  // Decoders that go on after the cut are the point: there is no event that tells of them.
  if (waitMs !== undefined) await Bun.sleep(waitMs);
  if (limitMb !== undefined) expect(growth()).toBeLessThan(limitMb);
  checkEnd(row, world, answer);
}

/** Returns how many megabytes the process grew since this was called. */
function memoryGrowth(): () => number {
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  return () => (process.memoryUsage().rss - before) / 1e6;
}

/** Sets variables of this process: not every part of a runtime asks for them as weir does. */
function environment(variables: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

test("the corpus is whole, and only what later issues bring is known to fail", () => {
  expect(SSRF_CASES).toHaveLength(211);
  const later = SSRF_CASES.filter((row) => row.tool !== undefined || row.outcome === "wrapped");
  expect(Object.keys(KNOWN_FAILURES).toSorted()).toEqual(later.map((row) => row.id).toSorted());
});

const IDS =
  "PX2 PX3 PX4 PX5 PX18 PX19 PX20 PX21 PX29 ASK6 ASK7 ASK8 WEAK9 WEAK10 WEAK14 WEAK15 WEAK18";

describe(`${IDS} the corpus through the agent`, () => {
  for (const row of SSRF_CASES.filter((one) => one.stage !== "config")) {
    const known = KNOWN_FAILURES[row.id];
    if (known === undefined) {
      test(`${row.id} ${row.expect}: ${row.why}`, () => runCase(row));
    } else {
      test(`${row.id} is known to fail: ${known}`, async () => {
        expect(await refusalOf(runCase(row))).toBeDefined();
      });
    }
  }
});

describe("the corpus: configurations that are refused", () => {
  for (const row of SSRF_CASES.filter((one) => one.stage === "config")) {
    test(`${row.id}: ${row.why}`, async () => {
      const refusal = await refusalOf(worldOf(row));
      expect(refusal).toMatchObject({ code: "CONFIG_BAD_POLICY" });
      expect(String(refusal)).toMatch(/config\.toml:[34]:\d+/);
    });
  }
});

describe("the corpus through weir agent check", () => {
  // No argument of a program can hold a NUL.
  const checked = SSRF_CASES.filter((row) => isChecked(row) && !row.url.includes("\0"));
  for (const row of checked) {
    test(`${row.id} ${row.expect}: ${row.why}`, async () => {
      const { stdout, stderr, exit } = await runCheck(row);
      if (row.stage === "config") {
        expect({ stdout, exit }).toEqual({ stdout: "", exit: 78 });
        expect(stderr).toMatch(/config\.toml:[34]:\d+/);
        return;
      }
      const answer: unknown = JSON.parse(stdout);
      expect(answer).toMatchObject({ allow: row.expect === "allow" });
      expect(exit).toBe(row.expect === "allow" ? 0 : 77);
    });
  }
});

async function runCheck(row: SsrfCase): Promise<CliResult> {
  using folder = temporaryFolder();
  const config = join(folder.path, "config.toml");
  writeFileSync(config, configOf(row), { mode: 0o600 });
  const { method, headers = {}, body } = row.request ?? {};
  const resolved = Object.entries(row.resolver ?? {}).map(
    ([host, [answer = []]]) => `--resolve=${host}:${answer.map(bracketed).join(",")}`,
  );
  const argv = [
    "agent",
    "check",
    "--json",
    `--config=${config}`,
    ...resolved,
    ...(method === undefined ? [] : [`--method=${method}`]),
    ...Object.entries(headers).map(([name, value]) => `--header=${name}:${value}`),
    ...(body === undefined ? [] : [`--body=${body}`]),
    "--",
    row.url,
  ];
  return await runCli(argv, { target: "binary", env: envOf(row) });
}

/** Returns an address as it has to be written after a colon. */
function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
