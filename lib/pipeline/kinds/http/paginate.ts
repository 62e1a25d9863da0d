import { nearestName } from "../../../base/nearest.ts";
import type { SelectField } from "../../../results/policy.ts";
import {
  type AccumulateSettings,
  DEFAULT_ACCUMULATE,
  readAccumulate,
  type Strategy,
} from "../../accumulate.ts";
import { PAGINATORS } from "../../paginators/index.ts";
import type { From } from "../../paginators/from.ts";
import { fixedKey, keyOf } from "../../paginators/keys.ts";
import type { PaginatorInput, PaginatorKind, PaginatorPlan } from "../../paginators/paginator.ts";
import { countOf, durationOf, flagOf, isMap, kindName } from "../../readings.ts";
import type { Setting } from "../../setting.ts";
import { compileCondition, type Condition } from "../../values.ts";
import type { KindInput } from "../kind.ts";
import { HIDDEN_PREFIX } from "./stored.ts";

/** Keys of `paginate` that all types have. */
const COMMON_KEYS = [
  "type",
  "stop",
  "max_pages",
  "max_items",
  "max_time",
  "allow_cross_origin",
  "accumulate",
];

/** `spec.paginate`, compiled. */
export interface PaginatePlan {
  readonly type: string;
  readonly paginator: PaginatorPlan;
  readonly accumulate: AccumulateSettings;
  readonly stop: Condition | undefined;
  readonly maxPages: Setting<number> | undefined;
  readonly maxItems: Setting<number> | undefined;
  readonly maxTimeMs: Setting<number> | undefined;
  readonly mayCrossOrigin: Setting<boolean> | undefined;
  /** True: each page goes to the store, and the result is a manifest of them. */
  readonly isStored: boolean;
  /** Fields that are selected from stored pages to find the next one. */
  readonly hidden: readonly SelectField[];
  /** The rules and variables that one would write by hand. */
  readonly expansion: readonly string[];
}

/** Strategies that a list of stored pages can have. */
const STORED_STRATEGIES: readonly (Strategy | undefined)[] = [
  undefined,
  "append",
  "extend",
  "collect",
  "none",
];

/**
 * Returns the compiled form of `spec.paginate`; undefined when there is none.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compilePaginate({ spec, path, source }: KindInput): PaginatePlan | undefined {
  const node = spec["paginate"];
  if (node === undefined || node === null || node === false) return undefined;
  const at = [...path, "spec", "paginate"];
  const fields = typeof node === "string" ? { type: node } : node;
  if (!isMap(fields)) {
    throw source.error(at, {
      message: `spec.paginate is ${kindName(node)}`,
      hint: `Write one of ${typeNames().join(", ")}, or a map with type`,
    });
  }
  const input: PaginatorInput = { fields, path: at, source };
  const kind = kindOf(input);
  const paginator = kind.compile(input);
  const accumulate = fixedKey(input, "accumulate", () => readAccumulate) ?? DEFAULT_ACCUMULATE;
  const hasResult = (spec["result"] ?? null) !== null;
  const isStored = accumulate.to === "disk" || (accumulate.to === undefined && hasResult);
  if (isStored) checkStored(accumulate, input);
  return {
    type: kind.name,
    paginator,
    accumulate,
    stop: stopOf(input),
    maxPages: keyOf(input, "max_pages", (key) => countOf(key, 1)),
    maxItems: keyOf(input, "max_items", (key) => countOf(key, 1)),
    maxTimeMs: keyOf(input, "max_time", durationOf),
    mayCrossOrigin: keyOf(input, "allow_cross_origin", flagOf),
    isStored,
    hidden: isStored || hasResult ? paginator.wanted.flatMap(hiddenField) : [],
    expansion: expansionOf(kind, paginator, accumulate, fields),
  };
}

/** Returns the name under which the value of `from` is selected from a stored page. */
export function hiddenName(from: From): string {
  return from.kind === "body" ? HIDDEN_PREFIX + from.path.text : "";
}

function hiddenField(from: From): readonly SelectField[] {
  return from.kind === "body" ? [{ path: from.path.text, as: hiddenName(from) }] : [];
}

function typeNames(): readonly string[] {
  return PAGINATORS.map(({ name }) => name);
}

function kindOf({ fields, path, source }: PaginatorInput): PaginatorKind {
  const { type } = fields;
  const kind = PAGINATORS.find(({ name }) => name === type);
  if (kind === undefined) {
    const typed = typeof type === "string" ? type : "";
    const near = nearestName(typed, typeNames());
    throw source.error(type === undefined ? path : [...path, "type"], {
      message:
        type === undefined
          ? "paginate has no type"
          : `There is no paginator ${JSON.stringify(type)}`,
      hint: near === undefined ? `Write one of ${typeNames().join(", ")}` : `Write ${near}`,
    });
  }
  const keys = [...COMMON_KEYS, ...kind.keys];
  const other = Object.keys(fields).find((key) => !keys.includes(key));
  if (other === undefined) return kind;
  const near = nearestName(other, keys);
  throw source.error([...path, other], {
    message: `paginate of type ${kind.name} has no key ${JSON.stringify(other)}`,
    hint: near === undefined ? `Its keys are ${keys.join(", ")}` : `Write ${near}`,
    part: "key",
  });
}

function stopOf({ fields, path, source }: PaginatorInput): Condition | undefined {
  const { stop } = fields;
  if (stop === undefined || stop === null) return undefined;
  if (typeof stop === "string") return compileCondition(stop, [...path, "stop"], source);
  throw source.error([...path, "stop"], {
    message: `paginate.stop is ${kindName(stop)}`,
    hint: 'Write stop: "{{ not page.data.has_more }}"',
  });
}

function checkStored(
  { strategy, path: found }: AccumulateSettings,
  { path, source }: PaginatorInput,
): void {
  const at = [...path, "accumulate"];
  if (!STORED_STRATEGIES.includes(strategy)) {
    throw source.error(at, {
      message: `Pages that are stored cannot be gathered by ${String(strategy)}`,
      hint: "Write append or extend, or leave spec.result out",
    });
  }
  if (found === undefined || found.isSingular || found.text.endsWith("[*]")) return;
  throw source.error(at, {
    message: `Items of stored pages cannot be found by ${found.text}`,
    hint: 'Name the list, such as path: "$.items"',
  });
}

/** Keys that end the pages before their server does. */
const BOUNDS = ["max_pages", "max_items", "max_time"];

const BREAK = "  then: { do: break }";

function said(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function expansionOf(
  kind: PaginatorKind,
  { expansion }: PaginatorPlan,
  { path, strategy }: AccumulateSettings,
  fields: PaginatorInput["fields"],
): readonly string[] {
  const what = path === undefined ? "the page" : path.text;
  const how = strategy ?? (path === undefined ? "append, or extend when it is a list" : "extend");
  return [
    `paginate: ${kind.name} stands for these rules after each page`,
    ...BOUNDS.flatMap((key) =>
      fields[key] === undefined ? [] : [`  ${key}: ${said(fields[key])}`],
    ),
    ...(typeof fields["stop"] === "string" ? [`  when: ${fields["stop"]}`, BREAK] : []),
    ...expansion.map((line) => `  ${line}`),
    "  else: { do: break }",
    `  and gathers ${what}: ${how}`,
  ];
}
