import { classifyAddress, localOnlyRanges } from "./address.ts";
import { badPolicy, type KeyPath } from "./bad-policy.ts";
import { readEntry, touches, type Entry, type EntryProblem } from "./entry.ts";
import { isLocalhost } from "./host.ts";
import { isSingle } from "./ip.ts";
import type { IsPublicSuffix } from "./public-suffix.ts";

/** Where a list of entries stands in the policy, and how its wildcards are judged. */
export interface ListOptions {
  readonly path: KeyPath;
  readonly isPublicSuffix: IsPublicSuffix;
}

/**
 * Reads one entry of an allowlist.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY for a malformed or over-broad one
 */
export function compileEntry(text: string, { path, isPublicSuffix }: ListOptions): Entry {
  const reading = readEntry(text);
  if ("problem" in reading) throw badPolicy({ path, entry: text, ...reading });
  const { entry } = reading;
  if (entry.kind !== "below" || !isPublicSuffix(entry.name)) return entry;
  throw badPolicy({
    path,
    entry: text,
    problem: `is too wide: anybody can have a name below ${entry.name}`,
    hint: "Name the hosts one by one, or put the * below a name of your own",
  });
}

/**
 * Reads an allowlist.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY
 */
export function compileEntries(texts: readonly string[], options: ListOptions): readonly Entry[] {
  return texts.map((text, at) => compileEntry(text, { ...options, path: [...options.path, at] }));
}

/**
 * Reads `allowed_private`. An entry without a port covers every port there, since the port of a name
 * is the business of `allowed_domains`.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY also for what only `allowed_domains` can open: loopback,
 * link-local and metadata addresses
 */
export function compilePrivateEntries(
  texts: readonly string[],
  options: ListOptions,
): readonly Entry[] {
  return compileEntries(texts, options).map((entry, at) => {
    const problem = privateProblem(entry);
    if (problem !== undefined) {
      throw badPolicy({ path: [...options.path, at], entry: entry.text, ...problem });
    }
    return entry.port === "default" ? { ...entry, port: "any" } : entry;
  });
}

function privateProblem(entry: Entry): EntryProblem | undefined {
  const hint = "List the very address or name in http_request.allowed_domains, if it is meant";
  if (entry.kind !== "range") {
    return isLocalhost(entry.name) ? { problem: "is this machine itself", hint } : undefined;
  }
  if (touches(entry, localOnlyRanges())) {
    return { problem: "holds loopback or link-local addresses", hint };
  }
  const { base } = entry.range;
  // A wider range may hold one, since metadata addresses stay closed inside it.
  const isMetadata = isSingle(entry.range) && classifyAddress(base, []).class === "metadata";
  return isMetadata ? { problem: "is a metadata address", hint } : undefined;
}
