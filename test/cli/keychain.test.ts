import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Runs weir with a configuration whose entries go to loopback. */
async function runWith(config: string, argv: readonly string[]) {
  using folder = temporaryFolder();
  const path = join(folder.path, "config.toml");
  writeFileSync(path, config, { mode: 0o600 });
  const env = { TOKEN: "tok-value-1", SECRET: "client-secret-2" };
  return await runCli(["--config", path, ...argv], { target: "binary", env });
}

test("RQ58 -a @NAME dresses the request with an entry of the keychain", async () => {
  using server = await startServer({ replies: [{ body: "ok" }] });
  const config = '[keychain.gh]\nkind = "bearer"\ntoken = "env:TOKEN"\n';
  const result = await runWith(config, ["-a", "@gh", server.url, "Authorization:Own x"]);
  expect(result).toMatchObject({ exit: 0, stdout: "ok" });
  expect(server.hits[0]?.header("authorization")).toBe("Bearer tok-value-1");
});

test("RQ58 an entry of kind oauth2 asks for its token, and the program ends at once", async () => {
  const token = { json: { access_token: "fetched-token-3" } };
  using server = await startServer({ routes: { "POST /token": token, "GET /": {} } });
  const config = `[keychain.partner]
kind = "oauth2"
endpoint = "${server.url}/token"
client_id = "abc"
client_secret = "env:SECRET"
hosts = ["127.0.0.1"]
`;
  expect(await runWith(config, ["-a", "@partner", server.url])).toMatchObject({ exit: 0 });
  expect(server.hits.map((hit) => hit.header("authorization"))).toEqual([
    `Basic ${btoa("abc:client-secret-2")}`,
    "Bearer fetched-token-3",
  ]);
});

test("RQ58 an entry whose value is a command runs it, without a shell", async () => {
  using server = await startServer({ replies: [{}] });
  const config = '[keychain.own]\nkind = "command"\ncommand = ["printf", "%s", "a $(id)"]\n';
  expect(await runWith(config, ["-a", "@own", server.url])).toMatchObject({ exit: 0 });
  expect(server.hits[0]?.header("authorization")).toBe("Bearer a $(id)");
});

test.each([
  { name: "-v", argv: ["-v"], hits: 1 },
  { name: "--offline", argv: ["--offline"], hits: 0 },
])("NO21 $name shows the request without what the keychain gave", async ({ argv, hits }) => {
  using server = await startServer({ replies: [{ body: "tok-value-1 is yours" }], hits });
  const config = '[keychain.gh]\nkind = "api_key"\nkey = "env:TOKEN"\nquery = "key"\n';
  const result = await runWith(config, ["-a", "@gh", ...argv, server.url]);
  expect(result.exit).toBe(0);
  const [head = "", ...rest] = result.stdout.split("\n");
  expect(head).toContain("GET /?key=[redacted]");
  // A person's own response is never altered.
  expect(rest.join("\n").includes("tok-value-1 is yours")).toBe(hits === 1);
});

test("--offline asks for no token", async () => {
  using server = await startServer({ hits: 0 });
  const config = `[keychain.partner]
kind = "oauth2"
endpoint = "${server.url}/token"
client_id = "abc"
client_secret = "env:SECRET"
`;
  const result = await runWith(config, ["--offline", "-a", "@partner", server.url]);
  expect(result).toMatchObject({ exit: 64, stdout: "" });
  expect(result.stderr).toContain("--offline sends nothing");
});

test.each([
  { name: "an entry that is not there", argv: ["-a", "@hg"], exit: 78, says: "Did you mean gh" },
  { name: "an entry for another host", argv: ["-a", "@gh"], exit: 77, says: "is not sent to" },
  {
    name: "a scheme beside it",
    argv: ["-A", "digest", "-a", "@gh"],
    exit: 64,
    says: "--auth-type",
  },
])("RQ58 -a @NAME refuses $name, and nothing is sent", async ({ argv, exit, says }) => {
  using server = await startServer({ hits: 0 });
  const config =
    '[keychain.gh]\nkind = "bearer"\ntoken = "env:TOKEN"\nhosts = ["api.example.test"]\n';
  const result = await runWith(config, [...argv, server.url]);
  expect(result.exit).toBe(exit);
  expect(result.stderr).toContain(says);
  expect(result.stderr).not.toContain("tok-value-1");
});

test("an entry that is wrong is told with its place in the configuration", async () => {
  const config = '[keychain.gh]\nkind = "bearer"\ntoken = "env:TOKEN"\nhost = ["a.test"]\n';
  const result = await runWith(config, ["-a", "@gh", "http://127.0.0.1:1"]);
  expect(result.exit).toBe(78);
  expect(result.stderr).toContain("config.toml:4:");
});

test("a user whose name begins with @ is no entry", async () => {
  using server = await startServer({ replies: [{}] });
  expect(await runWith("", ["-a", "@ada:pw", server.url])).toMatchObject({ exit: 0 });
  expect(server.hits[0]?.header("authorization")).toBe(`Basic ${btoa("@ada:pw")}`);
});
