import { expect, test } from "bun:test";
import { runText } from "./run-support.ts";

const TEXT = `
- note: { kind: noop, spec: { policy: { rules: [ { else: { do: continue, set: { ctx.a: "{{ region }}" } } } ] } } }
`;

test("a run that is given the name goes through, without a warning", async () => {
  const run = await runText(TEXT, { workload: { region: "eu" } });
  expect(run).toMatchObject({ state: "done", warnings: 0 });
});

test("a run that is not given it does not begin", async () => {
  const error: unknown = await runText(TEXT).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "PIPELINE_INVALID",
    hint: "Give it with --set region=…, or declare it under workload",
    details: { file: "test.yaml", line: 2, column: 92 },
  });
});

// NO5: names that are there in some places only.
test.each([
  { name: "outcome", text: '- a: { kind: transform, value: "{{ outcome.status }}" }', in: "rules" },
  { name: "page", text: '- a: { kind: transform, value: "{{ page.data }}" }', in: "paginate.stop" },
  { name: "event", text: '- a: { kind: transform, value: "{{ event.name }}" }', in: "arcs" },
])("NO5 $name outside its place is refused before anything is sent", async (row) => {
  const error: unknown = await runText(row.text).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "PIPELINE_INVALID",
    message: `Nothing is named ${row.name}`,
    hint: expect.stringContaining(row.in),
  });
});

test("the workload may have a key of that name", async () => {
  const text = `
apiVersion: weir/v1
kind: Playbook
workload: { page: 3 }
workflow: [ { step: a, tool: { kind: transform, value: "{{ page }}" } } ]
`;
  expect(await runText(text)).toMatchObject({ state: "done", output: { a: 3 } });
});

test.each([
  { root: "workload", hint: "--set day=" },
  { root: "keychain", hint: "keychain: of the file" },
])("NO54 a missing $root value says where to declare it", async ({ root, hint }) => {
  const run = await runText(`- a: { kind: transform, value: "{{ ${root}.day }}" }`);
  expect(run.error).toMatchObject({ hint: expect.stringContaining(hint) });
});

test("env is no name: the hint says where values and secrets come from", async () => {
  const text = '- a: { kind: transform, value: "{{ env.API }}" }';
  const error: unknown = await runText(text).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ hint: expect.stringContaining("keychain:") });
});

test("a field of the data that is looked for beside it is found by the hint", async () => {
  const run = await runText(`
- a: { kind: transform, value: { total: 3 } }
- b: { kind: transform, value: "{{ a.total }}" }
`);
  expect(run.error).toMatchObject({ hint: "It is one level deeper: data.total" });
});
