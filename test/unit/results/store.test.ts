import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { gunzipSync } from "node:zlib";
import { WeirError } from "../../../lib/base/errors.ts";
import { INLINE_CAP_BYTES } from "../../../lib/results/policy.ts";
import { openStored } from "../../../lib/results/stored.ts";
import {
  type KeepChanges,
  chunksOf,
  codeOfRejection,
  keepRequest,
  referenceOf,
  RunsFolder,
  textOf,
} from "../../support/results.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const BODY = JSON.stringify({
  items: Array.from({ length: 500 }, (_, id) => ({ id })),
  more: true,
});
const SHA256 = createHash("sha256").update(BODY).digest("hex");

/** As `codeOfRejection`, for a task that may throw at once. */
function codeOf(task: () => Promise<unknown>): Promise<string> {
  return codeOfRejection(Promise.try(task));
}

test("NO58 a body up to the inline cap is returned with its fields, and nothing is written", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const select = [{ path: "$.a", as: "a" }];
  const kept = await store.keep(chunksOf('{"a": 234}'), keepRequest({ select }));
  expect(kept).toMatchObject({ kind: "inline", extracted: { a: 234 }, notes: [] });
  expect(kept.kind === "inline" && new TextDecoder().decode(kept.bytes)).toBe('{"a": 234}');
  expect(await runs.files.stat(runs.folder())).toBeUndefined();
});

test("NO21 a secret in a body stands in no preview and not in the index, and in the fields", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store("r1", (text) => text.replaceAll("secret-1", "[redacted]"));
  const body = JSON.stringify({ a: "x".repeat(8), token: "secret-1", list: [{ t: "secret-1" }] });
  const select = [
    { path: "$.token", as: "token" },
    { path: "$.list", as: "list" },
  ];
  // The cut goes through the first of them.
  const about = keepRequest({ select, previewCapBytes: 32 });
  const { extracted, preview } = referenceOf(await store.keep(chunksOf(body), about));
  expect(extracted).toEqual({ token: "secret-1", list: [{ t: "secret-1" }] });
  expect(preview.sample).toBe('{"a":"xxxxxxxx","token":"[redact');
  const index = readFileSync(`${runs.folder()}/index.jsonl`, "utf8");
  expect(index).toContain('"extracted":{"token":"[redacted]","list":[{"t":"[redacted]"}]}');
  expect(index).not.toContain("secret-1");
});

test("a stored body that somebody replaced by a link is not followed", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const { ref } = referenceOf(await store.keep(chunksOf(BODY), keepRequest()));
  writeFileSync(`${folder.path}/key`, "PRIVATE");
  unlinkSync(`${runs.folder()}/${SHA256}`);
  symlinkSync(`${folder.path}/key`, `${runs.folder()}/${SHA256}`);
  expect(await codeOf(() => openStored(runs, ref))).toBe("REFERENCE_NOT_AVAILABLE");
  expect(await codeOf(() => store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
});

test("NO57 NO59 a larger body becomes a reference with type, size, hash, expiry and preview", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const select = [
    { path: "$.more", as: "more" },
    { path: "$.items[*].x", as: "xs" },
    { path: "$.none", as: "none" },
  ];
  const kept = await store.keep(chunksOf(BODY, 7), keepRequest({ select }));
  expect(kept).toEqual({
    kind: "reference",
    notes: [],
    reference: {
      kind: "result_ref",
      ref: "weir://run/r1/step/fetch/task/page/1",
      store: "disk",
      scope: "execution",
      expires_at: "2030-01-01T01:00:00.000Z",
      meta: {
        content_type: "application/json",
        bytes: BODY.length,
        sha256: SHA256,
        compression: "none",
      },
      extracted: { more: true, xs: [], none: null },
      preview: { truncated: true, bytes: 20, sample: BODY.slice(0, 20) },
    },
  });
  expect(await textOf(await store.open(referenceOf(kept).ref))).toBe(BODY);
  expect(await store.entry(referenceOf(kept).ref)).toEqual(referenceOf(kept));
});

test("NO59 files and folder are their owner's alone, and a file is named by the hash of its body", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  await store.keep(chunksOf(BODY), keepRequest());
  await store.keep(chunksOf(BODY), keepRequest({ store: { compression: "gzip" } }));
  expect(await runs.bodies()).toEqual([SHA256, `${SHA256}.gz`]);
  const mode = (path: string): number => statSync(path).mode & 0o777;
  expect(mode(runs.folder())).toBe(0o700);
  for (const name of await runs.files.list(runs.folder())) {
    expect([name, mode(`${runs.folder()}/${name}`)]).toEqual([name, 0o600]);
  }
  expect(readFileSync(`${runs.folder()}/${SHA256}`, "utf8")).toBe(BODY);
  expect(gunzipSync(readFileSync(`${runs.folder()}/${SHA256}.gz`)).toString()).toBe(BODY);
});

test.each<{ name: string; changes: KeepChanges }>([
  { name: "as it is", changes: {} },
  { name: "compressed", changes: { store: { compression: "gzip" } } },
  { name: "without end", changes: { store: { ttlMs: undefined } } },
  { name: "with odd names", changes: { step: "a/b ..", task: "ü%2F\ud800" } },
])("NO61 a later process opens a result that was kept $name", async ({ changes }) => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  const body = BODY.repeat(50);
  using store = runs.store();
  const { ref } = referenceOf(await store.keep(chunksOf(body), keepRequest(changes)));
  using later = runs.store();
  expect(await textOf(await later.open(ref))).toBe(body);
  const { reference, chunks } = await openStored(runs, ref);
  expect(reference).toEqual(await store.entry(ref));
  expect(await textOf(chunks)).toBe(body);
});

test("NO59 the same bytes are one file, and each result has a number of its own", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const kept = await Promise.all(
    Array.from({ length: 8 }, () => store.keep(chunksOf(BODY), keepRequest())),
  );
  const numbers = kept.map((one) => referenceOf(one).ref.split("/").at(-1));
  expect(new Set(numbers)).toEqual(new Set(["1", "2", "3", "4", "5", "6", "7", "8"]));
  expect(await runs.bodies()).toEqual([SHA256]);
});

test("a later process never gives a number again, not even one that was dropped or in memory", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  await store.keep(chunksOf(BODY), keepRequest({ store: { scope: "step" } }));
  await store.endStep("fetch");
  await store.keep(chunksOf(BODY), keepRequest({ store: { kind: "memory" } }));
  using later = runs.store();
  const { ref } = referenceOf(await later.keep(chunksOf(BODY), keepRequest()));
  expect(ref).toBe("weir://run/r1/step/fetch/task/page/3");
});

test("kind memory keeps the body in memory under the same URI, for this process alone", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const reference = referenceOf(
    await store.keep(
      chunksOf(BODY),
      keepRequest({ store: { kind: "memory", compression: "gzip" } }),
    ),
  );
  expect(reference).toMatchObject({ store: "memory", meta: { compression: "none" } });
  expect(await textOf(await store.open(reference.ref))).toBe(BODY);
  expect(await runs.bodies()).toEqual([]);
  expect(await codeOf(() => openStored(runs, reference.ref))).toBe("REFERENCE_NOT_AVAILABLE");
  using later = runs.store();
  expect(await codeOf(() => later.open(reference.ref))).toBe("REFERENCE_NOT_AVAILABLE");
});

test("memory takes no body above 64 MiB", async () => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  const body = chunksOf(new Uint8Array(64 * 1024 * 1024 + 1), 1024 * 1024);
  expect(await codeOf(() => store.keep(body, keepRequest({ store: { kind: "memory" } })))).toBe(
    "BODY_TOO_LARGE",
  );
});

describe("NO61 a reference that leads nowhere is REFERENCE_NOT_AVAILABLE", () => {
  test.each([
    "",
    "weir://run/r1",
    "weir://run/../step/a/task/b/1",
    "weir://run/%2e%2e/step/a/task/b/1",
    "weir://run/r1/step/../task/b/1/../../2",
    "weir://run/r1/step/a/task/b/0",
    "weir://run/r1/step/a/task/b/01",
    "weir://run/r1/step/%zz/task/b/1",
    "weir://run/r1/step/%61/task/b/1",
    "https://example.test/",
    `weir://run/r1/step/a/task/b/${"1".repeat(1000)}`,
    "weir://run/r1/step/a/task/b/7",
    "weir://run/r2/step/fetch/task/page/1",
  ])("%j", async (ref) => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    using store = runs.store();
    await store.keep(chunksOf(BODY), keepRequest());
    expect(await codeOf(() => store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
    expect(await codeOf(() => openStored(runs, ref))).toBe("REFERENCE_NOT_AVAILABLE");
  });

  test.each<KeepChanges>([{}, { store: { kind: "memory" } }])("expired %j", async (changes) => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    using store = runs.store();
    const { ref } = referenceOf(await store.keep(chunksOf(BODY), keepRequest(changes)));
    runs.clock.advance(3_599_999);
    await store.open(ref);
    runs.clock.advance(1);
    expect(await codeOf(() => store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
  });

  test.each<{ name: string; compression: "gzip" | "none"; damage: (path: string) => void }>([
    {
      name: "changed",
      compression: "none",
      damage: (path) => writeFileSync(path, BODY.replace("1", "2")),
    },
    { name: "longer", compression: "none", damage: (path) => appendFileSync(path, "x") },
    { name: "cut", compression: "none", damage: (path) => truncateSync(path, 100) },
    { name: "cut", compression: "gzip", damage: (path) => truncateSync(path, 100) },
    { name: "no gzip", compression: "gzip", damage: (path) => writeFileSync(path, "plain") },
  ])("its file is $name ($compression)", async ({ compression, damage }) => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    using store = runs.store();
    const { ref } = referenceOf(
      await store.keep(chunksOf(BODY), keepRequest({ store: { compression } })),
    );
    damage(`${runs.folder()}/${SHA256}${compression === "gzip" ? ".gz" : ""}`);
    expect(await codeOfRejection(textOf(await store.open(ref)))).toBe("REFERENCE_NOT_AVAILABLE");
  });

  test("its file is gone, and it is back once the same bytes are kept again", async () => {
    using folder = temporaryFolder();
    const runs = new RunsFolder(folder.path);
    using store = runs.store();
    const { ref } = referenceOf(await store.keep(chunksOf(BODY), keepRequest()));
    await runs.files.remove(`${runs.folder()}/${SHA256}`);
    expect(await codeOf(() => store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
    await store.keep(chunksOf(BODY), keepRequest());
    expect(await textOf(await store.open(ref))).toBe(BODY);
  });
});

test("endStep() drops what has the scope of that step, and no file that others name", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const keep = async (body: string, changes: KeepChanges): Promise<string> =>
    referenceOf(await store.keep(chunksOf(body), keepRequest(changes))).ref;
  const dropped = await keep(BODY, { store: { scope: "step" } });
  const dropped2 = await keep(`${BODY} `, { store: { scope: "step" } });
  const inMemory = await keep(BODY, { store: { scope: "step", kind: "memory" } });
  const same = await keep(BODY, {});
  const other = await keep(BODY, { step: "other", store: { scope: "step" } });
  await store.endStep("fetch");
  for (const ref of [dropped, dropped2, inMemory]) {
    expect(await codeOf(() => store.open(ref))).toBe("REFERENCE_NOT_AVAILABLE");
    expect(await codeOf(() => openStored(runs, ref))).toBe("REFERENCE_NOT_AVAILABLE");
  }
  for (const ref of [same, other]) expect(await textOf(await store.open(ref))).toBe(BODY);
  expect(await runs.bodies()).toEqual([SHA256]);
});

test("a line of the index that a crash cut names nothing and hides nothing", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const first = referenceOf(await store.keep(chunksOf(BODY), keepRequest()));
  const path = `${runs.folder()}/index.jsonl`;
  const line = readFileSync(path, "utf8");
  appendFileSync(path, line.slice(0, -20));
  using later = runs.store();
  const second = referenceOf(await later.keep(chunksOf(`${BODY} `), keepRequest()));
  for (const { ref, meta } of [first, second]) {
    const { chunks, reference } = await openStored(runs, ref);
    expect(reference.meta.sha256).toBe(meta.sha256);
    await textOf(chunks);
  }
  expect(second.ref).not.toBe(first.ref);
});

test.each([
  { name: "the body breaks off", select: [], want: "NET_TRUNCATED" },
  { name: "a field is too large", select: [{ path: "$[0]", as: "x" }], want: "SELECT_TOO_LARGE" },
])("nothing is left when $name", async ({ select, want }) => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunksOf(`["${"x".repeat(200_000)}"`);
    throw new WeirError("NET_TRUNCATED", "The response ended before it was complete");
  };
  for (const compression of ["gzip", "none"] as const) {
    const request = keepRequest({ select, store: { compression } });
    expect(await codeOf(() => store.keep(body(), request))).toBe(want);
  }
  expect(await runs.bodies()).toEqual([]);
});

test("NO57 a body whose size is known is refused before it is read", async () => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  let isRead = false;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    isRead = true;
    yield new Uint8Array(1);
  };
  const request = keepRequest({ select: [{ path: "$..a", as: "a" }], sizeBytes: 2 ** 30 });
  expect(await codeOf(() => store.keep(body(), request))).toBe("SELECT_NOT_STREAMED");
  expect(isRead).toBe(false);
});

test("NO58 with the caps of the specification 65536 bytes stay inline, and 1024 are previewed", async () => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  const request = keepRequest({ inlineCapBytes: INLINE_CAP_BYTES, previewCapBytes: 1024 });
  const inline = await store.keep(chunksOf("x".repeat(65_536)), request);
  expect(inline.kind).toBe("inline");
  const { preview } = referenceOf(await store.keep(chunksOf("x".repeat(65_537)), request));
  expect(preview).toEqual({ truncated: true, bytes: 1024, sample: "x".repeat(1024) });
});

test.each([
  {
    name: "cut before a character that it goes through",
    body: "é".repeat(20),
    cap: 21,
    sample: "é".repeat(10),
    bytes: 21,
  },
  {
    name: "the whole body when that is shorter",
    body: "é".repeat(10),
    cap: 21,
    sample: "é".repeat(10),
    bytes: 20,
  },
  { name: "empty when none is wanted", body: "é".repeat(10), cap: 0, sample: "", bytes: 0 },
])("NO58 the preview is $name", async ({ body, cap, sample, bytes }) => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  const kept = await store.keep(chunksOf(body, 3), keepRequest({ previewCapBytes: cap }));
  const truncated = bytes < Buffer.byteLength(body);
  expect(referenceOf(kept).preview).toEqual({ truncated, bytes, sample });
});

test("NO57 a stored body that is not JSON has null fields and a note", async () => {
  using folder = temporaryFolder();
  using store = new RunsFolder(folder.path).store();
  const kept = await store.keep(
    chunksOf("<html>".repeat(9)),
    keepRequest({ select: [{ path: "$.a", as: "a" }] }),
  );
  expect(referenceOf(kept).extracted).toEqual({ a: null });
  expect(kept.notes).toHaveLength(1);
});

test("a folder that cannot be written is IO_WRITE", async () => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  writeFileSync(runs.runsFolder, "a file");
  using store = runs.store();
  expect(await codeOf(() => store.keep(chunksOf(BODY), keepRequest()))).toBe("IO_WRITE");
});

test.each([
  { scope: "permanent", want: BODY },
  { scope: "execution", want: "REFERENCE_NOT_AVAILABLE" },
] as const)("NO61 a later run reads a result of scope $scope of this one, or not", async (row) => {
  using folder = temporaryFolder();
  const runs = new RunsFolder(folder.path);
  using store = runs.store();
  const { ref } = referenceOf(
    await store.keep(chunksOf(BODY), keepRequest({ store: { scope: row.scope } })),
  );
  using later = runs.store("r2");
  const read = async (): Promise<string> => {
    expect((await later.entry(ref)).meta.sha256).toBe(SHA256);
    return await textOf(await later.open(ref));
  };
  expect(await read().catch((error: unknown) => Reflect.get(Object(error), "code"))).toBe(row.want);
});
