import { expect, test } from "bun:test";
import { compileExpression, compileTemplate, templateNames } from "../../../lib/template/render.ts";
import { errorOf } from "../../support/errors.ts";

test.each([
  { name: "a lone value", source: "{{ v }}", want: [1] },
  { name: "a lone value with white space around it", source: "\n  {{ v }}\n", want: [1] },
  { name: "a lone value beside a comment", source: "{# rows #}{{ v }}", want: [1] },
  { name: "a value beside a text", source: "a{{ v }}", want: "a[1]" },
  { name: "two values", source: "{{ v }}{{ v }}", want: "[1][1]" },
  { name: "none", source: "{{ none }}", want: null },
  { name: "a text that looks like a number", source: "{{ '42' }}", want: "42" },
  { name: "a condition without else", source: "{{ 1 if z }}", want: null },
  { name: "a text without tags", source: " 42 ", want: " 42 " },
  { name: "a statement around a value", source: "{% if true %}{{ v }}{% endif %}", want: "[1]" },
])("NO7 evaluate() gives $name natively or as text", ({ source, want }) => {
  expect(compileTemplate(source).evaluate({ v: [1], z: 0 })).toEqual(want);
});

test.each([
  { source: "{{ true }}/{{ false }}/{{ none }}", want: "true/false/" },
  { source: "{{ [1, 'a', none, true] }}", want: '[1,"a",null,true]' },
  { source: "{{ {'b': 1, 'a': {'c': 'é'}} }}", want: '{"b":1,"a":{"c":"é"}}' },
  {
    source: "{{ 10 / 2 }} {{ 1e21 }} {{ 0.1 + 0.2 }} {{ -0.0 }}",
    want: "5 1e+21 0.30000000000000004 0",
  },
  { source: "{{ data.items }}", want: "[1]" },
  { source: "{{ data.items() }}", want: '[["items",[1]]]' },
  { source: "{{ other.items | default('none') }}", want: "none" },
  { source: "{{ '%s=%s' % ('a', 1) }} {{ '%s' % [1, 2] }}", want: "a=1 [1,2]" },
  { source: "{% call m() %}x{% endcall %}", want: "", code: "TEMPLATE_UNDEFINED" },
])("NO7 render() $source", ({ source, want, code }) => {
  const context = { data: { items: [1] }, other: {} };
  if (code === undefined) expect(compileTemplate(source).render(context)).toBe(want);
  else expect(errorOf(() => compileTemplate(source).render(context)).code as string).toBe(code);
});

test.each([
  { source: "a == 1", want: true },
  { source: "{{ a == 1 }}", want: true },
  { source: "\n {{ a == 1 }} \n", want: true },
  { source: " a == 2 ", want: false },
  { source: "{{ {'a': {'b': 1}}['a'] }}", want: true },
  { source: "{'a': {'b': {}}}.a.b", want: false },
  { source: "'{{' in '{{ x }}'", want: true },
  { source: "{{ a }} and {{ b }}", code: "TEMPLATE_SYNTAX" },
  { source: "a and {{ b }}", code: "TEMPLATE_SYNTAX" },
  { source: "{{ a }}x", code: "TEMPLATE_SYNTAX" },
  { source: "{% if a %}1{% endif %}", code: "TEMPLATE_SYNTAX" },
  { source: "", code: "TEMPLATE_SYNTAX" },
  { source: "a b", code: "TEMPLATE_SYNTAX" },
  { source: "nope", code: "TEMPLATE_UNDEFINED" },
])("NO43 compileExpression() takes $source", ({ source, want, code }) => {
  const test = (): boolean => compileExpression(source).test({ a: 1, b: 2 });
  if (code === undefined) expect(test()).toBe(want);
  else expect(errorOf(test).code as string).toBe(code);
});

test.each([
  { name: "the name of a field", source: "x\n{{ a.nope }}", at: [2, 4], path: "a.nope", near: "" },
  { name: "a name", source: "{{ outcom.x }}", at: [1, 4], path: "outcom", near: '"outcome"' },
  { name: "a key", source: "{{ a.stauts }}", at: [1, 4], path: "a.stauts", near: '"status"' },
  {
    name: "a path through what is missing",
    source: "{{ a.b.c.d }}",
    at: [1, 4],
    path: "a.b",
    near: "",
  },
  { name: "an index", source: "{{ 1 +\n a.l[5] }}", at: [2, 2], path: "a.l[5]", near: "" },
  {
    name: "a method",
    source: "{{ a.status.uper() }}",
    at: [1, 4],
    path: "a.status.uper",
    near: '"upper"',
  },
  {
    name: "a method that is not called",
    source: "{{ a.status.upper }}",
    at: [1, 4],
    path: "a.status.upper",
    near: "()",
  },
])("NO7 $name that is missing is told with path and place", ({ source, at, path, near }) => {
  const context = { a: { status: "x", l: [1] }, outcome: {} };
  const { code, details, hint } = errorOf(() =>
    compileTemplate(source, { name: "f" }).render(context),
  );
  expect(code).toBe("TEMPLATE_UNDEFINED");
  expect(details).toMatchObject({ name: "f", line: at[0], column: at[1], path });
  expect(hint).toContain(near);
});

test("NO7 places are those of the file the template is in", () => {
  const place = { name: "run.yaml", line: 10, column: 12, indent: 4 };
  const first = errorOf(() => compileTemplate("{{ a }}\n{{ b }}", place).render({}));
  expect(first.details).toMatchObject({ name: "run.yaml", line: 10, column: 15 });
  const second = errorOf(() => compileTemplate("{{ a }}\n{{ b }}", place).render({ a: 1 }));
  expect(second.details).toEqual({
    name: "run.yaml",
    line: 11,
    column: 8,
    path: "b",
    frame: "11 | {{ b }}\n   |    ^",
  });
});

test("NO7 a frame leaves out a line that looks like a secret", () => {
  const source = `password ${"a1b2c3d4".repeat(6)} {{ oops`;
  expect(JSON.stringify(errorOf(() => compileTemplate(source)).details)).not.toContain("a1b2");
});

test.each([
  { source: "{% include 'x' %}", hint: "Write the text itself" },
  { source: "{% fro x in a %}", hint: 'Did you mean "for"' },
  { source: "{% if a %}{% esle %}{% endif %}", hint: '"else"' },
  { source: "{{ a | uper }}", hint: '"upper"' },
  { source: "{{ a is defind }}", hint: '"defined"' },
  { source: "{{ a && b }}", hint: '"and"' },
  { source: "{% for x in a %}", hint: "Close" },
  { source: "{% if a %}{% endfor %}", hint: "" },
  { source: "{{ a", hint: "}}" },
  { source: "{% raw %}", hint: "endraw" },
  { source: "{# a", hint: "#}" },
  { source: "{{ 'a }}", hint: "'" },
  { source: "{{ a[1} }}", hint: "bracket" },
  { source: "{{ a b }}", hint: "}}" },
  { source: "{{ not }}", hint: "Write" },
  { source: "{{ f(a=1, a=2) }}", hint: "Remove" },
  { source: "{{ f(a=1, 2) }}", hint: "Plain" },
  { source: "{% macro m(a=1, b) %}{% endmacro %}", hint: "before" },
])("NO7 $source is told with a hint", ({ source, hint }) => {
  const error = errorOf(() => compileTemplate(source));
  expect(error.code).toBe("TEMPLATE_SYNTAX");
  expect(error.hint).toContain(hint);
  expect(error.details).toMatchObject({ line: 1 });
});

test("NO5 a list of scopes is searched in order, and Maps are maps", () => {
  const scopes = [
    { a: 1 },
    new Map<string, unknown>([
      ["a", 2],
      ["b", { c: [3] }],
    ]),
    { d: null },
  ];
  expect(compileExpression("[a, b.c[0], d, b | list]").evaluate(scopes)).toEqual([
    1,
    3,
    null,
    ["c"],
  ]);
  expect(errorOf(() => compileExpression("e").evaluate(scopes)).code).toBe("TEMPLATE_UNDEFINED");
});

test("NO7 functions and chance come from the caller", () => {
  const options = {
    functions: {
      now: () => "2026-01-02T03:04:05Z",
      add: ([a, b]: readonly unknown[]) => Number(a) + Number(b),
    },
    random: () => 0.5,
  };
  expect(
    compileExpression("now()[:4] ~ add(1, 2) ~ ([1, 2, 3] | random)").evaluate({}, options),
  ).toBe("202632");
  expect(compileExpression("now").evaluate({ now: 1 }, options)).toBe(1);
  expect(errorOf(() => compileExpression("now()").evaluate({})).code).toBe("TEMPLATE_UNDEFINED");
  expect(errorOf(() => compileExpression("[1] | random").evaluate({})).code).toBe("TEMPLATE_TYPE");
  expect(errorOf(() => compileExpression("now").evaluate({}, options)).code).toBe("TEMPLATE_TYPE");
  expect(errorOf(() => compileExpression("toString()").evaluate({}, options)).code).toBe(
    "TEMPLATE_UNDEFINED",
  );
});

test("NO5 templateNames() gives the names a template needs, with their places", () => {
  const source = [
    "{% set x = a.b | default(c) %}{{ x }}{{ range(n) }}",
    "{% for i in list if i > low %}{{ loop.index }}{{ i }}{% endfor %}{{ i }}",
    "{% macro m(p, q=fall) %}{{ p }}{{ varargs }}{{ free }}{% endmacro %}{{ m(1) }}",
    "{{ opt is defined and opt.x }}{{ other | default(1) }}",
    "{% with w = v %}{{ w }}{% endwith %}{{ f(k=kw, **more)[at] }}",
  ].join("\n");
  const names = templateNames(compileTemplate(source));
  expect(names.map(({ name }) => name).join(" ")).toBe(
    "a c n list low i fall free opt other v f kw more at",
  );
  expect(names.filter(({ isOptional }) => isOptional).map(({ name }) => name)).toEqual([
    "opt",
    "other",
  ]);
  expect(names.find(({ name }) => name === "low")).toMatchObject({ line: 2, column: 25 });
  expect(templateNames(compileExpression("a == b.c")).map(({ name }) => name)).toEqual(["a", "b"]);
});

test("NO7 a missing item made on the way is an error only where it is used", () => {
  const context = { rows: [{ id: 1 }, {}] };
  expect(
    compileExpression("rows | map(attribute='id') | select('defined') | list").evaluate(context),
  ).toEqual([1]);
  expect(
    compileExpression("rows | map(attribute='id') | map('default', 0) | list").evaluate(context),
  ).toEqual([1, 0]);
  expect(compileExpression("rows | map(attribute='id', default=0) | sum").evaluate(context)).toBe(
    1,
  );
  for (const source of ["", " | list", " | join", " | sum", " | tojson", " | sort"])
    expect(
      errorOf(() => compileExpression(`rows | map(attribute='id')${source}`).evaluate(context))
        .code,
    ).toBe("TEMPLATE_UNDEFINED");
});

test("NO7 isText says that there is nothing to evaluate", () => {
  expect(compileTemplate("a } b { c %}").isText).toBe(true);
  expect(compileTemplate("a {{ b }}").isText).toBe(false);
});
