import { expect, test } from "bun:test";
import { type Schema, Validator } from "@cfworker/json-schema";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import pipelines from "../../cli/manual/pipelines.md" with { type: "text" };
import { type Hit, type Reply, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Runs every playbook of `weir help pipelines` as it is printed there, on the binary.

/** Playbooks of the page by file name. */
const PLAYBOOKS: ReadonlyMap<string, string> = new Map(
  [...pipelines.matchAll(/^```yaml file=(\S+)\n(.*?)^```$/gms)].map(([, name = "", text = ""]) => [
    name,
    text,
  ]),
);

interface Played {
  readonly output: unknown;
  readonly exit: number;
  readonly stderr: string;
  readonly folder: string;
}

/** Runs a playbook whose hosts are the server at `url`. */
async function play(
  name: string,
  url: string,
  {
    argv = [],
    env = {},
    folder,
  }: {
    readonly argv?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly folder: string;
  },
): Promise<Played> {
  const text = (PLAYBOOKS.get(name) ?? "")
    .replaceAll(/https:\/\/(?:api|auth)\.example\.com/g, url)
    .replaceAll("[api.example.com]", "[127.0.0.1]");
  writeFileSync(join(folder, name), text);
  const options = { target: "binary", cwd: folder, home: folder, env, timeoutMs: 60_000 } as const;
  const { stdout, stderr, exit } = await runCli(["run", name, ...argv], options);
  return { output: stdout === "" ? undefined : JSON.parse(stdout), exit, stderr, folder };
}

const numberOf = (hit: Hit, name: string): number =>
  Number(hit.query.find(([key]) => key === name)?.[1] ?? 1);

test("the page has five playbooks, each of them run here", () => {
  expect([...PLAYBOOKS.keys()]).toEqual([
    "issues.yaml",
    "events.yaml",
    "token.yaml",
    "fan-out.yaml",
    "orders.yaml",
  ]);
});

test("issues.yaml takes all pages that a Link header joins, through a 503", async () => {
  using folder = temporaryFolder();
  let asked = 0;
  using server = await startServer({
    hits: 4,
    routes: {
      "/issues": (hit): Reply => {
        asked += 1;
        if (asked === 2) return { status: 503, headers: { "Retry-After": "0" } };
        const page = numberOf(hit, "page");
        const next = `</issues?state=open&per_page=100&page=${page + 1}>; rel="next"`;
        return {
          json: [{ title: `a${page}` }, { title: `b${page}` }],
          ...(page < 3 ? { headers: { Link: next } } : {}),
        };
      },
    },
  });
  const { output, exit, stderr } = await play("issues.yaml", server.url, { folder: folder.path });
  expect(exit).toBe(0);
  expect(output).toEqual({ count: 6, titles: ["a1", "b1", "a2", "b2", "a3", "b3"] });
  expect(stderr).toMatch(/^done in .*: 1 step, 4 requests, 1 retry, 1 flaky$/m);
  expect(server.hits[0]?.target).toBe("/issues?state=open&per_page=100");
});

test("events.yaml stores each page by reference, and reads them again", async () => {
  using folder = temporaryFolder();
  using server = await startServer({
    hits: 3,
    routes: {
      "/events": (hit): Reply => {
        const page = numberOf(hit, "cursor");
        const events = Array.from({ length: page * 10 }, (_, id) => ({ id }));
        return { json: { events, next_cursor: page < 3 ? page + 1 : null } };
      },
    },
  });
  const { output, exit } = await play("events.yaml", server.url, { folder: folder.path });
  expect([output, exit]).toEqual([{ pages: 3, events: 60 }, 0]);
  expect(server.hits.map(({ target }) => target)).toEqual([
    "/events?limit=500",
    "/events?limit=500&cursor=2",
    "/events?limit=500&cursor=3",
  ]);
});

test("token.yaml sends a token it asked for, and shows it nowhere", async () => {
  using folder = temporaryFolder();
  using server = await startServer({
    routes: {
      "POST /token": { json: { access_token: "tok-very-secret", expires_in: 3600 } },
      "/me": (hit): Reply => ({ json: { id: 7, seen: hit.header("authorization") } }),
    },
  });
  const env = { PARTNER_SECRET: "client-very-secret" };
  const played = await play("token.yaml", server.url, { folder: folder.path, env, argv: ["-vv"] });
  expect(played.exit).toBe(0);
  expect(played.output).toEqual({ id: 7, seen: "Bearer tok-very-secret" });
  expect(played.stderr).not.toContain("very-secret");
});

test("fan-out.yaml asks 10,000 times, 64 at a time, and bears a few that fail", async () => {
  using folder = temporaryFolder();
  let [open, most] = [0, 0];
  using server = await startServer({
    hits: "any",
    routes: Object.fromEntries(
      Array.from({ length: 10_000 }, (_, id) => [
        `/prices/${id}`,
        async (): Promise<Reply> => {
          most = Math.max(most, (open += 1));
          await Promise.resolve();
          open -= 1;
          return id % 1000 === 999 ? { status: 404 } : { json: { id } };
        },
      ]),
    ),
  });
  const { output, exit, stderr } = await play("fan-out.yaml", server.url, { folder: folder.path });
  expect(exit).toBe(0);
  expect(output).toEqual({ ok: 9990, failed: 10, first: { id: 0 } });
  expect(stderr).toMatch(/^prices: done, 10,000 items, 10 failed, /m);
  expect(server.hits).toHaveLength(10_000);
  expect(server.connections()).toBeLessThanOrEqual(64);
  expect(most).toBeLessThanOrEqual(64);
}, 60_000);

test("orders.yaml makes a CSV file of an API", async () => {
  using folder = temporaryFolder();
  using server = await startServer({
    hits: 4,
    routes: {
      "/orders": (hit): Reply => {
        const page = numberOf(hit, "page");
        const order = (id: number, paid: boolean) => ({
          id,
          paid,
          customer: { name: `Ada, no. ${id}` },
          lines: [{ price: id }, { price: 0.5 }],
        });
        return { json: { orders: page > 3 ? [] : [order(page, true), order(page + 100, false)] } };
      },
    },
  });
  const { output, exit } = await play("orders.yaml", server.url, { folder: folder.path });
  expect([output, exit]).toEqual([{ rows: 3 }, 0]);
  expect(readFileSync(join(folder.path, "orders.csv"), "utf8").replaceAll("\r", "")).toBe(
    'id,customer,total\n1,"Ada, no. 1",1.5\n2,"Ada, no. 2",2.5\n3,"Ada, no. 3",3.5\n',
  );
});

const STORE = `
- call:
    kind: http
    url: "{{ workload.url }}"
    spec: { result: { inline_max_bytes: 0, store: { scope: execution, ttl: TTL } } }
- ref: { kind: transform, value: "{{ call.__ref__ }}" }
`;

test("NO61 NO63 weir run result prints a stored result; weir run gc removes it when it has ended", async () => {
  using folder = temporaryFolder();
  using server = await startServer({ replies: [{ json: { a: [1] } }, { json: { b: 1 } }] });
  const options = { cwd: folder.path, home: folder.path, target: "binary" } as const;
  const stored = async (ttl: string): Promise<string> => {
    writeFileSync(join(folder.path, "s.yaml"), STORE.replace("TTL", ttl));
    const argv = ["run", "s.yaml", "-q", "--set", `url=${server.url}`];
    const { stdout } = await runCli(argv, options);
    return String((JSON.parse(stdout) as { s: unknown }).s);
  };
  const kept = await stored("1h");
  expect(kept).toMatch(/^weir:\/\/run\/[0-9A-Z]{26}\/step\/s\/task\/call\/1$/);
  const ended = await stored("1ms");
  expect(await runCli(["run", "result", kept], options)).toMatchObject({
    stdout: '{"a":[1]}',
    exit: 0,
  });
  expect(await runCli(["run", "result", kept], { ...options, tty: true })).toMatchObject({
    stdout: expect.stringContaining('"a"'),
  });
  expect((await runCli(["run", "result", ended], options)).exit).toBe(65);
  const { stdout } = await runCli(["run", "gc", "--json"], options);
  expect(JSON.parse(stdout)).toMatchObject({ references: 1, files: 1, busy_runs: [] });
  expect((await runCli(["run", "result", kept, "--raw"], options)).stdout).toBe('{"a":[1]}');
  const runs = join(folder.path, ".local/state/weir/runs");
  expect(statSync(runs).mode & 0o077).toBe(0);
});

test("weir schema pipeline takes every playbook of the page, and refuses a broken one", async () => {
  const { stdout, exit } = await runCli(["schema", "pipeline"], { target: "binary" });
  expect(exit).toBe(0);
  // It is a JSON Schema: the command has just made it.
  const validator = new Validator(JSON.parse(stdout) as Schema, "2020-12", false);
  for (const [name, text] of PLAYBOOKS) {
    expect({ name, errors: validator.validate(parse(text)).errors }).toEqual({ name, errors: [] });
  }
  const broken = (PLAYBOOKS.get("token.yaml") ?? "").replace("kind: http", "kind: htpp");
  expect(validator.validate(parse(broken)).valid).toBe(false);
});
