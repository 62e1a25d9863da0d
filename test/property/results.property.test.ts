import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { JSONPathEnvironment } from "json-p3";
import { utf8 } from "../../lib/base/bytes.ts";
import { WeirError } from "../../lib/base/errors.ts";
import { csvItems } from "../../lib/results/csv-items.ts";
import { jsonItems } from "../../lib/results/json-items.ts";
import { ndjsonItems } from "../../lib/results/ndjson-items.ts";
import { compileSelect, type Selected } from "../../lib/results/select.ts";

const CAP_BYTES = 1_000_000;

const blank = fc.constantFrom("", "", " ", "\n", "\t \r\n");
const word = fc.oneof(
  fc.constantFrom("null", "true", "false", "-0", "1e999", "12345678901234567890", "1.5E-3"),
  fc.integer().map(String),
);
/** Texts of strings as they stand in JSON: quotes, backslashes and brackets are what a skip can trip over. */
const stringText = fc.oneof(
  fc
    .string({ unit: fc.constantFrom("a", '"', "\\", "{", "]", ",", ":", "é", "🐎") })
    .map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\u0061"',
    '"\\ud800"',
    '"\\\\"',
    '"\\\\\\""',
    `"${"x".repeat(100)}\\""`,
    `"${"x".repeat(50)}\\\\"`,
    '"\uFEFF"',
  ),
);
const NAMES = ["a", "b", "id", "é", "__proto__", "constructor", "0", "length", ""];
/** Keys as they stand in JSON, some with escapes. */
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES).map((name) => JSON.stringify(name)) },
  { weight: 1, arbitrary: fc.constantFrom('"\\u0061"', '"i\\u0064"', '"\\ud800"', '"\\""') },
);

function textOf(keys: fc.Arbitrary<string>, isUnique: boolean): fc.Arbitrary<string> {
  const { value } = fc.letrec<{ value: string; member: [string, string] }>((tie) => ({
    member: fc.tuple(keys, tie("value")),
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      word,
      stringText,
      fc
        .tuple(blank, fc.array(tie("value"), { maxLength: 4 }))
        .map(([gap, items]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
      fc
        .tuple(
          blank,
          isUnique
            ? fc.uniqueArray(tie("member"), { maxLength: 4, selector: ([name]) => name })
            : fc.array(tie("member"), { maxLength: 5 }),
        )
        .map(
          ([gap, members]) =>
            `{${gap}${members.map(([name, one]) => `${name}${gap}:${gap}${one}`).join(`,${gap}`)}${gap}}`,
        ),
    ),
  }));
  return fc.tuple(blank, value).map(([gap, text]) => `${gap}${text}${gap}`);
}

const anyText = textOf(key, false);
const plainText = textOf(fc.constantFrom('"a"', '"b"', '"id"'), true);

const step = fc.oneof(
  fc.constantFrom(...NAMES).map((name) => `[${JSON.stringify(name)}]`),
  fc.constantFrom("[0]", "[1]", "[7]", "[*]", ".*", ".a", ".b", ".id"),
);
const path = fc.array(step, { maxLength: 4 }).map((steps) => `$${steps.join("")}`);
const paths = fc.array(path, { minLength: 1, maxLength: 5 });
/** Sizes of the chunks a text comes in, used round and round. */
const cuts = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
  fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 5 }),
  fc.constant([1_000_000]),
);

/** Reads `bytes` in chunks of the sizes of `cuts`. */
function select(bytes: Uint8Array, wanted: readonly string[], sizes: readonly number[]): Selected {
  const plan = compileSelect(wanted.map((one, at) => ({ path: one, as: `f${at}` })));
  expect(plan.held).toBeUndefined();
  const selection = plan.selection(CAP_BYTES);
  for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    selection.write(bytes.slice(at, end));
    at = end;
  }
  return selection.end();
}

const environment = new JSONPathEnvironment({ maxRecursionDepth: 1000 });

/** What json-p3 finds in the whole document. */
function wholeSelect(text: string, wanted: readonly string[]): unknown[] {
  const document = JSON.parse(text);
  return wanted.map((one) => {
    const query = environment.compile(one);
    const values = query.query(document).values();
    return query.singularQuery() ? (values[0] ?? null) : values;
  });
}

/** Values in an order of their own: members of an object have none (RFC 9535 section 2.3.2.2). */
function unordered(values: readonly unknown[]): unknown[] {
  return values.map((value) =>
    Array.isArray(value)
      ? value.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
      : value,
  );
}

test("NO57 fields selected from a stream are those of RFC 9535, wherever the chunks end", () => {
  fc.assert(
    fc.property(plainText, paths, cuts, (text, wanted, sizes) => {
      const { extracted, notes } = select(utf8(text), wanted, sizes);
      expect(notes).toEqual([]);
      expect(Object.values(extracted)).toEqual(wholeSelect(text, wanted));
    }),
    { numRuns: 3000 },
  );
});

test("NO57 keys that come twice, with escapes or of odd names are taken as JSON.parse takes them", () => {
  fc.assert(
    fc.property(anyText, paths, cuts, (text, wanted, sizes) => {
      const { extracted, notes } = select(utf8(text), wanted, sizes);
      expect(notes).toEqual([]);
      const [found, whole] = [Object.values(extracted), wholeSelect(text, wanted)];
      // A list in a list is the value of one node, whose order is its own.
      const isList = (at: number): boolean =>
        !environment.compile(wanted[at] ?? "$").singularQuery();
      const sorted = (values: unknown[]): unknown[] =>
        values.map((value, at) => (isList(at) ? unordered([value])[0] : value));
      expect(sorted(found)).toEqual(sorted(whole));
    }),
    { numRuns: 3000 },
  );
});

test("select takes broken JSON and any bytes without a crash", () => {
  const broken = fc
    .tuple(
      anyText,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.nat(60),
    )
    .map(([text, changes, cut]) => {
      const bytes = utf8(text);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes.slice(0, Math.max(0, bytes.length - (cut > 30 ? cut - 30 : 0)));
    });
  const bytes = fc.oneof(broken, fc.uint8Array({ maxLength: 200 }));
  fc.assert(
    fc.property(bytes, paths, cuts, (body, wanted, sizes) => {
      try {
        const { extracted } = select(body, wanted, sizes);
        expect(Object.keys(extracted)).toHaveLength(wanted.length);
      } catch (error) {
        if (!(error instanceof WeirError) || error.code === "INTERNAL") throw error;
      }
    }),
    { numRuns: 5000 },
  );
});

test("select reads what JSON.parse reads when the path takes the whole text", () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: "binary" })), cuts, (text, sizes) => {
      const bytes = utf8(text);
      const { extracted, notes } = select(bytes, ["$"], sizes);
      let want: unknown = null;
      let isJson = true;
      try {
        want = JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        isJson = false;
      }
      expect({ value: extracted["f0"], isJson: notes.length === 0 }).toEqual({
        value: want,
        isJson,
      });
    }),
    { numRuns: 3000 },
  );
});

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    yield bytes.slice(at, end);
    at = end;
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test("ndjsonItems() and jsonItems() give back any values, wherever the chunks end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json(), { maxLength: 6 }), cuts, async (texts, sizes) => {
      const want: unknown[] = texts.map((text) => JSON.parse(text));
      expect(await all(ndjsonItems(chunksOf(utf8(texts.join("\r\n")), sizes)))).toEqual(want);
      const list = utf8(`[${texts.join(" ,")}]`);
      expect(await all(jsonItems(chunksOf(list, sizes), "$[*]"))).toEqual(want);
    }),
    { numRuns: 500 },
  );
});

test("csvItems() gives back any texts that are written as RFC 4180 says", async () => {
  const field = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", "\r", " ", "🐎") });
  const rows = fc.array(fc.tuple(field, field), { maxLength: 5 });
  const quote = (text: string): string =>
    /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom("\n", "\r\n"), cuts, async (data, end, sizes) => {
      const text = [["x", "y"], ...data].map((row) => row.map(quote).join(",") + end).join("");
      const items = await all(csvItems(chunksOf(utf8(text), sizes)));
      expect(items).toEqual(data.map(([x, y]) => ({ x, y })));
    }),
    { numRuns: 1000 },
  );
});

test("the readers of items take any bytes without a crash", async () => {
  const odd = fc.array(fc.constantFrom(...utf8('a1",\n\r[]{}:\\\u00ff'), 0xff), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(odd, cuts, async (bytes, sizes) => {
      const body = Uint8Array.from(bytes);
      for (const read of [
        csvItems,
        ndjsonItems,
        (chunks: AsyncIterable<Uint8Array>) => jsonItems(chunks, "$.*"),
      ]) {
        try {
          await all<unknown>(read(chunksOf(body, sizes)));
        } catch (error) {
          if (!(error instanceof WeirError) || error.code === "INTERNAL") throw error;
        }
      }
    }),
    { numRuns: 2000 },
  );
});
