import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, type Issued, makeAuthority } from "../support/authority.ts";
import { type LoopbackServer, type ServerScript, startServer } from "../support/loopback-server.ts";
import { type CliResult, runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Seed 002 as printed: each of its snippets is cut out of the page and run by the binary. Only its
// host is another one: the name stays, --resolve says where it is, and the port is the server's.

const PAGE = readFileSync(
  join(import.meta.dir, "../../fixtures/seeds/002-pipeline-http.md"),
  "utf8",
);
const SNIPPETS = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
const [BASIC = "", AUTH = "", HEADER = "", STORED = ""] = SNIPPETS;

const folder = temporaryFolder();
let authority: Authority;
let issued: Issued;

beforeAll(async () => {
  authority = await makeAuthority(folder.path);
  issued = await authority.issue("api.example.com", "DNS:api.example.com", "serverAuth");
  writeFileSync(
    join(folder.path, "config.toml"),
    `[keychain.openai_token]\nkind = "bearer"\ntoken = "env:OPENAI_TOKEN"\nhosts = ["api.example.com:*"]\n`,
    { mode: 0o600 },
  );
});

afterAll(() => folder[Symbol.dispose]());

/** Starts the host of the page. */
async function apiServer(script: ServerScript): Promise<LoopbackServer> {
  const tls = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  return await startServer({ ...script, tls });
}

/** Runs a snippet against a server that has the name of the page's host. */
async function runSnippet(
  snippet: string,
  server: LoopbackServer,
  more: readonly string[] = [],
): Promise<CliResult> {
  const file = join(folder.path, "snippet.yaml");
  const host = `https://api.example.com:${server.port}`;
  writeFileSync(file, snippet.replaceAll("https://api.example.com", host));
  const flags = ["--resolve", "api.example.com:127.0.0.1", "--verify", authority.certificate];
  const config = ["--config", join(folder.path, "config.toml")];
  return await runCli(["run", file, ...flags, ...config, ...more], {
    target: "binary",
    env: { OPENAI_TOKEN: "sk-abcdef123456" },
  });
}

test("the page has four snippets", () => {
  expect(SNIPPETS).toHaveLength(4);
});

test("basic usage: the data comes back (NO2 NO3 NO15 NO23)", async () => {
  using server = await apiServer({ replies: [{ json: { items: [1, 2] } }] });
  const done = await runSnippet(BASIC, server);
  expect(done).toMatchObject({ exit: 0 });
  expect(JSON.parse(done.stdout)).toEqual({ fetch_data: { items: [1, 2] } });
  expect(server.hits[0]?.method).toBe("GET");
  expect(server.hits[0]?.header("content-type")).toBe("application/json");
});

test("basic usage: 503 is asked again, up to five times, two seconds apart at first (NO33)", async () => {
  using server = await apiServer({ replies: [{ status: 503 }, { json: { ok: true } }] });
  const done = await runSnippet(BASIC, server);
  expect(done.exit).toBe(0);
  expect(JSON.parse(done.stdout)).toEqual({ fetch_data: { ok: true } });
  expect(done.stderr).toContain("1 flaky");
});

test("basic usage: 404 fails at once, with the exit status of a failed pipeline (NO38)", async () => {
  using server = await apiServer({ replies: [{ status: 404, json: { error: "none" } }] });
  const failed = await runSnippet(BASIC, server);
  expect([failed.exit, failed.stdout]).toEqual([10, ""]);
  expect(failed.stderr).toContain('Step "fetch_data"');
  expect(failed.stderr).toContain("404 Not Found");
});

test.each([
  { name: "a credential reference", snippet: AUTH },
  { name: "a templated header", snippet: HEADER },
])("$name sends the token and shows it nowhere (NO19 NO20 NO21)", async ({ snippet }) => {
  using server = await apiServer({ replies: [{ json: { seen: 1 } }] });
  const done = await runSnippet(snippet, server, ["--verbose"]);
  expect(done.exit).toBe(0);
  expect(server.hits[0]?.header("authorization")).toBe("Bearer sk-abcdef123456");
  expect(done.stderr).not.toContain("abcdef123456");
});

test("a credential is not sent to a host it is not for, and nothing else is either (NO19)", async () => {
  using server = await startServer();
  const file = join(folder.path, "other.yaml");
  writeFileSync(file, AUTH.replace("https://api.example.com", `${server.url}`));
  const config = ["--config", join(folder.path, "config.toml")];
  const failed = await runCli(["run", file, ...config], {
    target: "binary",
    env: { OPENAI_TOKEN: "sk-abcdef123456" },
  });
  expect(failed.exit).toBe(10);
  expect(server.hits).toEqual([]);
});

test("reference-first results: the field is there, and the body is stored (NO24 NO56 NO60)", async () => {
  const items = Array.from({ length: 5000 }, (_, id) => ({ id, text: "x".repeat(20) }));
  using server = await apiServer({ replies: [{ json: { paging: { hasMore: true }, items } }] });
  const api = `api_url=https://api.example.com:${server.port}`;
  const seen = `${STORED}- seen: { kind: transform, value: "{{ [fetch_page.has_more, fetch_page.__ref__, fetch_page.data] }}" }\n`;
  const done = await runSnippet(seen, server, ["--set", api]);
  expect(done).toMatchObject({ exit: 0 });
  const [hasMore, reference, data] = Object.values(Object(JSON.parse(done.stdout)))[0] as unknown[];
  expect([hasMore, data]).toEqual([true, null]);
  expect(reference).toMatch(/^weir:\/\/run\/[0-9A-Z]{26}\//);
});
