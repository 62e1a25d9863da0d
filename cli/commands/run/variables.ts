import { sanitizeLine } from "../../../lib/base/sanitize.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";

/** Hosts listed in one line. */
const MOST_HOSTS = 5;

/**
 * Returns a line for each variable of the environment that the keychain of a file names, with the
 * hosts its value may go to: the file may be anybody's, the environment is the user's.
 */
export function variableLines({ keychain, source }: Playbook): readonly string[] {
  const hosts = new Map<string, Set<string>>();
  for (const entry of entriesOf(keychain)) {
    for (const variable of variablesOf(entry)) {
      const known = hosts.get(variable) ?? new Set();
      for (const host of hostsOf(entry)) known.add(host);
      hosts.set(variable, known);
    }
  }
  return [...hosts].map(([variable, known]) =>
    sanitizeLine(
      `weir: ${source.file} reads ${variable} of your environment, for ${listed(known)}`,
    ),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesOf(keychain: unknown): readonly Fields[] {
  if (Array.isArray(keychain)) return keychain.filter(isFields);
  return isFields(keychain) ? Object.values(keychain).filter(isFields) : [];
}

function variablesOf(entry: Fields): readonly string[] {
  const { kind, variable, name } = entry;
  const named = kind === "env" ? (variable ?? name) : undefined;
  const referred = textsOf(entry).flatMap((text) => /^env:(.+)$/s.exec(text)?.[1] ?? []);
  return typeof named === "string" ? [named, ...referred] : referred;
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

/** Those that are declared, and those that are asked for a token with it. */
function hostsOf({ hosts, endpoint, url }: Fields): readonly string[] {
  const declared = textsOf(hosts);
  const asked = [endpoint, url].flatMap((text) => {
    const host = typeof text === "string" ? URL.parse(text)?.host : undefined;
    return host === undefined ? [] : [host];
  });
  return [...(declared.length === 0 ? ["the hosts of its tasks"] : declared), ...asked];
}

function listed(hosts: ReadonlySet<string>): string {
  const all = [...hosts];
  const more = all.length - MOST_HOSTS;
  const shown = all.slice(0, MOST_HOSTS).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
