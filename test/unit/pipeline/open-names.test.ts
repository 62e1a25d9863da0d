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
