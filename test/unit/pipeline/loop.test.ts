import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { collectBytes } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { TaskContext } from "../../../lib/pipeline/kinds/kind.ts";
import { LoopResults } from "../../../lib/pipeline/loop-results.ts";
import { ResultStore } from "../../../lib/results/store.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { runtime } from "../../support/wire.ts";
import { type Doing, failing, runText } from "./run-support.ts";

/** Items of the largest loop; `WEIR_TEST_ITEMS=1000000` makes it a million. */
const MANY = Number(process.env["WEIR_TEST_ITEMS"] ?? 50_000);

/** A step with a loop over `items` and one task, and a step after it. */
function loopOf(items: string, spec = "", task = "kind: noop"): string {
  return `
- step: each
  loop: { in: ${items}, iterator: item, spec: { ${spec} } }
  tool: [ { work: { ${task} } } ]
- step: after
  tool: [ { look: { kind: noop } } ]
`;
}

interface Iter {
  readonly index: number;
  readonly item: unknown;
}

function iterOf({ scope }: TaskContext): Iter {
  // The first layer is that of the tasks, which always have an iter.
  return Reflect.get(scope.layers[0] ?? {}, "iter") as Iter;
}

/** Waits a number of turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each([
  { name: "a list", items: "[a, b]", want: ["a", "b"] },
  { name: "a template that gives a list", items: `"{{ workload.ids }}"`, want: [7, 8] },
  { name: "a number", items: "3", want: [0, 1, 2] },
  { name: "a range", items: `"{{ range(2, 5) }}"`, want: [2, 3, 4] },
  {
    name: "a map",
    items: "{ x: 1, y: 2 }",
    want: [
      { key: "x", value: 1 },
      { key: "y", value: 2 },
    ],
  },
  { name: "an empty list", items: "[]", want: [] },
])("NO10 a loop goes over $name", async ({ items, want }) => {
  const run = await runText(loopOf(items), {
    workload: { ids: [7, 8] },
    works: { work: (context) => iterOf(context).item },
  });
  expect(run.error).toBeUndefined();
  expect(run.output).toMatchObject({ each: want });
});

test.each([
  { name: "a text", items: `"{{ 'abc' }}"` },
  { name: "none", items: `"{{ none }}"` },
  { name: "a part of a number", items: `"{{ 1.5 }}"` },
  { name: "a negative number", items: `"{{ -1 }}"` },
])("NO10 a loop over $name fails with its place", async ({ items }) => {
  const run = await runText(loopOf(items));
  expect(run.error?.details).toMatchObject({ step: "each", code: "TEMPLATE_TYPE", line: 3 });
});

test("NO10 each item has an iter of its own, and results keep the order of the input", async () => {
  const run = await runText(loopOf("20", "mode: parallel, max_in_flight: 8"), {
    works: {
      work: async (context) => {
        const { index, item } = iterOf(context);
        await turns(20 - index);
        expect(iterOf(context)).toEqual({ index, item });
        return index * 2;
      },
      look: ({ scope }) => Reflect.get(scope.layers[4] ?? {}, "each"),
    },
  });
  const data = Array.from({ length: 20 }, (_, index) => index * 2);
  expect(run.output).toEqual({
    each: data,
    after: { status: "ok", data, count: 20, ok: 20, failed: 0, errors: [] },
  });
});

test("NO10 max_in_flight is reached and never exceeded", async () => {
  let inFlight = 0;
  let most = 0;
  await runText(loopOf("200", "mode: parallel, max_in_flight: 8"), {
    works: {
      work: async (context) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await turns(iterOf(context).index % 5);
        inFlight -= 1;
      },
    },
  });
  expect(most).toBe(8);
});

test("NO10 a sequential loop has one item in flight", async () => {
  const order: string[] = [];
  await runText(loopOf("3"), {
    works: {
      work: async (context) => {
        const { index } = iterOf(context);
        order.push(`begin ${index}`);
        await turns(3 - index);
        order.push(`end ${index}`);
      },
    },
  });
  expect(order).toEqual(["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2"]);
});

test("labels belong to their item, and a label hides the step of the same name", async () => {
  const seen: unknown[] = [];
  const text = `
- step: each
  loop: { in: 3, iterator: item, spec: { mode: parallel } }
  tool:
    - one: { kind: noop }
    - two: { kind: noop }
- step: after
  tool: [ { look: { kind: noop, spec: { policy: { rules: [ { else: { do: continue, set: { ctx.has: "{{ one is defined }}" } } } ] } } } } ]
- step: show
  tool: [ { end: { kind: noop } } ]
`;
  await runText(text, {
    works: {
      one: async (context) => {
        const { index } = iterOf(context);
        await turns(5 - index);
        return index;
      },
      two: (context) => {
        const one = Reflect.get(context.scope.layers[2] ?? {}, "one") as { readonly data: number };
        seen.push([iterOf(context).index, one.data]);
      },
      end: ({ scope }) => seen.push(Reflect.get(scope.layers[1] ?? {}, "ctx")),
    },
  });
  expect(seen).toHaveLength(4);
  expect(seen).toContainEqual([0, 0]);
  expect(seen).toContainEqual([1, 1]);
  expect(seen).toContainEqual([2, 2]);
  expect(seen.at(-1)).toEqual({ has: false });
});

/** Fails items 7, 77 and 777 of a loop over 1,000. */
const sevens: Doing = (context) => {
  const { index } = iterOf(context);
  if (/^7+$/.test(String(index))) throw failing(404);
  return index;
};

test("on_error: continue goes on, keeps the places of what failed and warns of the count", async () => {
  const run = await runText(
    loopOf("1000", "mode: parallel, max_in_flight: 8, on_error: continue"),
    {
      works: { work: sevens, look: ({ scope }) => Reflect.get(scope.layers[4] ?? {}, "each") },
    },
  );
  expect(run.state).toBe("done");
  expect(run.steps["each"]).toEqual({ status: "ok", items: 1000, failed: 3 });
  const { each, after } = run.output as Record<string, Record<string, unknown>>;
  expect(each?.[6]).toBe(6);
  expect([each?.[7], each?.[77], each?.[777]]).toEqual([null, null, null]);
  expect(after).toMatchObject({ status: "ok", count: 1000, ok: 997, failed: 3 });
  expect(after?.["errors"]).toMatchObject([{ index: 7 }, { index: 77 }, { index: 777 }]);
  const warnings = run.events.filter(({ event }) => event === "warning");
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ message: '3 of 1000 items of step "each" failed' });
});

test("on_error: fail begins no item after the first that failed; those in flight finish", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const run = await runText(loopOf("1000", "mode: parallel, max_in_flight: 8"), {
    works: {
      work: async (context) => {
        const { index } = iterOf(context);
        begun.push(index);
        await turns(index === 7 ? 1 : 3);
        ended.push(index);
        if (index === 7) throw failing(404);
      },
    },
  });
  expect(run.state).toBe("failed");
  expect(run.failedAt).toMatchObject({ step: "each", task: "work", iteration: 7 });
  expect(run.error?.message).toStartWith('Step "each", task "work", item 7: ');
  expect(begun.length).toBeLessThanOrEqual(15);
  expect(ended.toSorted((a, b) => a - b)).toEqual(begun.toSorted((a, b) => a - b));
  expect(run.steps["each"]).toEqual({ status: "error", items: begun.length, failed: 1 });
});

test("a failed item ends the waits of the others, which try no more", async () => {
  const clock = fakeClock();
  const calls = new Map<number, number>();
  const run = await runText(
    loopOf(
      "4",
      "mode: parallel, max_in_flight: 4",
      "kind: noop, spec: { retry: { attempts: 5, delay: 3600, on: [503] } }",
    ),
    {
      clock,
      works: {
        work: async (context) => {
          const { index } = iterOf(context);
          calls.set(index, (calls.get(index) ?? 0) + 1);
          if (index > 0) throw failing(503);
          await turns(5);
          throw failing(404);
        },
      },
    },
  );
  expect(run.error?.message).toContain("item 0");
  expect([...calls.values()]).toEqual([1, 1, 1, 1]);
  expect(clock.pending()).toBe(0);
});

test("a failed item lets no other one jump back", async () => {
  let rounds = 0;
  const run = await runText(
    loopOf(
      "2",
      "mode: parallel",
      `kind: noop, spec: { policy: { rules: [ { when: "{{ outcome.status == 'ok' }}", then: { do: jump, to: work } } ] } }`,
    ),
    {
      works: {
        work: async (context) => {
          await turns(1);
          if (iterOf(context).index === 1 && rounds > 3) throw failing(404);
          rounds += 1;
        },
      },
    },
  );
  expect(run.failedAt).toMatchObject({ iteration: 1 });
  expect(rounds).toBeLessThan(10);
});

test.each([
  { threshold: "3", state: "done" },
  { threshold: "2", state: "failed" },
  { threshold: `"0.3%"`, state: "done" },
  { threshold: `"0.2%"`, state: "failed" },
])("3 failed items of 1,000 with a threshold of $threshold are $state", async (row) => {
  const spec = `mode: parallel, on_error: continue, threshold: ${row.threshold}`;
  const run = await runText(loopOf("1000", spec), { works: { work: sevens } });
  expect(run.state).toBe(row.state as typeof run.state);
  if (row.state !== "failed") return;
  expect(run.error?.hint).toContain("threshold");
  expect(run.error?.message).toContain("one of them: It was answered with");
});

test("NO11 a loop that is done is loop.done, one that failed is step.failed", async () => {
  const text = (onError: string) => `
- step: each
  loop: { in: [1], iterator: item, spec: { on_error: ${onError} } }
  tool: [ { work: { kind: noop } } ]
  next:
    - { step: done, when: "{{ event.name == 'loop.done' and event.result == [none] }}" }
    - { step: failed, when: "{{ event.name == 'step.failed' }}" }
- step: done
  tool: [ { one: { kind: noop } } ]
- step: failed
  tool: [ { two: { kind: noop } } ]
`;
  const works = {
    work: () => {
      throw failing(500);
    },
  };
  expect(Object.keys((await runText(text("continue"), { works })).steps)).toEqual(["each", "done"]);
  expect(Object.keys((await runText(text("fail"), { works })).steps)).toEqual(["each", "failed"]);
});

test("a run that is stopped ends the items in flight and begins none", async () => {
  const stop = new AbortController();
  let begun = 0;
  const run = await runText(loopOf("100", "mode: parallel, max_in_flight: 4"), {
    signal: stop.signal,
    works: {
      work: async ({ signal }) => {
        begun += 1;
        if (begun === 6) stop.abort(new WeirError("CANCELLED", "Stopped by SIGINT"));
        await turns(2);
        return signal.aborted;
      },
    },
  });
  expect(run.error).toMatchObject({ code: "CANCELLED" });
  expect(begun).toBeLessThanOrEqual(8);
});

test("a bug in one item ends the loop and is thrown", async () => {
  const running = runText(loopOf("100", "mode: parallel, max_in_flight: 4, on_error: continue"), {
    works: {
      work: (context) => {
        if (iterOf(context).index === 5) throw new TypeError("x is not a function");
      },
    },
  });
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "INTERNAL" });
});

test("items are read no further ahead than there is work for them", async () => {
  using folder = temporaryFolder();
  const lines = Array.from({ length: 200_000 }, (_, id) => JSON.stringify({ id })).join("\n");
  writeFileSync(`${folder.path}/items.ndjson`, lines);
  let readBytes = 0;
  const { files } = runtime;
  const run = await runText(loopOf(`{ file: "${folder.path}/items.ndjson" }`, "on_error: fail"), {
    works: {
      work: (context) => {
        if (iterOf(context).index === 10) throw failing(500);
      },
    },
    ports: {
      files: {
        ...files,
        async *chunks(path) {
          for await (const chunk of files.chunks(path)) {
            readBytes += chunk.length;
            yield chunk;
          }
        },
      },
    },
  });
  expect(run.failedAt).toMatchObject({ iteration: 10 });
  expect(readBytes).toBeLessThan(lines.length / 2);
});

test.each([
  { format: "ndjson", text: '{"id":1}\n\n{"id":2}\n', want: [1, 2] },
  { format: "json", text: '[{"id":1},{"id":2}]', want: [1, 2] },
  { format: "csv", text: "id,name\n1,a\n2,b\n", want: ["1", "2"] },
])("NO10 a loop goes over the items of a file: $format", async ({ format, text, want }) => {
  using folder = temporaryFolder();
  const file = `${folder.path}/items.${format}`;
  writeFileSync(file, text);
  const run = await runText(loopOf(`{ file: "{{ workload.file }}", format: ${format} }`), {
    workload: { file },
    works: { work: (context) => Reflect.get(iterOf(context).item ?? {}, "id") },
  });
  expect(run.error).toBeUndefined();
  expect(run.output).toMatchObject({ each: want });
});

test.each([
  { name: "that is not there", text: undefined, code: "IO_READ" },
  { name: "with a line that is no JSON", text: '{"id":1}\nid: 2\n', code: "DATA_BAD_JSON" },
])("a file $name fails the step", async ({ text, code }) => {
  using folder = temporaryFolder();
  const file = `${folder.path}/items.ndjson`;
  if (text !== undefined) writeFileSync(file, text);
  const run = await runText(loopOf(`{ file: "${file}" }`));
  expect(run.error?.details).toMatchObject({ step: "each", code });
});

test(`a loop over ${MANY} items of NDJSON writes its results to a file that another loop reads`, async () => {
  using folder = temporaryFolder();
  const file = `${folder.path}/items.ndjson`;
  const lines = Array.from({ length: MANY }, (_, id) => `{"id":${id},"name":"item ${id}"}\n`);
  writeFileSync(file, lines.join(""));
  let sum = 0;
  const text = `
- step: each
  loop: { in: { file: "${file}" }, iterator: item, spec: { mode: parallel, max_in_flight: 64 } }
  tool: [ { work: { kind: noop } } ]
- step: again
  loop: { in: { result: "{{ each.__ref__ }}" }, iterator: item, spec: { mode: parallel } }
  tool: [ { add: { kind: noop } } ]
`;
  const bytes = "x".repeat(Math.ceil((40 * 1024 * 1024) / MANY));
  const run = await runText(text, {
    works: {
      work: (context) => ({ id: Reflect.get(iterOf(context).item ?? {}, "id"), bytes }),
      add: (context) => (sum += Reflect.get(iterOf(context).item ?? {}, "id")),
    },
  });
  expect(run.error).toBeUndefined();
  expect(run.steps).toMatchObject({ each: { items: MANY }, again: { items: MANY } });
  expect(run.output).toMatchObject({ each: { count: MANY, ok: MANY, failed: 0 } });
  expect(sum).toBe((MANY * (MANY - 1)) / 2);
});

test("results that came in any order are written in the order of the input", async () => {
  using folder = temporaryFolder();
  using store = new ResultStore({ runId: "01JTEST", folder: folder.path, runtime });
  const results = new LoopResults({ store, step: "each", heldItems: 10 });
  const order = Array.from({ length: 50 }, (_, index) => (index * 7) % 50);
  // 21 and what is after 49 are never put: they were dropped.
  for (const index of order) if (index !== 21) results.put(index, { index });
  const data = await results.finish(51);
  if (!("reference" in data)) throw new Error("the results are not in a file");
  const text = new TextDecoder().decode(await collectBytes(await store.open(data.reference.ref)));
  const want = Array.from({ length: 51 }, (_, index) =>
    index === 21 || index === 50 ? "null" : `{"index":${index}}`,
  );
  expect(text.trimEnd().split("\n")).toEqual(want);
});

test("results that wait for one before them are bounded", async () => {
  using folder = temporaryFolder();
  using store = new ResultStore({ runId: "01JTEST", folder: folder.path, runtime });
  const results = new LoopResults({ store, step: "each", heldItems: 1 });
  const large = "x".repeat(1024 * 1024);
  for (let index = 1; index <= 40; index += 1) results.put(index, large);
  const room = results.room();
  expect(room).toBeDefined();
  results.put(0, "first");
  await room;
  await results.cancel();
});

test("results that cannot be written fail the step, and nobody waits for them", async () => {
  using folder = temporaryFolder();
  // A file stands where the folder of the results would be.
  writeFileSync(`${folder.path}/results`, "");
  using store = new ResultStore({ runId: "01JTEST", folder: `${folder.path}/results`, runtime });
  const results = new LoopResults({ store, step: "each", heldItems: 1 });
  const large = "x".repeat(1024 * 1024);
  for (let index = 0; index < 40; index += 1) {
    results.put(index, large);
    await results.room();
  }
  const error: unknown = await results.finish(40).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "IO_WRITE" });
});

test.each([
  { name: "a line that is no JSON", text: '{"id":1}\n{"id":2\n', says: "items.ndjson: Not valid" },
  { name: "no file at all", text: undefined, says: "items.ndjson: there is no such file" },
])("NO10 $name is said with the name of the file", async ({ text, says }) => {
  using folder = temporaryFolder();
  if (text !== undefined) writeFileSync(`${folder.path}/items.ndjson`, text);
  const run = await runText(loopOf(`{ file: "${folder.path}/items.ndjson" }`));
  expect(run.error?.message).toContain(says);
  expect(run.error?.message).not.toContain("ENOENT");
});
