import { afterAll, beforeAll } from "bun:test";
import { useEngine } from "../../support/wire.ts";

// The direct engine is the default; every table has to hold on the other one too.
beforeAll(() => useEngine("node"));
afterAll(() => useEngine(undefined));

const TABLES = [
  "./connect.test.ts",
  "./keep-alive.test.ts",
  "./timers.test.ts",
  "./tls.test.ts",
  "./upload.test.ts",
  "./wire.test.ts",
  "../../fault/hostile-responses.test.ts",
  "../../fault/proxies.test.ts",
];

// The query makes it another module: the same file has registered its tests under its own name.
for (const table of TABLES) await import(`${table}?engine=node`);
