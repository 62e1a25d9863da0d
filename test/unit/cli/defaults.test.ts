import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { CONFIGURABLE, flagsFromDefaults } from "../../../cli/defaults.ts";
import { FLAGS } from "../../../cli/flags.ts";
import config from "../../../cli/manual/config.md" with { type: "text" };
import { tokenize } from "../../../cli/tokenizer.ts";
import { aliasShape } from "../../../lib/config/alias.ts";
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
  const { code } = codeAndHint(() => flagsFromDefaults({ "max-redirects": "1.5" }));
  expect(code).toBe("CONFIG_INVALID");
});

test("config.md names the flags that may not stand in [defaults], those with secrets among them", () => {
  const left = FLAGS.filter((flag) => !CONFIGURABLE.includes(flag)).map((flag) => flag.name);
  expect(left).toEqual(expect.arrayContaining(["auth", "cert-key-pass"]));
  const [, listed = ""] = /cannot stand there: ([^.]*)\./.exec(config) ?? [];
  expect(listed.split(/,\s+/).sort()).toEqual(left.sort());
});

test("config.md shows sections that can be read", () => {
  const sections = [...config.matchAll(/^ {4}\[.*\n(?: {4}.*\n)+/gm)].map(([section]) => section);
  const file = parse(sections.join("\n"));
  expect(readShape(defaultsShape(CONFIGURABLE), file["defaults"])).toMatchObject({ ok: true });
  expect(readShape(aliasShape, file["alias"])).toMatchObject({ ok: true });
});
