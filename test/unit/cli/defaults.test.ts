import { expect, test } from "bun:test";
import { CONFIGURABLE, flagsFromDefaults } from "../../../cli/defaults.ts";
import { tokenize } from "../../../cli/tokenizer.ts";
import config from "../../../cli/manual/config.md" with { type: "text" };
import { FLAGS } from "../../../cli/flags.ts";
import { defaultsShape } from "../../../lib/config/defaults.ts";
import { readShape } from "../../../lib/config/shape.ts";
import { codeAndHint } from "../../support/errors.ts";

test("flagsFromDefaults() reads every kind of flag, and typed flags win", () => {
  const read = readShape(defaultsShape(CONFIGURABLE), {
    follow: true,
    "check-status": false,
    timeout: 30,
    "max-redirects": 5,
    pretty: "format",
    "format-options": ["json.indent:2"],
    verbose: 2,
  });
  const flags = flagsFromDefaults(read.ok ? read.data : {});
  expect([
    flags.isSet("follow"),
    flags.isSet("check-status"),
    flags.text("timeout"),
    flags.integer("max-redirects"),
    flags.text("pretty"),
    flags.list("format-options"),
    flags.count("verbose"),
  ]).toEqual([true, false, "30", 5, "format", ["json.indent:2"], 2]);
  const typed = tokenize(["--no-follow", "--timeout=1"]).flags.over(flags);
  expect([typed.isSet("follow"), typed.text("timeout")]).toEqual([false, "1"]);
});

test("flagsFromDefaults() lets the lower of two that replace each other count", () => {
  expect(flagsFromDefaults({ json: true, form: true }).isSet("json")).toBe(false);
  expect(flagsFromDefaults({ form: true, json: true }).isSet("form")).toBe(false);
});

test("flagsFromDefaults() refuses a number that is none", () => {
  expect(codeAndHint(() => flagsFromDefaults({ "max-redirects": "1.5" })).code).toBe(
    "CONFIG_INVALID",
  );
});

test("CONFIGURABLE lacks what would send a secret everywhere, and config.md names what it lacks", () => {
  const kept = new Set(CONFIGURABLE);
  const left = FLAGS.filter((flag) => !kept.has(flag)).map((flag) => flag.name);
  expect(left).toEqual(expect.arrayContaining(["auth", "cert-key-pass"]));
  const [, listed = ""] = /cannot stand there: ([^.]*)\./.exec(config) ?? [];
  expect(listed.split(/,\s+/).sort()).toEqual(left.sort());
});
