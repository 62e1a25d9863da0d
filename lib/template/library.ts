import type { Application, Evaluation, Library, TemplateFunction } from "./evaluation.ts";
import { FILTERS } from "./filters/index.ts";
import { GLOBALS } from "./globals.ts";
import { bindArguments, Callable, type Operation } from "./operation.ts";
import { TESTS } from "./tests.ts";
import { plain } from "./values.ts";

/** Applies a filter or a test to a value; a missing value is an error unless it takes one. */
export function apply(
  state: Evaluation,
  operation: Operation,
  label: string,
  call: Application,
): unknown {
  const value =
    operation.takesUndefined === true ? plain(call.value) : plain(state.present(call.value));
  state.charge(1 + (typeof value === "string" ? value.length / 16 : 0));
  const args = bindArguments(state, operation, label, call.positional, call.named);
  return operation.run(state, value, args);
}

function applyNamed(
  table: ReadonlyMap<string, Operation>,
  kind: string,
  state: Evaluation,
  name: string,
  call: Application,
): unknown {
  const operation = table.get(name);
  if (operation !== undefined) return apply(state, operation, name, call);
  throw state.typeError(
    `There is no ${kind} ${JSON.stringify(name.slice(0, 60))}`,
    "Check its name",
  );
}

const BASE: Library = {
  functionNamed: (name) => GLOBALS.get(name),
  functionNames: () => [...GLOBALS.keys()],
  hasFilter: (name) => FILTERS.has(name),
  hasTest: (name) => TESTS.has(name),
  applyFilter: (state, name, call) => applyNamed(FILTERS, "filter", state, name, call),
  applyTest: (state, name, call) => applyNamed(TESTS, "test", state, name, call) === true,
};

function lend(name: string, run: TemplateFunction): Callable {
  const call: Operation = {
    parameters: [],
    required: 0,
    rest: "any",
    run: (_, __, { positional, named }) => run(positional, named),
  };
  return new Callable(name, { call });
}

/** Returns the library with the functions the caller lends; they hide those of the engine. */
export function libraryWith(
  functions: Readonly<Record<string, TemplateFunction>> | undefined,
): Library {
  if (functions === undefined) return BASE;
  return {
    ...BASE,
    functionNamed(name) {
      const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
      return run === undefined ? GLOBALS.get(name) : lend(name, run);
    },
    functionNames: () => [...GLOBALS.keys(), ...Object.keys(functions)],
  };
}
