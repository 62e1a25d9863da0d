import { expect, test } from "bun:test";
import type { WeirError } from "../../../lib/base/errors.ts";
import type { EvaluateOptions } from "../../../lib/template/evaluation.ts";
import { compileExpression, compileTemplate } from "../../../lib/template/render.ts";
import { errorOf } from "../../support/errors.ts";

function budget(source: string, context = {}, options: EvaluateOptions = {}): WeirError {
  const error = errorOf(() => compileTemplate(source).evaluate(context, options));
  expect(error.code).toBe("TEMPLATE_BUDGET");
  expect(error.details["line"]).toBeGreaterThanOrEqual(1);
  return error;
}

const DOUBLING = (start: string, step: string): string =>
  `{% set ns = namespace(x=${start}) %}{% for i in range(100) %}{% set ns.x = ${step} %}{% endfor %}`;
const TREES = `{% set a = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set a.x = [a.x, a.x] %}{% set a.y = [a.y, a.y] %}{% endfor %}`;
const SELF = "{% set l = [] %}{% set _ = l.append(l) %}";
const LIMITS = { limits: { steps: 200_000, outputCapBytes: 1_000_000 } };

test.each([
  {
    name: "loops within loops",
    source: "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
  },
  {
    name: "loops that print",
    source: "{% for i in range(9999) %}{% for j in range(999) %}{{ j }}{% endfor %}{% endfor %}",
  },
  { name: "a text that doubles", source: DOUBLING("'a'", "ns.x ~ ns.x") },
  { name: "a list that doubles", source: DOUBLING("[1]", "ns.x + ns.x") },
  { name: "a tree that doubles, printed", source: `${DOUBLING("[1]", "[ns.x, ns.x]")}{{ ns.x }}` },
  { name: "trees that double, compared", source: `${TREES}{{ a.x == a.y }}` },
  { name: "trees that double, ordered", source: `${TREES}{{ a.x < a.y }}` },
  { name: "a list that holds itself, printed", source: `${SELF}{{ l }}` },
  {
    name: "a list that holds itself, compared",
    source: `${SELF}{% set m = [] %}{% set _ = m.append(m) %}{{ l == m }}`,
  },
  { name: "a macro that calls itself", source: "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}" },
  {
    name: "a macro that calls itself in an argument",
    source: "{% macro f(x) %}{{ f(f(x)) }}{% endmacro %}{{ f(1) }}",
  },
  {
    name: "a macro that branches",
    source:
      "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
  },
  {
    name: "a caller that calls its macro",
    source:
      "{% macro m() %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
  },
  {
    name: "a loop that calls itself",
    source: "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
  },
  { name: "a text times a billion", source: "{{ 'a' * 1000000000 }}" },
  { name: "a list times a billion", source: "{{ [1] * 1000000000 }}" },
  { name: "a range of a billion", source: "{{ range(1000000000) }}" },
  { name: "a width of a billion in %", source: "{{ '%1000000000d' % 1 }}" },
  { name: "a width of a billion in {}", source: "{{ '{:1000000000}'.format(1) }}" },
  { name: "a width given as *", source: "{{ '%*d' % (1000000000, 1) }}" },
  { name: "center", source: "{{ 'a' | center(1000000000) }}" },
  { name: "ljust", source: "{{ 'a'.ljust(1000000000) }}" },
  { name: "zfill", source: "{{ 'a'.zfill(1000000000) }}" },
  { name: "expandtabs", source: "{{ '\t'.expandtabs(1000000000) }}" },
  { name: "indent", source: "{{ 'a' | indent(1000000000) }}" },
  { name: "slice", source: "{{ [1] | slice(1000000000) }}" },
  { name: "batch", source: "{{ [1] | batch(1000000000, 0) }}" },
  { name: "replace with a long text", source: "{{ big | replace('x', big) }}" },
  { name: "join with a long text", source: "{{ ('x' * 10000) | list | join(big) }}" },
  {
    name: "wordwrap with a long text",
    source: "{{ ('x' * 10000) | wordwrap(1, wrapstring=big) }}",
  },
  {
    name: "a long text searched in a loop",
    source: "{% for i in range(9999) %}{{ 'y' in big }}{% endfor %}",
  },
  {
    name: "a long text changed in a loop",
    source: "{% for i in range(9999) %}{{ big | upper | length }}{% endfor %}",
  },
  {
    name: "long texts compared in a loop",
    source: "{% for i in range(9999) %}{{ big < (big ~ 'y') }}{% endfor %}",
  },
  {
    name: "a long list copied in a loop",
    source: "{% for i in range(9999) %}{{ rows | list | length }}{% endfor %}",
  },
  {
    name: "a long list sorted in a loop",
    source: "{% for i in range(9999) %}{{ rows | sort | first }}{% endfor %}",
  },
  {
    name: "a long list grown without end",
    source: "{% for i in range(99999) %}{% set _ = rows.insert(0, i) %}{% endfor %}",
  },
])("NO7 the budget ends $name", ({ source }) => {
  const big = "x".repeat(50_000);
  budget(source, { big, rows: Array.from({ length: 5000 }, (_, at) => at) }, LIMITS);
});

test("NO7 the default budget ends an endless loop within seconds", () => {
  const before = performance.now();
  budget("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}");
  expect(performance.now() - before).toBeLessThan(10_000);
});

test.each([
  { name: "parentheses", source: `{{ ${"(".repeat(100_000)}1${")".repeat(100_000)} }}` },
  { name: "lists", source: `{{ ${"[".repeat(100_000)}${"]".repeat(100_000)} }}` },
  { name: "maps", source: `{{ ${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)} }}` },
  { name: "not", source: `{{ ${"not ".repeat(100_000)}1 }}` },
  { name: "signs", source: `{{ ${"- ".repeat(100_000)}1 }}` },
  { name: "sums", source: `{{ 1${" + 1".repeat(100_000)} }}` },
  { name: "powers", source: `{{ 1${" ** 1".repeat(100_000)} }}` },
  { name: "or", source: `{{ a${" or a".repeat(100_000)} }}` },
  { name: "fields", source: `{{ a${".a".repeat(100_000)} }}` },
  { name: "indexes", source: `{{ a${"[0]".repeat(100_000)} }}` },
  { name: "calls", source: `{{ a${"()".repeat(100_000)} }}` },
  { name: "calls within calls", source: `{{ ${"a(".repeat(100_000)}${")".repeat(100_000)} }}` },
  { name: "filters", source: `{{ a${" | upper".repeat(100_000)} }}` },
  { name: "tests", source: `{{ a is in ${"(a is in ".repeat(50_000)}b${")".repeat(50_000)} }}` },
  { name: "conditions", source: `{{ ${"a if a else ".repeat(100_000)}a }}` },
  { name: "conditions without else", source: `{{ a${" if a".repeat(100_000)} }}` },
  { name: "blocks", source: `${"{% if a %}".repeat(50_000)}${"{% endif %}".repeat(50_000)}` },
  { name: "targets", source: `{% set ${"(".repeat(100_000)}a${")".repeat(100_000)} = 1 %}` },
])("NO7 source that nests 100,000 $name deep is an error with a place", ({ source }) => {
  const error = errorOf(() => compileTemplate(source));
  expect(error.code).toBe("TEMPLATE_BUDGET");
  expect(error.details).toMatchObject({ line: 1 });
});

test("NO7 long templates that nest little are no problem", () => {
  const items = Array.from({ length: 150_000 }, (_, at) => at);
  expect(compileTemplate(`{{ [${items.join(",")}] | length }}`).evaluate({})).toBe(150_000);
  expect(compileTemplate("{{ a }}".repeat(100_000)).render({ a: 1 })).toHaveLength(100_000);
  expect(
    compileTemplate(`{{ ${Array.from({ length: 9999 }, () => "a").join("~")} }}`).render({ a: 1 }),
  ).toHaveLength(9999);
  const branches = "{% elif a %}".repeat(9999);
  expect(compileTemplate(`{% if a %}${branches}{% else %}x{% endif %}`).render({ a: 0 })).toBe("x");
});

test("NO7 a template that is too long is refused", () => {
  expect(errorOf(() => compileTemplate("x".repeat(5_000_000))).code).toBe("TEMPLATE_BUDGET");
});

test("NO7 data that nests deep is an error where it is printed, and can be passed on", () => {
  let deep: unknown = 1;
  for (let at = 0; at < 100_000; at += 1) deep = [deep];
  budget("{{ deep | tojson }}", { deep });
  budget("x{{ deep }}", { deep });
  budget("{{ deep == other }}", {
    deep,
    other: JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`),
  });
  expect(compileTemplate("{{ deep }}").evaluate({ deep })).toBe(deep);
});

test("NO7 each limit can be set, and is counted exactly where it is bytes", () => {
  expect(compileTemplate("{{ a }}é").render({ a: "ab" }, { limits: { outputCapBytes: 4 } })).toBe(
    "abé",
  );
  budget("{{ a }}é!", { a: "ab" }, { limits: { outputCapBytes: 4 } });
  expect(compileTemplate("x{{ a }}").render({ a: "😀" }, { limits: { outputCapBytes: 5 } })).toBe(
    "x😀",
  );
  budget("x{{ a }}", { a: "😀" }, { limits: { outputCapBytes: 4 } });
  expect(compileExpression("range(3) | length").evaluate({}, { limits: { rangeLength: 3 } })).toBe(
    3,
  );
  budget("{{ range(4) }}", {}, { limits: { rangeLength: 3 } });
  budget("{{ [1, 2] * 2 }}", {}, { limits: { repeatLength: 3 } });
  budget("{% for i in range(9) %}{{ i }}{% endfor %}", {}, { limits: { steps: 10 } });
});

test("NO7 numbers that would be endless are errors", () => {
  for (const source of [
    "9 ** 9 ** 9 ** 9",
    "1e308 * 10",
    "0 ** -1",
    "(-8) ** 0.5",
    "1 / 0",
    "1 // 0",
    "1 % 0",
  ])
    expect(errorOf(() => compileExpression(source).evaluate({})).code).toBe("TEMPLATE_TYPE");
  expect(errorOf(() => compileExpression("1e999")).code).toBe("TEMPLATE_SYNTAX");
});
