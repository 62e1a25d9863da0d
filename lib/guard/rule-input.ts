import { badPolicy, type KeyPath, type PolicyProblem } from "./bad-policy.ts";
import { compileEntry } from "./entry-list.ts";
import { METHODS } from "./headers.ts";
import { readPathPattern, type PathPattern } from "./path.ts";
import type { IsPublicSuffix } from "./public-suffix.ts";
import type { Rule } from "./rules.ts";

/** One `[[http_request.rule]]` as it is written. */
export interface RuleInput {
  readonly host: string;
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly schemes?: readonly string[] | undefined;
  readonly action?: string | undefined;
  readonly reason?: string | undefined;
  readonly credential?: string | undefined;
}

/** What a rule is read with. */
export interface RuleContext {
  readonly isPublicSuffix: IsPublicSuffix;
  /** Says whether the keychain has an entry of this name. */
  readonly hasCredential: (name: string) => boolean;
}

const SCHEMES = ["http", "https"];

/**
 * Reads the rule at `index`.
 *
 * @throws {WeirError} CONFIG_BAD_POLICY
 */
export function compileRule(input: RuleInput, index: number, context: RuleContext): Rule {
  const path = ["http_request", "rule", index];
  checkCredential(input.credential, [...path, "credential"], context);
  return {
    index,
    host: compileEntry(input.host, {
      path: [...path, "host"],
      isPublicSuffix: context.isPublicSuffix,
    }),
    methods: readWords(input.methods, [...path, "methods"], METHODS),
    schemes: readWords(input.schemes, [...path, "schemes"], SCHEMES),
    paths: readPaths(input.paths, [...path, "paths"]),
    action: readAction(input.action ?? "allow", [...path, "action"]),
    reason: input.reason,
    credential: input.credential,
  };
}

function checkCredential(
  name: string | undefined,
  path: KeyPath,
  { hasCredential }: RuleContext,
): void {
  if (name === undefined || hasCredential(name)) return;
  throw badPolicy({
    path,
    entry: name,
    problem: "is not in the keychain",
    hint: `Add [keychain.${name}], or name an entry that is there`,
  });
}

function readAction(word: string, path: KeyPath): Rule["action"] {
  if (word === "allow" || word === "deny" || word === "supervised") return word;
  throw badPolicy({
    path,
    entry: word,
    problem: "is not an action",
    hint: "Write allow, deny or supervised",
  });
}

function readWords(
  words: readonly string[] | undefined,
  path: KeyPath,
  known: readonly string[],
): readonly string[] | undefined {
  if (words === undefined) return undefined;
  if (words.length === 0) throw emptyList(path);
  const at = words.findIndex((word) => !known.includes(word));
  const entry = words[at];
  if (entry === undefined) return words;
  const hint = `Write one of ${known.join(", ")}`;
  throw badPolicy({ path: [...path, at], entry, problem: "is not known here", hint });
}

function readPaths(
  texts: readonly string[] | undefined,
  path: KeyPath,
): readonly PathPattern[] | undefined {
  if (texts?.length === 0) throw emptyList(path);
  return texts?.map((entry, at) => {
    const reading = readPathPattern(entry);
    if ("pattern" in reading) return reading.pattern;
    throw badPolicy({
      path: [...path, at],
      entry,
      problem: reading.problem,
      hint: "Write a path such as /repos/acme/**, decoded, * within a segment and ** for any depth",
    });
  });
}

function emptyList(path: KeyPath): Error {
  const problem: PolicyProblem = {
    path,
    entry: "[]",
    problem: "is empty, so that the rule never matches",
    hint: "Leave the key out to cover everything",
  };
  return badPolicy(problem);
}
