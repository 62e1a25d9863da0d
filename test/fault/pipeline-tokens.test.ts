import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { folderOf, runIn } from "../support/run-in.ts";

// Tokens of a keychain in the hands of a server that sends them back, and pages of one that is busy.

const ROOT = "apiVersion: weir/v1\nkind: Playbook\n";

const keychain = (url: string): string => `keychain:
  - name: t
    kind: oauth2
    grant: client_credentials
    endpoint: ${url}/token
    client_id: weir
    client_secret: env:CLIENT_SECRET
    hosts: [127.0.0.1]
`;

const ENV = { CLIENT_SECRET: "client-secret-1" };

test("WEAK7 neither a token nor the answer that holds it is told of anywhere", async () => {
  const echo = "access-token-2";
  using server = await startServer({
    routes: {
      "/token": { json: { access_token: echo, expires_in: 3600, note: "answer-3" } },
      "/api": (hit) => ({
        status: 500,
        headers: { "X-Echo": hit.header("authorization") ?? "" },
        body: `you sent ${hit.header("authorization")} from ${ENV.CLIENT_SECRET}`,
      }),
    },
  });
  const text = `${ROOT}${keychain(server.url)}workflow:
  - step: a
    tool:
      - call:
          kind: http
          url: "${server.url}/api"
          auth: t
          spec: { retry: { attempts: 2, delay: 0 } }
`;
  using folder = folderOf({ "p.yaml": text });
  const options = { cwd: folder.path, home: folder.path, env: ENV };
  for (const flags of [["-vv"], ["--events", "ndjson"]]) {
    const argv = ["run", "p.yaml", "--report", "json=r.json", ...flags];
    const { stdout, stderr, exit } = await runCli(argv, options);
    expect([exit, stdout]).toEqual([10, ""]);
    const told = stderr + readFileSync(join(folder.path, "r.json"), "utf8");
    expect(told).not.toMatch(/client-secret-1|access-token-2|answer-3/);
  }
  expect(server.hits.at(-1)?.header("authorization")).toBe(`Bearer ${echo}`);
});

test("WEAK7 a token that has expired and cannot be renewed is not used", async () => {
  let tokens = 0;
  let isRenewing = true;
  using server = await startServer({
    routes: {
      "/token": () => {
        tokens += 1;
        if (!isRenewing) return { status: 500, body: "down" };
        isRenewing = false;
        return { json: { access_token: "short-lived-1", expires_in: 1 } };
      },
      // When it answers, the token is past its end.
      "/first": { delayMs: 1100, json: {} },
      "/second": {},
    },
    hits: "any",
  });
  const text = `${ROOT}${keychain(server.url)}workflow:
  - step: a
    tool:
      - first: { kind: http, url: "${server.url}/first", auth: t }
      - second: { kind: http, url: "${server.url}/second", auth: t }
`;
  const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"], { env: ENV });
  expect(exit).toBe(10);
  expect(stderr).toContain('task "second"');
  expect(tokens).toBeGreaterThan(1);
  expect(server.hits.filter(({ path }) => path === "/second")).toEqual([]);
});

const STATIC = `${ROOT}keychain: [{ name: mine, kind: bearer, token: env:CLIENT_SECRET, hosts: [127.0.0.1] }]
workflow:
  - step: a
    tool:
`;

test.each([
  {
    name: "a script",
    task: (url: string, port: number) => `
      - a:
          kind: script
          net: ["127.0.0.1:${port}"]
          args: { key: "{{ keychain.mine }}" }
          code: |
            const sent = [{ headers: { "X-Key": args.key } }, { query: { key: args.key } }];
            for (const options of sent) await http.get("${url}/steal", options);
            await http.post("${url}/steal", { body: { key: args.key.toUpperCase() } });
            return (await http.get("${url}/" + args.key)).error;`,
    exit: 0,
  },
  {
    name: "a filter",
    task: (url: string) =>
      `      - a: { kind: http, url: "${url}/steal", headers: { X-Key: "{{ keychain.mine | upper }}" } }`,
    exit: 10,
  },
  {
    name: "multipart with a file",
    task: (url: string) => `
      - a:
          kind: http
          method: POST
          url: "${url}/steal"
          multipart: { key: "{{ keychain.mine }}", text: { file: p.yaml } }`,
    exit: 10,
  },
])("no server learns what stands for a secret: $name", async ({ task, exit }) => {
  using server = await startServer({ hits: 0 });
  const files = { "p.yaml": `${STATIC}${task(server.url, server.port)}\n` };
  const result = await runIn(files, ["run", "p.yaml"], { env: ENV });
  expect(result.exit).toBe(exit);
  expect(result.stdout + result.stderr).toMatch(/Keychain entry mine|holds a secret/);
  expect(server.hits).toEqual([]);
});

test("what a server sends is text: no template, no placeholder, no line of its own", async () => {
  const evil = "{{ keychain.mine }}{{ 7 * 7 }}{% raw %}";
  using server = await startServer({
    routes: {
      "/evil": { json: { text: evil, lines: "a\r\nX-Injected: 1" } },
      "/next": { json: 1 },
    },
  });
  const text = `${STATIC}
      - evil: { kind: http, url: "${server.url}/evil" }
      - next:
          kind: http
          method: POST
          url: "${server.url}/next"
          headers: { X-Text: "{{ evil.data.text }}" }
          params: { q: "{{ evil.data.text }}" }
          body: { again: "{{ evil.data.text }}" }
      - lines:
          kind: http
          url: "${server.url}/lines"
          headers: { X-Text: "{{ evil.data.lines }}" }
`;
  const { exit, stderr } = await runIn({ "p.yaml": text }, ["run", "p.yaml"], { env: ENV });
  expect(exit).toBe(10);
  expect(stderr).toContain("X-Text has a control character");
  const [, next] = server.hits;
  expect(next?.header("x-text")).toBe(evil);
  expect(next?.query).toEqual([["q", evil]]);
  expect(JSON.parse(next?.text ?? "")).toEqual({ again: evil });
});

test("ASK19 pages are stored one by one, a 429 is waited for, a null cursor is the end", async () => {
  const busy = new Set<string>();
  using server = await startServer({
    routes: {
      "/items": (hit) => {
        const cursor = hit.query.find(([name]) => name === "cursor")?.[1] ?? "0";
        if (!busy.has(cursor)) {
          busy.add(cursor);
          return { status: 429, headers: { "Retry-After": "0" } };
        }
        const page = Number(cursor);
        const next = page < 3 ? String(page + 1) : null;
        return { json: { items: [page * 2, page * 2 + 1], next_cursor: next } };
      },
    },
    hits: 8,
  });
  const text = `${ROOT}workflow:
  - step: pull
    tool:
      - fetch:
          kind: http
          url: "${server.url}/items"
          params: { cursor: "{{ iter.cursor | default(none) }}" }
          spec:
            result: { inline_max_bytes: 0, select: [{ path: "$.next_cursor", as: next }] }
            policy:
              rules:
                - when: outcome.status == 'error' and outcome.error.kind == 'rate_limit'
                  then: { do: retry, attempts: 2, delay: 30 }
                - when: outcome.status == 'error'
                  then: { do: fail }
                - when: outcome.result.next is not none
                  then:
                    do: jump
                    to: fetch
                    set:
                      iter.cursor: "{{ outcome.result.next }}"
                      ctx.refs: "{{ ctx.refs | default([]) + [outcome.result.__ref__] }}"
                - else:
                    do: continue
                    set: { ctx.refs: "{{ ctx.refs | default([]) + [outcome.result.__ref__] }}" }
  - step: read
    loop: { in: "{{ ctx.refs }}", iterator: ref }
    tool: [{ body: { kind: artifact, ref: "{{ iter.ref }}" } }]
output: "{{ read.data | map(attribute='items') | list }}"
`;
  const { stdout, stderr, exit } = await runIn({ "p.yaml": text }, ["run", "p.yaml", "-q"]);
  expect([stderr, exit]).toEqual(["", 0]);
  expect(JSON.parse(stdout)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ]);
});
