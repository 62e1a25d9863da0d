import { expect, test } from "bun:test";
import fc from "fast-check";
import { WeirError } from "../../lib/base/errors.ts";
import { FILTERS } from "../../lib/template/filters/index.ts";
import { DICT_METHODS } from "../../lib/template/methods/dicts.ts";
import { LIST_METHODS } from "../../lib/template/methods/lists.ts";
import { STRING_METHODS } from "../../lib/template/methods/strings.ts";
import { compileExpression, compileTemplate } from "../../lib/template/render.ts";
import { TESTS } from "../../lib/template/tests.ts";

/** Runs of each property: short here, a million by `WEIR_FUZZ_RUNS=1000000`. */
const numRuns = Number(process.env["WEIR_FUZZ_RUNS"] ?? 1500);
const LIMITS = {
  limits: { steps: 20_000, outputCapBytes: 50_000, rangeLength: 500, repeatLength: 1000 },
};
const CONTEXT = {
  n: 7,
  f: -2.5,
  s: "Hello, wörld 😀",
  e: "",
  t: true,
  none: null,
  l: [3, 1, 2],
  words: ["b", "A"],
  d: { b: 2, a: { c: [1] } },
  rows: [{ id: 1, name: "x" }, { id: 2 }],
};

const atom = fc.constantFrom(
  ...Object.keys(CONTEXT),
  ..."nope 1 0 -1 2.5 'a' '' '%s' '{}' true none [] {} () loop range dict d.a rows[0].id".split(
    " ",
  ),
);
const word = fc.constantFrom(
  ..."if else endif elif for in endfor set is not and or ( ) [ ] { } {{ }} {% %} {%- -%} {# #} | . , : = == ~ ** // %".split(
    " ",
  ),
);
const methods = [STRING_METHODS, LIST_METHODS, DICT_METHODS].flatMap((table) => Object.keys(table));
const operator = fc.constantFrom(
  ..."+ - * / // % ** ~ == != < <= > >= and or in".split(" "),
  "not in",
);

const { expression } = fc.letrec<{ expression: string; args: string }>((tie) => ({
  args: fc.array(tie("expression"), { maxLength: 2 }).map((list) => list.join(", ")),
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.tuple(tie("expression"), operator, tie("expression")).map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(tie("expression"), fc.constantFrom(...FILTERS.keys()), tie("args"))
      .map(([value, filter, args]) => `${value} | ${filter}${args === "" ? "" : `(${args})`}`),
    fc
      .tuple(tie("expression"), fc.constantFrom(...TESTS.keys()), tie("args"))
      .map(([value, name, args]) => `(${value} is ${name}${args === "" ? "" : `(${args})`})`),
    fc
      .tuple(tie("expression"), fc.constantFrom(...methods), tie("args"))
      .map(([value, method, args]) => `(${value}).${method}(${args})`),
    fc
      .tuple(tie("expression"), fc.constantFrom("[0]", "[-1]", "[1:]", "[::-1]", ".a", "['a']"))
      .map(([value, part]) => `(${value})${part}`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `[${a}, {'k': ${b}}]`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(${a} if ${b})`),
  ),
}));

/** Runs what may fail, and lets nothing but a WeirError of the templates pass. */
function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    expect(error.code).toStartWith("TEMPLATE_");
    expect(error.details["line"]).toBeGreaterThanOrEqual(1);
    expect(error.details["column"]).toBeGreaterThanOrEqual(1);
    return undefined;
  }
}

test("NO7 random expressions give a value of JSON or an error of the templates", () => {
  const before = JSON.stringify(CONTEXT);
  fc.assert(
    fc.property(expression, (source) => {
      const options = { ...LIMITS, random: () => 0 };
      const value = attempt(() => compileExpression(source).evaluate(CONTEXT, options));
      if (value !== undefined) expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      attempt(() => compileTemplate(`a{{ ${source} }}`).render(CONTEXT, options));
    }),
    { numRuns },
  );
  expect(JSON.stringify(CONTEXT)).toBe(before);
});

test("NO7 random words in any order give a text or an error of the templates", () => {
  const source = fc.array(fc.oneof(word, atom, fc.string()), { maxLength: 12 });
  fc.assert(
    fc.property(source, (parts) => {
      attempt(() => compileTemplate(parts.join(" ")).render(CONTEXT, LIMITS));
      attempt(() => compileTemplate(`{{ ${parts.join(" ")} }}`).evaluate(CONTEXT, LIMITS));
    }),
    { numRuns },
  );
});

test("NO7 a text without tags is itself", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 60 })
    .map((one) => one.replace(/\{(?=[{%#])/g, ""));
  fc.assert(
    fc.property(text, (one) => {
      fc.pre(!/\{[{%#]/.test(one));
      expect(compileTemplate(one).render({})).toBe(one);
      expect(compileTemplate(one).evaluate({})).toBe(one);
    }),
    { numRuns },
  );
});

test("NO7 data passes through as it is, and as JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(compileTemplate("{{ value }}").evaluate({ value })).toBe(value);
      expect(JSON.parse(compileTemplate("{{ value | tojson }}").render({ value }))).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    }),
    { numRuns },
  );
});
