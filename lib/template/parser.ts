import { nearestName } from "../base/nearest.ts";
import type { Expression, Parameter, Statement, Target } from "./ast.ts";
import type { TemplateSource } from "./errors.ts";
import { tokenizeExpression, tokenizeTemplate } from "./lexer.ts";
import {
  parseExpression,
  parseFilterChain,
  parseOperation,
  parseTuple,
} from "./parse-expression.ts";
import { TokenReader } from "./token-reader.ts";

/** Statements of Jinja that load another template; a template here stands alone. */
const LOADERS: ReadonlySet<string> = new Set(["include", "import", "from", "extends"]);

type Parser = (reader: TokenReader, offset: number) => Statement;

/** One row a statement, by its first word. */
const STATEMENTS: Readonly<Record<string, Parser>> = {
  if: parseIf,
  for: parseFor,
  set: parseSet,
  macro: parseMacro,
  call: parseCallBlock,
  filter: parseFilterBlock,
  with: parseWith,
  block: parseBlock,
  autoescape: parseAutoescape,
};

/**
 * Returns the statements of a template.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX, TEMPLATE_BUDGET when it nests too deep
 */
export function parseTemplate(source: TemplateSource): readonly Statement[] {
  const reader = new TokenReader(source, tokenizeTemplate(source));
  return parseBody(reader, [], "the template");
}

/**
 * Returns the expression a text without `{{ }}` is.
 *
 * @throws {WeirError} TEMPLATE_SYNTAX, TEMPLATE_BUDGET when it nests too deep
 */
export function parseBareExpression(source: TemplateSource): Expression {
  const reader = new TokenReader(source, tokenizeExpression(source));
  const node = parseTuple(reader);
  reader.expectKind("end");
  return node;
}

/** Reads statements up to a tag whose word is one of `ends`, whose "{%" is then read already. */
function parseBody(reader: TokenReader, ends: readonly string[], of: string): readonly Statement[] {
  const body: Statement[] = [];
  for (;;) {
    const { kind, value, offset } = reader.current;
    if (kind === "end") {
      if (ends.length === 0) return body;
      throw reader.unexpected(`"{% ${ends.at(-1)} %}"`, `Close ${of} with it`);
    }
    reader.next();
    if (kind === "data") body.push({ offset, depth: 1, kind, text: value });
    else if (kind === "print-begin") body.push(parsePrint(reader, offset));
    else if (reader.current.kind === "name" && ends.includes(reader.current.value)) return body;
    else body.push(reader.nested(() => parseStatement(reader, ends)));
  }
}

function parsePrint(reader: TokenReader, offset: number): Statement {
  const value = parseTuple(reader);
  reader.expectKind("print-end");
  return { ...reader.base(offset, [value]), kind: "print", value };
}

function parseStatement(reader: TokenReader, ends: readonly string[]): Statement {
  const { kind, value, offset } = reader.current;
  if (kind !== "name")
    throw reader.unexpected("the name of a statement", 'Values are printed with "{{ }}"');
  const parse = Object.hasOwn(STATEMENTS, value) ? STATEMENTS[value] : undefined;
  if (parse === undefined) throw unknownStatement(reader, value, ends);
  reader.next();
  return parse(reader, offset);
}

function unknownStatement(reader: TokenReader, word: string, ends: readonly string[]): Error {
  if (LOADERS.has(word))
    return reader.error(
      `Statement "${word}" loads another template, which is not possible here`,
      "Write the text itself, or pass it in as a value",
    );
  const near = nearestName(word, [...ends, ...Object.keys(STATEMENTS)]);
  return reader.error(
    `Statement "${word}" does not exist here`,
    near === undefined
      ? `Statements are ${Object.keys(STATEMENTS).join(", ")}`
      : `Did you mean "${near}"`,
  );
}

/** Reads the end of the opening tag, the body, and the closing tag `end`. */
function parseClosed(reader: TokenReader, end: string): readonly Statement[] {
  reader.expectKind("block-end");
  const body = parseBody(reader, [end], `"${end.slice(3)}"`);
  reader.next();
  return body;
}

function parseIf(reader: TokenReader, offset: number): Statement {
  const branches: [Expression, readonly Statement[]][] = [];
  let otherwise: readonly Statement[] = [];
  for (let word = "elif"; word === "elif";) {
    const test = parseTuple(reader);
    reader.expectKind("block-end");
    branches.push([test, parseBody(reader, ["elif", "else", "endif"], '"if"')]);
    word = String(reader.next().value);
    if (word === "else") otherwise = parseClosed(reader, "endif");
  }
  reader.expectKind("block-end");
  const base = reader.base(offset, [...branches.flat(2), ...otherwise]);
  return { ...base, kind: "if", branches, otherwise };
}

function parseFor(reader: TokenReader, offset: number): Statement {
  const target = parseTarget(reader, false);
  reader.expectWord("in", 'A loop is written "for item in list"');
  const items = parseLoopItems(reader);
  const test = reader.skipWord("if") ? parseExpression(reader) : undefined;
  const isRecursive = reader.skipWord("recursive");
  reader.expectKind("block-end");
  const body = parseBody(reader, ["else", "endfor"], '"for"');
  const otherwise = reader.next().value === "else" ? parseClosed(reader, "endfor") : [];
  reader.expectKind("block-end");
  const base = reader.base(offset, [items, test, ...body, ...otherwise]);
  return { ...base, kind: "for", target, items, test, isRecursive, body, otherwise };
}

/** `for x in a if b` filters; the condition is no part of the list. */
function parseLoopItems(reader: TokenReader): Expression {
  const { offset } = reader.current;
  const first = parseOperation(reader);
  if (!reader.isOperator(",")) return first;
  const items = [first];
  while (reader.skipOperator(",")) items.push(parseOperation(reader));
  return { ...reader.base(offset, items), kind: "tuple", items };
}

/** Reads what is assigned to: a name, names with commas between them, or a namespace's field. */
function parseTarget(reader: TokenReader, hasFields: boolean): Target {
  const { offset } = reader.current;
  const items = [parseTargetItem(reader, hasFields)];
  let isTuple = false;
  while (reader.skipOperator(",")) {
    isTuple = true;
    if (reader.current.kind !== "name" && !reader.isOperator("(")) break;
    if (reader.isWord("in")) break;
    items.push(parseTargetItem(reader, hasFields));
  }
  const [first] = items;
  return isTuple || first === undefined ? { kind: "tuple", items, offset } : first;
}

function parseTargetItem(reader: TokenReader, hasFields: boolean): Target {
  const { offset } = reader.current;
  if (reader.skipOperator("(")) {
    const target = reader.nested(() => parseTarget(reader, hasFields));
    reader.expectOperator(")");
    return target.kind === "tuple" ? target : { kind: "tuple", items: [target], offset };
  }
  const name = reader.expectName("a name");
  if (["true", "false", "none", "True", "False", "None"].includes(name))
    throw reader.error(`"${name}" cannot be assigned to`, "Choose another name", offset);
  if (!hasFields || !reader.skipOperator(".")) return { kind: "name", name };
  return { kind: "field", object: name, name: reader.expectName("a field"), offset };
}

function parseSet(reader: TokenReader, offset: number): Statement {
  const target = parseTarget(reader, true);
  if (reader.skipOperator("=")) {
    const value = parseTuple(reader);
    reader.expectKind("block-end");
    return { ...reader.base(offset, [value]), kind: "set", target, value };
  }
  if (target.kind === "tuple") throw reader.unexpected('"="', "A block is assigned to one name");
  const filter = reader.skipOperator("|") ? parseFilterChain(reader) : undefined;
  const body = parseClosed(reader, "endset");
  reader.expectKind("block-end");
  return { ...reader.base(offset, [filter, ...body]), kind: "set-block", target, filter, body };
}

function parseParameters(reader: TokenReader): readonly Parameter[] {
  const parameters: Parameter[] = [];
  reader.expectOperator("(");
  while (!reader.isOperator(")")) {
    if (parameters.length > 0) reader.expectOperator(",");
    const name = reader.expectName("the name of a parameter");
    const fallback = reader.skipOperator("=") ? parseExpression(reader) : undefined;
    if (fallback === undefined && parameters.some((one) => one.fallback !== undefined))
      throw reader.error(`Parameter ${name} has no default`, "Put it before those that have one");
    parameters.push({ name, fallback });
  }
  reader.next();
  return parameters;
}

function parseMacro(reader: TokenReader, offset: number): Statement {
  const name = reader.expectName("the name of the macro");
  const parameters = parseParameters(reader);
  const body = parseClosed(reader, "endmacro");
  reader.expectKind("block-end");
  const fallbacks = parameters.map(({ fallback }) => fallback);
  return { ...reader.base(offset, [...fallbacks, ...body]), kind: "macro", name, parameters, body };
}

function parseCallBlock(reader: TokenReader, offset: number): Statement {
  const parameters = reader.isOperator("(") ? parseParameters(reader) : [];
  const call = parseExpression(reader);
  if (call.kind !== "call")
    throw reader.error("A call block needs a call", "Write {% call name() %}", call.offset);
  const body = parseClosed(reader, "endcall");
  reader.expectKind("block-end");
  return { ...reader.base(offset, [call, ...body]), kind: "call-block", call, parameters, body };
}

function parseFilterBlock(reader: TokenReader, offset: number): Statement {
  const filter = parseFilterChain(reader);
  const body = parseClosed(reader, "endfilter");
  reader.expectKind("block-end");
  return { ...reader.base(offset, [filter, ...body]), kind: "filter-block", filter, body };
}

function parseWith(reader: TokenReader, offset: number): Statement {
  const bindings: [Target, Expression][] = [];
  while (reader.current.kind !== "block-end") {
    if (bindings.length > 0) reader.expectOperator(",");
    const target = parseTargetItem(reader, false);
    reader.expectOperator("=", "Write {% with name = value %}");
    bindings.push([target, parseExpression(reader)]);
  }
  const body = parseClosed(reader, "endwith");
  reader.expectKind("block-end");
  const values = bindings.map(([, value]) => value);
  return { ...reader.base(offset, [...values, ...body]), kind: "with", bindings, body };
}

/** A block is its own content, because nothing extends the template. */
function parseBlock(reader: TokenReader, offset: number): Statement {
  const name = reader.expectName("the name of the block");
  if (reader.blocks.has(name))
    throw reader.error(`Block ${name} is there twice`, "Give each block a name of its own", offset);
  reader.blocks.add(name);
  reader.skipWord("scoped");
  const body = parseClosed(reader, "endblock");
  reader.skipWord(name);
  reader.expectKind("block-end");
  return { ...reader.base(offset, body), kind: "block", body };
}

function parseAutoescape(reader: TokenReader, offset: number): Statement {
  const isOn = parseExpression(reader);
  const body = parseClosed(reader, "endautoescape");
  reader.expectKind("block-end");
  return { ...reader.base(offset, [isOn, ...body]), kind: "autoescape", isOn, body };
}
