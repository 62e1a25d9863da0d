import { expect, test } from "bun:test";
import { parse } from "smol-toml";
import { configKey, FLAGS } from "../../../cli/flags.ts";
import { aliasShape } from "../../../lib/config/alias.ts";
import { defaultsShape } from "../../../lib/config/defaults.ts";
import { readShape } from "../../../lib/config/shape.ts";
import config from "../../../cli/manual/config.md" with { type: "text" };

test("config.md names the flags that may not stand in [defaults], those with secrets among them", () => {
  const left = FLAGS.filter((flag) => flag.isConfigurable === false).map((flag) => flag.name);
  expect(left).toEqual(expect.arrayContaining(["auth", "cert-key-pass"]));
  const [, listed = ""] = /cannot stand there: ([^.]*)\./.exec(config) ?? [];
  expect(listed.split(/,\s+/).sort()).toEqual(left.sort());
});

test("config.md shows sections that can be read", () => {
  const sections = [...config.matchAll(/^ {4}\[.*\n(?: {4}.*\n)+/gm)].map(([section]) => section);
  const file = parse(sections.join("\n"));
  const flags = FLAGS.filter((flag) => flag.isConfigurable !== false);
  const shape = defaultsShape(flags.map((flag) => ({ ...flag, name: configKey(flag) })));
  expect(readShape(shape, file["defaults"])).toMatchObject({ ok: true });
  expect(readShape(aliasShape, file["alias"])).toMatchObject({ ok: true });
});
