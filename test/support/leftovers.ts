import type { Hit } from "./loopback-server.ts";

// A plugin that leaves what it can for whoever runs next, and says what it found before.

/** Stands in all that it leaves, so that it can be looked for. */
export const MARK = "l3ft";

/** One way of leaving something inside the sandbox. */
interface Way {
  readonly name: string;
  /** A statement. */
  readonly leave: string;
  /** An expression; it gives `clean` where nothing was left, and something else where it was. */
  readonly look: string;
  readonly clean: unknown;
}

const WAYS: readonly Way[] = [
  {
    name: "a global variable",
    leave: `globalThis.${MARK} = 1;`,
    look: `typeof globalThis.${MARK}`,
    clean: "undefined",
  },
  {
    name: "a property of every object",
    leave: `Object.prototype.${MARK} = 1;`,
    look: `typeof ({}).${MARK}`,
    clean: "undefined",
  },
  {
    name: "a method of every list",
    leave: `Array.prototype.at = () => "${MARK}";`,
    look: `["first"].at(0)`,
    clean: "first",
  },
  {
    name: "a function of the engine",
    leave: `Math.max = () => "${MARK}";`,
    look: `Math.max(1, 2)`,
    clean: 2,
  },
  {
    name: "a function of the sandbox",
    leave: `globalThis.atob = () => "${MARK}";`,
    look: `atob("b2s=")`,
    clean: "ok",
  },
  {
    name: "a variable of its module",
    leave: `mine = "${MARK}";`,
    look: `mine`,
    clean: "nothing",
  },
  {
    name: "a variable of a module it imports",
    leave: `shared.held = "${MARK}";`,
    look: `shared.held`,
    clean: "nothing",
  },
  {
    name: "the store of the run",
    leave: `ctx.store.set("${MARK}", "${MARK}");`,
    look: `ctx.store.keys()`,
    clean: [],
  },
  {
    name: "an option",
    leave: `ctx.options.${MARK} = 1;`,
    look: `Object.keys(ctx.options)`,
    clean: [],
  },
];

/** What `look` gives where nothing was left. */
export const CLEAN: unknown = Object.fromEntries(WAYS.map(({ name, clean }) => [name, clean]));

/** The names of the ways whose leavings are in what a plugin found. */
export function leftIn(found: unknown): readonly string[] {
  const values = new Map(Object.entries(found ?? {}));
  return WAYS.filter(({ name, clean }) => !Bun.deepEquals(values.get(name), clean)).map(
    ({ name }) => name,
  );
}

/** The names of all ways. */
export const ALL_WAYS: readonly string[] = WAYS.map(({ name }) => name);

/** The module that plugins of `leaver` and `looker` import; it lies beside them. */
export const SHARED_MODULE = `export const shared = { held: "nothing" };\n`;

const LOOK = `import { shared } from "./shared.js";
let mine = "nothing";
const look = (ctx) => ({
${WAYS.map(({ name, look }) => `  ${JSON.stringify(name)}: ${look},`).join("\n")}
});
`;

/** Returns a plugin that says what it finds, leaves what it can, and says what it finds then. */
export function leaver(name: string, base: string): string {
  return `export const plugin = { name: "${name}", net: ["${new URL(base).host}"] };
${LOOK}
weir.on("pre_request", { priority: 1 }, async (event, ctx) => {
  const before = look(ctx);
  await http.get("${base}/look");
  await http.client().get("${base}/look");
  await http.get("${base}/login");
  await http.get("${base}/again");
  const client = http.client({ headers: { "x-${MARK}": "1" }, auth: { bearer: "${MARK}" } });
  await client.get("${base}/login");
  await client.get("${base}/again");
  ${WAYS.map(({ leave }) => leave).join("\n  ")}
  log.info(JSON.stringify({ before, after: look(ctx) }));
});
`;
}

/** Returns a plugin that only says what it finds, and asks once. */
export function looker(name: string, base: string): string {
  return `export const plugin = { name: "${name}", net: ["${new URL(base).host}"] };
${LOOK}
weir.on("pre_request", { priority: 2 }, async (event, ctx) => {
  const before = look(ctx);
  await http.get("${base}/look");
  await http.client().get("${base}/look");
  log.info(JSON.stringify({ before }));
});
`;
}

/** The routes that both ask for. */
export const LEAVER_ROUTES = {
  "/look": {},
  "/login": { headers: { "Set-Cookie": `sid=${MARK}; Path=/` } },
  "/again": {},
} as const;

/** What a request has that identifies whoever sent it. */
export function dressOf(hit: Hit): string {
  const lines = ["cookie", "authorization", `x-${MARK}`].map((name) => hit.header(name) ?? "-");
  return `${hit.path} ${lines.join(" ")}`;
}

/** What the requests of a leaver are dressed with in a run that nothing was left for. */
export const LEAVER_DRESS: readonly string[] = [
  "/look - - -",
  "/look - - -",
  "/login - - -",
  `/again sid=${MARK} - -`,
  `/login - Bearer ${MARK} 1`,
  `/again sid=${MARK} Bearer ${MARK} 1`,
];

/** What the requests of a looker are dressed with. */
export const LOOKER_DRESS: readonly string[] = ["/look - - -", "/look - - -"];
