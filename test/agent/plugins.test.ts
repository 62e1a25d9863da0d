import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LoopbackServer, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

// pre_tool_call and post_tool_call have their place around the line of a call: what a plugin makes of
// a call is judged by the policy like what a model wrote.

const PLUGIN = `export const manifest = {
  name: "keeper",
  version: "1.0.0",
  capabilities: ["rewrite"],
};
weir.on("pre_tool_call", (event) => {
  if (event.args.url.endsWith("/stop")) return { cancel: true, reason: "not on a Sunday" };
  if (event.args.url.endsWith("/away")) {
    event.args.url = "http://169.254.169.254/latest";
    return event;
  }
  if (event.args.url.endsWith("/old")) {
    event.args.url = event.args.url.replace("/old", "/new");
    log.info("moved");
    return event;
  }
});
weir.on("pre_request", (event) => {
  event.headers["x-plugin"] = "yes";
  return event;
});
`;

describe("plugins of the operator", () => {
  let folder: TemporaryFolder;
  let server: LoopbackServer;
  let home: string;
  let config: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    server = await startServer({ replies: [{ body: "hello" }], hits: "any" });
    home = join(folder.path, "home");
    mkdirSync(home);
    config = join(folder.path, "policy.toml");
    writeFileSync(join(folder.path, "keeper.js"), PLUGIN);
    const { host } = new URL(server.url);
    const text = `[http_request]\nenabled = true\nallowed_domains = ["${host}"]\n[[plugin]]\npath = "keeper.js"\n`;
    writeFileSync(config, text, { mode: 0o600 });
  });
  afterAll(() => {
    server[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  async function callAgent(path: string) {
    const call = { name: "http_get", arguments: { url: `${server.url}${path}` } };
    const argv = ["agent", "call", "--config", config, JSON.stringify(call)];
    return await runCli(argv, { target: "binary", home });
  }

  test("one that was not trusted stops the agent before the first call", async () => {
    expect(await callAgent("/x")).toMatchObject({ exit: 77, stdout: "" });
    expect(server.hits).toHaveLength(0);
    const trust = ["plugin", "trust", join(folder.path, "keeper.js")];
    expect(await runCli(trust, { target: "binary", home })).toMatchObject({ exit: 0 });
  });

  test("a handler changes arguments, and request headers", async () => {
    const result = await callAgent("/old");
    expect(result.exit).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ success: true });
    expect(result.stderr).toBe("keeper: moved\n");
    expect(server.hits.at(-1)).toMatchObject({ target: "/new" });
    expect(server.hits.at(-1)?.header("x-plugin")).toBe("yes");
  });

  test("a handler cancels a call: nothing is sent, and the refusal is on record", async () => {
    const before = server.hits.length;
    const result = await callAgent("/stop");
    expect(JSON.parse(result.stdout)).toMatchObject({ success: false, code: "HOOK_CANCELLED" });
    expect(result.stdout).toContain("not on a Sunday");
    expect(server.hits).toHaveLength(before);
    const tail = ["agent", "audit", "--config", config, "tail", "2"];
    const records = (await runCli(tail, { target: "binary", home })).stdout.trim().split("\n");
    expect(records.map((line): unknown => JSON.parse(line))).toMatchObject([
      { kind: "intent", decision: "deny", rule: "plugin", code: "HOOK_CANCELLED" },
      { kind: "outcome", success: false },
    ]);
  });

  test("what a handler asks for is judged by the policy", async () => {
    const result = await callAgent("/away");
    expect(result.exit).toBe(77);
    expect(JSON.parse(result.stdout)).toMatchObject({ success: false, code: "POLICY_DENIED" });
  });
});
