import { describe, expect, test } from "bun:test";
import type { Agent } from "../../../lib/agent/agent.ts";
import type { Envelope } from "../../../lib/agent/envelope.ts";
import { failure } from "../../../lib/agent/envelope.ts";
import { serveLines } from "../../../lib/agent/serve.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { refusalOf } from "../../support/audit.ts";

const encoder = new TextEncoder();

/** An agent whose calls end when the test says so; `id` tells them apart. */
function slowAgent() {
  const waiting = new Map<unknown, (answer: Envelope) => void>();
  const signals: (AbortSignal | undefined)[] = [];
  const agent: Agent = {
    call(value, signal) {
      const { promise, resolve } = Promise.withResolvers<Envelope>();
      signals.push(signal);
      // The tests below send nothing else.
      waiting.set((value as { id: unknown }).id, resolve);
      return promise;
    },
    close: () => undefined,
  };
  const end = (id: number): void => waiting.get(id)?.(failure(id, new WeirError("NET_DNS", "no")));
  return { agent, end, signals, count: () => waiting.size };
}

/** Answers at once with the id it was given. */
const echo: Agent = {
  call: (value) => {
    const { id } = value as { id: number };
    return Promise.resolve(failure(id, new WeirError("NET_DNS", "no")));
  },
  close: () => undefined,
};

async function* bytesOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? encoder.encode(chunk) : chunk;
}

interface Written {
  readonly id: unknown;
  readonly code?: string;
  readonly error?: string;
}

async function serve(agent: Agent, input: AsyncIterable<Uint8Array>): Promise<readonly Written[]> {
  const written: Written[] = [];
  await serveLines(agent, {
    input,
    write: async (line) => {
      // Several turns, so that lines could mix.
      await new Promise((resolve) => setImmediate(resolve));
      expect(line.indexOf("\n")).toBe(line.length - 1);
      written.push(JSON.parse(line) as Written);
    },
    signal: new AbortController().signal,
  });
  return written;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("PX11 serveLines()", () => {
  test.each([
    { name: "a line in pieces", chunks: ['{"i', 'd":', "7}\n"], ids: [7] },
    {
      name: "several lines in one piece",
      chunks: ['{"id":1}\n{"id":2}\n{"id":3}\n'],
      ids: [1, 2, 3],
    },
    { name: "a last line without its end", chunks: ['{"id":1}\n{"id":2}'], ids: [1, 2] },
    {
      name: "CR LF, empty lines and lines of spaces",
      chunks: ['\n\r\n  \n{"id":1}\r\n\n'],
      ids: [1],
    },
    { name: "nothing", chunks: [], ids: [] },
    {
      name: "a character in two pieces",
      chunks: [encoder.encode('{"id":"ü"}').slice(0, 8), encoder.encode('{"id":"ü"}\n').slice(8)],
      ids: ["ü"],
    },
  ])("reads $name", async ({ chunks, ids }) => {
    const written = await serve(echo, bytesOf(...chunks));
    expect(written.map(({ id }) => id)).toEqual([...ids]);
  });

  test("answers in the order in which calls are done", async () => {
    const { agent, end, count } = slowAgent();
    const served = serve(agent, bytesOf('{"id":1}\n{"id":2}\n{"id":3}\n'));
    while (count() < 3) await settled();
    for (const id of [3, 1, 2]) end(id);
    expect((await served).map(({ id }) => id)).toEqual([3, 1, 2]);
  });

  test("answers what runs when the input ends", async () => {
    const { agent, end, count } = slowAgent();
    const served = serve(agent, bytesOf('{"id":1}\n'));
    while (count() < 1) await settled();
    await settled();
    end(1);
    expect(await served).toHaveLength(1);
  });

  test("runs 64 calls side by side and reads no further line meanwhile", async () => {
    const { agent, end, count } = slowAgent();
    const lines = Array.from({ length: 80 }, (_, at) => `{"id":${at}}\n`);
    const served = serve(agent, bytesOf(...lines));
    while (count() < 64) await settled();
    for (let turn = 0; turn < 20; turn += 1) await settled();
    expect(count()).toBe(64);
    end(5);
    while (count() < 65) await settled();
    for (let id = 0; id < 80; id += 1) {
      while (count() <= id) await settled();
      end(id);
      await settled();
    }
    expect(await served).toHaveLength(80);
  });
});

describe("PX11 a line that is no call", () => {
  test.each([
    { name: "text", line: "GET https://api.test/" },
    { name: "JSON that breaks off", line: '{"id":1,' },
    { name: "two objects", line: '{"id":1}{"id":2}' },
    { name: "a word of a megabyte", line: "x".repeat(1_000_000) },
    { name: "bytes that are no UTF-8", line: new Uint8Array([0xff, 0xfe, 0x00]) },
  ])("of $name is answered, and the next one is read", async ({ line }) => {
    const [first, second] = await serve(echo, bytesOf(line, "\n", '{"id":2}\n'));
    expect(first).toMatchObject({ id: null, code: "DATA_BAD_CALL" });
    expect(first?.error?.length).toBeLessThan(300);
    expect(second).toMatchObject({ id: 2 });
  });

  test("of more than 16 MiB is thrown away while it comes, answered once, and the next one is read", async () => {
    const mega = new Uint8Array(1024 * 1024).fill(0x61);
    const input = bytesOf(...Array.from({ length: 20 }, () => mega), "\n", '{"id":2}\n');
    const written = await serve(echo, input);
    expect(written).toMatchObject([{ id: null, code: "DATA_BAD_CALL" }, { id: 2 }]);
  });
});

describe("serveLines() ends", () => {
  /** Never yields again and never ends, like a pipe whose writer waits. */
  async function* openInput(text: string): AsyncGenerator<Uint8Array> {
    yield encoder.encode(text);
    await new Promise(() => undefined);
  }

  test("with the error when answers cannot be written, while the input stays open", async () => {
    const gone = new WeirError("IO_WRITE", "Nobody reads");
    const served = serveLines(echo, {
      input: openInput('{"id":1}\n'),
      write: () => Promise.reject(gone),
      signal: new AbortController().signal,
    });
    expect(await refusalOf(served)).toBe(gone);
  });

  test("on a signal, which reaches the calls that run", async () => {
    const { agent, end, count, signals } = slowAgent();
    const controller = new AbortController();
    const written: string[] = [];
    const served = serveLines(agent, {
      input: openInput('{"id":1}\n'),
      write: (line) => Promise.resolve(void written.push(line)),
      signal: controller.signal,
    });
    while (count() < 1) await settled();
    controller.abort();
    expect(signals[0]?.aborted).toBe(true);
    end(1);
    await served;
    expect(written).toHaveLength(1);
  });
});
