import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { auditLines, holdings, type Serving, startServing } from "../support/serving.ts";
import { runCli } from "../support/run-cli.ts";
import { eventually, listen, onRequest, type WireServer, within } from "../support/wire.ts";

// How `weir agent serve` of the compiled binary ends, and what it does with what nobody should send.

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
timeout_secs = 20
`;

/** Requests that wait for the test to answer them, by target. */
const held = new Map<string, Socket>();
let server: WireServer;

function reply(socket: Socket, text: string): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}

beforeAll(async () => {
  server = await listen((socket) =>
    onRequest(socket, (head) => {
      const target = head.split(" ")[1] ?? "";
      if (target.startsWith("/held")) held.set(target, socket);
      else reply(socket, target);
    }),
  );
});

afterAll(() => server[Symbol.asyncDispose]());

const verify = async (agent: Serving): Promise<string> => {
  const result = await runCli(["agent", "audit", "verify"], {
    target: "binary",
    home: agent.home,
    env: { XDG_STATE_HOME: undefined },
  });
  return result.stdout;
};

describe.each([
  { signal: "SIGINT", exit: 130 },
  { signal: "SIGTERM", exit: 143 },
] as const)("on $signal", ({ signal, exit }) => {
  test("weir agent serve stops at once and leaves no call without outcome", async () => {
    await using agent = startServing({ policy: POLICY });
    await agent.call(`${server.url}/first`);
    const calls = Array.from({ length: 8 }, (_, at) =>
      agent.call(`${server.url}/held-${signal}-${at}`).catch(() => undefined),
    );
    await eventually(() => [...held.keys()].filter((key) => key.includes(signal)).length === 8);
    const startedMs = performance.now();
    agent.signal(signal);
    expect(await within(agent.exited)).toBe(exit);
    expect(performance.now() - startedMs).toBeLessThan(1500);
    expect(await agent.stderr()).toBe("");
    const answers = await Promise.all(calls);
    for (const answer of answers) {
      if (answer !== undefined) expect(answer).toMatchObject({ success: false, code: "CANCELLED" });
    }
    expect([agent.unfinished(), agent.otherLines]).toEqual(["", []]);
    const lines = auditLines(agent.auditPath);
    const ids = (kind: string): readonly string[] =>
      lines
        .filter((one) => one.kind === kind)
        .map(({ id = "" }) => id)
        .toSorted((a, b) => a.localeCompare(b));
    expect(ids("intent")).toHaveLength(9);
    expect(ids("outcome")).toEqual(ids("intent"));
    expect(await verify(agent)).toStartWith("ok: 18 records");
  });

  test("an answer that is being written is written whole", async () => {
    await using agent = startServing({ policy: POLICY });
    for (let at = 0; at < 40; at++) {
      void agent.call(`${server.url}/${"x".repeat(4000)}?${at}`).catch(() => undefined);
    }
    await eventually(() => auditLines(agent.auditPath).length > 10);
    agent.signal(signal);
    expect(await within(agent.exited)).toBe(exit);
    expect([agent.unfinished(), agent.otherLines]).toEqual(["", []]);
  });
});

describe("weir agent serve", () => {
  test("answers what was asked, then ends, when its input ends", async () => {
    await using agent = startServing({ policy: POLICY });
    const calls = ["/held-eof", "/b", "/c"].map((path) => agent.call(server.url + path));
    agent.closeInput();
    await eventually(() => held.has("/held-eof"));
    await Promise.all(calls.slice(1));
    const last = held.get("/held-eof");
    if (last !== undefined) reply(last, "late");
    expect((await Promise.all(calls)).map(({ success }) => success)).toEqual([true, true, true]);
    expect(await within(agent.exited)).toBe(0);
  });

  test("answers a last line without its end", async () => {
    await using agent = startServing({ policy: POLICY });
    agent.write(JSON.stringify({ id: 1, name: "http_get", arguments: { url: `${server.url}/x` } }));
    agent.closeInput();
    expect(await within(agent.exited)).toBe(0);
    expect(agent.otherLines).toHaveLength(1);
    expect(JSON.parse(agent.otherLines[0] ?? "")).toMatchObject({ id: 1, success: true });
  });

  test("ends, and ends its requests, when nobody reads its answers any more", async () => {
    await using agent = startServing({ policy: POLICY });
    await agent.call(`${server.url}/first`);
    void agent.call(`${server.url}/held-gone`).catch(() => undefined);
    await eventually(() => held.has("/held-gone"));
    await agent.closeOutput();
    // The next answer finds the reader gone.
    void agent.call(`${server.url}/next`).catch(() => undefined);
    expect(await within(agent.exited)).toBe(0);
    await eventually(() => held.get("/held-gone")?.closed === true);
    expect(await agent.stderr()).toBe("");
  });

  test("answers 100 slow calls, at most 64 of them at the same time", async () => {
    await using agent = startServing({ policy: POLICY });
    const calls = Array.from({ length: 100 }, (_, at) =>
      agent.call(`${server.url}/held-many-${at}`),
    );
    const many = (): readonly string[] =>
      [...held.keys()].filter((key) => key.startsWith("/held-many"));
    await eventually(() => many().length === 64);
    await Bun.sleep(100);
    expect(many()).toHaveLength(64);
    const answered = new Set<string>();
    while (answered.size < 100) {
      for (const key of many()) {
        const socket = held.get(key);
        if (answered.has(key) || socket === undefined) continue;
        answered.add(key);
        reply(socket, key);
      }
      await Bun.sleep(1);
    }
    const outputs = (await Promise.all(calls)).map(({ output }) => output.split("\n").at(-1));
    expect(outputs).toEqual(Array.from({ length: 100 }, (_, at) => `/held-many-${at}`));
  });

  test("says that a line is too long, throws it away and goes on", async () => {
    await using agent = startServing({ policy: POLICY });
    await agent.call(`${server.url}/first`);
    const { rssMib } = holdings(agent.pid);
    const startedMs = performance.now();
    for (let sent = 0; sent < 40; sent++) agent.write("x".repeat(1024 * 1024));
    agent.write("\n");
    expect(await agent.call(`${server.url}/after`)).toMatchObject({ success: true });
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(agent.otherLines).toHaveLength(1);
    const answer = JSON.parse(agent.otherLines[0] ?? "");
    expect(answer).toMatchObject({ id: null, success: false, code: "DATA_BAD_CALL" });
    expect(answer.error).toContain("16 MiB");
    expect(answer.error).not.toContain("JSON");
    expect(holdings(agent.pid).peakMib - rssMib).toBeLessThan(120);
  });

  test.each([
    { name: "no JSON", line: "GET /" },
    { name: "JSON that is no object", line: "[1,2]" },
    {
      name: "a lone surrogate",
      line: String.raw`{"id":"\ud800","name":"http_get","arguments":{"url":"\ud800"}}`,
    },
    { name: "bytes that are no UTF-8", line: "\u{fffd}\u{0}{" },
    { name: "a tool that is not there", line: '{"id":"x","name":"shell","arguments":{}}' },
    { name: "ten thousand brackets", line: "[".repeat(10_000) },
  ])("answers $name with an error and goes on", async ({ line }) => {
    await using agent = startServing({ policy: POLICY });
    agent.write(`\n  \n${line}\r\n`);
    expect(await agent.call(`${server.url}/after`)).toMatchObject({ success: true });
    expect(agent.otherLines).toHaveLength(1);
    expect(JSON.parse(agent.otherLines[0] ?? "")).toMatchObject({ success: false });
  });
});
