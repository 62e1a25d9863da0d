/** Headings of `-h` and `--help`, in the order they are printed. */
export const FLAG_GROUPS = [
  "Workload",
  "Run",
  "Progress",
  "Time",
  "Request body",
  "Output",
  "Download",
  "Authentication",
  "Redirects, status and time",
  "TLS",
  "Network",
  "Other",
] as const;

/** A heading of the help. */
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** What a value stands for; completion offers files, and integers are checked when parsed. */
export type ValueShape = "text" | "file" | "integer" | "duration" | "size";

interface FlagBase {
  /** Long name without dashes. */
  readonly name: string;
  /** One character. */
  readonly short?: string;
  readonly group: FlagGroup;
  /** One line for `-h`: no final period, short enough for 80 columns. */
  readonly help: string;
  /** Paragraphs for `--help`, apart by blank lines; an indented line is printed as it stands. */
  readonly long: string;
  /** A command line that shows it. */
  readonly example?: string;
  /** Says in words what happens without the flag, when that is not one fixed value. */
  readonly otherwise?: string;
  /** Flags given earlier, or in the configuration, that this one takes the place of. */
  readonly replaces?: readonly string[];
  /** False: may not stand under `[defaults]` of the configuration. */
  readonly isConfigurable?: false;
  /** True: every command takes it; otherwise only those that send a request. */
  readonly isCommon?: true;
  /** True: `weir run` takes it for all its requests. */
  readonly isOfRuns?: true;
}

/** On or off. */
export interface BooleanFlag extends FlagBase {
  readonly kind: "boolean";
  /** True: on unless `--no-NAME` is given. */
  readonly isOn?: true;
}

/** Counts how often it is given. */
export interface CountFlag extends FlagBase {
  readonly kind: "count";
}

/** Takes a value: the last one wins, or with kind "list" all are kept. */
export interface ValuedFlag extends FlagBase {
  readonly kind: "value" | "list";
  /** Name of the value in the help, in capitals. */
  readonly label: string;
  readonly shape?: ValueShape;
  readonly choices?: readonly string[];
  /** Value when the flag is not given. */
  readonly default?: string;
}

/** One row of the table of flags. */
export type FlagSpec = BooleanFlag | CountFlag | ValuedFlag;
