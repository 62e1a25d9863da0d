import { expect, test } from "bun:test";
import { whyNotRead, whyNotWritten } from "../../../lib/base/file-reasons.ts";

const failure = (code: string): Error => Object.assign(new Error(`${code}: open '/x'`), { code });

test.each([
  { code: "ENOENT", read: "there is no such file", written: "its folder does not exist" },
  { code: "EACCES", read: "permission denied", written: "permission denied" },
  { code: "EISDIR", read: "it is a directory", written: "it is a directory" },
  { code: "ELOOP", read: "ELOOP: open '/x'", written: "ELOOP: open '/x'" },
])("whyNotRead() and whyNotWritten() put $code into words", ({ code, read, written }) => {
  expect(whyNotRead(failure(code))).toBe(read);
  expect(whyNotWritten(failure(code))).toBe(written);
});

test("whyNotWritten() is not misled by names that all objects have", () => {
  expect(whyNotWritten({ code: "constructor" })).toBe("[object Object]");
});
