import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError } from "../../../lib/base/errors.ts";
import { readDocument } from "../../../lib/pipeline/document.ts";
import { loadPlaybook } from "../../../lib/pipeline/load.ts";
import { compileTemplate } from "../../../lib/template/render.ts";
import { codeAndHint } from "../../support/errors.ts";

const VALID = join(import.meta.dir, "../../../fixtures/pipelines/valid");

describe("readDocument() data", () => {
  test.each([
    {
      name: "scalars of YAML 1.2",
      text: "a: [1, 1.5, true, no, null, '1', 0x10]",
      want: { a: [1, 1.5, true, "no", null, "1", 16] },
    },
    { name: "a key that is a number", text: "404: gone", want: { "404": "gone" } },
    { name: "an alias", text: "a: &x [1]\nb: *x", want: { a: [1], b: [1] } },
    { name: "a byte order mark", text: "\ufeffa: 1", want: { a: 1 } },
    {
      name: "lines of Windows",
      text: "a: |\r\n  x\r\n  y\r\nb: 1\r\n",
      want: { a: "x\ny\n", b: 1 },
    },
    { name: "nothing", text: "", want: null },
  ])("reads $name", ({ text, want }) => {
    expect(readDocument(text, "f.yaml").data).toEqual(want);
  });

  test("keeps __proto__ a key like any other", () => {
    const { data } = readDocument("__proto__: { isAdmin: true }\na: 1", "f.yaml");
    expect(Object.keys(data as object)).toEqual(["__proto__", "a"]);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });

  test("bytes and text give the same", () => {
    const text = "a: é 😀\n";
    const bytes = new TextEncoder().encode(text);
    expect(readDocument(bytes, "f.yaml").data).toEqual(readDocument(text, "f.yaml").data);
  });

  test("a file over 4 MiB is refused without being read", () => {
    const refused = codeAndHint(() => readDocument("x".repeat(4 * 1024 * 1024 + 1), "f.yaml"));
    expect(refused.code).toBe("PIPELINE_INVALID");
    expect(refused.hint).toContain("loop.in");
  });
});

describe("the place of each character of a template", () => {
  test.each([
    { name: "a literal block", text: "a: |\n    x {{ 1 }}\n    y {{ BAD }}\n" },
    { name: "a literal block that says its indentation", text: "a: |2\n     x {{ BAD }}\n" },
    { name: "a literal block that begins with an empty line", text: "a: |-\n\n  q\n    {{ BAD }}" },
    { name: "a folded block", text: "a: >\n  one two\n  three {{ BAD }}\n\n  x" },
    { name: "a folded block with an empty line", text: "a: >-\n  one\n\n  two {{ BAD }}" },
    { name: "a folded block with deeper lines", text: "a: >\n  one\n    more {{ BAD }}\n  x\n" },
    { name: "double quotes with escapes", text: 'a: "x \\"q\\" \\u00e9 \\x41 {{ BAD }}"' },
    {
      name: "double quotes with a character beyond the first plane",
      text: 'a: "\\U0001F600 {{ BAD }}"',
    },
    { name: "double quotes over lines", text: 'a: "one\n  two {{ BAD }}"' },
    { name: "double quotes with an escaped line break", text: 'a: "one\\\n  two\\n {{ BAD }}"' },
    { name: "single quotes with a quote", text: "a: 'it''s {{ BAD }}'" },
    { name: "plain text over lines", text: "a: one\n  two\n\n  three {{ BAD }}" },
    { name: "lines of Windows", text: "a: |\r\n  x\r\n  {{ BAD }}\r\n" },
    { name: "characters of two units before it", text: "a: 😀 {{ BAD }}" },
    { name: "an alias", text: "b: &x '{{ BAD }}'\na: *x" },
  ])("$name", ({ text }) => {
    const { data, source } = readDocument(text, "f.yaml");
    const { a } = data as { readonly a: string };
    const [found] = compileTemplate(a, source.templateAt(["a"])).names;
    const line = text.split("\n")[(found?.line ?? 0) - 1] ?? "";
    expect(line.slice((found?.column ?? 0) - 1)).toStartWith("BAD");
  });

  test("keys, values, elements and what is not there have places", () => {
    const { source } = readDocument("a:\n  - b: 1\n    c:\n", "f.yaml");
    expect(source.placeOf(["a", 0, "b"])).toEqual({ line: 2, column: 8 });
    expect(source.placeOf(["a", 0, "b"], "key")).toEqual({ line: 2, column: 5 });
    expect(source.placeOf(["a", 0, "nope", "x"])).toEqual({ line: 2, column: 5 });
    expect(source.placeOf(["a", 7])).toEqual({ line: 2, column: 3 });
  });
});

describe("frames", () => {
  test.each([
    { name: "a secret header", line: "    Authorization: Bearer abcdef", want: "Authorization: …" },
    { name: "a password in a URL", line: "    proxy: http://me:hunter2@proxy", want: "…" },
    { name: "a long key", line: `    q: ${"k1".repeat(20)}`, want: "…" },
  ])("$name is left out", ({ line, want }) => {
    const { source } = readDocument(`a:\n${line}\n`, "f.yaml");
    const { details } = source.error(["a"], { message: "m", hint: "h" });
    const [shown = ""] = String(details["frame"]).split("\n");
    expect(shown).toContain(want);
    expect(shown).not.toMatch(/abcdef|hunter2|k1k1/);
  });

  test("a template of a secret is shown", () => {
    const line = '    Authorization: "Bearer {{ keychain.api }}"';
    const { source } = readDocument(`a:\n${line}\n`, "f.yaml");
    const { details } = source.error(["a"], { message: "m", hint: "h" });
    expect(String(details["frame"])).toContain(line);
  });
});

describe("hostile files", () => {
  test.each([
    { name: "brackets without end", text: "[".repeat(50_000) },
    { name: "maps without end", text: "{a: ".repeat(20_000) },
    { name: "dashes without end", text: "- ".repeat(20_000) },
    { name: "anchors without end", text: "&a ".repeat(10_000) },
    { name: "only line breaks", text: "\n".repeat(200_000) },
    { name: "control characters", text: "a: \u0000\u0007\u009b" },
    { name: "a lone surrogate", text: "a: \ud800" },
    { name: "another version of YAML", text: "%YAML 1.1\n---\na: yes\n" },
  ])("$name: an answer or a clear error", ({ text }) => {
    try {
      loadPlaybook(text, { file: "f.yaml" });
    } catch (error) {
      expect(error).toBeInstanceOf(WeirError);
      expect((error as WeirError).code).toBe("PIPELINE_INVALID");
    }
  });

  test("whatever is done to a file, it loads or says where it is wrong", () => {
    const texts = ["pages-by-hand.yaml", "seed-basic.yaml", "loop-inputs.yaml"].map((file) =>
      readFileSync(join(VALID, file), "utf8"),
    );
    const scrap = fc.constantFrom(
      "",
      "{{",
      "}}",
      "- ",
      ": ",
      "\n",
      "  ",
      "\t",
      '"',
      "[",
      "{",
      "&a",
      "*a",
      "null",
      "0",
    );
    const edit = fc.tuple(fc.nat(10_000), fc.nat(12), scrap);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => {
          let changed = text;
          for (const [at, length, by] of edits) {
            const start = at % changed.length;
            changed = changed.slice(0, start) + by + changed.slice(start + length);
          }
          try {
            loadPlaybook(changed, { file: "f.yaml" });
          } catch (error) {
            if (!(error instanceof WeirError)) throw error;
            const { line, column, frame } = error.details;
            expect(error.code).toMatch(/^(?:PIPELINE_INVALID|TEMPLATE_)/);
            expect(Number(line)).toBeWithin(1, changed.split("\n").length + 1);
            expect(Number(column)).toBeGreaterThan(0);
            expect(frame).toBeString();
            expect(error.hint).toBeTruthy();
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
