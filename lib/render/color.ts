import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";

/** What a piece of output is; a style says how it looks. */
export type Role =
  | "attribute"
  | "clientError"
  | "comment"
  | "headerName"
  | "informational"
  | "key"
  | "label"
  | "literal"
  | "method"
  | "note"
  | "number"
  | "protocol"
  | "punctuation"
  | "redirect"
  | "serverError"
  | "string"
  | "success"
  | "tag"
  | "target";

/** Puts colour on text that is safe already. */
export interface Painter {
  paint(role: Role, text: string): string;
}

/** Parameters of SGR, ECMA-48 section 8.3.117; a role that is not named stays plain. */
type Palette = Readonly<Partial<Record<Role, string>>>;

/** Every value of `--style`. `auto` has the terminal's own 16 colours, the others the table of 256. */
const STYLES = {
  auto: {
    attribute: "36",
    clientError: "31",
    comment: "90",
    headerName: "36",
    informational: "36",
    key: "94",
    label: "90",
    literal: "35",
    method: "1;32",
    note: "33",
    number: "36",
    protocol: "34",
    redirect: "33",
    serverError: "1;31",
    string: "32",
    success: "32",
    tag: "94",
    target: "4;36",
  },
  monokai: {
    attribute: "38;5;148",
    clientError: "38;5;208",
    comment: "38;5;242",
    headerName: "38;5;81",
    informational: "38;5;81",
    key: "38;5;197",
    label: "38;5;242",
    literal: "38;5;81",
    method: "1;38;5;148",
    note: "38;5;186",
    number: "38;5;141",
    protocol: "38;5;81",
    redirect: "38;5;186",
    serverError: "1;38;5;197",
    string: "38;5;186",
    success: "38;5;148",
    tag: "38;5;197",
    target: "38;5;186",
  },
  solarized: {
    attribute: "38;5;245",
    clientError: "38;5;166",
    comment: "38;5;240",
    headerName: "38;5;245",
    informational: "38;5;37",
    key: "38;5;33",
    label: "38;5;240",
    literal: "38;5;166",
    method: "38;5;64",
    note: "38;5;136",
    number: "38;5;37",
    protocol: "38;5;33",
    redirect: "38;5;136",
    serverError: "38;5;124",
    string: "38;5;37",
    success: "38;5;64",
    tag: "38;5;33",
    target: "38;5;136",
  },
  fruity: {
    attribute: "38;5;198",
    clientError: "38;5;202",
    comment: "38;5;28",
    headerName: "38;5;33",
    informational: "38;5;33",
    key: "38;5;33",
    label: "38;5;245",
    literal: "1;38;5;202",
    method: "1;38;5;202",
    note: "38;5;178",
    number: "38;5;33",
    protocol: "1;38;5;202",
    redirect: "38;5;178",
    serverError: "1;38;5;196",
    string: "38;5;32",
    success: "38;5;28",
    tag: "1;38;5;202",
    target: "38;5;32",
  },
  bw: {
    clientError: "1",
    headerName: "1",
    key: "1",
    method: "1",
    note: "1",
    serverError: "1",
    tag: "1",
    target: "4",
  },
} as const satisfies Readonly<Record<string, Palette>>;

/** A value of `--style`. */
export type StyleName = keyof typeof STYLES;

// Object.keys() is typed as string[]; the object above has these keys and no others.
/** Every style, in the order help lists them. */
export const STYLE_NAMES = Object.keys(STYLES) as readonly StyleName[];

/** The painter that adds nothing. */
export const plainPainter: Painter = { paint: (_role, text) => text };

/** Returns the painter of a style. It closes the colour at line ends, as `less -R` needs it. */
export function painterOf(style: StyleName): Painter {
  const palette: Palette = STYLES[style];
  return {
    paint(role, text) {
      const sgr = palette[role];
      if (sgr === undefined || text === "") return text;
      const on = `\u001b[${sgr}m`;
      const inner = text.includes("\n") ? text.replaceAll("\n", `\u001b[0m\n${on}`) : text;
      return `${on}${inner}\u001b[0m`;
    },
  };
}

/**
 * Returns the style called `text`.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parseStyle(text: string): StyleName {
  const style = STYLE_NAMES.find((name) => name === text);
  if (style !== undefined) return style;
  const near = nearestName(text, STYLE_NAMES);
  const styles = STYLE_NAMES.join(", ");
  throw new WeirError("USAGE_BAD_VALUE", `There is no style ${JSON.stringify(text)}`, {
    hint: near === undefined ? `--style takes one of ${styles}` : `Did you mean --style ${near}?`,
    details: { flag: "style", styles: STYLE_NAMES },
  });
}
