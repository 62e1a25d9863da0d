import { expect, test } from "bun:test";
import { bunRuntime } from "../../../lib/runtime/bun.ts";
import { nodeParts } from "../../../lib/runtime/node.ts";

const { network } = bunRuntime;

test("resolve() answers as node:dns does", async () => {
  expect(await network.resolve("localhost")).toEqual(await nodeParts.network.resolve("localhost"));
});

test("resolve() rejects with the code of node:dns for a name that does not exist", async () => {
  const failed = network.resolve("name.invalid");
  expect(await failed.catch((error: unknown) => error)).toMatchObject({
    code: "ENOTFOUND",
    syscall: "getaddrinfo",
  });
});
