import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";

/** Which kinds of processing the output gets. */
export interface Pretty {
  /** Bodies are laid out anew. */
  readonly isFormatted: boolean;
  readonly isColored: boolean;
}

/** Every value of `--pretty` and what it means. */
const PRETTY = {
  all: { isFormatted: true, isColored: true },
  colors: { isFormatted: false, isColored: true },
  format: { isFormatted: true, isColored: false },
  none: { isFormatted: false, isColored: false },
} as const satisfies Readonly<Record<string, Pretty>>;

/** What NO_COLOR ("never") and CLICOLOR_FORCE ("always") say; "auto" when neither is set. */
export type ColorWish = "auto" | "always" | "never";

/** What the processing depends on when `--pretty` is not given. */
export interface PrettyDefaults {
  readonly isTerminal: boolean;
  readonly color: ColorWish;
}

/** Returns the processing when `--pretty` is not given: everything on a terminal, else nothing. */
export function defaultPretty({ isTerminal, color }: PrettyDefaults): Pretty {
  return {
    isFormatted: isTerminal,
    isColored: color === "always" || (isTerminal && color === "auto"),
  };
}

/**
 * Returns the processing that the value of `--pretty` asks for. It wins over NO_COLOR.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parsePretty(text: string): Pretty {
  const found = Object.entries(PRETTY).find(([name]) => name === text);
  if (found !== undefined) return found[1];
  throw new WeirError("USAGE_BAD_VALUE", `--pretty cannot be ${JSON.stringify(text)}`, {
    hint: "It takes all, colors, format or none",
    details: { flag: "pretty" },
  });
}

/** How bodies and headers are laid out. */
export interface FormatOptions {
  readonly headers: { readonly isSorted: boolean };
  readonly json: {
    readonly isFormatted: boolean;
    /** Spaces for each level. */
    readonly indent: number;
    readonly isSorted: boolean;
    /** True: escapes of visible characters are shown as the characters. */
    readonly isUnescaped: boolean;
  };
  readonly xml: { readonly isFormatted: boolean; readonly indent: number };
}

/** The layout without `--format-options`. Other than HTTPie, nothing is sorted. */
export const DEFAULT_FORMAT_OPTIONS: FormatOptions = {
  headers: { isSorted: false },
  json: { isFormatted: true, indent: 4, isSorted: false, isUnescaped: true },
  xml: { isFormatted: true, indent: 2 },
};

/** Every key of `--format-options` with the change its value makes. */
const KEYS: Readonly<Record<string, (options: FormatOptions, value: string) => FormatOptions>> = {
  "headers.sort": (options, value) => ({ ...options, headers: { isSorted: flag(value) } }),
  "json.format": (options, value) => ({
    ...options,
    json: { ...options.json, isFormatted: flag(value) },
  }),
  "json.indent": (options, value) => ({
    ...options,
    json: { ...options.json, indent: spaces(value) },
  }),
  "json.sort_keys": (options, value) => ({
    ...options,
    json: { ...options.json, isSorted: flag(value) },
  }),
  "json.unicode": (options, value) => ({
    ...options,
    json: { ...options.json, isUnescaped: flag(value) },
  }),
  "xml.format": (options, value) => ({
    ...options,
    xml: { ...options.xml, isFormatted: flag(value) },
  }),
  "xml.indent": (options, value) => ({
    ...options,
    xml: { ...options.xml, indent: spaces(value) },
  }),
};

/** Every key that `--format-options` knows, for help and completion. */
export const FORMAT_OPTION_KEYS: readonly string[] = Object.keys(KEYS);

/**
 * Returns `base` changed by one value of `--format-options`, such as `json.indent:2,headers.sort:true`.
 *
 * @throws {WeirError} USAGE_BAD_VALUE naming the part that cannot be read
 */
export function parseFormatOptions(
  text: string,
  base: FormatOptions = DEFAULT_FORMAT_OPTIONS,
): FormatOptions {
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .reduce((options, part) => applyPart(options, part.trim()), base);
}

function applyPart(options: FormatOptions, part: string): FormatOptions {
  const colon = part.indexOf(":");
  const key = colon < 0 ? part : part.slice(0, colon);
  const apply = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (apply === undefined) {
    const near = nearestName(key, FORMAT_OPTION_KEYS);
    throw badPart(
      `There is no format option ${JSON.stringify(key)}`,
      near === undefined
        ? `--format-options knows ${FORMAT_OPTION_KEYS.join(", ")}`
        : `Did you mean ${near}?`,
    );
  }
  if (colon < 0) throw badPart(`Format option ${key} has no value`, `Write ${key}:VALUE`);
  return apply(options, part.slice(colon + 1));
}

function flag(value: string): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw badPart(
    `Format option value ${JSON.stringify(value)} is not a truth value`,
    "Write true or false",
  );
}

/** More than any terminal shows, and few enough to keep the output bounded. */
const MOST_SPACES = 16;

function spaces(value: string): number {
  const count = /^\d{1,3}$/.test(value) ? Number(value) : Number.NaN;
  if (count <= MOST_SPACES) return count;
  throw badPart(
    `Format option value ${JSON.stringify(value)} is not a number of spaces`,
    `Write a whole number from 0 to ${MOST_SPACES}`,
  );
}

function badPart(message: string, hint: string): WeirError {
  return new WeirError("USAGE_BAD_VALUE", message, { hint, details: { flag: "format-options" } });
}
