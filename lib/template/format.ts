import type { Evaluation } from "./evaluation.ts";
import { describe, fieldOf, itemAt } from "./lookup.ts";
import { fixedText } from "./rounding.ts";
import { jsonOf, textOf } from "./text.ts";
import { charactersOf, isDict, lengthOf, ownValue, plain } from "./values.ts";

/** Widths and precisions beyond this are refused. */
const WIDTH_LIMIT = 10_000;
const PLACEHOLDER =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\d+|\*)?(?:\.(?<precision>\d+|\*))?[hlL]?(?<type>[diouxXeEfFgGcrsa%])?/g;
const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>^=]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<group>[,_])?(?:\.(?<precision>\d+))?(?<type>[bcdeEfFgGnosxX%])?$/su;

/** What a number or text is written as. */
interface Shape {
  readonly type: string;
  readonly precision: number | undefined;
  readonly sign: string;
  readonly isAlternate: boolean;
}

/** Hands out the arguments of a `%` format in order. */
class Operands {
  readonly #state: Evaluation;
  readonly #values: readonly unknown[];
  readonly #given: unknown;
  #at = 0;

  constructor(state: Evaluation, given: unknown, isSpread: boolean) {
    this.#state = state;
    this.#given = given;
    this.#values = isSpread && Array.isArray(given) ? given : [given];
  }

  next(): unknown {
    if (this.#at >= this.#values.length)
      throw this.#state.typeError("The format has more placeholders than values", "Add values");
    this.#at += 1;
    return plain(this.#state.present(this.#values[this.#at - 1]));
  }

  named(key: string): unknown {
    const value = isDict(this.#given) ? ownValue(this.#given, key) : undefined;
    if (value === undefined)
      throw this.#state.typeError(`The format needs a value named ${key}`, `Add ${key}=…`);
    this.#at = this.#values.length;
    return plain(this.#state.present(value));
  }

  /** Every value must have been used; a map may have more than the format names. */
  end(): void {
    if (this.#at < this.#values.length && !isDict(this.#given))
      throw this.#state.typeError("The format has fewer placeholders than values", "Add %s");
  }
}

/**
 * Returns `format` with its `%` placeholders replaced, as Python does.
 *
 * A list gives one value to each placeholder; for a lone placeholder it is the value itself,
 * unless `isSpread` says that it was written as several.
 *
 * @throws {WeirError} TEMPLATE_TYPE when values and placeholders do not fit
 */
export function printf(
  state: Evaluation,
  format: string,
  values: unknown,
  isSpread = false,
): string {
  state.chargeText(format.length);
  const places = [...format.matchAll(PLACEHOLDER)].filter(({ groups }) => groups?.["type"] !== "%");
  const isMany = places.length > 1 || places.some(({ groups }) => groups?.["width"] === "*");
  const operands = new Operands(state, values, isSpread || isMany);
  const text = format.replace(PLACEHOLDER, (...match: unknown[]) => {
    // The last argument of a replacer is the groups, when the pattern has named ones.
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>;
    return formatPlaceholder(state, groups, operands);
  });
  operands.end();
  state.chargeText(text.length);
  return text;
}

function formatPlaceholder(
  state: Evaluation,
  groups: Readonly<Record<string, string | undefined>>,
  operands: Operands,
): string {
  const { key, flags = "", type } = groups;
  if (type === undefined) throw state.typeError('The format has a lone "%"', 'Write "%%"');
  if (type === "%") return "%";
  const width = sizeOf(state, groups["width"], operands) ?? 0;
  const precision = sizeOf(state, groups["precision"], operands);
  const value = key === undefined ? operands.next() : operands.named(key);
  const shape: Shape = {
    type: type === "i" || type === "u" ? "d" : type,
    precision,
    sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "-",
    isAlternate: flags.includes("#"),
  };
  const text = "rsa".includes(type)
    ? textValue(state, value, shape)
    : numberValue(state, value, shape);
  const isNumber = !"rsac".includes(type);
  const align = flags.includes("-") ? "<" : flags.includes("0") && isNumber ? "=" : ">";
  return pad(text, width, align, align === "=" ? "0" : " ");
}

function sizeOf(
  state: Evaluation,
  written: string | undefined,
  operands: Operands,
): number | undefined {
  if (written === undefined) return undefined;
  const size = written === "*" ? operands.next() : Number(written);
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0)
    throw state.typeError(`A width must be a whole number, not ${describe(size)}`);
  return checkedWidth(state, size);
}

function checkedWidth(state: Evaluation, width: number): number {
  if (width <= WIDTH_LIMIT) return width;
  throw state.fail("TEMPLATE_BUDGET", `The width is larger than ${WIDTH_LIMIT}`, {
    hint: "Use a smaller width",
  });
}

function textValue(state: Evaluation, value: unknown, shape: Shape): string {
  const text = shape.type === "s" ? textOf(state, value) : jsonOf(state, value, { isJinja: false });
  return shape.precision === undefined
    ? text
    : charactersOf(text).slice(0, shape.precision).join("");
}

function numberValue(state: Evaluation, given: unknown, shape: Shape): string {
  if (shape.type === "c") return typeof given === "string" ? given : character(state, given);
  const value = typeof given === "boolean" ? Number(given) : given;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw state.typeError(`The format needs a number, not ${describe(value)}`, "Use int or float");
  const digits = digitsOf(state, Math.abs(value), shape);
  const isNegative = value < 0 && !/^[0.]*$/.test(digits);
  const sign = value < 0 ? (isNegative || "eEfFgG%".includes(shape.type) ? "-" : "") : shape.sign;
  return (sign === "-" && value >= 0 ? "" : sign) + digits;
}

function character(state: Evaluation, value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0x10ffff)
    return String.fromCodePoint(value);
  throw state.typeError(`The format needs a character, not ${describe(value)}`);
}

const RADIX: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  x: [16, "0x"],
  X: [16, "0X"],
  o: [8, "0o"],
  b: [2, "0b"],
};

function digitsOf(state: Evaluation, value: number, shape: Shape): string {
  const { type, precision = 6 } = shape;
  if (precision > 100)
    throw state.typeError("The precision is larger than 100", "Use a smaller one");
  const [radix, prefix] = RADIX[type] ?? [10, ""];
  if (type === "d" || radix !== 10) {
    const digits = Math.trunc(value)
      .toString(radix)
      .padStart(shape.precision ?? 0, "0");
    return (shape.isAlternate ? prefix : "") + (type === "X" ? digits.toUpperCase() : digits);
  }
  if (type === "%") return `${fixedText(value * 100, precision)}%`;
  const lower = type.toLowerCase();
  const text =
    lower === "f"
      ? fixedText(value, precision)
      : lower === "e"
        ? exponent(value.toExponential(precision))
        : general(value, precision === 0 ? 1 : precision);
  return type === lower ? text : text.toUpperCase();
}

/** C and Python write at least two digits of the exponent. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function general(value: number, precision: number): string {
  if (value === 0) return "0";
  const size = Number(value.toExponential(precision - 1).split("e")[1]);
  if (size < -4 || size >= precision)
    return exponent(value.toExponential(precision - 1).replace(/\.?0+e/, "e"));
  const text = value.toFixed(Math.max(0, precision - 1 - size));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Returns `text` filled up to `width` characters; "=" fills between sign and digits. */
function pad(text: string, width: number, align: string, fill: string): string {
  const missing = width - lengthOf(text);
  if (missing <= 0) return text;
  if (align === "<") return text + fill.repeat(missing);
  if (align === ">") return fill.repeat(missing) + text;
  if (align === "^") {
    const left = Math.floor(missing / 2);
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }
  const [head = ""] = /^[-+ ]?(?:0[xXob])?/.exec(text) ?? [];
  return head + fill.repeat(missing) + text.slice(head.length);
}

const FIELD =
  /\{\{|\}\}|\{(?<path>[^{}:!]*)(?:!(?<conversion>[rsa]))?(?::(?<spec>[^{}]*))?\}|[{}]/g;

/**
 * Returns `format` with its `{}` fields replaced, as `str.format` does.
 *
 * Paths such as `{0.name}` and `{user[id]}` look up own keys only.
 *
 * @throws {WeirError} TEMPLATE_TYPE when values and fields do not fit
 */
export function formatFields(
  state: Evaluation,
  format: string,
  positional: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): string {
  state.chargeText(format.length);
  let count = 0;
  const text = format.replace(FIELD, (whole: string, ...match: unknown[]) => {
    if (whole === "{{" || whole === "}}") return whole.charAt(0);
    if (whole === "{" || whole === "}")
      throw state.typeError(`The format has a lone "${whole}"`, `Write "${whole}${whole}"`);
    // The last argument of a replacer is the groups, when the pattern has named ones.
    const groups = match.at(-1) as Readonly<Record<string, string | undefined>>;
    const { path = "", conversion, spec = "" } = groups;
    const head = /^[^.[]*/.exec(path)?.[0] ?? "";
    const key = head === "" ? count++ : /^\d+$/.test(head) ? Number(head) : head;
    const root = typeof key === "number" ? positional[key] : named.get(key);
    const value = followPath(state, root, path.slice(head.length), String(key));
    const shown = conversion === undefined ? value : textOf(state, value);
    return formatSpec(state, shown, spec);
  });
  state.chargeText(text.length);
  return text;
}

function followPath(state: Evaluation, root: unknown, path: string, head: string): unknown {
  let value = root;
  for (const part of path.match(/\.[^.[\]]+|\[[^\]]*\]|.+/gs) ?? []) {
    const key = part.startsWith("[") ? part.slice(1, -1) : part.slice(1);
    value = part.startsWith(".")
      ? fieldOf(state, value, key)
      : itemAt(state, value, /^\d+$/.test(key) && !isDict(value) ? Number(key) : key);
  }
  if (value !== undefined) return plain(state.present(value));
  throw state.fail("TEMPLATE_UNDEFINED", `The format has no value for {${head + path}}`, {
    hint: "Pass as many values as the format has fields",
  });
}

function formatSpec(state: Evaluation, value: unknown, spec: string): string {
  if (spec === "") return textOf(state, value);
  const groups = SPEC.exec(spec)?.groups;
  if (groups === undefined)
    throw state.typeError("The format of a field cannot be read", "Write it as in {:>8} or {:.2f}");
  const width = checkedWidth(state, Number(groups["width"] ?? 0));
  const isNumber = typeof value === "number" || (typeof value === "boolean" && groups["type"]);
  const text = isNumber
    ? grouped(specNumber(state, value, groups), groups["group"])
    : specText(state, value, groups);
  const align = groups["align"] ?? (isNumber ? (groups["zero"] ? "=" : ">") : "<");
  return pad(text, width, align, groups["fill"] ?? (groups["zero"] ? "0" : " "));
}

function specNumber(
  state: Evaluation,
  value: unknown,
  groups: Readonly<Record<string, string | undefined>>,
): string {
  const { type, precision, sign = "-", alternate } = groups;
  const shape = { sign, isAlternate: alternate !== undefined };
  const digits = precision === undefined ? undefined : Number(precision);
  if (type === undefined && precision === undefined) {
    const text = textOf(state, value);
    return sign !== "-" && !text.startsWith("-") ? sign + text : text;
  }
  const plainType =
    type === undefined || type === "n" ? (precision === undefined ? "d" : "g") : type;
  if (plainType === "s") throw state.typeError("The format s needs a text", "Use d or f");
  if ("bdoxX".includes(plainType) && !Number.isInteger(Number(value)))
    throw state.typeError(`The format ${plainType} needs a whole number`, "Use f, or int");
  return numberValue(state, value, { ...shape, type: plainType, precision: digits });
}

function specText(
  state: Evaluation,
  value: unknown,
  groups: Readonly<Record<string, string | undefined>>,
): string {
  const { type, precision } = groups;
  if (type !== undefined && type !== "s")
    throw state.typeError(`The format ${type} needs a number, not ${describe(value)}`, "Use int");
  const digits = precision === undefined ? undefined : Number(precision);
  return textValue(state, value, { type: "s", precision: digits, sign: "-", isAlternate: false });
}

function grouped(text: string, separator: string | undefined): string {
  if (separator === undefined) return text;
  return text.replace(/^([-+ ]?)(\d+)/, (_, sign: string, digits: string) => {
    return sign + digits.replace(/\B(?=(?:\d{3})+$)/g, separator);
  });
}
