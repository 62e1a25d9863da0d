import { expect, spyOn, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { isTerminalFd, sizeOfFd, streamKind } from "../../../lib/runtime/node.ts";

/** A file descriptor that is closed with the test. */
function opened(path: string): { readonly fd: number } & Disposable {
  const fd = openSync(path, "r");
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

test.each([
  { name: "/dev/null, without loading node:tty", path: "/dev/null", kind: "null", modules: 0 },
  { name: "another device that is no terminal", path: "/dev/zero", kind: "null", modules: 1 },
  { name: "a file", path: import.meta.path, kind: "file", modules: 0 },
] as const)("streamKind() knows $name", ({ path, kind, modules }) => {
  using file = opened(path);
  using loading = spyOn(process, "getBuiltinModule");
  expect(streamKind(file.fd)).toBe(kind);
  expect(loading).toHaveBeenCalledTimes(modules);
  expect(isTerminalFd(file.fd)).toBe(false);
  expect(sizeOfFd(file.fd) === undefined).toBe(kind !== "file");
});

test("streamKind() takes a descriptor that is not open for a closed one", () => {
  expect(streamKind(9999)).toBe("closed");
});
