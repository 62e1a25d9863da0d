import { expect, test } from "bun:test";
import { encodeFrame, type Frame, type FrameKind, FrameReader } from "../../lib/hooks/frames.ts";
import type { ChildProcess, Processes } from "../../lib/runtime/processes.ts";
import { startServer } from "../support/loopback-server.ts";
import { failureOf, openBench } from "../unit/hooks/support.ts";

// A child that was taken over: it speaks the protocol, and says what it likes.

type Write = (bytes: Uint8Array) => void;
type Script = (frame: Frame, write: Write, count: number) => void;

const NOTHING = new Uint8Array();

function frame(kind: FrameKind, id: number, json: string, bytes = NOTHING): Uint8Array {
  return encodeFrame({ kind, id, json, bytes });
}

/** Returns bytes with a frame's head and no regard to what is in it. */
function forged(length: number, kind: number, rest: Uint8Array = NOTHING): Uint8Array {
  const bytes = new Uint8Array(5 + rest.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, kind);
  bytes.set(rest, 5);
  return bytes;
}

/** Children that answer by `script`, and how many of them were killed. */
function fakeProcesses(script: Script): { processes: Processes; killed: () => number } {
  let killed = 0;
  const spawn = (): ChildProcess => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const reader = new FrameReader("parent");
    let isDead = false;
    let count = 0;
    const write: Write = (bytes) => void writer.write(bytes).catch(() => undefined);
    write(frame("hello", 0, "null"));
    return {
      pid: 0,
      output: readable,
      write(bytes) {
        if (isDead) return;
        for (const one of reader.push(bytes)) script(one, write, ++count);
      },
      kill() {
        if (isDead) return;
        isDead = true;
        killed += 1;
        writer.close().catch(() => undefined);
      },
      ended: Promise.resolve(),
    };
  };
  return {
    processes: { selfCommand: () => [], childEnv: {}, spawn },
    killed: () => killed,
  };
}

const HOOK = { type: "pre_request", priority: 1, stack: "at x (p0.js:1:1)" };

function loadedAs(fields: unknown): string {
  return JSON.stringify({ kind: "object", fields, body: "none" });
}

/** Loads like a plugin with one pre_request handler, then answers its call by `answer`. */
function afterLoading(answer: (id: number) => Uint8Array): Script {
  return (one, write, count) => {
    const fields = { manifest: null, hooks: [HOOK], status: null };
    if (one.kind === "load") write(frame("result", one.id, loadedAs(fields)));
    if (one.kind === "call") write(answer(one.id));
    write(frame("ping", count, ""));
  };
}

test.each([
  { name: "a frame of no kind", answer: () => forged(9, 77) },
  { name: "a frame of four gigabytes", answer: () => forged(0xffff_ffff, 4) },
  { name: "a result larger than its cap", answer: () => forged(50_000_000, 4) },
  { name: "a frame shorter than its head", answer: () => forged(3, 4) },
  { name: "a kind that only weir sends", answer: () => frame("load", 1, "{}") },
  {
    name: "a text longer than its frame",
    answer: () => forged(9, 4, new Uint8Array([1, 0, 0, 0, 255, 255, 255, 255])),
  },
  { name: "a result that is not JSON", answer: (id: number) => frame("result", id, "{") },
  { name: "a result that is a list", answer: (id: number) => frame("result", id, "[]") },
  {
    name: "a result of another kind",
    answer: (id: number) => frame("result", id, '{"kind":"gift"}'),
  },
  { name: "an operation that is none", answer: () => frame("op", 1, "[1]") },
  { name: "an operation of three parts", answer: () => frame("op", 1, '[1,{"name":"http"},2]') },
  { name: "more body than the plugin has memory", answer: (id: number) => flood(id) },
  { name: "a body piece over its cap", answer: () => forged(300_000, 8) },
])("a child that writes $name is ended, and the request refused", async ({ answer }) => {
  using server = await startServer({ hits: 0 });
  const { processes, killed } = fakeProcesses(afterLoading(answer));
  await using bench = await openBench(["// never read by this child"], { processes });
  const { code, message } = await failureOf(bench.send(server.url));
  expect(code).toBe("HOOK_FAILED");
  expect(message).toContain("Plugin p0 failed in pre_request");
  expect(killed()).toBeGreaterThan(0);
});

function flood(id: number): Uint8Array {
  const piece = frame("body", id, "", new Uint8Array(256 * 1024));
  const whole = new Uint8Array(piece.byteLength * 260);
  for (let at = 0; at < 260; at += 1) whole.set(piece, at * piece.byteLength);
  return whole;
}

test.each([
  {
    name: "__proto__ as a field",
    fields: `{"type":"pre_request","__proto__":{"url":"http://127.0.0.1:1/"}}`,
  },
  {
    name: "__proto__ as a header",
    fields: `{"type":"pre_request","headers":{"__proto__":"x"}}`,
  },
  {
    name: "a constructor as a header",
    fields: `{"type":"pre_request","headers":{"constructor":"x"}}`,
  },
])("a result with $name changes nothing but what it says", async ({ fields }) => {
  using server = await startServer({ replies: [{}] });
  const json = `{"kind":"object","body":"none","fields":${fields}}`;
  const { processes } = fakeProcesses(afterLoading((id) => frame("result", id, json)));
  await using bench = await openBench(["//"], { processes });
  expect((await bench.send(server.url)).status).toBe(200);
  expect(({} as Record<string, unknown>)["url"]).toBeUndefined();
});

test("answers to calls that nobody made are passed over", async () => {
  using server = await startServer({ replies: [{}] });
  const { processes } = fakeProcesses(
    afterLoading((id) => {
      const stray = frame("result", 4_000_000_000, '{"kind":"none"}');
      const twice = frame("result", id, '{"kind":"none"}');
      return new Uint8Array([...stray, ...twice, ...twice]);
    }),
  );
  await using bench = await openBench(["//"], { processes });
  expect((await bench.send(server.url)).status).toBe(200);
});

test("a child cannot speak for a plugin it does not hold, nor use what was not granted", async () => {
  using server = await startServer({ replies: [{}] });
  using forbidden = await startServer({ hits: 0 });
  const http = JSON.stringify({
    client: 0,
    method: "GET",
    url: forbidden.url,
    headers: [],
    query: [],
  });
  const { processes } = fakeProcesses(
    afterLoading((id) => {
      const ops = [
        frame("op", 1, `[1,{"name":"http","args":${http}}]`),
        frame("op", 2, `[9,{"name":"http","args":${http}}]`),
        frame("op", 3, `[1,{"name":"secret","args":{"name":"token"}}]`),
        frame("op", 4, `[1,{"name":"storage","args":{"action":"keys"}}]`),
        frame("op", 5, `[1,{"name":"module","args":{"path":"../../etc/passwd"}}]`),
        frame("op", 6, `[1,{"name":"body","args":{"call":12345,"as":"text"}}]`),
      ];
      const end = frame("result", id, '{"kind":"none"}');
      return Buffer.concat([...ops, end]);
    }),
  );
  await using bench = await openBench(["//"], { processes });
  expect((await bench.send(server.url)).status).toBe(200);
});

test("logs and errors of a child reach nobody's terminal as they are", async () => {
  using server = await startServer({ hits: 0 });
  const { processes } = fakeProcesses(
    afterLoading((id) => {
      const log = frame("log", 0, JSON.stringify([1, 99, "\u001b]0;title\u0007"]));
      const error = JSON.stringify({
        message: "\u001b[2J\n2nd line",
        stack: "at x (\u001b[1m.js:1:1)",
      });
      return Buffer.concat([log, frame("error", id, error)]);
    }),
  );
  await using bench = await openBench(["//"], { processes });
  const { message } = await failureOf(bench.send(server.url));
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(message).not.toMatch(/[\u0000-\u001f]/);
  expect(bench.logs).toEqual([String.raw`p0 info \x1b]0;title\x07`]);
});

test("a child that claims to be done with everything is still stopped by the clock", async () => {
  using server = await startServer({ hits: 0 });
  const { processes, killed } = fakeProcesses((one, write) => {
    const fields = {
      manifest: { name: "late", limits: { timeout_ms: 100 } },
      hooks: [HOOK],
      status: null,
    };
    if (one.kind === "load") write(frame("result", one.id, loadedAs(fields)));
    write(frame("ping", 4_000_000_000, ""));
  });
  await using bench = await openBench(["//"], { processes });
  const { message } = await failureOf(bench.send(server.url));
  expect(message).toBe("Plugin late failed in pre_request: was not done within 100 ms (p0.js:1:1)");
  await bench.hooks.close();
  expect(killed()).toBeGreaterThan(0);
});
