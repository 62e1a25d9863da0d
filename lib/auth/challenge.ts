import type { HeaderList } from "../http/headers.ts";
import { headerValues } from "../http/headers.ts";

/** One way the server offers to prove who asks, RFC 9110 section 11.6.1. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By name in lower case; the first of two counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A scheme, or a parameter: token = ( token / quoted-string ). */
const PART =
  /\s*,?\s*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([!#$%&'*+\-.^_`|~0-9A-Za-z]+))/gy;

/** Returns every challenge of the WWW-Authenticate lines; what cannot be read ends a line. */
export function parseChallenges(headers: HeaderList): readonly Challenge[] {
  return headerValues(headers, "www-authenticate").flatMap(parseLine);
}

function parseLine(line: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const [, name, quoted, token, scheme] of line.matchAll(PART)) {
    if (scheme !== undefined) {
      challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      continue;
    }
    const current = challenges.at(-1)?.parameters;
    const key = name?.toLowerCase() ?? "";
    if (current === undefined || current.has(key)) continue;
    current.set(key, quoted?.replace(/\\(.)/g, "$1") ?? token ?? "");
  }
  return challenges;
}
