import { describe, expect, test } from "bun:test";
import corpus from "../../../fixtures/jinja-cases.json";
import more from "../../../fixtures/jinja-more-cases.json";
import optOut from "../../../fixtures/jinja-opt-out.json";
import { WeirError } from "../../../lib/base/errors.ts";
import { compileTemplate } from "../../../lib/template/render.ts";

interface Case {
  readonly id: string;
  readonly group: string;
  readonly template: string;
  readonly context: Readonly<Record<string, unknown>> | null;
  readonly single: boolean;
  readonly expected?: unknown;
  readonly error?: unknown;
  readonly expected_unjson?: string;
}

// The file is a copy of the corpus; the fields are named in its note.
const cases = corpus.cases as unknown as readonly Case[];
const reasons: Readonly<Record<string, string>> = optOut;

/** A lone `{{ }}` of the corpus is evaluated, everything else is rendered as text. */
function run({ template, context, single }: Case): unknown {
  const values = { ...corpus.base_context, ...context };
  const compiled = compileTemplate(template, { name: "case" });
  return single ? compiled.evaluate(values) : compiled.render(values);
}

function failure(one: Case): WeirError {
  try {
    run(one);
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error(`${one.template} gave a value`);
}

// The second file has the same fields, no ids, and what weir gives where it differs on purpose.
const others = (more.cases as unknown as readonly Omit<Case, "id">[]).map((one, at) => ({
  ...one,
  context: null,
  id: `more-${at}`,
}));
const different = more.different as unknown as readonly (Case & { readonly weir: unknown })[];

const included = cases.filter(({ id }) => !Object.hasOwn(reasons, id));

test("NO7 weir and Jinja2 agree on further templates", () => {
  for (const one of others) {
    if ("expected" in one) expect(run(one), one.template).toEqual(one.expected);
    else expect(failure(one).code, one.template).toStartWith("TEMPLATE_");
  }
});

test("NO7 weir differs from Jinja2 only where it is meant to", () => {
  for (const one of different) {
    const row = { ...one, context: null };
    if (one.weir === "error") expect(failure(row).code, one.template).toStartWith("TEMPLATE_");
    else expect(run(row), one.template).toEqual(one.weir);
  }
});

describe("NO7 Jinja2 corpus", () => {
  test.each(included.filter((one) => "expected" in one))("$id $template", (one) => {
    expect(run(one)).toEqual(one.expected);
  });

  test.each(included.filter((one) => "error" in one))("$id $template is an error", (one) => {
    const { code, details, hint } = failure(one);
    expect(code).toStartWith("TEMPLATE_");
    expect(details).toMatchObject({ name: "case" });
    expect(details["line"]).toBeGreaterThanOrEqual(1);
    expect(details["column"]).toBeGreaterThanOrEqual(1);
    expect(String(details["frame"])).toContain("^");
    expect(hint).not.toBe("");
  });
});

test("NO7 only Python text forms and values without JSON are opted out, each with a reason", () => {
  const byId = new Map(cases.map((one) => [one.id, one]));
  for (const [id, reason] of Object.entries(reasons)) {
    const one = byId.get(id);
    expect(one, id).toBeDefined();
    expect(reason.length, id).toBeGreaterThan(20);
    expect(one !== undefined && "error" in one, id).toBe(false);
  }
  const withoutJson = cases.filter((one) => "expected_unjson" in one).map(({ id }) => id);
  expect(withoutJson.filter((id) => !Object.hasOwn(reasons, id))).toEqual([]);
});

test("NO7 no sandbox case reaches anything beyond the data", () => {
  const sandbox = cases.filter(
    ({ group, expected }) => group === "sandbox" && expected === undefined,
  );
  for (const one of sandbox) expect(failure(one).code, one.id).toBe("TEMPLATE_UNDEFINED");
});
