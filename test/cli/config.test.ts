import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

describe("the configuration", () => {
  let folder: TemporaryFolder;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder[Symbol.dispose]());

  function configFile(text: string): string {
    const path = join(folder.path, "config.toml");
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  test("lies below the flags", async () => {
    using server = await startServer({ replies: [{ status: 404, body: "nf" }], hits: "any" });
    const config = configFile('[defaults]\ncheck_status = false\nprint = "h"\n');
    const quiet = await runCli(["--config", config, server.url], { target: "binary" });
    expect(quiet).toMatchObject({ exit: 0, stdout: expect.stringContaining("HTTP/1.1 404") });
    const typed = await runCli(["--config", config, "--check-status", "--print=b", server.url], {
      target: "binary",
    });
    expect(typed).toMatchObject({ exit: 4, stdout: "nf" });
  });

  test("gives an alias its base, headers, query and credential; what is typed wins", async () => {
    using server = await startServer({ replies: [{}], hits: 1 });
    const config = configFile(`[alias.work]
base_url = "${server.url}/v1"
auth = "u:p"
headers = { X-Team = "blue", X-Own = "configured" }
query = { page = "1" }
`);
    const argv = ["--config", config, "@work/users", "X-Own:typed", "q==2"];
    expect(await runCli(argv, { target: "binary" })).toMatchObject({ exit: 0, stderr: "" });
    const [hit] = server.hits;
    expect(hit?.target).toBe("/v1/users?page=1&q=2");
    expect(hit?.header("x-team")).toBe("blue");
    expect(hit?.header("x-own")).toBe("typed");
    expect(hit?.header("authorization")).toBe("Basic dTpw");
  });

  test.each([
    {
      name: "an unknown key",
      text: "[defaults]\nfolow = true\n",
      says: ["config.toml:2:1", "follow"],
    },
    { name: "a bad value", text: '[defaults]\npretty = "al"\n', says: ["config.toml:2:", "all"] },
    { name: "a broken file", text: "[defaults\n", says: ["config.toml:1"] },
    {
      name: "an unknown alias",
      text: '[alias.work]\nbase_url = "http://a.test"\n',
      says: ["work"],
      url: "@wrok/x",
      exit: 64,
    },
  ])("says where $name stands", async ({ text, says, url = "http://127.0.0.1:1/", exit = 78 }) => {
    const result = await runCli(["--config", configFile(text), url], { target: "binary" });
    expect(result).toMatchObject({ exit, stdout: "" });
    for (const part of says) expect(result.stderr).toContain(part);
  });

  test("puts a URL below --base-url", async () => {
    using server = await startServer({ replies: [{}], hits: 1 });
    await runCli(["--base-url", `${server.url}/v1/`, "/users", "a==1"], { target: "binary" });
    expect(server.hits[0]?.target).toBe("/v1/users?a=1");
  });
});
