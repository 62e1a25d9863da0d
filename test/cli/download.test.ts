import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { startRawServer } from "../support/raw-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const REDIRECTED = {
  "/old.txt": { status: 302, headers: { Location: "/new" }, body: "moved" },
  "/new": { body: "DATA" },
};

describe.each(["source", "binary"] as const)("weir --download from %s", (target) => {
  test("follows a redirect without --follow; the name is the one typed", async () => {
    using folder = temporaryFolder();
    using server = await startServer({ routes: REDIRECTED });
    const options = { target, cwd: folder.path };
    expect(await runCli(["-d", `${server.url}/old.txt`], options)).toMatchObject({ exit: 0 });
    expect(readFileSync(join(folder.path, "old.txt"), "utf8")).toBe("DATA");
  });

  test("saves nothing of a redirect that --no-follow keeps", async () => {
    using folder = temporaryFolder();
    using server = await startServer({ routes: REDIRECTED, hits: "any" });
    const argv = ["-d", "--no-follow", `${server.url}/old.txt`];
    const { exit, stderr } = await runCli(argv, { target, cwd: folder.path });
    expect({ exit, files: readdirSync(folder.path) }).toEqual({ exit: 3, files: [] });
    expect(stderr).toContain("HTTP 302 Found, so nothing was saved");
  });

  test("adds -1 and -2 to a name that is taken", async () => {
    using folder = temporaryFolder();
    using server = await startServer({ replies: [{ body: "DATA" }], hits: "any" });
    const options = { target, cwd: folder.path };
    for (const name of ["report.csv", "report-1.csv"]) {
      writeFileSync(join(folder.path, name), "mine");
    }
    await runCli(["-d", `${server.url}/report.csv`], options);
    expect(readdirSync(folder.path).sort()).toEqual(["report-1.csv", "report-2.csv", "report.csv"]);
    expect(readFileSync(join(folder.path, "report-2.csv"), "utf8")).toBe("DATA");
    expect(readFileSync(join(folder.path, "report.csv"), "utf8")).toBe("mine");
  });

  test("keeps and names what came of a body that is cut", async () => {
    using folder = temporaryFolder();
    using server = await startRawServer(async (connection) => {
      await connection.until((text) => text.includes("\r\n\r\n"));
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
      connection.end();
    });
    const argv = ["-d", `${server.url}/part.bin`];
    const { exit, stderr } = await runCli(argv, { target, cwd: folder.path });
    expect(exit).toBe(69);
    expect(stderr).toContain("part.bin holds the first 4 bytes");
    expect(readFileSync(join(folder.path, "part.bin"), "utf8")).toBe("half");
  });

  test("writes the parts that are asked for to standard error", async () => {
    using folder = temporaryFolder();
    using server = await startServer({ replies: [{ body: "DATA" }] });
    const argv = ["-d", "--print", "Hhbm", "-o", "x", server.url];
    const { stdout, stderr } = await runCli(argv, { target, cwd: folder.path });
    expect(stdout).toBe("");
    const order = ["GET / HTTP/1.1", "HTTP/1.1 200 OK", "x: Done. 4 B", "Elapsed time: "];
    const places = order.map((text) => stderr.indexOf(text));
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(places[0]).toBe(0);
    expect(stderr).not.toContain("DATA");
  });

  test.each([
    { name: "in a folder that is not there", path: "none/x", says: "its folder does not exist" },
    { name: "below a file", path: "file/x", says: "not a folder" },
    { name: "that is a folder", path: ".", says: "it is a directory" },
  ])("sends nothing when -o names a place $name", async ({ path, says }) => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "file"), "mine");
    using server = await startServer({ hits: 0 });
    for (const flag of ["-d", "--print=b"]) {
      const argv = [flag, "-o", path, server.url, "a=1"];
      const { exit, stderr } = await runCli(argv, { target, cwd: folder.path });
      expect(exit).toBe(74);
      expect(stderr).toContain(says);
    }
    expect(readFileSync(join(folder.path, "file"), "utf8")).toBe("mine");
  });
});
