import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { folderOf, runIn } from "../support/run-in.ts";

// A pipeline file from elsewhere, a server that wants more than it is given, a script that wants out:
// each attack is a run of weir, and what must not be reached counts its requests.

const policy = (port: number): string =>
  `[http_request]\nenabled = true\nallowed_domains = ["127.0.0.1:${port}"]\n`;

/** A script that gives what became of a request to `url`. */
const asking = (url: string, port: number): string => `- ask:
    kind: script
    net: ["127.0.0.1:${port}"]
    code: |
      const r = await http.get("${url}/from-script");
      return r.error_code ?? r.status;
`;

describe("requests of scripts and plugins", () => {
  test.each([
    { name: "without --guard the hosts of the task are enough", flags: [], says: 200, hits: 1 },
    { name: "with --guard the operator's list holds too", flags: ["--guard"], says: "policy" },
  ])("are judged as those of tasks: $name", async ({ flags, says, hits = 0 }) => {
    using allowed = await startServer({ hits: 0 });
    using server = await startServer({ routes: { "/from-script": {} }, hits });
    const files = { "p.yaml": asking(server.url, server.port), "c.toml": policy(allowed.port) };
    const result = await runIn(files, ["run", "p.yaml", "-q", "--config", "c.toml", ...flags]);
    expect(result).toMatchObject({
      stdout: `{"p":${JSON.stringify(says)}}\n`,
      stderr: "",
      exit: 0,
    });
    expect(server.hits).toHaveLength(hits);
  });

  test("a plugin of the command line reaches nothing that --guard forbids", async () => {
    using allowed = await startServer({ replies: [{ json: 1 }] });
    using forbidden = await startServer({ hits: 0 });
    const plugin = `export const plugin = { name: "spy", capabilities: ["rewrite"], net: ["127.0.0.1:${forbidden.port}"] };
weir.on("pre_request", async (event) => {
  const r = await http.get("${forbidden.url}/steal");
  event.headers["x-saw"] = String(r.error_code ?? r.status);
  return event;
});
`;
    const files = {
      "p.yaml": `- a: { kind: http, url: "${allowed.url}" }\n`,
      "spy.js": plugin,
      "c.toml": policy(allowed.port),
    };
    const argv = ["run", "p.yaml", "-q", "--config", "c.toml", "--guard", "--plugin", "./spy.js"];
    expect((await runIn(files, argv)).exit).toBe(0);
    expect(allowed.hits[0]?.header("x-saw")).toBe("policy");
    expect(forbidden.connections()).toBe(0);
  });

  test("share the rate of their host, and are counted", async () => {
    const arrivedMs: number[] = [];
    const arrive = () => {
      arrivedMs.push(performance.now());
      return { json: 1 };
    };
    const routes = { "/": arrive, "/1": arrive, "/2": arrive, "/3": arrive, "/4": arrive };
    using server = await startServer({ routes });
    const text = `- first: { kind: http, url: "${server.url}", spec: { rate: { requests_per_second: 20, burst: 1 } } }
- many:
    kind: script
    net: ["127.0.0.1:${server.port}"]
    code: |
      const all = [1, 2, 3, 4].map((n) => http.get("${server.url}/" + n));
      return (await Promise.all(all)).map((r) => r.status);
`;
    const { stderr, exit } = await runIn({ "p.yaml": text }, [
      "run",
      "p.yaml",
      "--events",
      "ndjson",
    ]);
    // Four of the five wait for a twentieth of a second each; a machine can only be slower.
    expect((arrivedMs.at(-1) ?? 0) - (arrivedMs[0] ?? 0)).toBeGreaterThan(150);
    expect(exit).toBe(0);
    const end = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
    expect(end).toMatchObject({ event: "run_end", requests: 5 });
  });
});

test("a token endpoint that the file names is judged by --guard", async () => {
  using allowed = await startServer({ hits: 0 });
  using thief = await startServer({ hits: 0 });
  const text = `apiVersion: weir/v1
kind: Playbook
keychain:
  - name: t
    kind: oauth2
    grant: client_credentials
    endpoint: ${thief.url}/token
    client_id: x
    client_secret: env:OTHER_SECRET
    hosts: [127.0.0.1]
workflow:
  - step: a
    tool: [{ call: { kind: http, url: "${allowed.url}/", auth: t } }]
`;
  const files = { "p.yaml": text, "c.toml": policy(allowed.port) };
  const argv = ["run", "p.yaml", "--config", "c.toml", "--guard"];
  const { exit, stderr } = await runIn(files, argv, { env: { OTHER_SECRET: "other-secret-1" } });
  expect(exit).toBe(10);
  expect(stderr).not.toContain("other-secret-1");
  expect(thief.connections()).toBe(0);
});

test("a file names the variables it takes, and whom it may give them to", async () => {
  using server = await startServer({ replies: [{ json: 1 }], hits: 2 });
  const text = `apiVersion: weir/v1
kind: Playbook
keychain:
  - { name: a, kind: bearer, token: "env:CLOUD_KEY", hosts: [127.0.0.1] }
workflow:
  - step: a
    tool: [{ call: { kind: http, url: "${server.url}/", auth: a } }]
`;
  const env = { CLOUD_KEY: "cloud-key-1" };
  const told = await runIn({ "p.yaml": text }, ["run", "p.yaml"], { env });
  expect(told.stderr).toContain(
    "weir: p.yaml reads CLOUD_KEY of your environment, for 127.0.0.1\n",
  );
  expect(told.stdout + told.stderr).not.toContain("cloud-key-1");
  const trusted = await runIn({ "p.yaml": text }, ["run", "p.yaml", "--trust"], { env });
  expect(trusted.stderr).not.toContain("CLOUD_KEY");
});

describe("NO47 executor.spec.max_bytes", () => {
  const bombing = (url: string, spec: string): string => `apiVersion: weir/v1
kind: Playbook
executor: { spec: { max_bytes: 1MiB } }
workflow:
  - step: a
    loop: { in: 5, iterator: n, spec: { on_error: continue } }
    tool:
      - call: { kind: http, url: "${url}/", spec: ${spec} }
`;
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));

  test.each([
    { name: "into memory", spec: "{}" },
    { name: "into a file", spec: "{ result: { inline_max_bytes: 0 } }" },
    {
      name: "with a rule that goes on",
      spec: "{ policy: { rules: [{ else: { do: continue } }] } }",
    },
  ])("ends the run at the first bomb: $name", async ({ spec }) => {
    const headers = { "Content-Encoding": "gzip", "Content-Type": "text/plain" };
    using server = await startServer({ replies: [{ headers, body: bomb }], hits: 1 });
    const { exit, stderr, stdout } = await runIn({ "p.yaml": bombing(server.url, spec) }, [
      "run",
      "p.yaml",
    ]);
    expect([exit, stdout]).toEqual([10, ""]);
    expect(stderr).toContain("executor.spec.max_bytes");
  });

  test("counts all responses together, those of scripts too", async () => {
    using server = await startServer({ replies: [{ body: "x".repeat(300_000) }], hits: 4 });
    const text = `apiVersion: weir/v1
kind: Playbook
executor: { spec: { max_bytes: 1000000 } }
workflow:
  - step: a
    tool:
      - one: { kind: http, url: "${server.url}/1" }
      - two: { kind: http, url: "${server.url}/2" }
      - ask:
          kind: script
          net: ["127.0.0.1:${server.port}"]
          code: return (await http.get("${server.url}/3")).status
      - four: { kind: http, url: "${server.url}/4" }
      - five: { kind: http, url: "${server.url}/5" }
`;
    const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"]);
    expect(exit).toBe(10);
    expect(stderr).toContain("1 MB");
  });
});

describe("paths of a file from elsewhere", () => {
  const sending = (url: string, path: string): string =>
    `- send: { kind: http, method: POST, url: "${url}", multipart: { key: { file: ${JSON.stringify(path)} } } }\n`;
  const TASKS: readonly { readonly name: string; readonly task: (outside: string) => string }[] = [
    { name: "multipart", task: (path) => sending("http://127.0.0.1:9/", path) },
    {
      name: "a script",
      task: (path) => `- run: { kind: script, file: ${JSON.stringify(`${path}.js`)} }\n`,
    },
    {
      name: "write",
      task: (path) =>
        `- save: { kind: write, to: ${JSON.stringify(path)}, format: csv, rows: [] }\n`,
    },
    {
      name: "a loop",
      task: (path) =>
        `- step: a\n  loop: { in: { file: ${JSON.stringify(path)}, format: csv }, iterator: row }\n  tool: [{ a: { kind: noop } }]\n`,
    },
  ];

  test.each(TASKS)("stay below its folder: $name", async ({ task }) => {
    using outside = folderOf({ "key.pem": "PRIVATE" });
    const text = task(join(outside.path, "key.pem"));
    const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"]);
    expect(exit).toBe(10);
    expect(stderr).toContain("--trust");
    expect(stderr).not.toContain("PRIVATE");
  });

  test("a key outside is not sent without --trust, and is with it", async () => {
    using outside = folderOf({ "key.pem": "PRIVATE" });
    using server = await startServer({ replies: [{ json: 1 }] });
    const files = { "p.yaml": sending(server.url, join(outside.path, "key.pem")) };
    expect((await runIn(files, ["run", "p.yaml"])).exit).toBe(10);
    expect(server.connections()).toBe(0);
    expect((await runIn(files, ["run", "p.yaml", "--trust"])).exit).toBe(0);
    expect(server.hits[0]?.text).toContain("PRIVATE");
  });

  test("a schema outside is not read", async () => {
    using outside = folderOf({ "s.json": "PRIVATE" });
    using server = await startServer({ replies: [{ json: 1 }] });
    const schema = JSON.stringify(join(outside.path, "s.json"));
    const text = `- a: { kind: http, url: "${server.url}", expect: { schema: ${schema} } }\n`;
    const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"]);
    expect(exit).toBe(10);
    expect(stderr).toContain("--trust");
    expect(stderr).not.toContain("PRIVATE");
  });
});

test.each([
  { name: "the output", tail: `output: "{{ b.data }}"` },
  {
    name: "rows of a write task",
    tail: `      - c: { kind: write, to: "-", format: csv, rows: "{{ [b.data, b.data] }}" }`,
  },
  {
    name: "the message of a rule",
    tail: `      - c: { kind: noop, spec: { policy: { rules: [{ else: { do: fail, message: "{{ b.data.a }}" } }] } } }`,
  },
  {
    name: "what a script logs",
    tail: `      - c: { kind: script, args: { a: "{{ b.data.a }}" }, code: "console.log(args.a); throw new Error(args.a)" }`,
  },
])("text of a server moves no terminal: $name", async ({ tail }) => {
  const evil = "\u001b]0;pwned\u0007\u001b[2J\u009b31m\u202e";
  using server = await startServer({ replies: [{ json: { a: evil, [evil]: 1 } }] });
  const text = `apiVersion: weir/v1
kind: Playbook
workflow:
  - step: a
    tool:
      - b: { kind: http, url: "${server.url}/" }
${tail}
`;
  const { stdout } = await runIn({ "p.yaml": text }, ["run", "p.yaml", "-vv"], { tty: "all" });
  expect(stdout).toContain("pwned");
  // Colours and the live line are the program's own.
  const rest = stdout.split("\u001b").filter((part, at) => at > 0 && !/^\[(?:\d+m|2K)/.test(part));
  expect(rest).toEqual([]);
  expect(["\u0007", "\u009b", "\u202e"].filter((sign) => stdout.includes(sign))).toEqual([]);
});
