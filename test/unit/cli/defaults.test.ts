import { expect, test } from "bun:test";
import { configKey, FLAGS } from "../../../cli/flags.ts";
import config from "../../../cli/manual/config.md" with { type: "text" };

test("config.md names the flags that may not stand in [defaults], those with secrets among them", () => {
  const left = FLAGS.filter((flag) => flag.isConfigurable === false).map((flag) => flag.name);
  expect(left).toEqual(expect.arrayContaining(["auth", "cert-key-pass"]));
  const [, listed = ""] = /cannot stand there: ([^.]*)\./.exec(config) ?? [];
  expect(listed.split(/,\s+/).sort()).toEqual(left.sort());
});

test("config.md shows keys of [defaults] that exist", () => {
  const keys = new Set(FLAGS.filter((flag) => flag.isConfigurable !== false).map(configKey));
  const [, section = ""] = /\[defaults\]\n((?: {4}.*\n)+)/.exec(config) ?? [];
  const shown = [...section.matchAll(/^ +([a-z_]+) =/gm)].map(([, key]) => key ?? "");
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.filter((key) => !keys.has(key))).toEqual([]);
});
