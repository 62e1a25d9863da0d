import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("--session PATH keeps a file for its owner alone, and each origin apart", async () => {
  using folder = temporaryFolder();
  using one = await startServer({
    replies: [{ headers: { "Set-Cookie": "sid=1; Path=/" } }],
    hits: 2,
  });
  using two = await startServer({ replies: [{}], hits: 1 });
  const path = join(folder.path, "s.json");
  const options = { target: "binary" } as const;
  await runCli(["--session", path, "-a", "u:p", `${one.url}/a`, "X-Own:1"], options);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await runCli(["--session", path, `${one.url}/b`], options);
  await runCli(["--session", path, `${two.url}/c`], options);
  expect(one.hits[1]?.header("authorization")).toBe("Basic dTpw");
  expect(one.hits[1]?.header("x-own")).toBe("1");
  expect(one.hits[1]?.header("cookie")).toBe("sid=1");
  expect(two.hits[0]?.header("authorization")).toBeUndefined();
  expect(two.hits[0]?.header("x-own")).toBeUndefined();
});

test("a session that was unset a header forgets it", async () => {
  using folder = temporaryFolder();
  using server = await startServer({ replies: [{}], hits: 3 });
  const path = join(folder.path, "s.json");
  for (const items of [["X-Own:1"], ["X-Own:"], []]) {
    await runCli(["--session", path, server.url, ...items], { target: "binary" });
  }
  expect(server.hits.map((hit) => hit.header("x-own"))).toEqual(["1", undefined, undefined]);
});

test.each([
  { name: "a file that is no session", content: "{}", exit: 65 },
  { name: "a file that is no JSON", content: "nope", exit: 65 },
])("--session refuses $name and leaves it alone", async ({ content, exit }) => {
  using folder = temporaryFolder();
  using server = await startServer({});
  const path = join(folder.path, "s.json");
  writeFileSync(path, content);
  const result = await runCli(["--session", path, server.url], { target: "binary" });
  expect(result).toMatchObject({ exit, stdout: "" });
  expect(readFileSync(path, "utf8")).toBe(content);
});

test("--session refuses a name that would leave its folder", async () => {
  const result = await runCli(["--session", "..", "http://127.0.0.1:1"], { target: "binary" });
  expect(result).toMatchObject({ exit: 64 });
});

test("there is one Authorization: --auth before an item, an item before a session", async () => {
  using folder = temporaryFolder();
  using server = await startServer({ replies: [{}], hits: 3 });
  const path = join(folder.path, "s.json");
  const options = { target: "binary" } as const;
  await runCli([server.url, "-a", "u:p", "Authorization:Own x"], options);
  await runCli(["--session", path, "-a", "u:p", server.url], options);
  await runCli(["--session-read-only", path, server.url, "Authorization:Own x"], options);
  const sent = server.hits.map((hit) =>
    hit.headers
      .filter(([name]) => name.toLowerCase() === "authorization")
      .map(([, value]) => value),
  );
  expect(sent).toEqual([["Basic dTpw"], ["Basic dTpw"], ["Own x"]]);
});
