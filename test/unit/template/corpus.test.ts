import { describe, expect, test } from "bun:test";
import corpus from "../../../fixtures/jinja-cases.json";
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

const included = cases.filter(({ id }) => !Object.hasOwn(reasons, id));

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
