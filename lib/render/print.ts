import { WeirError } from "../base/errors.ts";

/** Which parts of an exchange are printed. */
export interface PrintParts {
  readonly showRequestHead: boolean;
  readonly showRequestBody: boolean;
  readonly showResponseHead: boolean;
  readonly showResponseBody: boolean;
  readonly showMeta: boolean;
}

/** Letters of `--print`, as HTTPie has them. */
const LETTERS = {
  H: "showRequestHead",
  B: "showRequestBody",
  h: "showResponseHead",
  b: "showResponseBody",
  m: "showMeta",
} as const satisfies Readonly<Record<string, keyof PrintParts>>;

const NOTHING: PrintParts = {
  showRequestHead: false,
  showRequestBody: false,
  showResponseHead: false,
  showResponseBody: false,
  showMeta: false,
};

/**
 * Returns the parts that a value of `--print` names, such as `HBhb`. An empty value prints nothing.
 *
 * @throws {WeirError} USAGE_BAD_VALUE naming the letter that means nothing
 */
export function parsePrint(text: string): PrintParts {
  return Array.from(text).reduce<PrintParts>((parts, letter) => {
    const found = Object.entries(LETTERS).find(([known]) => known === letter);
    if (found === undefined) throw badLetter(text, letter);
    return { ...parts, [found[1]]: true };
  }, NOTHING);
}

/** What the printed parts depend on when `--print` is not given. */
export interface PrintDefaults {
  readonly isTerminal: boolean;
  readonly isOffline: boolean;
  /** How often `-v` was given. */
  readonly verbosity: number;
  /** The one part that `-h`, `-b` or `-m` asks for; it wins over `-v`. */
  readonly only?: "headers" | "body" | "meta" | undefined;
}

/** Returns the parts to print when `--print` is not given. */
export function defaultPrint(given: PrintDefaults): PrintParts {
  return parsePrint(defaultLetters(given));
}

function defaultLetters({ isTerminal, isOffline, verbosity, only }: PrintDefaults): string {
  if (only !== undefined) return { headers: "h", body: "b", meta: "m" }[only];
  if (verbosity > 1) return "HBhbm";
  if (verbosity === 1) return "HBhb";
  if (isOffline) return "HB";
  return isTerminal ? "hb" : "b";
}

function badLetter(text: string, letter: string): WeirError {
  return new WeirError(
    "USAGE_BAD_VALUE",
    `--print ${JSON.stringify(text)} has a letter that means nothing: ${JSON.stringify(letter)}`,
    {
      hint: "H and B are head and body of the request, h and b of the response, m is its metadata",
      details: { flag: "print", letter },
    },
  );
}
