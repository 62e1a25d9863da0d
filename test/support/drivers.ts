import type { CaseOptions } from "./cli-cases.ts";
import type { Driver } from "./run-case.ts";
import { commandOf, type Target } from "./targets.ts";

/** Neutral option to flag; null = said in another way by this program. */
type FlagNames = Readonly<Record<string, string | null>>;

/** The names that weir and HTTPie share. */
const SHARED: FlagNames = {
  form: "--form",
  multipart: "--multipart",
  raw: "--raw",
  follow: "--follow",
  max_redirects: "--max-redirects",
  download: "--download",
  output: "--output",
  continue: "--continue",
  session: "--session",
  session_read_only: "--session-read-only",
  auth: "--auth",
  auth_type: "--auth-type",
  timeout: "--timeout",
  print: "--print",
  pretty: "--pretty",
  format_options: "--format-options",
  offline: "--offline",
  compress: "--compress",
  chunked: "--chunked",
  path_as_is: "--path-as-is",
  ignore_stdin: "--ignore-stdin",
  quiet: "--quiet",
  headers: "--headers",
  body: "--body",
  verbose: "--verbose",
  all: "--all",
};

function spell(options: CaseOptions, names: FlagNames): string[] {
  return Object.entries(options).flatMap(([option, value]) => {
    const flag = names[option];
    if (flag === undefined) throw new Error(`No flag for the option ${option}`);
    if (flag === null || value === false) return [];
    return value === true ? [flag] : [`${flag}=${value}`];
  });
}

/**
 * Returns the driver of weir.
 *
 * weir checks the status by default, so a case that does not ask for it is run without, and one
 * that asks proves the default. A download checks by itself, as that of the peers does.
 */
export function weirDriver(target: Target, env: Readonly<Record<string, string>> = {}): Driver {
  return {
    command: commandOf(target),
    env,
    flags(options) {
      const isChecked = options["check_status"] === true || options["download"] === true;
      const flags = spell(options, { ...SHARED, check_status: null });
      return isChecked ? flags : [...flags, "--no-check-status"];
    },
  };
}

/** The driver of HTTPie, found on PATH as `http`. */
export const httpieDriver: Driver = {
  command: ["http"],
  flags(options, hasStdin) {
    const flags = spell(options, { ...SHARED, check_status: "--check-status" });
    return hasStdin ? flags : [...flags, "--ignore-stdin"];
  },
  // HTTPie has one status for every error of its own.
  exits: { 69: 1 },
};
