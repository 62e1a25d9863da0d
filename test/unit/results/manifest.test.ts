import { expect, test } from "bun:test";
import { manifestItems, manifestOf, type MergeStrategy } from "../../../lib/results/manifest.ts";
import {
  chunksOf,
  codeOfRejection,
  keepRequest,
  referenceOf,
  RunsFolder,
} from "../../support/results.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const PAGES = ['{"items":[1,2],"n":1}', '{"items":[],"n":2}', '{"items":[3],"n":3}'];

test.each<{ strategy: MergeStrategy; path: string; want: unknown[] }>([
  { strategy: "extend", path: "$.items", want: [1, 2, 3] },
  { strategy: "append", path: "$.items", want: [[1, 2], [], [3]] },
  { strategy: "collect", path: "$", want: PAGES.map((page) => JSON.parse(page)) },
])(
  "NO62 a manifest of $strategy lists its parts, and its items come in order",
  async ({ strategy, path, want }) => {
    using folder = temporaryFolder();
    using store = new RunsFolder(folder.path).store();
    const parts = [];
    for (const page of PAGES)
      parts.push(referenceOf(await store.keep(chunksOf(page), keepRequest())));
    const manifest = manifestOf(strategy, path, parts);
    expect(manifest).toEqual({
      kind: "manifest",
      strategy,
      merge_path: path,
      parts: [1, 2, 3].map((n) => ({ ref: `weir://run/r1/step/fetch/task/page/${n}` })),
      total_parts: 3,
      total_bytes: PAGES.join("").length,
    });
    const items: unknown[] = [];
    for await (const item of manifestItems(manifest, (ref) => store.open(ref))) items.push(item);
    expect(items).toEqual(want);
  },
);

test("NO62 a part that is gone is REFERENCE_NOT_AVAILABLE", async () => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  const reference = referenceOf(
    await store.keep(chunksOf(PAGES[0] ?? ""), keepRequest({ store: { scope: "step" } })),
  );
  await store.endStep("fetch");
  const items = manifestItems(manifestOf("extend", "$.items", [reference]), (ref) =>
    store.open(ref),
  );
  expect(await codeOfRejection(items.next())).toBe("REFERENCE_NOT_AVAILABLE");
});
