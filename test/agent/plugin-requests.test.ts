import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../lib/hooks/manifest.ts";
import { findPlugin } from "../../lib/hooks/resolve.ts";
import { writeTrust } from "../../lib/hooks/trust.ts";
import { bunRuntime } from "../../lib/runtime/bun.ts";
import { openWorld, type World } from "../support/agent-world.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

// What a plugin of an agent sends itself: judged by the hosts that were granted to it, and recorded and
// counted like the calls of the model.

const MANIFEST = { name: "asker", net: ["own.example.com"] };

/** Asks for what the model's URL says, before the call, and says what came. */
const PLUGIN = `export const plugin = ${JSON.stringify(MANIFEST)};
weir.on("pre_tool_call", async (event) => {
  for (const url of new URL(event.args.url).searchParams.getAll("own")) {
    const { status, error_code, body } = await http.post(url, { body: "text", headers: { cookie: "sid=s3cret" } });
    log.info(status, error_code ?? "-", body.length);
  }
});
weir.on("post_request", async (event) => {
  const url = new URL(event.url).searchParams.get("after");
  if (url) log.info("after", (await http.get(url)).status);
});
`;

const NAMES = {
  "api.example.com": [["203.0.114.7"]],
  "own.example.com": [["203.0.114.8"]],
  "other.example.com": [["203.0.114.9"]],
};

const OWN = "https://own.example.com/nonce";

let folder: TemporaryFolder;
let path: string;

beforeAll(async () => {
  folder = temporaryFolder();
  path = join(folder.path, "asker.js");
  writeFileSync(path, PLUGIN);
  const env = (key: string): string | undefined =>
    key === "XDG_DATA_HOME" ? folder.path : undefined;
  const runtime = { ...bunRuntime, env };
  const file = await findPlugin(path, runtime);
  await file.read(file.main);
  await writeTrust(runtime, file, readManifest(MANIFEST, path));
});

afterAll(() => folder[Symbol.dispose]());

async function askerWorld(quota = ""): Promise<World> {
  const config = `[http_request]
enabled = true
allowed_domains = ["api.example.com"]
${quota === "" ? "" : `[http_request.quota]\n${quota}`}
[[plugin]]
path = "${path}"
`;
  return await openWorld({ config, names: NAMES, env: { XDG_DATA_HOME: folder.path } });
}

/** Returns the URL of a call that makes the plugin ask for `urls`. */
function callFor(...urls: readonly string[]): string {
  return `https://api.example.com/?${urls.map((url) => `own=${encodeURIComponent(url)}`).join("&")}`;
}

test("PX26 a request of a plugin has its own two records, without what is sensitive", async () => {
  await using world = await askerWorld();
  expect(await world.get(callFor(OWN))).toMatchObject({ success: true });
  expect(world.warnings).toEqual(["asker: 200 - 2"]);
  const [intent, outcome] = world.audit();
  const about = { tool: "plugin:asker", method: "POST", url: OWN, rule: "plugin.net[0]" };
  expect(intent).toMatchObject({ ...about, kind: "intent", decision: "allow" });
  expect(intent).toMatchObject({ body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(outcome).toMatchObject({ ...about, kind: "outcome", status: 200, bytes: 2 });
  expect(world.auditText()).not.toContain("s3cret");
  const rest = world.audit().slice(2);
  expect(rest).toMatchObject([{ tool: "http_request" }, { tool: "http_request" }]);
});

test.each([
  { name: "that the model's list does not have", url: "https://other.example.com/" },
  { name: "that only the model's list has", url: "https://api.example.com/own" },
])("a plugin asks for a host $name in vain, and that is on record", async ({ url }) => {
  await using world = await askerWorld();
  await world.get(callFor(url));
  expect(world.warnings).toEqual(["asker: 0 policy 0"]);
  expect(world.audit().slice(0, 2)).toMatchObject([
    { kind: "intent", tool: "plugin:asker", decision: "deny", code: "POLICY_DENIED", url },
    { kind: "outcome", tool: "plugin:asker", success: false },
  ]);
  expect(world.arrivals.map(({ host, method }) => `${method} ${host}`)).toEqual([
    "GET api.example.com",
  ]);
});

test("PX28 requests of a plugin count in the quota, and end with it", async () => {
  await using world = await askerWorld("requests = 3");
  await world.get(callFor(OWN, OWN));
  const answer = await world.get(callFor(OWN));
  expect(world.warnings).toEqual(["asker: 200 - 2", "asker: 200 - 2", "asker: 0 policy 0"]);
  expect(answer).toMatchObject({ success: false, code: "POLICY_QUOTA" });
  expect(world.arrivals).toHaveLength(3);
  const state: unknown = JSON.parse(
    readFileSync(join(world.folder, "state/weir/agent/quota.json"), "utf8"),
  );
  // Two answers of a plugin, one of the model; none of them runs any more.
  expect(state).toMatchObject({ requests: 3, bytes: 6, running: [] });
});

test("a plugin may ask within the only call that is to run", async () => {
  await using world = await askerWorld("concurrent = 1\nrequests = 3");
  const url = `https://api.example.com/?own=${encodeURIComponent(OWN)}&after=${encodeURIComponent(OWN)}`;
  expect(await world.get(url)).toMatchObject({ success: true });
  expect(world.warnings).toEqual(["asker: 200 - 2", "asker: after 200"]);
  expect(await world.get("https://api.example.com/")).toMatchObject({ code: "POLICY_QUOTA" });
});

test("PX27 a request of a plugin that cannot be recorded is not sent", async () => {
  await using world = await askerWorld();
  rmSync(world.auditPath);
  mkdirSync(world.auditPath);
  expect(await world.get(callFor(OWN))).toMatchObject({ success: false, code: "AUDIT_WRITE" });
  expect(world.warnings).toEqual(["asker: 0 policy 0"]);
  expect(world.arrivals).toEqual([]);
});
