import { compileExpression, compileTemplate, type TemplateName } from "../template/render.ts";
import type { Scope } from "./scope.ts";
import type { KeyPath, Source } from "./source.ts";

/** A value of the file whose texts may hold templates. */
export interface Value {
  readonly path: KeyPath;
  /** False: it is the same in every scope. */
  readonly isTemplated: boolean;
  /** Names its templates take from their scope. */
  readonly names: readonly TemplateName[];
  /** Returns a new value; throws TEMPLATE_* with the place in the file. */
  evaluate(scope: Scope): unknown;
}

/** One expression of a `when`. */
export interface Condition {
  readonly path: KeyPath;
  readonly text: string;
  readonly names: readonly TemplateName[];
  /** Says whether it holds, by Jinja's truth; throws TEMPLATE_* with the place in the file. */
  test(scope: Scope): boolean;
}

const NO_NAMES: readonly TemplateName[] = [];

function constant(path: KeyPath, value: unknown): Value {
  return { path, isTemplated: false, names: NO_NAMES, evaluate: () => value };
}

/**
 * Returns the compiled form of a node: each text is a template, keys of maps are not.
 *
 * A lone `{{ }}` keeps the type of its value, so that a list stays a list.
 *
 * @param node plain data, as the file holds it at `path`
 * @throws {WeirError} TEMPLATE_SYNTAX, TEMPLATE_BUDGET
 */
export function compileValue(node: unknown, path: KeyPath, source: Source): Value {
  if (typeof node === "string") return compileText(node, path, source);
  if (typeof node !== "object" || node === null) return constant(path, node);
  const entries = Object.entries(node).map(([key, child]): readonly [string, Value] => {
    const step = Array.isArray(node) ? Number(key) : key;
    return [key, compileValue(child, [...path, step], source)];
  });
  if (entries.every(([, child]) => !child.isTemplated)) return constant(path, node);
  const names = entries.flatMap(([, child]) => child.names);
  const evaluate = Array.isArray(node)
    ? (scope: Scope) => entries.map(([, child]) => child.evaluate(scope))
    : (scope: Scope) =>
        Object.fromEntries(entries.map(([key, child]) => [key, child.evaluate(scope)]));
  return { path, isTemplated: true, names, evaluate };
}

function compileText(text: string, path: KeyPath, source: Source): Value {
  // Most texts hold no template, and compiling costs more than looking.
  if (!text.includes("{{") && !text.includes("{%") && !text.includes("{#")) {
    return constant(path, text);
  }
  const template = compileTemplate(text, source.templateAt(path));
  source.note?.(path, template.names);
  return {
    path,
    isTemplated: true,
    names: template.names,
    evaluate: ({ layers, options }) => template.evaluate(layers, options),
  };
}

/**
 * Returns the compiled form of a `when`: one expression, with or without `{{ }}` around it.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX, TEMPLATE_BUDGET
 */
export function compileCondition(text: string, path: KeyPath, source: Source): Condition {
  checkStatusWords(text, path, source);
  checkOutcomeKeys(text, path, source);
  const expression = compileExpression(text, source.templateAt(path));
  source.note?.(path, expression.names);
  return {
    path,
    text,
    names: expression.names,
    test: ({ layers, options }) => expression.test(layers, options),
  };
}

const STATUS_WORD = /\b(?:outcome|event)\.status\s*[=!]=\s*(?:"([^"]*)"|'([^']*)')/g;

/** A comparison with a word that the status never is would be false for ever. */
function checkStatusWords(text: string, path: KeyPath, source: Source): void {
  for (const [, double, single] of text.matchAll(STATUS_WORD)) {
    const word = double ?? single ?? "";
    if (word === "ok" || word === "error") continue;
    throw source.error(path, {
      message: `The status is "ok" or "error", and never ${JSON.stringify(word.slice(0, 40))}`,
      hint: "Write 'ok' or 'error'; the number of the response is outcome.http.status",
    });
  }
}

const OUTCOME_KEYS = ["status", "http", "result", "error", "meta"];
const OUTCOME_KEY = /(?<![\w.'"])outcome\.(\w+)(?![\w(])/g;

/** A key that no outcome has would be found missing once the request was sent. */
function checkOutcomeKeys(text: string, path: KeyPath, source: Source): void {
  for (const [, key = ""] of text.matchAll(OUTCOME_KEY)) {
    if (OUTCOME_KEYS.includes(key)) continue;
    throw source.error(path, {
      message: `outcome has no ${key.slice(0, 40)}: its keys are ${OUTCOME_KEYS.join(", ")}`,
      hint: "Write outcome.http.status, outcome.result.data or outcome.error.kind; weir help pipelines",
    });
  }
}
