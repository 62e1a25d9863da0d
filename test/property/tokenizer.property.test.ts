import { expect, test } from "bun:test";
import fc from "fast-check";
import { FLAGS, REQUEST_FLAGS } from "../../cli/flags.ts";
import { resolveInvocation } from "../../cli/invocation.ts";
import { tokenize } from "../../cli/tokenizer.ts";
import { WeirError } from "../../lib/base/errors.ts";

const spellings = FLAGS.flatMap(({ name, short }) => [
  `--${name}`,
  `--no-${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
]);
const word = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    ...spellings,
    "--",
    "-",
    "",
    "get",
    "a=1",
    "a:=1",
    "X:y",
    "h.test",
    ":80",
    "__proto__",
  ),
);

test("tokenize() and resolveInvocation() answer or refuse with an error of usage", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
      for (const read of [tokenize, resolveInvocation]) {
        try {
          read(argv);
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
          expect(error instanceof WeirError && error.code).toStartWith("USAGE_");
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("tokenize() hands on every value and every word exactly as typed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.array(word, { maxLength: 5 }), (value, words) => {
      for (const argv of [
        ["--raw", value, "--", ...words],
        [`--raw=${value}`, "--", ...words],
        ["-fa", value, "--", ...words],
      ]) {
        const tokens = tokenize(argv);
        const text = argv[0] === "-fa" ? tokens.flags.text("auth") : tokens.flags.text("raw");
        expect({ text, words: tokens.words }).toEqual({ text: value, words });
      }
    }),
    { numRuns: 1000 },
  );
});

test("tokenize() finds the same flags wherever they stand between the words", () => {
  const switches = FLAGS.filter((flag) => flag.kind === "boolean" && flag.replaces === undefined);
  const chosen = fc.subarray(switches.map(({ name }) => name));
  const plain = fc.array(fc.stringMatching(/^[a-z:=.]{1,6}$/), { maxLength: 5 });
  fc.assert(
    fc.property(chosen, plain, fc.infiniteStream(fc.boolean()), (names, words, coins) => {
      const flags = names.map((name) => `--${name}`);
      const left = [...words];
      const mixed: string[] = [];
      for (const flag of flags) {
        while (left.length > 0 && coins.next().value === true) mixed.push(left.shift() ?? "");
        mixed.push(flag);
      }
      const tokens = tokenize([...mixed, ...left]);
      expect(tokens.words).toEqual(words);
      expect(tokens.flags.names().toSorted()).toEqual(names.toSorted());
      expect(names.every((name) => REQUEST_FLAGS.find(name) !== undefined)).toBe(true);
    }),
  );
});
