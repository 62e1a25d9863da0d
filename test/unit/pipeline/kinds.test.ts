import { afterAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPluginClients } from "../../../lib/client.ts";
import { openScripts } from "../../../lib/hooks/scripts.ts";
import { compileSelect } from "../../../lib/results/select.ts";
import { ResultStore } from "../../../lib/results/store.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { startServer } from "../../support/loopback-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { type EndedRun, runText } from "./run-support.ts";

const scripts = openScripts({
  runtime: bunRuntime,
  createClient: createPluginClients({ runtime: bunRuntime, dial: { tls: { isVerified: true } } }),
  log: () => undefined,
});

afterAll(() => scripts.close());

/** Runs a list of tasks in a folder. */
function tasks(text: string, folder?: TemporaryFolder): Promise<EndedRun> {
  const ports = { scripts, ...(folder === undefined ? {} : { folder: folder.path }) };
  return runText(text, { ports });
}

/** Returns the result of the one step of a list of tasks. */
function resultOf(run: EndedRun): unknown {
  expect(run.error).toBeUndefined();
  return Object.values(Object(run.output))[0];
}

test.each([
  {
    name: "value is the data, with the type it has",
    text: '- a: { kind: transform, value: { list: "{{ [1, 2] }}", text: "n {{ 1 }}" } }',
    want: { list: [1, 2], text: "n 1" },
  },
  {
    name: "set gives fields, each of which sees the ones before it",
    text: '- a: { kind: transform, set: { one: 1, two: "{{ one + 1 }}" }, value: "{{ two * 10 }}" }\n- b: { kind: transform, value: "{{ [a.one, a.two, a.data] }}" }',
    want: [1, 2, 20],
  },
  {
    name: "without value the data is the map of the fields",
    text: '- a: { kind: transform, set: { one: 1, two: "{{ one }}" } }',
    want: { one: 1, two: 1 },
  },
])("transform: $name", async ({ text, want }) => {
  expect(resultOf(await tasks(text))).toEqual(want);
});

test("transform: a template that fails stops the run whatever the rules say", async () => {
  const text = `- a:
    kind: transform
    value: "{{ 1 / 0 }}"
    spec: { policy: { rules: [ { else: { then: { do: continue } } } ] } }
`;
  const run = await tasks(text);
  expect(run.state).toBe("failed");
  expect(run.error?.details).toMatchObject({ kind: "template", line: 3 });
});

test("script: it takes arguments and gives data", async () => {
  const text = `- a: { kind: script, args: { n: "{{ 6 }}" }, code: "return { n: args.n * 7 }" }`;
  expect(resultOf(await tasks(text))).toEqual({ n: 42 });
});

test("script: a file is looked for beside the pipeline, and names its own lines", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "ok.ts"), "export default (a: { n: number }) => a.n + 1;");
  expect(resultOf(await tasks("- a: { kind: script, file: ok.ts, args: { n: 1 } }", folder))).toBe(
    2,
  );
  writeFileSync(join(folder.path, "bad.js"), "export default () => {\n  null.x;\n};");
  const run = await tasks("- a: { kind: script, file: bad.js }", folder);
  expect(run.error?.message).toContain("bad.js:2:");
});

test("script: code in the pipeline names the lines of the pipeline file", async () => {
  const text = `- a:
    kind: script
    code: |
      const given = args;
      return given.no.thing;
`;
  const run = await tasks(text);
  expect(run.error?.message).toContain("test.yaml.js:5:");
});

test("script: its failure is an outcome that rules can take", async () => {
  const text = `- a:
    kind: script
    code: "throw new Error('no')"
    spec: { policy: { rules: [ { when: "{{ outcome.error.code == 'HOOK_FAILED' }}", then: { do: continue } } ] } }
- b: { kind: transform, value: went on }
`;
  expect(resultOf(await tasks(text))).toBe("went on");
});

test("script: it reaches the hosts of net and no other", async () => {
  using allowed = await startServer({ replies: [{ json: {} }] });
  using forbidden = await startServer();
  const code = "return [(await http.get(args[0])).status, (await http.get(args[1])).status]";
  const urls = JSON.stringify([allowed.url, forbidden.url]);
  const text = `- a: { kind: script, net: ["127.0.0.1:${allowed.port}"], args: ${urls}, code: ${JSON.stringify(code)} }`;
  expect(resultOf(await tasks(text))).toEqual([200, 0]);
  expect(forbidden.hits).toEqual([]);
});

test("write: rows of all items are in one file, which is begun anew once a run", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "out.csv"), "old\n");
  const text = `- step: s
  loop: { in: 4, iterator: n, spec: { mode: parallel, max_in_flight: 4 } }
  tool:
    - save: { kind: write, to: out.csv, rows: { n: "{{ iter.n }}" } }
`;
  for (let round = 0; round < 2; round += 1) {
    const run = await tasks(text, folder);
    expect(run.error).toBeUndefined();
    const lines = readFileSync(join(folder.path, "out.csv"), "utf8").trimEnd().split("\n");
    expect([lines[0], lines.slice(1).toSorted()]).toEqual(["n", ["0", "1", "2", "3"]]);
  }
});

test("write: standard output takes the place of the run's output", async () => {
  const run = await tasks(
    '- a: { kind: write, to: "-", format: csv, rows: [ { a: 1 }, { a: 2 } ] }',
  );
  expect([run.printed, run.isPrinted]).toEqual(["a\n1\n2\n", true]);
});

test.each([
  { name: "an ending that names no format", task: "to: '{{ execution_id }}.xyz'" },
  { name: "adding to a file that is written whole", task: "to: '{{ \"x\" }}.json', mode: append" },
])("write: $name fails the task, and the file stays as it was", async ({ task }) => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "x.json"), "[1]\n");
  const run = await tasks(`- a: { kind: write, ${task}, rows: [2] }`, folder);
  expect(run.error?.details["code"]).toBe("DATA_BAD_FILE");
  expect(readFileSync(join(folder.path, "x.json"), "utf8")).toBe("[1]\n");
});

test("write: a file that cannot be written fails the task and names the file", async () => {
  using folder = temporaryFolder();
  const run = await tasks("- a: { kind: write, to: no/out.csv, rows: [] }", folder);
  expect(run.error?.message).toContain("no/out.csv: its folder does not exist");
});

/** Keeps a body in the results of a run, and returns its reference. */
async function kept(store: ResultStore, body: string, contentType: string): Promise<string> {
  const one = await store.keep(
    (async function* () {
      yield new TextEncoder().encode(body);
    })(),
    {
      step: "s",
      task: "t",
      contentType,
      policy: {
        store: { kind: "disk", scope: "execution", ttlMs: undefined, compression: "gzip" },
        select: [],
        inlineCapBytes: 0,
        previewCapBytes: 10,
      },
      plan: compileSelect([]),
    },
  );
  if (one.kind !== "reference") throw new Error("It was kept inline");
  return one.reference.ref;
}

test.each([
  { name: "JSON is read", type: "application/json", body: '{"a":[1]}', want: { a: [1] } },
  { name: "other text stays text", type: "text/plain", body: '{"a":[1]}', want: '{"a":[1]}' },
])("NO61 artifact: $name", async ({ type, body, want }) => {
  using folder = temporaryFolder();
  using results = new ResultStore({
    runId: "01JTEST",
    folder: folder.path,
    runtime: bunRuntime,
  });
  const ref = await kept(results, body, type);
  const run = await runText(`- a: { kind: artifact, ref: "${ref}" }`, { ports: { results } });
  expect(resultOf(run)).toEqual(want);
});

test("NO61 artifact: a reference that is not there is REFERENCE_NOT_AVAILABLE, and rules see it", async () => {
  const text = `- a:
    kind: artifact
    ref: "weir://run/01JTEST/step/s/task/t/9"
    spec: { policy: { rules: [ { when: "{{ outcome.error.code == 'REFERENCE_NOT_AVAILABLE' and outcome.error.retryable }}", then: { do: continue } } ] } }
- b: { kind: transform, value: recovered }
`;
  expect(resultOf(await tasks(text))).toBe("recovered");
});

test("NO62 artifact: pages that were stored one by one are read as one list", async () => {
  using server = await startServer({
    replies: [{ json: { items: [1, 2], next: "/b" } }, { json: { items: [3], next: null } }],
  });
  const text = `- pages:
    kind: http
    url: ${server.url}/a
    spec: { paginate: { type: next_url, from: "$.next", accumulate: { path: "$.items", to: disk } } }
- back: { kind: artifact, ref: "{{ pages.__ref__ }}" }
`;
  // On a clock that stands still, so that no wait for the server is over at once.
  expect(resultOf(await runText(text, { clock: fakeClock() }))).toEqual([1, 2, 3]);
});
