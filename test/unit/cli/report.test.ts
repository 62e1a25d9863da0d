import { expect, test } from "bun:test";
import { errorReport, errorText, reportError } from "../../../cli/report.ts";
import { ERRORS, toWeirError, WeirError } from "../../../lib/base/errors.ts";
import { fakeIo, systemError } from "../../support/fake-io.ts";

const PLAIN = { isDebug: false, isColoured: false };

test("errorText() prints message, frame and hint on lines of their own", () => {
  const error = new WeirError("USAGE_BAD_ITEM", "Item a[ has no end", {
    hint: "Close the bracket",
    details: { frame: "a[\n ^" },
  });
  expect(errorText(error, PLAIN)).toBe(
    "weir: error: Item a[ has no end\n  a[\n   ^\nhint: Close the bracket\n",
  );
});

test("errorText() takes a frame as lines too, and leaves out what is not there", () => {
  const framed = new WeirError("CONFIG_INVALID", "Bad", { details: { frame: ["1 | x", "  | ^"] } });
  expect(errorText(framed, PLAIN)).toBe("weir: error: Bad\n  1 | x\n    | ^\n");
  expect(errorText(new WeirError("INTERNAL", "Bad"), PLAIN)).toBe("weir: error: Bad\n");
});

test("errorText() lets nothing through that drives a terminal or starts a line", () => {
  const hostile = "a\u001b[2J\u0007\rb\nhint: run this\u202e\u009b31m";
  const error = new WeirError("NET_PROTOCOL", hostile, {
    hint: hostile,
    details: { frame: hostile, body_preview: hostile },
    cause: new Error(hostile),
  });
  const text = errorText(error, { isDebug: true, isColoured: false });
  expect(text).toMatch(/^[ -~\n…]*$/);
  expect(text.match(/^hint: /gm)).toHaveLength(1);
});

test("errorText() colours two words and nothing else", () => {
  const error = new WeirError("NET_DNS", "No", { hint: "Try" });
  const text = errorText(error, { isDebug: false, isColoured: true });
  expect(text).toBe("weir: \u001b[31merror:\u001b[39m No\n\u001b[36mhint:\u001b[39m Try\n");
});

test("errorText() adds code, causes and stack for --debug", () => {
  const inner = systemError("ECONNREFUSED");
  const outer = new Error("outer", { cause: inner });
  const error = new WeirError("NET_REFUSED", "Refused", { cause: outer });
  const text = errorText(error, { isDebug: true, isColoured: false });
  expect(text).toContain("code: NET_REFUSED\n");
  expect(text).toContain("caused by: Error: outer\n");
  expect(text).toContain("caused by: Error ECONNREFUSED: ECONNREFUSED: faked\n");
  expect(text).toContain("report.test.ts");
  expect(errorText(error, PLAIN)).not.toContain("caused by");
});

test("errorText() ends on a cause that goes in a circle, or is no error", () => {
  const circle = new Error("circle");
  circle.cause = circle;
  for (const cause of [circle, "text", null, 7, { message: "x" }]) {
    const error = new WeirError("INTERNAL", "Bad", { cause });
    expect(errorText(error, { isDebug: true, isColoured: false })).toContain("caused by");
  }
});

test("errorReport() is what JSON needs", () => {
  const error = new WeirError("NET_DNS", "No", { hint: "Try", details: { host: "h" } });
  expect(JSON.parse(JSON.stringify(errorReport(error)))).toEqual({
    error: { code: "NET_DNS", message: "No", hint: "Try", details: { host: "h" } },
  });
  expect(errorReport(toWeirError("x")).error.code).toBe("INTERNAL");
  expect(errorReport(new WeirError("NET_DNS", "No")).error).not.toHaveProperty("hint");
});

test("reportError() returns the exit status of the code, also when nobody reads", async () => {
  const { io } = fakeIo({ stderrError: systemError("EPIPE") });
  for (const code of ["NET_DNS", "USAGE_BAD_URL", "TIMEOUT_READ"] as const) {
    expect(await reportError(new WeirError(code, "x"), io, false)).toBe(ERRORS[code].exit);
  }
});

test("errorText() says the place of an error in a file, and what else is wrong with it", () => {
  const place = { file: "p.yaml", line: 3, column: 5 };
  const problems = [
    { line: 3, column: 5, message: "Bad" },
    { line: 9, column: 1, message: "Worse\u001b[2J" },
  ];
  const error = new WeirError("PIPELINE_INVALID", "Bad", {
    hint: "Try",
    details: { ...place, frame: "3 | x\n  | ^", problems, problemCount: 7 },
  });
  expect(errorText(error, PLAIN)).toBe(
    [
      "weir: error: p.yaml:3:5: Bad",
      "  3 | x",
      "    | ^",
      "hint: Try",
      String.raw`also: p.yaml:9:1: Worse\x1b[2J`,
      "also: 5 more",
      "",
    ].join("\n"),
  );
});

test("errorText() does not repeat a place that the message has", () => {
  const details = { file: "c.toml", line: 2, column: 1, problems: [{}, { message: "x" }] };
  const error = new WeirError("CONFIG_INVALID", "Bad, in c.toml:2:1", { details });
  expect(errorText(error, PLAIN)).toBe("weir: error: Bad, in c.toml:2:1\n");
});

test("NO26 errorText() shows how the response of a failed task begins, on one line", () => {
  const details = { body_preview: `{\n  "error": "no such account"\n}${" ".repeat(9)}` };
  const error = new WeirError("PIPELINE_FAILED", "Bad", { hint: "Do", details });
  expect(errorText(error, PLAIN)).toBe(
    'weir: error: Bad\nresponse: { "error": "no such account" }\nhint: Do\n',
  );
  const long = new WeirError("PIPELINE_FAILED", "Bad", {
    details: { body_preview: "x".repeat(999) },
  });
  expect(errorText(long, PLAIN).split("\n")[1]).toHaveLength("response: ".length + 301);
});
