import type {
  CallArguments,
  Expression,
  MacroShape,
  Statement,
  StatementOf,
  Target,
} from "./ast.ts";

/** A name a template takes from its context. */
export interface FreeName {
  readonly name: string;
  /** Where it stands first, in UTF-16 units of the source. */
  readonly offset: number;
  /** True when the template says what to do without it: `default(…)`, `is defined`. */
  readonly isOptional: boolean;
}

/** Names that macros know without a parameter. */
const MACRO_NAMES = ["varargs", "kwargs", "caller"];
const GUARDING_TESTS: ReadonlySet<string> = new Set(["defined", "undefined", "none"]);
const GUARDING_FILTERS: ReadonlySet<string> = new Set(["default", "d"]);

type Bound = Set<string>;

/** Collects the names that are used without being set. */
class NameFinder {
  readonly found = new Map<string, FreeName>();

  body(statements: readonly Statement[], outer: Bound, more: readonly string[] = []): void {
    const bound = new Set([...outer, ...more]);
    for (const statement of statements) this.#statement(statement, bound);
  }

  /** Adds what the statement sets to `bound`; a branch may set a name for what follows it. */
  #statement(node: Statement, bound: Bound): void {
    switch (node.kind) {
      case "data":
        return;
      case "print":
        return this.expression(node.value, bound);
      case "if":
        return this.#if(node, bound);
      case "for":
        return this.#for(node, bound);
      case "set":
        this.expression(node.value, bound);
        return this.#assign(node.target, bound);
      case "set-block":
        if (node.filter !== undefined) this.expression(node.filter, bound);
        this.body(node.body, bound);
        return this.#assign(node.target, bound);
      case "macro":
        bound.add(node.name);
        return this.#macro(node, bound);
      case "call-block":
        this.expression(node.call, bound);
        return this.#macro(node, bound);
      case "filter-block":
        this.expression(node.filter, bound);
        return this.body(node.body, bound);
      case "with":
        for (const [, value] of node.bindings) this.expression(value, bound);
        return this.body(
          node.body,
          bound,
          node.bindings.flatMap(([target]) => namesOf(target)),
        );
      case "autoescape":
        this.expression(node.isOn, bound);
        return this.body(node.body, bound);
      case "block":
        return this.body(node.body, bound);
    }
  }

  #if(node: StatementOf<"if">, bound: Bound): void {
    for (const [test, body] of node.branches) {
      this.expression(test, bound);
      for (const statement of body) this.#statement(statement, bound);
    }
    for (const statement of node.otherwise) this.#statement(statement, bound);
  }

  #for(node: StatementOf<"for">, bound: Bound): void {
    this.expression(node.items, bound);
    const names = namesOf(node.target);
    if (node.test !== undefined) this.expression(node.test, new Set([...bound, ...names]));
    this.body(node.body, bound, [...names, "loop"]);
    this.body(node.otherwise, bound);
  }

  #macro(node: MacroShape, bound: Bound): void {
    for (const { fallback } of node.parameters)
      if (fallback !== undefined) this.expression(fallback, bound);
    this.body(node.body, bound, [...node.parameters.map(({ name }) => name), ...MACRO_NAMES]);
  }

  #assign(target: Target, bound: Bound): void {
    for (const name of namesOf(target)) bound.add(name);
  }

  expression(node: Expression, bound: Bound, isOptional = false): void {
    if (node.kind === "name") return this.#use(node.name, node.offset, bound, isOptional);
    const guards =
      (node.kind === "test" && GUARDING_TESTS.has(node.name)) ||
      (node.kind === "filter" && GUARDING_FILTERS.has(node.name));
    const guarded = guards ? node.input : undefined;
    for (const child of childrenOf(node)) this.expression(child, bound, child === guarded);
  }

  #use(name: string, offset: number, bound: Bound, isOptional: boolean): void {
    if (bound.has(name)) return;
    const before = this.found.get(name);
    const isEver = isOptional || (before?.isOptional ?? false);
    this.found.set(name, { name, offset: before?.offset ?? offset, isOptional: isEver });
  }
}

function namesOf(target: Target): readonly string[] {
  if (target.kind === "name") return [target.name];
  return target.kind === "tuple" ? target.items.flatMap(namesOf) : [];
}

function argumentNodes(args: CallArguments): readonly (Expression | undefined)[] {
  const named = args.named.map(([, value]) => value);
  return [...args.positional, ...named, args.spread, args.spreadNamed];
}

function childrenOf(node: Expression): readonly Expression[] {
  return nodesIn(node).filter((child) => child !== undefined);
}

function nodesIn(node: Expression): readonly (Expression | undefined)[] {
  switch (node.kind) {
    case "literal":
    case "name":
      return [];
    case "list":
    case "tuple":
      return node.items;
    case "dict":
      return node.entries.flat();
    case "attribute":
      return [node.object];
    case "index":
      return [node.object, node.index];
    case "slice":
      return [node.object, ...node.bounds];
    case "call":
      return [node.callee, ...argumentNodes(node.args)];
    case "filter":
    case "test":
      return [node.input, ...argumentNodes(node.args)];
    case "unary":
    case "not":
      return [node.operand];
    case "arithmetic":
    case "and":
    case "or":
      return [node.left, node.right];
    case "compare":
      return [node.first, ...node.rest.map(([, operand]) => operand)];
    case "concat":
      return node.parts;
    case "condition":
      return [node.test, node.value, node.otherwise];
  }
}

/** Returns the names `body` uses and does not set, in the order of their first use. */
export function freeNames(body: readonly Statement[] | Expression): readonly FreeName[] {
  const finder = new NameFinder();
  if ("kind" in body) finder.expression(body, new Set());
  else finder.body(body, new Set());
  return [...finder.found.values()];
}
