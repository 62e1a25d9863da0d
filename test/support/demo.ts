import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Handler, type LoopbackServer, startServer } from "./loopback-server.ts";
import { runCli } from "./run-cli.ts";
import { writePolicy } from "./serving.ts";
import { removeIsolatedBinary } from "./targets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

// Shows dist/weir doing real work against a server inside this process, and checks what it shows.

/** One command of the demonstration and what must come of it. */
interface Scene {
  readonly about: string;
  /** `{url}` stands for the server. */
  readonly argv: readonly string[];
  readonly exit: number;
  /** Must stand on stdout or stderr. */
  readonly shows: readonly string[];
  /** Requests that must have come, as method and target. */
  readonly asks: readonly string[];
}

const SCENES: readonly Scene[] = [
  {
    about: "A query item; a pipe gets the body as it is",
    argv: ["get", "{url}/hello", "name==Ada Lovelace"],
    exit: 0,
    shows: ['{"hello":"Ada Lovelace"}'],
    asks: ["GET /hello?name=Ada+Lovelace"],
  },
  {
    about: "A nested JSON body, with what goes out and what comes back",
    argv: [
      "--print=Bb",
      "--pretty=format",
      "post",
      "{url}/echo",
      "name=Ada",
      "born[year]:=1815",
      "tags[]=maths",
    ],
    exit: 0,
    shows: ['"year": 1815', '"you_sent"'],
    asks: ["POST /echo"],
  },
  {
    about: "A redirect that is followed, both hops shown",
    argv: ["--print=h", "--all", "-F", "get", "{url}/old"],
    exit: 0,
    shows: ["HTTP/1.1 302", "HTTP/1.1 200"],
    asks: ["GET /old", "GET /new"],
  },
  {
    about: "A body that comes gzip-coded",
    argv: ["get", "{url}/packed"],
    exit: 0,
    shows: ["unpacked text"],
    asks: ["GET /packed"],
  },
  {
    about: "An error status is the exit status",
    argv: ["get", "{url}/nothing"],
    exit: 4,
    shows: ["no such page"],
    asks: ["GET /nothing"],
  },
];

/** What an operator wrote; `{port}` stands for the server's. */
const POLICY = `[http_request]
enabled = true
allowed_domains = ["127.0.0.1:{port}"]

[[http_request.rule]]
host = "127.0.0.1:{port}"
methods = ["GET"]
paths = ["/hello"]

[[http_request.rule]]
host = "127.0.0.1:{port}"
methods = ["POST"]
action = "deny"
reason = "this service is read only"
`;

const CONFIG = "--config=weir.toml";

const AGENT_SCENES: readonly Scene[] = [
  {
    about: "A model asks for what the policy allows",
    argv: [
      "agent",
      "call",
      CONFIG,
      '{"id":1,"name":"http_get","arguments":{"url":"{url}/hello?name=Ada"}}',
    ],
    exit: 0,
    shows: ['"success":true', "Status: 200 OK", String.raw`{\"hello\":\"Ada\"}`],
    asks: ["GET /hello?name=Ada"],
  },
  {
    about: "A model asks for what the policy denies: the server hears nothing of it",
    argv: [
      "agent",
      "call",
      CONFIG,
      '{"id":2,"name":"http_request","arguments":{"method":"POST","url":"{url}/echo","body":{"x":1}}}',
    ],
    exit: 77,
    shows: ['"success":false', "POLICY_DENIED", "this service is read only"],
    asks: [],
  },
  {
    about: "Why that is so, without asking anybody",
    argv: ["agent", "check", CONFIG, "--method=POST", "{url}/echo"],
    exit: 77,
    shows: ["denied by http_request.rule[1]", "this service is read only"],
    asks: [],
  },
  {
    about: "Both calls are on record: an intent before, an outcome after",
    argv: ["agent", "audit", "show", CONFIG],
    exit: 0,
    shows: [
      '"seq":1,',
      '"seq":4,',
      '"kind":"intent","tool":"http_get","decision":"allow"',
      '"kind":"intent","tool":"http_request","decision":"deny"',
      '"code":"POLICY_DENIED"',
    ],
    asks: [],
  },
  {
    about: "Nobody has touched the records",
    argv: ["agent", "audit", "verify", CONFIG],
    exit: 0,
    shows: ["ok: 4 records, 1 to 4, head "],
    asks: [],
  },
];

/** Plugins by file name. */
const PLUGINS = {
  "greet.js": `// Changes what is sent, and what comes back.
weir.on("pre_request", (event) => {
  const url = new URL(event.url);
  url.searchParams.set("name", "Grace");
  event.url = url.href;
  return event;
});
weir.on("post_request", async (event) => {
  event.body = { ...(await event.json()), by: "a plugin" };
  return event;
});
`,
  "hostile.js": `// Never gives back control.
weir.on("pre_request", () => {
  while (true) Math.sqrt(2);
});
`,
} as const;

const PLUGIN_SCENES: readonly Scene[] = [
  {
    about: "A plugin changes the request and the response",
    argv: ["--plugin", "./greet.js", "get", "{url}/hello"],
    exit: 0,
    shows: ['{"hello":"Grace","by":"a plugin"}'],
    asks: ["GET /hello?name=Grace"],
  },
  {
    about: "A plugin that hangs is stopped, and its request is not sent",
    argv: ["--plugin", "./hostile.js", "get", "{url}/hello"],
    exit: 7,
    shows: [],
    asks: [],
  },
];

const ORDERS = "orders.yaml";

/** A pipeline by file name; `{url}` stands for the server. */
const PIPELINE = `# Takes every page, waits when the server is busy, and writes a CSV file.
- fetch:
    kind: http
    url: "{url}/orders"
    spec:
      retry: { attempts: 3, delay: 200ms }
      paginate: { type: page, into: { query: page }, accumulate: { path: "$.orders" } }
- save:
    kind: write
    to: orders.csv
    format: csv
    rows: "{{ fetch.data }}"
`;

const PIPELINE_SCENES: readonly Scene[] = [
  {
    about: "What a pipeline would do: nobody is asked",
    argv: ["run", "plan", ORDERS],
    exit: 0,
    shows: ["GET {url}/orders", "paginate: page", "retry, 3 tries"],
    asks: [],
  },
  {
    about: "It pages, tries again after a 503, and writes what it got",
    argv: ["run", ORDERS, "--report", "json=report.json"],
    exit: 0,
    shows: ["1 retry, 1 flaky"],
    asks: [
      "GET /orders?page=1",
      "GET /orders?page=2",
      "GET /orders?page=2",
      "GET /orders?page=3",
      "GET /orders?page=4",
    ],
  },
  {
    about: "A pipeline with a mistake says where, before anything is sent",
    argv: ["run", "broken.yaml"],
    exit: 65,
    shows: ["broken.yaml:2:11: There is no kind", "    kind: htpp"],
    asks: [],
  },
];

/** Answers pages of two orders; the first request for the second page finds the server busy. */
function ordersRoute(): Handler {
  let asked = 0;
  return (hit) => {
    const page = Number(hit.query[0]?.[1] ?? 1);
    asked += 1;
    if (asked === 2) return { status: 503, headers: { "Retry-After": "0" } };
    const orders = [page * 2 - 1, page * 2].map((id) => ({ id, total: id * 10 }));
    return { json: { orders: page > 3 ? [] : orders } };
  };
}

function start(): Promise<LoopbackServer> {
  return startServer({
    hits: "any",
    routes: {
      "/hello": (hit) => ({ json: { hello: hit.query[0]?.[1] } }),
      "/echo": (hit) => ({ json: { you_sent: JSON.parse(hit.text) } }),
      "/old": { status: 302, headers: { Location: "/new" } },
      "/new": { body: "found\n", headers: { "Content-Type": "text/plain" } },
      "/orders": ordersRoute(),
      "/packed": { body: "unpacked text\n", headers: { "Content-Type": "text/plain" }, gzip: true },
      "/nothing": {
        status: 404,
        body: "no such page\n",
        headers: { "Content-Type": "text/plain" },
      },
    },
  });
}

function shown(word: string): string {
  return /^[\w:/.=@%+,-]+$/.test(word) ? word : `'${word}'`;
}

/** A "+" and "%20" both stand for a space in a query. */
function target(text: string): string {
  return text.replaceAll("%20", "+");
}

/** Plays one scene and returns whether all was as expected. */
async function play(scene: Scene, server: LoopbackServer, home?: string): Promise<boolean> {
  const argv = scene.argv.map((word) => word.replace("{url}", server.url));
  const before = server.hits.length;
  const place = home === undefined ? {} : { home, cwd: home, env: { XDG_STATE_HOME: undefined } };
  const result = await runCli(argv, { target: "binary", ...place });
  console.log(`# ${scene.about}\n$ weir ${argv.map(shown).join(" ")}`);
  console.log(result.stdout.trimEnd());
  if (result.stderr !== "") console.log(result.stderr.trimEnd());
  const asked = server.hits.slice(before).map((hit) => `${hit.method} ${target(hit.target)}`);
  const complaints = [
    ...(result.exit === scene.exit ? [] : [`exit ${result.exit}, expected ${scene.exit}`]),
    ...scene.shows
      .map((text) => text.replace("{url}", server.url))
      .filter((text) => !`${result.stdout}\n${result.stderr}`.includes(text))
      .map((text) => `lacks ${text}`),
    ...(asked.join() === scene.asks.join() ? [] : [`the server saw: ${asked.join(", ")}`]),
  ];
  const verdict = complaints.length === 0 ? "as expected" : `WRONG: ${complaints.join("; ")}`;
  console.log(`(exit ${result.exit}, ${Math.round(result.durationMs)} ms, ${verdict})\n`);
  return complaints.length === 0;
}

/** Plays the scenes of agent mode in a home of their own; returns how many were as expected. */
async function playAgent(server: LoopbackServer): Promise<number> {
  using home = temporaryFolder();
  const policy = POLICY.replaceAll("{port}", String(server.port));
  writePolicy(home.path, policy);
  console.log(`# The policy of an operator, weir.toml\n${policy}`);
  let good = 0;
  for (const scene of AGENT_SCENES) good += (await play(scene, server, home.path)) ? 1 : 0;
  return good;
}

/** Plays the scenes of plugins; returns how many were as expected. */
async function playPlugins(server: LoopbackServer): Promise<number> {
  using home = temporaryFolder();
  for (const [name, text] of Object.entries(PLUGINS)) {
    writeFileSync(join(home.path, name), text);
    console.log(`# ${name}\n${text}`);
  }
  let good = 0;
  for (const scene of PLUGIN_SCENES) good += (await play(scene, server, home.path)) ? 1 : 0;
  return good;
}

/** Plays the scenes of pipelines, and shows what they wrote; returns how many were as expected. */
async function playPipelines(server: LoopbackServer): Promise<number> {
  using home = temporaryFolder();
  const text = PIPELINE.replace("{url}", server.url);
  writeFileSync(join(home.path, ORDERS), text);
  writeFileSync(join(home.path, "broken.yaml"), "- fetch:\n    kind: htpp\n    url: /orders\n");
  console.log(`# ${ORDERS}\n${text}`);
  let good = 0;
  for (const scene of PIPELINE_SCENES) good += (await play(scene, server, home.path)) ? 1 : 0;
  const csv = readFileSync(join(home.path, "orders.csv"), "utf8");
  console.log(`# orders.csv\n${csv}`);
  const isWhole = csv.replaceAll("\r", "") === "id,total\n1,10\n2,20\n3,30\n4,40\n5,50\n6,60\n";
  if (!isWhole) console.log("WRONG: that is not what the server has\n");
  return isWhole ? good : 0;
}

using server = await start();
const total = [SCENES, AGENT_SCENES, PLUGIN_SCENES, PIPELINE_SCENES].flat().length;
let good = 0;
try {
  for (const scene of SCENES) good += (await play(scene, server)) ? 1 : 0;
  good += await playAgent(server);
  good += await playPlugins(server);
  good += await playPipelines(server);
} finally {
  removeIsolatedBinary();
}
console.log(`${good} of ${total} scenes as expected`);
process.exitCode = good === total ? 0 : 1;
