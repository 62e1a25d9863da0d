import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { systemClock } from "../../../lib/base/clock.ts";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { comesTrue } from "../../support/children.ts";
import {
  ALL_WAYS,
  CLEAN,
  dressOf,
  leaver,
  LEAVER_DRESS,
  LEAVER_ROUTES,
  leftIn,
  looker,
  LOOKER_DRESS,
  SHARED_MODULE,
} from "../../support/leftovers.ts";
import { type Hit, type ServerScript, startServer } from "../../support/loopback-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf, type HookBench, openBench } from "./support.ts";

// What a plugin leaves must reach no other plugin, also of the same child, and no other run of the
// same process. For the next process see test/cli/plugin-runs.test.ts.

const SCRIPT: ServerScript = { hits: "any", routes: { ...LEAVER_ROUTES, "/main": {} } };

/** Plugins in one folder, beside a module that all of them import. */
function folderOf(plugins: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, "shared.js"), SHARED_MODULE);
  const paths = Object.entries(plugins).map(([name, source]) => {
    const path = join(folder.path, `${name}.js`);
    writeFileSync(path, source);
    return path;
  });
  return { paths, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Returns what the plugins of a bench logged as JSON, by name. */
function foundBy(bench: HookBench): ReadonlyMap<string, { before: unknown; after: unknown }> {
  const rows = bench.logs.map((line) => {
    const [name = "", , text = ""] = /^(\S+) (\S+) (.*)$/s.exec(line)?.slice(1) ?? [];
    // True: leaver and looker log nothing else.
    return [name, JSON.parse(text) as { before: unknown; after: unknown }] as const;
  });
  return new Map(rows);
}

test("WEAK21 what a plugin leaves in a child reaches no other plugin of it, nor the main request", async () => {
  using server = await startServer(SCRIPT);
  using folder = folderOf({ one: leaver("one", server.url), two: looker("two", server.url) });
  await using bench = await openBench([], { paths: folder.paths });
  await bench.send(`${server.url}/main`);
  // Both in the same child, or the test says nothing.
  expect(bench.hooks.pids()).toHaveLength(1);
  const found = foundBy(bench);
  expect(leftIn(found.get("one")?.after)).toEqual(ALL_WAYS);
  expect(found.get("two")?.before).toEqual(CLEAN);
  expect(server.hits.map(dressOf)).toEqual([...LEAVER_DRESS, ...LOOKER_DRESS, "/main - - -"]);
});

test("CR32 what a plugin leaves does not reach the same plugin in the next run of the process", async () => {
  using server = await startServer(SCRIPT);
  using folder = folderOf({ one: leaver("one", server.url) });
  for (let run = 0; run < 2; run += 1) {
    server.play(SCRIPT);
    await using bench = await openBench([], { paths: folder.paths });
    await bench.send(`${server.url}/main`);
    const found = foundBy(bench).get("one");
    expect(found?.before).toEqual(CLEAN);
    expect(leftIn(found?.after)).toEqual(ALL_WAYS);
    expect(server.hits.map(dressOf)).toEqual([...LEAVER_DRESS, "/main - - -"]);
  }
});

test("what a plugin leaves does not reach the same plugin in a run beside it", async () => {
  using server = await startServer(SCRIPT);
  using folder = folderOf({ one: leaver("one", server.url) });
  await using first = await openBench([], { paths: folder.paths });
  await using second = await openBench([], { paths: folder.paths });
  await first.send(`${server.url}/main`);
  server.play(SCRIPT);
  await second.send(`${server.url}/main`);
  expect(foundBy(second).get("one")?.before).toEqual(CLEAN);
  expect(server.hits.map(dressOf)).toEqual([...LEAVER_DRESS, "/main - - -"]);
  // The one that left something still has it: it was there to be found.
  server.play(SCRIPT);
  await first.send(`${server.url}/main`);
  expect(leftIn(foundBy(first).get("one")?.before)).not.toEqual([]);
  expect(server.hits.map(dressOf)[0]).toBe("/look sid=l3ft - -");
});

/** Says who sent a request by its query, and returns the connections of each. */
function connectionsOf(hits: readonly Hit[]): Readonly<Record<string, readonly number[]>> {
  const groups = Map.groupBy(hits, (hit) => hit.target);
  return Object.fromEntries(
    [...groups].map(([who, own]) => [who, [...new Set(own.map((hit) => hit.connection))]]),
  );
}

const TWICE = (name: string, url: string): string =>
  `export const plugin = { name: "${name}", net: ["${new URL(url).host}"] };
   const client = http.client();
   weir.on("pre_request", async (event, ctx) => {
     const who = "${name}" + ctx.run_id;
     for (let at = 0; at < 2; at++) await http.get("${url}/?" + who + "-default");
     for (let at = 0; at < 2; at++) await client.get("${url}/?" + who + "-client");
   });`;

test("CH9 CH10 a connection that was kept open serves its own client, and nobody else", async () => {
  using server = await startServer({ hits: "any", routes: { "/": {} } });
  const plugins = [TWICE("one", server.url), TWICE("two", server.url)];
  for (const runId of ["A", "B"]) {
    await using bench = await openBench(plugins, { runId });
    for (let at = 0; at < 2; at += 1) await bench.send(`${server.url}/?main${runId}`);
  }
  const used = connectionsOf(server.hits);
  const names = ["one", "two"].flatMap((name) => [`${name}#-default`, `${name}#-client`]);
  const wanted = ["A", "B"].flatMap((run) =>
    ["main#", ...names].map((name) => `/?${name.replace("#", run)}`),
  );
  expect(Object.keys(used).toSorted()).toEqual(wanted.toSorted());
  // Four requests of each plugin's client, two of the main one: all on one connection of their own.
  const numbers = Object.values(used).flat();
  expect(numbers).toHaveLength(wanted.length);
  expect(new Set(numbers).size).toBe(wanted.length);
});

test("CH10 a client of an instance that was stopped is not taken over by the next instance", async () => {
  using server = await startServer({
    hits: "any",
    routes: { "/login": { headers: { "Set-Cookie": "sid=1; Path=/" } }, "/me": {}, "/main": {} },
  });
  await using bench = await openBench(
    [
      `export const plugin = { name: "stopped", limits: { deadline_ms: 200 } };
       weir.on("pre_request", async (event) => {
         const client = http.client();
         if (event.url.endsWith("/hang")) {
           await client.get("${server.url}/login");
           await client.get("${server.url}/me?before");
           while (true);
         }
         await client.get("${server.url}/me?after");
       });`,
    ],
    { net: [`127.0.0.1:${server.port}`] },
  );
  await failureOf(bench.send(`${server.url}/hang`));
  await bench.send(`${server.url}/main`);
  const asked = server.hits.filter(({ path }) => path === "/me");
  expect(asked.map((hit) => [hit.target, hit.header("cookie")])).toEqual([
    ["/me?before", "sid=1"],
    ["/me?after", undefined],
  ]);
  expect(asked[0]?.connection).not.toBe(asked[1]?.connection);
});

test("CR32 a plugin that is loaded anew gets its own store back, and not that of another", async () => {
  using server = await startServer({ hits: "any", routes: { "/main": {} } });
  const says = `log.info(ctx.store.keys());`;
  const plugins = [
    `export const plugin = { name: "one" };
     weir.on("pre_request", (event, ctx) => { ctx.store.set("of-one", 1); });`,
    `export const plugin = { name: "two", limits: { deadline_ms: 200 } };
     weir.on("pre_request", (event, ctx) => {
       ctx.store.set("of-two", 1);
       if (event.url.endsWith("/hang")) while (true);
       ${says}
     });`,
    `export const plugin = { name: "three", limits: { deadline_ms: 200 } };
     weir.on("pre_request", { priority: 50 }, (event, ctx) => {
       if (event.url.endsWith("/stop")) while (true);
       ${says}
     });`,
  ];
  await using bench = await openBench(plugins);
  await failureOf(bench.send(`${server.url}/hang`));
  await failureOf(bench.send(`${server.url}/stop`));
  await bench.send(`${server.url}/main`);
  expect(bench.logs).toEqual(["three info []", "three info []", 'two info ["of-two"]']);
});

/** Milliseconds of a timer that only the test lets fire. */
const HELD_TIMER_MS = 12_345;

/** The clock of the machine, but that what is under way at the end is not waited for. */
function impatientClock() {
  const timers: (() => void)[] = [];
  const after = (delayMs: number, task: () => void): (() => void) => {
    if (delayMs === HELD_TIMER_MS) timers.push(task);
    if (delayMs === HELD_TIMER_MS) return () => undefined;
    return systemClock.after(delayMs === 5000 ? 0 : delayMs, task);
  };
  return { clock: { ...systemClock, after }, timers };
}

test("CH12 what a run left under way ends with it, and reaches no run after it", async () => {
  const held = Promise.withResolvers<void>();
  const [request, callback] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = async (_hit: Hit, response: ServerResponse, end: () => void) => {
    response.on("close", end);
    await held.promise;
    return { body: "late" };
  };
  using server = await startServer({
    hits: "any",
    routes: {
      "/main": {},
      "/late": {},
      "/request": (hit, response) => slow(hit, response, request.resolve),
      "/callback": (hit, response) => slow(hit, response, callback.resolve),
    },
  });
  const source = `export const plugin = { name: "late" };
    weir.on("pre_request", (event, ctx) => {
      log.info(ctx.run_id, ctx.store.keys());
      const after = (what) => {
        ctx.store.set("late", 1);
        http.get("${server.url}/late?" + ctx.run_id + what);
      };
      http.get("${server.url}/request").then(() => after("request"));
      core.http.get("${server.url}/callback", () => after("callback"));
      setTimeout(() => after("timer"), ${HELD_TIMER_MS});
    });`;
  const { clock, timers } = impatientClock();
  const options = { net: [`127.0.0.1:${server.port}`], runtime: { ...bunRuntime, clock } };
  const first = await openBench([source], { ...options, runId: "A" });
  await first.send(`${server.url}/main`);
  await first[Symbol.asyncDispose]();
  // The end of the run aborts them: the server sees both go away.
  await Promise.all([request.promise, callback.promise]);
  await using second = await openBench([source], { ...options, runId: "B" });
  await second.hooks.ready();
  held.resolve();
  await second.send(`${server.url}/main`);
  // That of the first run among them.
  expect(timers).toHaveLength(2);
  for (const fire of timers) fire();
  const late = (): readonly string[] =>
    server.hits.filter(({ path }) => path === "/late").map(({ target }) => target);
  expect(await comesTrue(() => late().length >= 3)).toBe(true);
  const own = ["request", "callback", "timer"].map((what) => `/late?B${what}`);
  expect(late().toSorted()).toEqual(own.toSorted());
  expect(second.logs).toEqual(["late info B []"]);
});
