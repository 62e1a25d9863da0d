import type {
  ArithmeticOperator,
  CallArguments,
  CompareOperator,
  Expression,
  FilterNode,
} from "./ast.ts";
import type { Token } from "./lexer.ts";
import { isReserved, type TokenReader } from "./token-reader.ts";

/**
 * Binding powers, low to high, as Jinja's grammar has them: `~` binds tighter than `+`, `**` is
 * read from the left, and filters and tests belong to the operand before them.
 */
const POWER = {
  or: 1,
  and: 2,
  not: 3,
  compare: 4,
  sum: 5,
  concat: 6,
  product: 7,
  power: 8,
} as const;

const ARITHMETIC: ReadonlyMap<string, number> = new Map([
  ["+", POWER.sum],
  ["-", POWER.sum],
  ["*", POWER.product],
  ["/", POWER.product],
  ["//", POWER.product],
  ["%", POWER.product],
  ["**", POWER.power],
]);
const COMPARE: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
/** No arguments at all. */
const NO_ARGUMENTS: CallArguments = {
  positional: [],
  named: [],
  spread: undefined,
  spreadNamed: undefined,
};

/** Reads an expression, also one of the form `a if b else c`. */
export function parseExpression(reader: TokenReader): Expression {
  return reader.nested(() => {
    let node = parseOperation(reader);
    while (reader.isWord("if")) {
      const { offset } = reader.next();
      const test = parseOperation(reader);
      const otherwise = reader.skipWord("else") ? parseExpression(reader) : undefined;
      const base = reader.base(offset, [node, test, otherwise]);
      node = { ...base, kind: "condition", test, value: node, otherwise };
    }
    return node;
  });
}

/** Reads an expression, or several with commas between them as one tuple. */
export function parseTuple(reader: TokenReader): Expression {
  const { offset } = reader.current;
  const first = parseExpression(reader);
  if (!reader.isOperator(",")) return first;
  const items = [first];
  while (reader.skipOperator(",")) {
    if (!startsExpression(reader.current)) break;
    items.push(parseExpression(reader));
  }
  return { ...reader.base(offset, items), kind: "tuple", items };
}

function startsExpression({ kind, value }: Token): boolean {
  if (kind === "operator") return value === "(" || value === "[" || value === "{" || value === "-";
  return kind === "string" || kind === "number" || (kind === "name" && value !== "recursive");
}

/** Reads operators that bind at least as tightly as `least`; `a if b else c` is not one of them. */
export function parseOperation(reader: TokenReader, least: number = POWER.or): Expression {
  let left = least <= POWER.not ? parseNot(reader) : parseUnary(reader, true);
  for (;;) {
    const next = parseInfix(reader, left, least);
    if (next === undefined) return left;
    left = next;
  }
}

function parseNot(reader: TokenReader): Expression {
  if (!reader.isWord("not")) return parseUnary(reader, true);
  const { offset } = reader.next();
  const operand = reader.nested(() => parseOperation(reader, POWER.not));
  return { ...reader.base(offset, [operand]), kind: "not", operand };
}

function parseInfix(reader: TokenReader, left: Expression, least: number): Expression | undefined {
  const { kind, value, offset } = reader.current;
  if (kind === "name" && (value === "or" || value === "and")) {
    if (POWER[value] < least) return undefined;
    reader.next();
    const right = parseOperation(reader, POWER[value] + 1);
    return { ...reader.base(offset, [left, right]), kind: value, left, right };
  }
  if (compareAt(reader) !== undefined)
    return POWER.compare < least ? undefined : parseCompare(reader, left);
  if (kind !== "operator") return undefined;
  if (value === "~") return POWER.concat < least ? undefined : parseConcat(reader, left);
  const power = ARITHMETIC.get(value);
  if (power === undefined || power < least) return undefined;
  reader.next();
  const right = parseOperation(reader, power + 1);
  // The keys of ARITHMETIC are the operators.
  const operator = value as ArithmeticOperator;
  return { ...reader.base(offset, [left, right]), kind: "arithmetic", operator, left, right };
}

function compareAt(reader: TokenReader): CompareOperator | undefined {
  const { kind, value } = reader.current;
  // The members of COMPARE are the operators.
  if (kind === "operator" && COMPARE.has(value)) return value as CompareOperator;
  if (reader.isWord("in")) return "in";
  const ahead = reader.peek(1);
  const isNotIn = reader.isWord("not") && ahead.kind === "name" && ahead.value === "in";
  return isNotIn ? "not in" : undefined;
}

function parseCompare(reader: TokenReader, first: Expression): Expression {
  const { offset } = reader.current;
  const rest: [CompareOperator, Expression][] = [];
  for (let found = compareAt(reader); found !== undefined; found = compareAt(reader)) {
    reader.next();
    if (found === "not in") reader.next();
    rest.push([found, parseOperation(reader, POWER.compare + 1)]);
  }
  const base = reader.base(offset, [first, ...rest.map(([, operand]) => operand)]);
  return { ...base, kind: "compare", first, rest };
}

function parseConcat(reader: TokenReader, first: Expression): Expression {
  const { offset } = reader.current;
  const parts = [first];
  while (reader.skipOperator("~")) parts.push(parseOperation(reader, POWER.concat + 1));
  return { ...reader.base(offset, parts), kind: "concat", parts };
}

function parseUnary(reader: TokenReader, hasFilters: boolean): Expression {
  const { kind, value, offset } = reader.current;
  let node: Expression;
  if (kind === "operator" && (value === "-" || value === "+")) {
    reader.next();
    const operand = reader.nested(() => parseUnary(reader, false));
    node = { ...reader.base(offset, [operand]), kind: "unary", operator: value, operand };
  } else {
    node = parsePrimary(reader);
  }
  node = parsePostfix(reader, node);
  return hasFilters ? parseFilters(reader, node) : node;
}

function parsePrimary(reader: TokenReader): Expression {
  const token = reader.current;
  const base = { offset: token.offset, depth: 1 };
  if (token.kind === "number") {
    reader.next();
    return { ...base, kind: "literal", value: token.value };
  }
  if (token.kind === "string") return parseStrings(reader);
  if (token.kind === "name" && !isReserved(token.value)) {
    reader.next();
    const value = LITERALS.get(token.value);
    if (value !== undefined) return { ...base, kind: "literal", value };
    return { ...base, kind: "name", name: token.value };
  }
  if (reader.isOperator("(")) return parseParentheses(reader);
  if (reader.isOperator("[")) return parseList(reader);
  if (reader.isOperator("{")) return parseDict(reader);
  throw reader.unexpected("a value", "Write a name, a number, text in quotes, (…), […] or {…}");
}

/** Texts beside each other are one text. */
function parseStrings(reader: TokenReader): Expression {
  const { offset } = reader.current;
  let value = "";
  while (reader.current.kind === "string") value += reader.next().value;
  return { offset, depth: 1, kind: "literal", value };
}

function parseParentheses(reader: TokenReader): Expression {
  const { offset } = reader.next();
  if (reader.skipOperator(")")) return { offset, depth: 1, kind: "tuple", items: [] };
  const node = parseTuple(reader);
  reader.expectOperator(")");
  return node;
}

function parseList(reader: TokenReader): Expression {
  const { offset } = reader.next();
  const items: Expression[] = [];
  while (!reader.isOperator("]")) {
    if (items.length > 0) reader.expectOperator(",");
    if (reader.isOperator("]")) break;
    items.push(parseExpression(reader));
  }
  reader.expectOperator("]");
  return { ...reader.base(offset, items), kind: "list", items };
}

function parseDict(reader: TokenReader): Expression {
  const { offset } = reader.next();
  const entries: [Expression, Expression][] = [];
  while (!reader.isOperator("}")) {
    if (entries.length > 0) reader.expectOperator(",");
    if (reader.isOperator("}")) break;
    const key = parseExpression(reader);
    reader.expectOperator(":", 'A map is written {"key": value}');
    entries.push([key, parseExpression(reader)]);
  }
  reader.expectOperator("}");
  return { ...reader.base(offset, entries.flat()), kind: "dict", entries };
}

function parsePostfix(reader: TokenReader, primary: Expression): Expression {
  let node = primary;
  for (;;) {
    if (reader.isOperator(".")) node = parseAttribute(reader, node);
    else if (reader.isOperator("[")) node = parseSubscript(reader, node);
    else if (reader.isOperator("(")) node = parseCall(reader, node);
    else return node;
  }
}

function parseAttribute(reader: TokenReader, object: Expression): Expression {
  reader.next();
  const token = reader.current;
  const base = reader.base(object.offset, [object]);
  if (token.kind === "number" && Number.isInteger(token.value)) {
    reader.next();
    const index: Expression = {
      offset: token.offset,
      depth: 1,
      kind: "literal",
      value: token.value,
    };
    return { ...base, kind: "index", object, index };
  }
  if (token.kind !== "name")
    throw reader.unexpected("a name or number after the dot", 'Other keys are written ["key"]');
  reader.next();
  return { ...base, kind: "attribute", object, name: token.value };
}

function parseSubscript(reader: TokenReader, object: Expression): Expression {
  reader.next();
  const bounds: (Expression | undefined)[] = [];
  let isSlice = false;
  while (!reader.isOperator("]")) {
    bounds.push(reader.isOperator(":") ? undefined : parseExpression(reader));
    if (bounds.length === 3 || !reader.skipOperator(":")) break;
    isSlice = true;
  }
  reader.expectOperator("]");
  const [index] = bounds;
  const base = reader.base(object.offset, [object, ...bounds]);
  if (isSlice) return { ...base, kind: "slice", object, bounds };
  if (index === undefined)
    throw reader.error("The index is missing", "Write an index or key between the brackets");
  return { ...base, kind: "index", object, index };
}

function parseCall(reader: TokenReader, callee: Expression): Expression {
  const args = parseArguments(reader);
  return { ...argumentsBase(reader, callee.offset, callee, args), kind: "call", callee, args };
}

function argumentsBase(
  reader: TokenReader,
  offset: number,
  input: Expression | undefined,
  args: CallArguments,
): { readonly offset: number; readonly depth: number } {
  const named = args.named.map(([, value]) => value);
  return reader.base(offset, [input, ...args.positional, ...named, args.spread, args.spreadNamed]);
}

/** Reads `(a, b, key=c, *list, **map)`. */
function parseArguments(reader: TokenReader): CallArguments {
  reader.expectOperator("(");
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let spread: Expression | undefined;
  let spreadNamed: Expression | undefined;
  while (!reader.isOperator(")")) {
    const { kind, value } = reader.current;
    const ahead = reader.peek(1);
    if (spreadNamed !== undefined) throw orderError(reader);
    if (reader.skipOperator("**")) spreadNamed = parseExpression(reader);
    else if (kind === "name" && ahead.kind === "operator" && ahead.value === "=") {
      if (named.some(([name]) => name === value))
        throw reader.error(`Argument ${value} is given twice`, "Remove one of the two");
      reader.next();
      reader.next();
      named.push([value, parseExpression(reader)]);
    } else if (spread !== undefined || named.length > 0) throw orderError(reader);
    else if (reader.skipOperator("*")) spread = parseExpression(reader);
    else positional.push(parseExpression(reader));
    if (!reader.isOperator(")")) reader.expectOperator(",");
  }
  reader.next();
  return { positional, named, spread, spreadNamed };
}

function orderError(reader: TokenReader): Error {
  return reader.error(
    "The arguments are in the wrong order",
    "Plain arguments come first, then *list, then name=value, then **map",
  );
}

function parseFilters(reader: TokenReader, operand: Expression): Expression {
  let node = operand;
  for (;;) {
    if (reader.isOperator("|")) node = parseFilter(reader, node);
    else if (reader.isWord("is")) node = parseTest(reader, node);
    else if (reader.isOperator("(")) node = parseCall(reader, node);
    else return node;
  }
}

function parseFilter(reader: TokenReader, input: Expression): FilterNode {
  reader.expectOperator("|");
  return parseFilterName(reader, input);
}

function parseFilterName(reader: TokenReader, input: Expression | undefined): FilterNode {
  const { offset } = reader.current;
  const name = dottedName(reader, "the name of a filter");
  const args = reader.isOperator("(") ? parseArguments(reader) : NO_ARGUMENTS;
  return { ...argumentsBase(reader, offset, input, args), kind: "filter", name, input, args };
}

/** Reads filters that follow each other without a value before them, as a filter block has them. */
export function parseFilterChain(reader: TokenReader): FilterNode {
  let node = parseFilterName(reader, undefined);
  while (reader.isOperator("|")) node = parseFilter(reader, node);
  return node;
}

function dottedName(reader: TokenReader, what: string): string {
  let name = reader.current.kind === "name" ? String(reader.next().value) : reader.expectName(what);
  while (reader.skipOperator(".")) name += `.${reader.expectName(what)}`;
  return name;
}

function parseTest(reader: TokenReader, input: Expression): Expression {
  reader.next();
  const isNegated = reader.skipWord("not");
  const { offset } = reader.current;
  const name = dottedName(reader, "the name of a test");
  const args = parseTestArguments(reader);
  const base = argumentsBase(reader, offset, input, args);
  return { ...base, kind: "test", name, input, args, isNegated };
}

/** A test takes one operand without parentheses, as in `n is divisibleby 3`. */
function parseTestArguments(reader: TokenReader): CallArguments {
  const token = reader.current;
  if (reader.isOperator("(")) return parseArguments(reader);
  if (reader.isWord("is")) throw reader.error("Tests cannot be chained", 'Join them with "and"');
  const isOperand =
    token.kind === "name"
      ? !isReserved(token.value)
      : token.value !== "-" && startsExpression(token);
  if (!isOperand) return NO_ARGUMENTS;
  const operand = reader.nested(() => parsePostfix(reader, parsePrimary(reader)));
  return { ...NO_ARGUMENTS, positional: [operand] };
}
