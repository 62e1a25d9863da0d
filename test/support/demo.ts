import { type LoopbackServer, startServer } from "./loopback-server.ts";
import { runCli } from "./run-cli.ts";
import { removeIsolatedBinary } from "./targets.ts";

// Shows dist/weir doing real work against a server inside this process, and checks what it shows.

/** One command of the demonstration and what must come of it. */
interface Scene {
  readonly about: string;
  /** `{url}` stands for the server. */
  readonly argv: readonly string[];
  readonly exit: number;
  /** Must stand on stdout. */
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

function start(): Promise<LoopbackServer> {
  return startServer({
    hits: "any",
    routes: {
      "/hello": (hit) => ({ json: { hello: hit.query[0]?.[1] } }),
      "/echo": (hit) => ({ json: { you_sent: JSON.parse(hit.text) } }),
      "/old": { status: 302, headers: { Location: "/new" } },
      "/new": { body: "found\n", headers: { "Content-Type": "text/plain" } },
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
async function play(scene: Scene, server: LoopbackServer): Promise<boolean> {
  const argv = scene.argv.map((word) => word.replace("{url}", server.url));
  const before = server.hits.length;
  const result = await runCli(argv, { target: "binary" });
  console.log(`# ${scene.about}\n$ weir ${argv.map(shown).join(" ")}`);
  console.log(result.stdout.trimEnd());
  if (result.stderr !== "") console.log(result.stderr.trimEnd());
  const asked = server.hits.slice(before).map((hit) => `${hit.method} ${target(hit.target)}`);
  const complaints = [
    ...(result.exit === scene.exit ? [] : [`exit ${result.exit}, expected ${scene.exit}`]),
    ...scene.shows.filter((text) => !result.stdout.includes(text)).map((text) => `lacks ${text}`),
    ...(asked.join() === scene.asks.join() ? [] : [`the server saw: ${asked.join(", ")}`]),
  ];
  const verdict = complaints.length === 0 ? "as expected" : `WRONG: ${complaints.join("; ")}`;
  console.log(`(exit ${result.exit}, ${Math.round(result.durationMs)} ms, ${verdict})\n`);
  return complaints.length === 0;
}

using server = await start();
let good = 0;
try {
  for (const scene of SCENES) good += (await play(scene, server)) ? 1 : 0;
} finally {
  removeIsolatedBinary();
}
console.log(`${good} of ${SCENES.length} scenes as expected`);
process.exitCode = good === SCENES.length ? 0 : 1;
