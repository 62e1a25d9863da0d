import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { Secret } from "../../../lib/base/secret.ts";
import { compileExpression, compileTemplate } from "../../../lib/template/render.ts";
import { FieldedText } from "../../../lib/template/values.ts";

function codeOf(source: string, context: Readonly<Record<string, unknown>>): string {
  try {
    compileExpression(source).evaluate(context);
  } catch (error) {
    if (error instanceof WeirError) return error.code;
    throw error;
  }
  return "a value";
}

const HIDDEN = [
  "constructor",
  "__proto__",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "__lookupGetter__",
  "toJSON",
  "then",
  "length",
  "name",
  "caller",
  "arguments",
  "__class__",
  "__globals__",
  "push",
  "at",
];
const VALUES = [
  "d",
  "l",
  "s",
  "n",
  "b",
  "range",
  "dict",
  "loopless",
  "made",
  "range(3)",
  "(1)",
  "''",
  "[]",
  "{}",
];

test.each(VALUES)("NO7 %s has no field that is not its own", (value) => {
  const context = {
    d: { a: 1 },
    l: [1],
    s: "s",
    n: 1,
    b: true,
    loopless: null,
    made: new Map([["a", 1]]),
  };
  for (const name of HIDDEN)
    for (const path of [
      `${value}.${name}`,
      `${value}['${name}']`,
      `${value}.${name}()`,
      `${value} | attr('${name}')`,
      `[${value}] | map(attribute='${name}') | list`,
      `'{0.${name}}'.format(${value})`,
      `'{0[${name}]}'.format(${value})`,
      `(${value})['${name}']['${name}']('return 1')()`,
    ])
      expect(codeOf(path, context), path).toMatch(/^TEMPLATE_/);
});

test("NO7 names of JavaScript are not defined", () => {
  for (const name of [
    ...HIDDEN,
    "globalThis",
    "process",
    "Bun",
    "require",
    "this",
    "self",
    "eval",
    "Function",
    "Object",
  ])
    expect(codeOf(name, {}), name).toBe("TEMPLATE_UNDEFINED");
});

test("NO7 own keys with such names are plain data", () => {
  const context = JSON.parse('{"d": {"__proto__": 1, "constructor": 2, "toString": 3}}') as Record<
    string,
    unknown
  >;
  expect(
    compileExpression("[d.__proto__, d.constructor, d['toString']]").evaluate(context),
  ).toEqual([1, 2, 3]);
  expect(compileExpression("'__proto__' in d and 'valueOf' not in d").evaluate(context)).toBe(true);
});

test("NO7 making a map with the key __proto__ changes no prototype", () => {
  const made = compileExpression("{'__proto__': {'polluted': 1}}").evaluate({}) as object;
  expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  expect(Object.keys(made)).toEqual(["__proto__"]);
  for (const source of [
    "{% set m = {} %}{% set _ = m.update({'__proto__': {'polluted': 1}}) %}{{ m.polluted | default('no') }}",
    "{% set m = {} %}{% set _ = m.setdefault('__proto__', {'polluted': 1}) %}{{ m.polluted | default('no') }}",
    "{% set m = dict(__proto__={'polluted': 1}) %}{{ m.polluted | default('no') }}",
    "{% set m = namespace(__proto__={'polluted': 1}) %}{{ m.polluted | default('no') }}",
  ])
    expect(compileTemplate(source).render({})).toBe("no");
  expect("polluted" in {}).toBe(false);
});

test("NO7 getters do not run, functions and symbols are not handed out", () => {
  let runs = 0;
  const sly = {
    get getter() {
      runs += 1;
      return "ran";
    },
    method: () => {
      runs += 1;
      return "ran";
    },
    symbol: Symbol("s"),
    toJSON: () => {
      runs += 1;
      return "ran";
    },
    toString: () => {
      runs += 1;
      return "ran";
    },
    plain: 1,
  };
  const context = { sly };
  for (const name of ["getter", "method", "method()", "symbol", "toJSON()"])
    expect(codeOf(`sly.${name}`, context), name).toBe("TEMPLATE_UNDEFINED");
  expect(compileExpression("sly | tojson").evaluate(context)).toBe('{"plain": 1}');
  expect(compileTemplate("x{{ sly }}{{ sly | list }}{{ sly == sly }}").render(context)).toBe(
    'x{"plain":1}["plain"]true',
  );
  expect(runs).toBe(0);
});

test("NO7 objects of a class have no fields and no text", () => {
  class Leaky {
    readonly secret = "s3cret";
    toString(): string {
      return this.secret;
    }
  }
  const context = {
    leaky: new Leaky(),
    key: new Secret("s3cret"),
    when: new Date(0),
    bytes: new Uint8Array(2),
  };
  for (const name of Object.keys(context)) {
    expect(codeOf(`${name}.secret`, context)).toBe("TEMPLATE_UNDEFINED");
    for (const source of [
      `${name} ~ ''`,
      `${name} | tojson`,
      `[${name}] | join`,
      `${name} | list`,
      `${name} | upper`,
    ])
      expect(codeOf(source, context), source).toBe("TEMPLATE_TYPE");
  }
});

test("NO7 the context is never changed, and a change holds for the rest of the evaluation", () => {
  const context = { l: [3, 1], d: { x: [1], y: 1 } };
  const before = structuredClone(context);
  const source = `{% set _ = [l.append(2), l.sort(), d.x.append(9), d.update({'z': 1}), d.pop('y')] %}{{ l }}{{ d.x }}{{ d }}`;
  expect(compileTemplate(source).render(context)).toBe('[1,2,3][1,9]{"x":[1,9],"z":1}');
  expect(compileTemplate("{% set _ = d.x.append(9) %}{{ d }}").render(context)).toBe(
    '{"x":[1,9],"y":1}',
  );
  expect(compileExpression("[d.x.clear(), d][1]").evaluate(context)).toEqual({ x: [], y: 1 });
  expect(context).toEqual(before);
});

test("NO7 what is not changed is handed out without a copy", () => {
  const rows = [{ id: 1 }];
  expect(compileTemplate(" {{ data.rows }}\n").evaluate({ data: { rows } })).toBe(rows);
});

test("NO7 messages, paths and hints repeat no value of the context", () => {
  const context = { token: "s3cret-value", d: { token: "s3cret-value" }, l: ["s3cret-value"] };
  for (const source of [
    "token.x",
    "token + 1",
    "token | int / 0",
    "l.index('q')",
    "token()",
    "token | nope",
    "d[token]",
    "l[token]",
    "token | round",
    "'%d' % token",
    "token < 1",
    "l | sum",
    "token | b64decode",
    "token in 5",
    "{none: token}",
    "'{}{}'.format(token)",
  ]) {
    try {
      compileExpression(source).evaluate(context);
      throw new Error(`${source} gave a value`);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain("s3cret");
    }
  }
});

test("NO5 a keychain entry is its text, and has fields", () => {
  const context = { keychain: { git: new FieldedText("ph-1", { user: "ph-2" }) } };
  expect(compileTemplate("Bearer {{ keychain.git }}").render(context)).toBe("Bearer ph-1");
  expect(compileTemplate("{{ keychain.git }}").evaluate(context)).toBe("ph-1");
  expect(
    compileTemplate("{{ keychain['git'].user ~ keychain.git | upper }}").evaluate(context),
  ).toBe("ph-2PH-1");
  expect(
    compileExpression("keychain.git == 'ph-1' and keychain.git.upper() == 'PH-1'").evaluate(
      context,
    ),
  ).toBe(true);
  expect(compileExpression("keychain.values() | first").evaluate(context)).toBe("ph-1");
  expect(codeOf("keychain.git.nope", context)).toBe("TEMPLATE_UNDEFINED");
  expect(codeOf("keychain.git.text", context)).toBe("TEMPLATE_UNDEFINED");
});
