/** What every node carries: where it starts in the source, and how deep the tree below it is. */
export interface NodeBase {
  readonly offset: number;
  readonly depth: number;
}

/** The arguments of a call, a filter or a test. */
export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*list`, after the positional ones. */
  readonly spread: Expression | undefined;
  /** `**map`, after the named ones. */
  readonly spreadNamed: Expression | undefined;
}

/** Operators that take two numbers, texts or lists. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
/** Operators that give true or false and can be chained. */
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** A filter with its arguments; `input` is missing at the head of a filter block. */
export interface FilterNode extends NodeBase {
  readonly kind: "filter";
  readonly name: string;
  readonly input: Expression | undefined;
  readonly args: CallArguments;
}

/** A call of a function, a macro or a method. */
export interface CallNode extends NodeBase {
  readonly kind: "call";
  readonly callee: Expression;
  readonly args: CallArguments;
}

/** An expression: what stands between `{{` and `}}`. */
export type Expression =
  | FilterNode
  | CallNode
  | (NodeBase &
      (
        | { readonly kind: "literal"; readonly value: string | number | boolean | null }
        | { readonly kind: "name"; readonly name: string }
        | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
        | {
            readonly kind: "dict";
            readonly entries: readonly (readonly [key: Expression, value: Expression])[];
          }
        | { readonly kind: "attribute"; readonly object: Expression; readonly name: string }
        | { readonly kind: "index"; readonly object: Expression; readonly index: Expression }
        | {
            readonly kind: "slice";
            readonly object: Expression;
            /** Start, stop and step; undefined where nothing was written. */
            readonly bounds: readonly (Expression | undefined)[];
          }
        | {
            readonly kind: "test";
            readonly name: string;
            readonly input: Expression;
            readonly args: CallArguments;
            readonly isNegated: boolean;
          }
        | { readonly kind: "unary"; readonly operator: "+" | "-"; readonly operand: Expression }
        | { readonly kind: "not"; readonly operand: Expression }
        | {
            readonly kind: "arithmetic";
            readonly operator: ArithmeticOperator;
            readonly left: Expression;
            readonly right: Expression;
          }
        | {
            readonly kind: "and" | "or";
            readonly left: Expression;
            readonly right: Expression;
          }
        | {
            readonly kind: "compare";
            readonly first: Expression;
            readonly rest: readonly (readonly [CompareOperator, Expression])[];
          }
        | { readonly kind: "concat"; readonly parts: readonly Expression[] }
        | {
            readonly kind: "condition";
            readonly test: Expression;
            readonly value: Expression;
            readonly otherwise: Expression | undefined;
          }
      ));

/** An expression of one kind. */
export type ExpressionOf<Kind extends Expression["kind"]> = Extract<
  Expression,
  { readonly kind: Kind }
>;

/** What a value is bound to: a name, several names, or a field of a namespace. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[]; readonly offset: number }
  | {
      readonly kind: "field";
      readonly object: string;
      readonly name: string;
      readonly offset: number;
    };

/** A parameter of a macro or a call block. */
export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** What a macro and a call block have in common. */
export interface MacroShape {
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

/** A part of a template: text, a value to print, or a statement. */
export type Statement = NodeBase &
  (
    | { readonly kind: "data"; readonly text: string }
    | { readonly kind: "print"; readonly value: Expression }
    | {
        readonly kind: "if";
        readonly branches: readonly (readonly [test: Expression, body: readonly Statement[]])[];
        readonly otherwise: readonly Statement[];
      }
    | {
        readonly kind: "for";
        readonly target: Target;
        readonly items: Expression;
        readonly test: Expression | undefined;
        readonly isRecursive: boolean;
        readonly body: readonly Statement[];
        readonly otherwise: readonly Statement[];
      }
    | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
    | {
        readonly kind: "set-block";
        readonly target: Target;
        readonly filter: FilterNode | undefined;
        readonly body: readonly Statement[];
      }
    | ({ readonly kind: "macro"; readonly name: string } & MacroShape)
    | ({ readonly kind: "call-block"; readonly call: CallNode } & MacroShape)
    | {
        readonly kind: "filter-block";
        readonly filter: FilterNode;
        readonly body: readonly Statement[];
      }
    | {
        readonly kind: "with";
        readonly bindings: readonly (readonly [Target, Expression])[];
        readonly body: readonly Statement[];
      }
    | { readonly kind: "block"; readonly body: readonly Statement[] }
    | {
        readonly kind: "autoescape";
        readonly isOn: Expression;
        readonly body: readonly Statement[];
      }
  );

/** A statement of one kind. */
export type StatementOf<Kind extends Statement["kind"]> = Extract<
  Statement,
  { readonly kind: Kind }
>;

/** Returns the source form of a path such as `a.b[0]`, for messages; other parts become an ellipsis. */
export function pathText(node: Expression): string {
  if (node.kind === "name") return node.name;
  if (node.kind === "attribute") return `${pathText(node.object)}.${node.name}`;
  if (node.kind === "index" && node.index.kind === "literal")
    return `${pathText(node.object)}[${JSON.stringify(node.index.value)}]`;
  if (node.kind === "index") return `${pathText(node.object)}[…]`;
  if (node.kind === "call") return `${pathText(node.callee)}()`;
  if (node.kind === "filter" && node.input !== undefined)
    return `${pathText(node.input)} | ${node.name}`;
  return "…";
}
