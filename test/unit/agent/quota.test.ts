import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quotaFile, type QuotaStore } from "../../../lib/agent/quota.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import type { QuotaLimits } from "../../../lib/guard/quota.ts";
import { nodeParts } from "../../../lib/runtime/node.ts";
import { refusalOf } from "../../support/audit.ts";
import { openWorld, type World } from "../../support/agent-world.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { httpAnswer } from "../../support/ssrf-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function storeIn(folder: string, limits: QuotaLimits, clock = systemClock): QuotaStore {
  const path = join(folder, "agent", "quota.json");
  return quotaFile({ path, limits, files: nodeParts.files, clock });
}

/** Returns how many of the attempts were let through. */
async function passed(attempts: readonly Promise<unknown>[]): Promise<number> {
  const ends = await Promise.allSettled(attempts);
  return ends.filter(({ status }) => status === "fulfilled").length;
}

describe("PX28 two stores on one file", () => {
  test("let through what the limit says, together", async () => {
    using folder = temporaryFolder();
    const stores = [storeIn(folder.path, { requests: 7 }), storeIn(folder.path, { requests: 7 })];
    const attempts = Array.from({ length: 20 }, (_, at) =>
      (stores[at % 2] ?? stores[0])?.lease(`call-${at}`, 1000).take(),
    );
    expect(await passed(attempts.map((one) => Promise.resolve(one)))).toBe(7);
  });

  test("count what runs at the same time, until it is given back", async () => {
    using folder = temporaryFolder();
    const [one, other] = [
      storeIn(folder.path, { concurrent: 1 }),
      storeIn(folder.path, { concurrent: 1 }),
    ];
    const first = one.lease("first", 1000);
    await first.take();
    const second = other.lease("second", 1000);
    expect(await refusalOf(second.take())).toMatchObject({ code: "POLICY_QUOTA" });
    await first.settle(0);
    expect(await refusalOf(second.take())).toBeUndefined();
  });

  test("give up a lease whose process died", async () => {
    using folder = temporaryFolder();
    const clock = fakeClock();
    await storeIn(folder.path, { concurrent: 1 }, clock).lease("dead", 1000).take();
    const next = storeIn(folder.path, { concurrent: 1 }, clock).lease("next", 1000);
    expect(await refusalOf(next.take())).toMatchObject({ code: "POLICY_QUOTA" });
    clock.advance(61_001);
    expect(await refusalOf(next.take())).toBeUndefined();
  });
});

test("PX28 a redirect takes a request and no second place among those that run", async () => {
  using folder = temporaryFolder();
  const store = storeIn(folder.path, { concurrent: 1, requests: 2 });
  const lease = store.lease("call", 1000);
  await lease.take();
  await lease.take();
  expect(await refusalOf(lease.take())).toMatchObject({
    code: "POLICY_QUOTA",
    details: { rule: "http_request.quota.requests" },
  });
});

test("PX28 bytes that were received are counted, the call that crosses the limit is the last", async () => {
  using folder = temporaryFolder();
  const store = storeIn(folder.path, { capBytes: 100 });
  for (const id of ["a", "b"]) {
    const lease = store.lease(id, 1000);
    await lease.take();
    await lease.settle(60);
  }
  expect(await refusalOf(store.lease("c", 1000).take())).toMatchObject({
    details: { rule: "http_request.quota.bytes" },
  });
});

describe("PX28 a file that is no count refuses", () => {
  test.each([
    { name: "an empty file", content: "" },
    { name: "a text", content: "nothing used" },
    { name: "a list", content: "[]" },
    { name: "null", content: "null" },
    { name: "an object without counts", content: "{}" },
    { name: "a negative count", content: '{"requests":-5,"bytes":0,"running":[],"seconds":[]}' },
    {
      name: "a count that is a text",
      content: '{"requests":"0","bytes":0,"running":[],"seconds":[]}',
    },
    { name: "a fraction", content: '{"requests":0.5,"bytes":0,"running":[],"seconds":[]}' },
    {
      name: "leases that are none",
      content: '{"requests":0,"bytes":0,"running":[null],"seconds":[]}',
    },
    {
      name: "a lease without end",
      content: '{"requests":0,"bytes":0,"running":[{"id":"a"}],"seconds":[]}',
    },
    {
      name: "seconds that are texts",
      content: '{"requests":0,"bytes":0,"running":[],"seconds":[["a","b"]]}',
    },
    {
      name: "seconds that are none",
      content: '{"requests":0,"bytes":0,"running":[],"seconds":[1]}',
    },
  ])("$name", async ({ content }) => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "agent"));
    const path = join(folder.path, "agent", "quota.json");
    writeFileSync(path, content);
    const store = storeIn(folder.path, { requests: 5 });
    const refusal = await refusalOf(store.lease("a", 1000).take());
    expect(refusal).toMatchObject({ code: "POLICY_QUOTA", hint: expect.stringContaining(path) });
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  test("and so does a lock that another process does not give back", async () => {
    using folder = temporaryFolder();
    const lock = await nodeParts.files.openLock(join(folder.path, "agent", "quota.json.lock"));
    expect(lock.tryAcquire()).toBe(true);
    const clock = fakeClock();
    const taken = refusalOf(storeIn(folder.path, { requests: 5 }, clock).lease("a", 1000).take());
    let isDone = false;
    void taken.finally(() => (isDone = true));
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
    }
    expect(await taken).toMatchObject({
      message: expect.stringContaining("another process holds it"),
    });
    lock.release();
    lock.close();
  });
});

describe("PX28 the quota of an agent", () => {
  function quotaWorld(quota: string): Promise<World> {
    return openWorld({
      config: `[http_request]\nenabled = true\nallowed_domains = ["api.test"]\n[http_request.quota]\n${quota}\n`,
      names: { "api.test": [["203.0.114.7"]] },
      play: ({ target }, responder) => {
        if (target !== "/broken") return httpAnswer("200 OK", {}, "a".repeat(50));
        responder.write(`HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n${"a".repeat(50)}`);
        responder.end();
        return undefined;
      },
    });
  }

  test("refuses before anything is sent, and says so in the records", async () => {
    await using world = await quotaWorld("requests = 1");
    expect(await world.get("http://api.test/")).toMatchObject({ success: true });
    expect(await world.get("http://api.test/")).toMatchObject({
      success: false,
      code: "POLICY_QUOTA",
      rule: "http_request.quota.requests",
    });
    expect(world.arrivals).toHaveLength(1);
    expect(world.audit().at(-1)).toMatchObject({ decision: "deny", code: "POLICY_QUOTA" });
  });

  test("counts the bytes of a body that broke off", async () => {
    await using world = await quotaWorld("bytes = 40");
    expect(await world.get("http://api.test/broken")).toMatchObject({ code: "NET_TRUNCATED" });
    expect(await world.get("http://api.test/")).toMatchObject({ code: "POLICY_QUOTA" });
  });

  test("gives back the place of a call that failed", async () => {
    await using world = await quotaWorld("concurrent = 1");
    expect(await world.get("http://api.test/broken")).toMatchObject({ code: "NET_TRUNCATED" });
    expect(await world.get("http://api.test/")).toMatchObject({ success: true });
  });

  test("is not written where there is none", async () => {
    await using world = await quotaWorld("");
    await world.get("http://api.test/");
    expect(existsSync(join(world.folder, "state", "weir", "agent"))).toBe(false);
  });
});
