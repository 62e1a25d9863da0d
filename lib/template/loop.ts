import type { Expression } from "./ast.ts";
import type { Evaluation } from "./evaluation.ts";
import { itemsOf } from "./lookup.ts";
import { type Arguments, Callable, operation } from "./operation.ts";
import { isEqual } from "./operators.ts";
import { Undefined } from "./values.ts";

/** Where a loop stands; the template sees it as `loop`. */
export class LoopState {
  index0 = 0;
  readonly #items: readonly unknown[];
  readonly #depth0: number;
  readonly #node: Expression;
  #changed: readonly unknown[] | undefined;
  /** What the body of the loop knows as `loop`. */
  readonly entity: Callable;

  constructor(
    items: readonly unknown[],
    depth0: number,
    node: Expression,
    recurse: ((state: Evaluation, items: unknown, depth0: number) => string) | undefined,
  ) {
    this.#items = items;
    this.#depth0 = depth0;
    this.#node = node;
    this.entity = new Callable("loop", {
      field: (name) => this.#field(name),
      methods: {
        cycle: operation("*", (state, _, args) => this.#cycle(state, args)),
        changed: operation("*", (state, _, args) => this.#hasChanged(state, args)),
      },
      ...(recurse === undefined
        ? {}
        : {
            call: operation("items", (state, _, args) =>
              recurse(state, itemsOf(state, args.value(0)), this.#depth0 + 1),
            ),
          }),
    });
  }

  #field(name: string): unknown {
    const { length } = this.#items;
    switch (name) {
      case "index":
        return this.index0 + 1;
      case "index0":
        return this.index0;
      case "revindex":
        return length - this.index0;
      case "revindex0":
        return length - this.index0 - 1;
      case "first":
        return this.index0 === 0;
      case "last":
        return this.index0 === length - 1;
      case "length":
        return length;
      case "depth":
        return this.#depth0 + 1;
      case "depth0":
        return this.#depth0;
      case "previtem":
        return this.#item(-1, "There is no item before the first");
      case "nextitem":
        return this.#item(1, "There is no item after the last");
      default:
        return undefined;
    }
  }

  #item(distance: number, reason: string): unknown {
    const at = this.index0 + distance;
    const isInside = at >= 0 && at < this.#items.length;
    return isInside ? this.#items[at] : new Undefined(this.#node, { reason });
  }

  #cycle(state: Evaluation, { positional }: Arguments): unknown {
    if (positional.length === 0) throw state.typeError("loop.cycle needs values", "Add them");
    return positional[this.index0 % positional.length];
  }

  #hasChanged(state: Evaluation, { positional }: Arguments): boolean {
    const before = this.#changed;
    this.#changed = positional;
    return before === undefined || !isEqual(state, before, positional);
  }
}
