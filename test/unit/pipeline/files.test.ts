import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { pathIn } from "../../../lib/pipeline/files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** A folder of a pipeline in a clone that somebody else filled with links. */
function hostileFolder() {
  const outer = temporaryFolder();
  const folder = `${outer.path}/clone`;
  mkdirSync(`${folder}/data/.git`, { recursive: true });
  mkdirSync(`${outer.path}/clone-2`);
  writeFileSync(`${outer.path}/key`, "secret");
  writeFileSync(`${folder}/data/rows.csv`, "a\n1\n");
  symlinkSync(outer.path, `${folder}/up`);
  symlinkSync(`${outer.path}/key`, `${folder}/key.txt`);
  symlinkSync(`${outer.path}/not-there`, `${folder}/dangling.csv`);
  symlinkSync("../clone-2", `${folder}/sibling`);
  symlinkSync("round.csv", `${folder}/round.csv`);
  symlinkSync("data", `${folder}/inside`);
  return { folder, [Symbol.dispose]: () => outer[Symbol.dispose]() };
}

describe("pathIn() without --trust", () => {
  test.each([
    { name: "an absolute path", path: "/etc/passwd" },
    { name: "the folder above", path: "../key" },
    { name: "the folder above, later", path: "data/../../key" },
    { name: "the folder above, where it leads back", path: "data/../data/rows.csv" },
    { name: "a hidden file", path: ".env" },
    { name: "a file in a hidden folder", path: "data/.git/config" },
    { name: "a link to a file", path: "key.txt" },
    { name: "a link to a folder", path: "up/key" },
    { name: "a new file behind a link", path: "up/new.csv" },
    { name: "a new folder behind a link", path: "up/new/new.csv" },
    { name: "a link to nothing, which writing would make", path: "dangling.csv" },
    { name: "a folder whose name begins alike", path: "sibling/new.csv" },
  ])("refuses $name", async ({ path }) => {
    using hostile = hostileFolder();
    const work = pathIn({ folder: hostile.folder, isTrusted: false }, path);
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "PIPELINE_UNTRUSTED", details: { path } });
  });

  test.each([
    { name: "a file", path: "data/rows.csv" },
    { name: "a file that is not there", path: "data/new.csv" },
    { name: "a folder that is not there", path: "new/folder/new.csv" },
    { name: "a path that begins with a dot and a slash", path: "./data/./rows.csv" },
    { name: "a link that stays inside", path: "inside/rows.csv" },
    { name: "dots within a name", path: "a..b.csv" },
    { name: "a tilde, which is a name like others", path: "~/rows.csv" },
  ])("takes $name", async ({ path }) => {
    using hostile = hostileFolder();
    const { folder } = hostile;
    expect(await pathIn({ folder, isTrusted: false }, path)).toBe(`${folder}/${path}`);
  });

  test("takes an absolute path that leads below the folder, and no other", async () => {
    using hostile = hostileFolder();
    const { folder } = hostile;
    const place = { folder, isTrusted: false };
    expect(await pathIn(place, `${folder}/data/rows.csv`)).toBe(`${folder}/data/rows.csv`);
    expect(pathIn(place, `${folder}-2/rows.csv`)).rejects.toMatchObject({
      code: "PIPELINE_UNTRUSTED",
    });
    expect(pathIn(place, `${folder}/../key`)).rejects.toMatchObject({ code: "PIPELINE_UNTRUSTED" });
    expect(pathIn(place, `${folder}/up/key`)).rejects.toMatchObject({ code: "PIPELINE_UNTRUSTED" });
  });

  test("takes what is below a folder that is itself behind a link", async () => {
    using hostile = hostileFolder();
    const folder = `${hostile.folder}/up/clone`;
    expect(await pathIn({ folder, isTrusted: false }, "data/rows.csv")).toContain("rows.csv");
  });
});

test("pathIn() of a trusted pipeline leads anywhere", async () => {
  using hostile = hostileFolder();
  const place = { folder: hostile.folder, isTrusted: true };
  expect(await pathIn(place, "/etc/passwd")).toBe("/etc/passwd");
  expect(await pathIn(place, "up/key")).toBe(`${hostile.folder}/up/key`);
});
