import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../../../lib/base/secret.ts";
import { textBody } from "../../../lib/http/body.ts";
import { startServer } from "../../support/loopback-server.ts";
import { failureOf, openBench } from "./support.ts";

// The plugins that ship with weir.

function sourceOf(name: string): string {
  return readFileSync(join(import.meta.dir, "../../../plugins", `${name}.js`), "utf8");
}

test("request-id gives each request an id, and leaves one that is there", async () => {
  using server = await startServer({ replies: [{}, {}, {}] });
  await using bench = await openBench([sourceOf("request-id")]);
  await bench.send(server.url);
  await bench.send(server.url);
  await bench.send(server.url, { headers: [["X-Request-ID", "mine"]] });
  const [first, second, third] = server.hits.map((hit) => hit.header("x-request-id"));
  expect(first).toMatch(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  expect(second).not.toBe(first);
  expect(third).toBe("mine");
});

test("idempotency-key gives unsafe requests a key", async () => {
  using server = await startServer({ replies: [{}, {}] });
  await using bench = await openBench([sourceOf("idempotency-key")]);
  await bench.send(server.url, { method: "POST" });
  await bench.send(server.url);
  expect(server.hits[0]?.header("idempotency-key")).toMatch(/^"[0-9a-f-]{36}"$/);
  expect(server.hits[1]?.header("idempotency-key")).toBeUndefined();
});

test.each([
  { name: "JSON", reply: { json: {} }, fails: false },
  {
    name: "a type that ends in +json",
    reply: { headers: { "Content-Type": "application/problem+json" }, body: "{}" },
    fails: false,
  },
  { name: "204", reply: { status: 204 }, fails: false },
  { name: "text", reply: { headers: { "Content-Type": "text/plain" }, body: "x" }, fails: true },
  { name: "no type", reply: { body: "x" }, fails: true },
])("json-only takes $name: fails $fails", async ({ reply, fails }) => {
  using server = await startServer({ replies: [reply] });
  await using bench = await openBench([sourceOf("json-only")]);
  const work = bench.send(server.url);
  if (!fails) return void (await work);
  const { message } = await failureOf(work);
  expect(message).toStartWith("Plugin json-only failed the response: expected JSON and got");
});

test("hmac-sign signs what is sent with a key it never sees", async () => {
  using server = await startServer({ replies: [{}] });
  const asked: string[] = [];
  await using bench = await openBench([sourceOf("hmac-sign")], {
    options: { secret: "partner", key_id: "k1" },
    secrets: {
      placeholder: (plugin, name) => {
        asked.push(`${plugin} ${name}`);
        return Promise.resolve("placeholder-1");
      },
      open: (_plugin, text) =>
        Promise.resolve(text === "placeholder-1" ? new Secret("the key") : undefined),
    },
  });
  await bench.send(`${server.url}/a?b=c`, { method: "POST", body: textBody("hello") });
  const [hit] = server.hits;
  const seconds = hit?.header("x-timestamp") ?? "";
  const hash = createHash("sha256").update("hello").digest("hex");
  const text = ["POST", "/a?b=c", seconds, hash].join("\n");
  const signature = createHmac("sha256", "the key").update(text).digest("hex");
  expect(hit?.header("x-signature")).toBe(`k1:${signature}`);
  expect(asked).toEqual(["hmac-sign partner"]);
});

test("price-enrich adds prices to its tool, and cancels without them", async () => {
  using prices = await startServer({ replies: [{ json: { BTC: 1 } }, { status: 502 }] });
  await using bench = await openBench([sourceOf("price-enrich")], {
    net: [`127.0.0.1:${prices.port}`],
    options: { url: prices.url },
    mode: "agent",
  });
  const call = { tool: "fetch_prices", args: { currency: "EUR" } };
  expect(await bench.hooks.tools.beforeCall(call)).toMatchObject({
    args: { currency: "EUR", prices: { BTC: 1 } },
  });
  const failure = await failureOf(bench.hooks.tools.beforeCall(call));
  expect(failure.message).toBe("Tool call cancelled by plugin price-enrich: HTTP 502");
});

test("post_tool_call patches the result or the error, and cannot cancel", async () => {
  await using bench = await openBench([
    `export const plugin = { name: "after", capabilities: ["rewrite"] };
     weir.on("post_tool_call", { pattern: "http_*" }, (event) => {
       if (event.error) return { error: event.error + "!" };
       if (event.result === "stop") return { cancel: true };
       return { result: { wrapped: event.result } };
     });`,
  ]);
  const { tools } = bench.hooks;
  const call = { tool: "http_get", args: {} };
  expect(await tools.afterCall(call, { result: 1 })).toEqual({ result: { wrapped: 1 } });
  expect(await tools.afterCall(call, { error: "no" })).toEqual({ error: "no!" });
  expect(await tools.afterCall(call, { result: "stop" })).toEqual({ result: "stop" });
  expect(bench.warnings).toHaveLength(1);
  expect(bench.warnings[0]).toContain("it returned cancel after the fact");
  const other = { tool: "shell", args: {} };
  expect(await tools.afterCall(other, { result: 1 })).toEqual({ result: 1 });
});

test("a post_tool_call handler may give back a long result as it came", async () => {
  await using bench = await openBench([
    `export const plugin = { capabilities: ["rewrite"], fail: { post_tool_call: "closed" } };
     weir.on("post_tool_call", (event) => event);`,
  ]);
  const result = "long".repeat(200_000);
  const outcome = await bench.hooks.tools.afterCall({ tool: "any", args: {} }, { result });
  expect(outcome.result).toBe(result);
});
