import { WeirError } from "../base/errors.ts";
import type { Expression, Statement } from "./ast.ts";
import { compileBody } from "./compile.ts";
import { compileNode, type Evaluate } from "./compile-expression.ts";
import { placeOf, templateError, type TemplatePlace, type TemplateSource } from "./errors.ts";
import {
  type EvaluateOptions,
  Evaluation,
  NO_OPTIONS,
  type TemplateContext,
} from "./evaluation.ts";
import { GLOBALS } from "./globals.ts";
import { libraryWith } from "./library.ts";
import { freeNames } from "./names.ts";
import { isTrue } from "./operators.ts";
import { parseBareExpression, parseTemplate } from "./parser.ts";
import { nativeOf } from "./text.ts";

// Jinja2 for values of JSON. A source goes through lexer, parser and compiler to closures once, and
// is then evaluated as often as needed; nothing of it is ever run as JavaScript. The room reads no
// clock, file or network and never changes or copies the context it is given.
//
// It differs from Jinja2 in Python where JSON does: `true`, `false`, nothing for none, and JSON for
// lists and maps as text; tuples are lists; keys are texts; a key of a map hides a method of the
// same name; integers are exact up to 2^53; `map`, `select` and the like give lists at once.

/** Where a template was written; see TemplateSource. */
export type TemplateOptions = Omit<TemplateSource, "text">;

/** A name a template takes from its context, with the place it stands first. */
export interface TemplateName extends TemplatePlace {
  readonly name: string;
  /** True when the template says what to do without it: `default(…)`, `is defined`. */
  readonly isOptional: boolean;
}

/** A compiled template. */
export interface Template {
  readonly source: TemplateSource;
  /** True when it has no tags, so that its text is its value. */
  readonly isText: boolean;
  /** The names it takes from its context, in the order of their first use. */
  readonly names: readonly TemplateName[];
  /**
   * Returns the value of a lone `{{ }}` as it is, white space around it left out, or else the text.
   *
   * @throws {WeirError} TEMPLATE_UNDEFINED, TEMPLATE_TYPE, TEMPLATE_BUDGET
   */
  evaluate(context: TemplateContext, options?: EvaluateOptions): unknown;
  /**
   * Returns the text.
   *
   * @throws {WeirError} TEMPLATE_UNDEFINED, TEMPLATE_TYPE, TEMPLATE_BUDGET
   */
  render(context: TemplateContext, options?: EvaluateOptions): string;
}

/** A compiled expression. */
export interface TemplateExpression {
  readonly source: TemplateSource;
  readonly names: readonly TemplateName[];
  /** Returns its value; throws as Template.evaluate does. */
  evaluate(context: TemplateContext, options?: EvaluateOptions): unknown;
  /** Says whether its value counts as true; throws as Template.evaluate does. */
  test(context: TemplateContext, options?: EvaluateOptions): boolean;
}

/**
 * Returns the compiled form of a template.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX with line and column, TEMPLATE_BUDGET when it is too long or
 * nests too deep
 */
export function compileTemplate(text: string, options: TemplateOptions = {}): Template {
  const source = { ...options, text };
  const body = guarded(source, () => parseTemplate(source));
  const run = guarded(source, () => compileBody(source, body));
  const lone = loneValue(body);
  const evaluate = lone === undefined ? undefined : compileNode(source, lone);
  const render = (context: TemplateContext, given = NO_OPTIONS): string =>
    withState(source, context, given, (state) => {
      run(state);
      return state.output;
    });
  return {
    source,
    isText: body.every(({ kind }) => kind === "data"),
    names: placedNames(source, body),
    evaluate: (context, given = NO_OPTIONS) =>
      evaluate === undefined ? render(context, given) : valueOf(source, evaluate, context, given),
    render,
  };
}

/**
 * Returns the compiled form of one expression, with or without `{{ }}` around it.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX with line and column, also when there is text beside the
 * braces; TEMPLATE_BUDGET when it is too long or nests too deep
 */
export function compileExpression(text: string, options: TemplateOptions = {}): TemplateExpression {
  const source = { ...options, text };
  const node = guarded(source, () => parseCondition(source));
  const evaluate = guarded(source, () => compileNode(source, node));
  return {
    source,
    names: placedNames(source, node),
    evaluate: (context, given = NO_OPTIONS) => valueOf(source, evaluate, context, given),
    test: (context, given = NO_OPTIONS) =>
      withState(source, context, given, (state) => isTrue(state, evaluate(state))),
  };
}

/** Returns the names a template or expression takes from its context, to be checked before a run. */
export function templateNames(template: Template | TemplateExpression): readonly TemplateName[] {
  return template.names;
}

/** No expression starts with two braces, because a map is no key of a map. */
function parseCondition(source: TemplateSource): Expression {
  const start = source.text.length - source.text.trimStart().length;
  if (!/^\{[{%#]/.test(source.text.slice(start, start + 2))) return bare(source);
  const node = loneValue(parseTemplate(source));
  if (node === undefined) throw mixed(source, start);
  return node;
}

function bare(source: TemplateSource): Expression {
  try {
    return parseBareExpression(source);
  } catch (error) {
    const at = source.text.search(/\{[{%]/);
    // A text with templates in it fails anywhere; what is wrong with it is always the same.
    throw at === -1 ? error : mixed(source, at);
  }
}

function mixed(source: TemplateSource, offset: number): WeirError {
  return templateError("TEMPLATE_SYNTAX", source, offset, {
    message: "A condition is one expression, not a text with templates in it",
    hint: "Write all of it inside one {{ }}, or leave the braces out",
  });
}

/** Returns the expression of a template that is one lone `{{ }}`, or undefined. */
function loneValue(body: readonly Statement[]): Expression | undefined {
  const parts = body.filter((part) => part.kind !== "data" || part.text.trim() !== "");
  const [only] = parts;
  return parts.length === 1 && only?.kind === "print" ? only.value : undefined;
}

function placedNames(
  source: TemplateSource,
  body: readonly Statement[] | Expression,
): readonly TemplateName[] {
  return freeNames(body)
    .filter(({ name }) => !GLOBALS.has(name))
    .map(({ name, offset, isOptional }) => ({ name, isOptional, ...placeOf(source, offset) }));
}

function valueOf(
  source: TemplateSource,
  evaluate: Evaluate,
  context: TemplateContext,
  options: EvaluateOptions,
): unknown {
  return withState(source, context, options, (state) => nativeOf(state, evaluate(state)));
}

function withState<T>(
  source: TemplateSource,
  context: TemplateContext,
  options: EvaluateOptions,
  run: (state: Evaluation) => T,
): T {
  const state = new Evaluation(source, context, libraryWith(options.functions), options);
  return guarded(source, () => run(state));
}

/** The depth limits leave room, but a caller may have used up most of the stack itself. */
function guarded<T>(source: TemplateSource, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof WeirError || !(error instanceof RangeError)) throw error;
    throw templateError("TEMPLATE_BUDGET", source, 0, {
      message: "The template needs more stack than there is",
      hint: "Make it nest less deeply",
    });
  }
}
