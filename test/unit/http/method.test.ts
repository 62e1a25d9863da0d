import { expect, test } from "bun:test";
import { parseMethod } from "../../../lib/http/method.ts";

test("parseMethod() sends any token in upper case", () => {
  expect(["get", "PURGE", "propfind", "M-SEARCH", "x_!"].map(parseMethod)).toEqual([
    "GET",
    "PURGE",
    "PROPFIND",
    "M-SEARCH",
    "X_!",
  ]);
});

test("parseMethod() refuses what could end the request line", () => {
  for (const text of ["", "GET /", "GET\r\nX: y", "GÉT", "GET,POST"]) {
    expect(() => parseMethod(text)).toThrow(expect.objectContaining({ code: "USAGE_BAD_METHOD" }));
  }
});
