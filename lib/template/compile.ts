import type { Expression, Parameter, Statement, StatementOf, Target } from "./ast.ts";
import {
  compileFilter,
  compileInvocation,
  compileNode,
  type Evaluate,
} from "./compile-expression.ts";
import type { TemplateSource } from "./errors.ts";
import type { Evaluation, Scope } from "./evaluation.ts";
import { describe, itemsOf } from "./lookup.ts";
import { LoopState } from "./loop.ts";
import { escapeHtml, isMarkup } from "./markup.ts";
import { freeNames } from "./names.ts";
import { type Arguments, Callable } from "./operation.ts";
import { isTrue, newDict } from "./operators.ts";
import { textOf } from "./text.ts";
import { Namespace, Undefined } from "./values.ts";

/** A compiled statement: it writes to the output and sets variables. */
export type Run = (state: Evaluation) => void;

type Assign = (state: Evaluation, scope: Pick<Scope, "set">, value: unknown) => void;

/** Frames a macro or a recursive loop adds to the stack beside its own tree. */
const CALL_DEPTH = 6;

/** Returns a function that runs the statements in order. */
export function compileBody(source: TemplateSource, body: readonly Statement[]): Run {
  const runs = body.map((statement) => compileStatement(source, statement));
  const [only] = runs;
  if (runs.length === 1 && only !== undefined) return only;
  return (state) => {
    for (const run of runs) run(state);
  };
}

function compileStatement(source: TemplateSource, node: Statement): Run {
  switch (node.kind) {
    case "data":
      return (state) => state.write(node.text);
    case "print":
      return compilePrint(source, node);
    case "if":
      return compileIf(source, node);
    case "for":
      return compileFor(source, node);
    case "set":
      return compileSet(source, node);
    case "set-block":
      return compileSetBlock(source, node);
    case "macro":
      return compileMacro(source, node);
    case "call-block":
      return compileCallBlock(source, node);
    case "filter-block":
      return compileFilterBlock(source, node);
    case "with":
      return compileWith(source, node);
    case "block":
      return compileScoped(source, node.body);
    case "autoescape":
      return compileAutoescape(source, node);
  }
}

function compilePrint(source: TemplateSource, node: StatementOf<"print">): Run {
  const evaluate = compileNode(source, node.value);
  const isSafe = isMarkup(node.value);
  return (state) => {
    const value = evaluate(state);
    state.offset = node.offset;
    const text = textOf(state, value);
    state.write(state.isEscaping && !isSafe ? escapeHtml(text) : text);
  };
}

function compileIf(source: TemplateSource, node: StatementOf<"if">): Run {
  const branches = node.branches.map(
    ([test, body]) => [compileNode(source, test), compileBody(source, body)] as const,
  );
  const otherwise = compileBody(source, node.otherwise);
  return (state) => {
    for (const [test, body] of branches) {
      state.charge(1);
      if (isTrue(state, test(state))) return body(state);
    }
    return otherwise(state);
  };
}

function compileScoped(source: TemplateSource, statements: readonly Statement[]): Run {
  const body = compileBody(source, statements);
  return (state) => state.inScope(() => body(state));
}

function compileTarget(target: Target): Assign {
  if (target.kind === "name") return (_, scope, value) => scope.set(target.name, value);
  if (target.kind === "field") return compileFieldTarget(target);
  const assigns = target.items.map((item) => compileTarget(item));
  return (state, scope, value) => {
    state.offset = target.offset;
    const items = itemsOf(state, value);
    if (items.length !== assigns.length)
      throw state.typeError(
        `${assigns.length} names cannot take ${items.length} values`,
        "Use as many names as there are values",
      );
    assigns.forEach((assign, at) => assign(state, scope, items[at]));
  };
}

function compileFieldTarget(target: Extract<Target, { kind: "field" }>): Assign {
  return (state, _, value) => {
    const object = state.lookup(target.object);
    state.offset = target.offset;
    if (!(object instanceof Namespace))
      throw state.typeError(
        `"${target.object}" is no namespace, so its fields cannot be set`,
        `Write {% set ${target.object} = namespace(…) %} first`,
      );
    object.fields.set(target.name, value);
  };
}

function compileSet(source: TemplateSource, node: StatementOf<"set">): Run {
  const evaluate = compileNode(source, node.value);
  const assign = compileTarget(node.target);
  return (state) => {
    state.charge(1);
    const value = evaluate(state);
    state.offset = node.offset;
    assign(state, { set: (name, one) => state.assign(name, one) }, value);
  };
}

function compileSetBlock(source: TemplateSource, node: StatementOf<"set-block">): Run {
  const body = compileScoped(source, node.body);
  const filter = node.filter && compileFilter(source, node.filter);
  const assign = compileTarget(node.target);
  return (state) => {
    state.captured = state.capture(() => body(state));
    const value = filter === undefined ? state.captured : filter(state);
    assign(state, { set: (name, one) => state.assign(name, one) }, value);
  };
}

function compileFilterBlock(source: TemplateSource, node: StatementOf<"filter-block">): Run {
  const body = compileScoped(source, node.body);
  const filter = compileFilter(source, node.filter);
  return (state) => {
    state.captured = state.capture(() => body(state));
    const value = filter(state);
    state.offset = node.offset;
    state.write(textOf(state, value));
  };
}

/** Values are evaluated outside, so that `{% with a = b, b = a %}` swaps. */
function compileWith(source: TemplateSource, node: StatementOf<"with">): Run {
  const bindings = node.bindings.map(
    ([target, value]) => [compileTarget(target), compileNode(source, value)] as const,
  );
  const body = compileBody(source, node.body);
  return (state) => {
    const values = bindings.map(([, evaluate]) => evaluate(state));
    state.inScope((scope) => {
      bindings.forEach(([assign], at) => assign(state, scope, values[at]));
      body(state);
    });
  };
}

function compileAutoescape(source: TemplateSource, node: StatementOf<"autoescape">): Run {
  const isOn = compileNode(source, node.isOn);
  const body = compileScoped(source, node.body);
  return (state) => {
    const before = state.isEscaping;
    state.isEscaping = isTrue(state, isOn(state));
    body(state);
    state.isEscaping = before;
  };
}

function compileFor(source: TemplateSource, node: StatementOf<"for">): Run {
  const evaluate = compileNode(source, node.items);
  const assign = compileTarget(node.target);
  const test = node.test && compileNode(source, node.test);
  const body = compileBody(source, node.body);
  const otherwise = compileBody(source, node.otherwise);
  const depth = node.depth + CALL_DEPTH;

  /** The condition sees the item, and no loop: positions count the items that pass. */
  function chosen(state: Evaluation, items: readonly unknown[]): readonly unknown[] {
    if (test === undefined) return items;
    return items.filter((item) =>
      state.inScope((scope) => {
        assign(state, scope, item);
        return isTrue(state, test(state));
      }),
    );
  }

  function run(state: Evaluation, value: unknown, depth0: number): void {
    state.offset = node.offset;
    const items = chosen(state, itemsOf(state, value, "What the loop goes through"));
    if (items.length === 0) return state.inScope(() => otherwise(state));
    const loop = new LoopState(items, depth0, node.items, node.isRecursive ? recurse : undefined);
    items.forEach((item, at) => {
      loop.index0 = at;
      state.charge(1);
      state.inScope((scope) => {
        scope.set("loop", loop.entity);
        assign(state, scope, item);
        body(state);
      });
    });
  }

  /** `loop(children)` gives the text of the same loop over other items. */
  function recurse(state: Evaluation, items: unknown, depth0: number): string {
    return state.deeper(depth, () => state.capture(() => run(state, items, depth0)));
  }

  return (state) => run(state, evaluate(state), 0);
}

interface MacroBody {
  readonly label: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  readonly depth: number;
  readonly node: Expression;
}

/** Returns a function that makes the macro inside the scope where it is defined. */
function compileCallable(
  source: TemplateSource,
  macro: MacroBody,
): (state: Evaluation) => Callable {
  const { label, parameters } = macro;
  const run = compileBody(source, macro.body);
  const fallbacks = parameters.map(({ fallback }) => fallback && compileNode(source, fallback));
  const used = new Set(freeNames(macro.body).map(({ name }) => name));
  const bind = binderOf(macro, fallbacks, used);
  return (state) => {
    const outer = state.scope;
    const call = (current: Evaluation, _: unknown, args: Arguments): string =>
      current.deeper(macro.depth + CALL_DEPTH, () =>
        current.capture(() =>
          current.inScope((scope) => {
            bind(current, scope, args);
            run(current);
          }, outer),
        ),
      );
    return new Callable(label, {
      field: (name) => (name === "name" ? label : undefined),
      call: { parameters: parameters.map(({ name }) => name), required: 0, rest: "any", run: call },
    });
  };
}

/** Returns what sets the parameters of a macro, and `varargs`, `kwargs` and `caller`. */
function binderOf(
  macro: MacroBody,
  fallbacks: readonly (Evaluate | undefined)[],
  used: ReadonlySet<string>,
): (state: Evaluation, scope: Scope, args: Arguments) => void {
  const missing = macro.parameters.map(
    ({ name }) => new Undefined(macro.node, { reason: `Parameter "${name}" was not given` }),
  );
  const noCaller = new Undefined(macro.node, {
    reason: "The macro was not called by a call block",
  });
  return (state, scope, args) => {
    const { positional } = args;
    const named = new Map(args.named);
    const caller = named.get("caller");
    named.delete("caller");
    if (positional.length > 0 && !used.has("varargs"))
      throw state.typeError(`${macro.label} takes at most ${macro.parameters.length} arguments`);
    const [extra] = named.keys();
    if (extra !== undefined && !used.has("kwargs"))
      throw state.typeError(`${macro.label} has no argument ${extra}`);
    scope.set("caller", caller ?? noCaller);
    scope.set("varargs", state.own([...positional]));
    scope.set("kwargs", newDict(state, named));
    macro.parameters.forEach(({ name }, at) => {
      const given = args.raw(at);
      scope.set(name, given ?? (given === null ? null : (fallbacks[at]?.(state) ?? missing[at])));
    });
  };
}

function compileMacro(source: TemplateSource, node: StatementOf<"macro">): Run {
  const { name, parameters, body, depth, offset } = node;
  const blamed: Expression = { kind: "name", name, offset, depth: 1 };
  const make = compileCallable(source, { label: name, parameters, body, depth, node: blamed });
  return (state) => {
    // The scope must exist before the macro keeps it, or the macro could not call itself.
    state.assign(name, null);
    state.assign(name, make(state));
  };
}

function compileCallBlock(source: TemplateSource, node: StatementOf<"call-block">): Run {
  const { parameters, body, depth } = node;
  const invoke = compileInvocation(source, node.call);
  const make = compileCallable(source, {
    label: "caller",
    parameters,
    body,
    depth,
    node: node.call,
  });
  return (state) => {
    const value = invoke(state, [["caller", make(state)]]);
    state.offset = node.offset;
    if (value instanceof Callable) throw state.typeError(`The call gives ${describe(value)}`);
    state.write(textOf(state, value));
  };
}
