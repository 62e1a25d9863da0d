import { isRecord } from "../../base/record.ts";
import { ACTIONS } from "../actions/index.ts";
import type { ActionKind } from "../actions/action.ts";
import { retryRules } from "../expand.ts";
import type { AdmitRule, Assignment, Policy, Rule } from "../model.ts";
import { check, kindText, pathText } from "../schema/check.ts";
import { nearHint, shownName } from "../schema/near.ts";
import { admit, policy, rule, sharedActionKeys } from "../schema/policy.ts";
import { anything, table, text } from "../schema/shapes.ts";
import type { KeyPath, Source } from "../source.ts";
import { compileCondition } from "../values.ts";
import { compileAssignments } from "./assignments.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The task whose rules are compiled. */
export interface RuleOwner {
  readonly source: Source;
  /** Labels of the tasks of the step, in order. */
  readonly labels: readonly string[];
  readonly label: string;
  /** True: its items run at the same time, so that they must not set what they share. */
  readonly isParallel: boolean;
}

const POLICY = policy(anything());
const RULE = rule(anything(), anything());
const ADMIT = admit();
const ACTION_SHAPES = new Map(
  ACTIONS.map((action) => [
    action.name,
    table(
      { do: text(), ...sharedActionKeys(), ...action.keys },
      { example: `{ do: ${action.name} }` },
    ),
  ]),
);
const DO_LIST = ACTIONS.map(({ name }) => name).join(", ");

/**
 * Returns the compiled policy of a task: the rules of `spec.retry`, then its own.
 *
 * @param spec the merged spec of the task
 * @param path where that spec stands
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compilePolicy(spec: Fields, path: KeyPath, owner: RuleOwner): Policy {
  const { source } = owner;
  const retryPath = [...path, "retry"];
  const shorthand = retryRules(spec["retry"]).map(({ when, action }) =>
    compileRule(
      { path: retryPath, when, whenPath: retryPath, action, actionPath: retryPath },
      owner,
      true,
    ),
  );
  const at = [...path, "policy"];
  const { rules = [], on_unmatched } = check(POLICY, spec["policy"] ?? {}, at, source);
  const own = rules.map((node, index) => {
    const read = readRule(node, [...at, "rules", index], index === rules.length - 1, source);
    return compileRule(read, owner, false);
  });
  return { rules: [...shorthand, ...own], onUnmatched: on_unmatched };
}

/** A rule taken apart: what must hold, and what then happens. */
interface ReadRule {
  readonly path: KeyPath;
  readonly when: string | boolean | undefined;
  readonly whenPath: KeyPath;
  readonly action: Fields;
  readonly actionPath: KeyPath;
}

function compileRule(read: ReadRule, owner: RuleOwner, isShorthand: boolean): Rule {
  const { path, when, whenPath, action, actionPath } = read;
  const { source } = owner;
  const kind = actionKind(action, actionPath, source);
  const shape = isShorthand ? undefined : ACTION_SHAPES.get(kind.name);
  if (shape !== undefined) check(shape, action, actionPath, source);
  const fields = Object.fromEntries(
    Object.entries(action).filter(([key]) => Object.hasOwn(kind.keys, key)),
  );
  return {
    path,
    when: when === undefined ? undefined : compileCondition(String(when), whenPath, source),
    assignments: assignmentsOf(action, actionPath, owner),
    action: kind.name,
    move: kind.compile({ ...owner, fields, path: actionPath }),
    isShorthand,
  };
}

/** Reads `{ when, then }`, `{ else: { then } }`, `{ else: { do } }` and `{ else, then }`. */
function readRule(node: unknown, path: KeyPath, isLast: boolean, source: Source): ReadRule {
  const fields = check(RULE, node, path, source);
  const isElse = Object.hasOwn(fields, "else");
  if (isElse && !isLast)
    throw source.error([...path, "else"], {
      message: "else is not the last rule: those after it are never looked at",
      hint: "Move it to the end",
      part: "key",
    });
  if (isElse === Object.hasOwn(fields, "when"))
    throw source.error(path, {
      message: isElse
        ? "A rule has when or else, not both"
        : "A rule needs when, or else as the last",
      hint: 'Write { when: "{{ … }}", then: { do: … } } or { else: { do: … } }',
    });
  const found = isElse
    ? elseAction(fields, path, source)
    : { node: fields.then, at: [...path, "then"] };
  const { action, actionPath } = oneAction(found.node, found.at, source);
  return { path, when: fields.when, whenPath: [...path, "when"], action, actionPath };
}

interface FoundAction {
  readonly node: unknown;
  readonly at: KeyPath;
}

function elseAction(fields: Fields, path: KeyPath, source: Source): FoundAction {
  const at = [...path, "else"];
  const inside = fields["else"];
  // "- else:" with "then:" below it at the same depth is what a lost indentation gives.
  if (inside === null) return { node: fields["then"], at: [...path, "then"] };
  if (Object.hasOwn(fields, "then"))
    throw source.error([...path, "then"], {
      message: "The rule has an action under else and one under then",
      hint: "Keep one of the two",
      part: "key",
    });
  if (!isRecord(inside) || !Object.hasOwn(inside, "then")) return { node: inside, at };
  const [other] = Object.keys(inside).filter((key) => key !== "then");
  if (other !== undefined)
    throw source.error([...at, other], {
      message: `${other} stands beside then`,
      hint: "Put it under then",
      part: "key",
    });
  return { node: inside["then"], at: [...at, "then"] };
}

/** An action may stand in a list of one. */
function oneAction(
  node: unknown,
  at: KeyPath,
  source: Source,
): { readonly action: Fields; readonly actionPath: KeyPath } {
  if (Array.isArray(node) && node.length === 1) return oneAction(node[0], [...at, 0], source);
  if (isRecord(node)) return { action: node, actionPath: at };
  const hint = `Write then: { do: … } with one of: ${DO_LIST}`;
  if (node === undefined || node === null)
    throw source.error(at, { message: "The rule does not say what to do", hint });
  const message = Array.isArray(node)
    ? "A rule has one action"
    : `${pathText(at)} must be a map with do, not ${kindText(node)}`;
  throw source.error(at, { message, hint });
}

function actionKind(action: Fields, path: KeyPath, source: Source): ActionKind {
  const word = action["do"];
  const kind = ACTIONS.find(({ name }) => name === word);
  if (kind !== undefined) return kind;
  if (word === undefined)
    throw source.error(path, {
      message: "The action does not say what to do",
      hint: `Add do: with one of: ${DO_LIST}`,
    });
  throw source.error([...path, "do"], {
    message: `There is no action ${shownName(word)}`,
    hint: nearHint(
      word,
      ACTIONS.map(({ name }) => name),
      "actions",
    ),
  });
}

function assignmentsOf(action: Fields, path: KeyPath, owner: RuleOwner): readonly Assignment[] {
  const { source, isParallel } = owner;
  const assignments = compileAssignments(action, path, source);
  const shared = isParallel ? assignments.find(({ target }) => target === "ctx") : undefined;
  if (shared === undefined) return assignments;
  throw source.error(shared.value.path, {
    message: "Items of a parallel loop run at the same time and cannot set ctx",
    hint: "Set iter.NAME, or use the results of the step after the loop",
    part: "key",
  });
}

/**
 * Returns the rules that say whether a step may run.
 *
 * @param node `spec.policy.admit` of the step; none when it is undefined
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileAdmission(
  node: unknown,
  path: KeyPath,
  source: Source,
): readonly AdmitRule[] {
  if (node === undefined) return [];
  const { rules } = check(ADMIT, node, path, source);
  return rules.map((_, index): AdmitRule => {
    const at = [...path, "rules", index];
    const read = readRule(rules[index], at, index === rules.length - 1, source);
    const allowed = read.action["allow"];
    if (typeof allowed !== "boolean")
      throw source.error(read.actionPath, {
        message: "The rule does not say whether the step may run",
        hint: "Write allow: true or allow: false",
      });
    const { when, whenPath } = read;
    return {
      when: when === undefined ? undefined : compileCondition(String(when), whenPath, source),
      isAllowed: allowed,
    };
  });
}
