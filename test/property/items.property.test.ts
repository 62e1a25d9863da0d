import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { utf8 } from "../../lib/base/bytes.ts";
import { WeirError } from "../../lib/base/errors.ts";
import { parseJson, printJson } from "../../lib/base/json-tree.ts";
import { encodeForm } from "../../lib/http/form.ts";
import { parseLinks } from "../../lib/http/link-header.ts";
import { parseMediaType } from "../../lib/http/media-type.ts";
import { multipartBody } from "../../lib/http/multipart.ts";
import { redactUrl } from "../../lib/http/redact-url.ts";
import { appendQuery, parseTarget } from "../../lib/http/url.ts";
import { parseItem } from "../../lib/items/grammar.ts";
import { nestJson } from "../../lib/items/nested.ts";

function stringOf(characters: string): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...Array.from(characters)) });
}

const text = fc.string({ unit: "grapheme" });
/** Strings made of the characters the grammars look at. */
const tricky = stringOf('ab01 :;=@\\[]{}",.-+é🐎\n');
const anything = fc.oneof(text, tricky, fc.string({ unit: "binary" }));

/** Runs `task` and lets only WeirErrors that are no bugs pass. */
function allowWeirErrors(task: () => unknown): void {
  try {
    task();
  } catch (error) {
    if (!(error instanceof WeirError) || error.code === "INTERNAL") throw error;
  }
}

/** A backslash right before a separator cannot be typed outside of JSON, as in HTTPie. */
function canBeTyped(value: string): boolean {
  return !/\\[:;=@]|\\$/.test(value);
}

function escape(value: string): string {
  return value.replace(/[:;=@]/g, "\\$&");
}

/** Escapes a name for nested JSON first, then for the item around it. */
function escapeKey(key: string): string {
  if (/^[+-]?\d+$/.test(key)) return `\\${key}`;
  return escape(key.replace(/[[\]\\]/g, "\\$&"));
}

test("parseItem() gives back any name and value that are escaped", () => {
  const typed = anything.filter(canBeTyped);
  fc.assert(
    fc.property(typed, typed, fc.constantFrom("=", "==", ":"), (name, value, separator) => {
      const item = parseItem(`${escape(name)}${separator}${escape(value)}`);
      expect("name" in item && item.name).toBe(name);
      if (value !== "") expect("value" in item && item.value).toBe(value);
    }),
  );
});

test("parseItem() and nestJson() give back any path of keys and any value in JSON", () => {
  const keys = fc.array(anything, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(keys, anything, (path, value) => {
      const [first = "", ...rest] = path.map(escapeKey);
      // Nothing in a bracket means "append", nothing before one an array as the body.
      fc.pre(rest.every((key) => key !== "") && (first !== "" || rest.length === 0));
      const json = escape(JSON.stringify(value).replaceAll("\\\\", "\\u005c"));
      const item = parseItem(`${first}${rest.map((key) => `[${key}]`).join("")}:=${json}`);
      if (item.kind !== "field-json") throw new Error(item.kind);
      const node = nestJson([{ text: item.text, name: item.name, value: item.node }]);
      let found: unknown = JSON.parse(node === undefined ? "null" : printJson(node));
      for (const key of path) found = new Map(Object.entries(found ?? {})).get(key);
      expect(found).toBe(value);
    }),
  );
});

test("parseItem() and nestJson() throw nothing but errors for the user", () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 5 }), (items) => {
      allowWeirErrors(() =>
        nestJson(
          items.flatMap((each) => {
            const item = parseItem(each);
            if (item.kind === "field-json") {
              return [{ text: each, name: item.name, value: item.node }];
            }
            if (item.kind !== "field") return [];
            return [{ text: each, name: item.name, value: { kind: "string", value: item.value } }];
          }),
        ),
      );
    }),
  );
});

test("printJson() of parseJson() is the same value to JSON.parse", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary" }), (json) => {
      const printed = printJson(parseJson(json));
      expect(JSON.parse(printed)).toEqual(JSON.parse(json));
      expect(printJson(parseJson(printed))).toBe(printed);
    }),
  );
});

test("parseJson() accepts what JSON.parse accepts, and nothing else", () => {
  const near = stringOf('[]{},:"\\u0019.-+eEtrufalsn \n\t\u0001');
  fc.assert(
    fc.property(fc.oneof(near, anything), (json) => {
      let isValid = true;
      try {
        JSON.parse(json);
      } catch {
        isValid = false;
      }
      if (isValid) parseJson(json);
      else
        expect(() => parseJson(json)).toThrow(expect.objectContaining({ code: "DATA_BAD_JSON" }));
    }),
  );
});

test("printJson() keeps the digits of any number", () => {
  const digits = fc.stringMatching(
    /^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?$/,
  );
  fc.assert(
    fc.property(fc.array(digits), (numbers) => {
      const json = `[${numbers.join(",")}]`;
      expect(printJson(parseJson(json))).toBe(json);
    }),
  );
});

test("encodeForm() is read back by URLSearchParams", () => {
  const pairs = fc.array(fc.tuple(anything, anything));
  fc.assert(
    fc.property(pairs, (list) => {
      const wellFormed = list.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]);
      expect([...new URLSearchParams(encodeForm(list))]).toEqual(wellFormed as [string, string][]);
    }),
  );
});

test("appendQuery() adds the pairs and changes nothing before them", () => {
  const pairs = fc.array(fc.tuple(text, text));
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), pairs, (typed, list) => {
      const url = new URL(typed);
      const longer = appendQuery(url, list);
      expect(longer.href.startsWith(url.href)).toBe(true);
      expect([...longer.searchParams].slice(-list.length || Infinity)).toEqual(
        list.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
      );
    }),
  );
});

const targets = fc.oneof(
  anything,
  stringOf("ah:/@?#[].%\\-1 ü\n"),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);

test("parseTarget() throws nothing but errors for the user, and gives a URL fit to send", () => {
  fc.assert(
    fc.property(targets, fc.boolean(), (typed, isPathAsIs) => {
      allowWeirErrors(() => {
        const { url, target } = parseTarget(typed, { defaultScheme: "http", isPathAsIs });
        expect(url.protocol).toMatch(/^https?:$/);
        expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
        expect(url.hostname).not.toBe("");
        if (target !== undefined) expect(target).toMatch(/^\/[!-~]*$/);
      });
    }),
    { numRuns: 2000 },
  );
});

test("redactUrl() hides userinfo and tokens wherever they are put", () => {
  const word = stringOf("ab1%-_~");
  fc.assert(
    fc.property(word, word, (before, after) => {
      const url = `http://${before}hunter2${after}@h/${before}?a=1&access_token=hunter2${after}#x`;
      expect(redactUrl(url)).not.toContain("hunter2");
      redactUrl(before);
    }),
  );
});

test("multipartBody() is read back by the platform's parser", async () => {
  const value = anything.map((each) => each.toWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 4 }), async (values) => {
      const parts = values.map((each, at) => ({
        name: `n${at}`,
        filename: "f",
        body: { kind: "bytes", bytes: utf8(each) } as const,
      }));
      const body = multipartBody(parts, "x1x2x3x4x5");
      if (body.kind !== "bytes") throw new Error(body.kind);
      const headers = { "content-type": "multipart/form-data; boundary=x1x2x3x4x5" };
      const form = await new Response(new Uint8Array(body.bytes), { headers }).formData();
      for (const [at, each] of values.entries()) {
        const file = form.get(`n${at}`);
        expect(file instanceof Blob && (await file.text())).toBe(each);
      }
    }),
  );
});

test("parseLinks() and parseMediaType() throw nothing on any header", () => {
  const value = fc.oneof(anything, stringOf("<>;,=\"\\ '*%arel/"));
  fc.assert(
    fc.property(value, (each) => {
      parseLinks([each], new URL("http://h/"));
      parseMediaType(each);
    }),
    { numRuns: 1000 },
  );
});
