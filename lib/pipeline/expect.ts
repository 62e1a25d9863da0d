import { deepCompareStrict } from "@cfworker/json-schema";
import { WeirError } from "../base/errors.ts";
import { type HeaderList, headerValues, isToken } from "../http/headers.ts";
import { compileSchemaCheck, type SchemaCheck, type SchemaPorts } from "./expect-schema.ts";
import { compilePath, type JsonPath } from "./json-path.ts";
import { isRiskyPattern, matches } from "./pattern.ts";
import { isMap, kindName, positiveOf, scalarText, wholeNumber } from "./readings.ts";
import type { Scope } from "./scope.ts";
import { compileSetting, type Reading } from "./setting.ts";
import type { KeyPath, Source } from "./source.ts";

/** A response, as far as checks look at it. */
export interface Checked {
  readonly status: number;
  readonly headers: HeaderList;
  readonly data: unknown;
  /** True: the data are stored, and not here. */
  readonly isStored: boolean;
  readonly elapsedMs: number;
}

/** `expect` of a task, compiled. */
export interface Expectation {
  /** Says whether a status is wanted; undefined when nothing is said about it. */
  wantsStatus(status: number, scope: Scope): boolean | undefined;
  /**
   * Returns what is not as it should be, the first such thing; undefined when all is.
   *
   * @throws {WeirError} TEMPLATE_*, IO_READ, PIPELINE_INVALID when the schema cannot be read
   */
  check(subject: Checked, scope: Scope, ports: SchemaPorts): Promise<WeirError | undefined>;
}

type StatusTest = (status: number) => boolean;
type Check = (value: unknown) => string | undefined;

interface StatusRule {
  readonly test: StatusTest;
  readonly wanted: string;
}

interface HeaderRule {
  readonly name: string;
  readonly check: Check;
}

interface JsonRule {
  readonly path: JsonPath;
  readonly check: Check;
}

const KEYS = ["status", "headers", "json", "schema", "max_ms"];

/**
 * Returns the compiled form of `expect`.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileExpect(node: unknown, path: KeyPath, source: Source): Expectation {
  if (!isMap(node)) {
    throw source.error(path, {
      message: `expect is ${kindName(node)}`,
      hint: "Write expect: {status: 200}",
    });
  }
  const other = Object.keys(node).find((key) => !KEYS.includes(key));
  if (other !== undefined) {
    throw source.error([...path, other], {
      message: `expect has no key ${JSON.stringify(other)}`,
      hint: `Its keys are ${KEYS.join(", ")}`,
      part: "key",
    });
  }
  const at = <T>(key: string, parse: (value: unknown) => Reading<T>) =>
    node[key] === undefined ? undefined : compileSetting(node[key], [...path, key], source, parse);
  const status = at("status", readStatus);
  const headers = at("headers", readHeaderRules);
  const json = at("json", readJsonRules);
  const maxMs = at("max_ms", positiveOf("expect.max_ms"));
  const schema = compileSchemaCheck(node["schema"], [...path, "schema"], source);
  return {
    wantsStatus: (code, scope) => status?.read(scope).test(code),
    async check(subject, scope, ports) {
      const problem =
        checkStatus(subject, status?.read(scope)) ??
        checkTime(subject, maxMs?.read(scope)) ??
        checkHeaders(subject, headers?.read(scope) ?? []) ??
        checkStored(subject, json !== undefined || schema !== undefined) ??
        checkJson(subject, json?.read(scope) ?? []) ??
        (await checkSchema(subject, schema, ports));
      return problem === undefined ? undefined : failed(problem);
    },
  };
}

function failed(problem: string): WeirError {
  return new WeirError("EXPECT_FAILED", problem, {
    hint: "See outcome.result for the whole response, or change expect",
  });
}

function checkStatus({ status }: Checked, rule: StatusRule | undefined): string | undefined {
  if (rule === undefined || rule.test(status)) return undefined;
  return `Status is ${status}, and ${rule.wanted} is expected`;
}

function checkTime({ elapsedMs }: Checked, maxMs: number | undefined): string | undefined {
  if (maxMs === undefined || elapsedMs <= maxMs) return undefined;
  return `The response took ${Math.round(elapsedMs)} ms, and at most ${maxMs} ms are expected`;
}

function checkHeaders({ headers }: Checked, rules: readonly HeaderRule[]): string | undefined {
  for (const { name, check } of rules) {
    const values = headerValues(headers, name);
    const problem = check(values.length === 0 ? undefined : values.join(", "));
    if (problem !== undefined) return `Header ${name} ${problem}`;
  }
  return undefined;
}

function checkStored({ isStored }: Checked, isNeeded: boolean): string | undefined {
  if (!isStored || !isNeeded) return undefined;
  return "The body is stored by reference, where expect cannot look at it: raise inline_max_bytes";
}

function checkJson({ data }: Checked, rules: readonly JsonRule[]): string | undefined {
  for (const { path, check } of rules) {
    const found = path.find(data);
    const problem = check(path.isSingular ? found[0] : found.length === 0 ? undefined : found);
    if (problem !== undefined) return `${path.text} ${problem}`;
  }
  return undefined;
}

async function checkSchema(
  { data }: Checked,
  schema: SchemaCheck | undefined,
  ports: SchemaPorts,
): Promise<string | undefined> {
  return await schema?.(data, ports);
}

function readStatus(value: unknown): Reading<StatusRule> {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const tests = items.map(statusTest);
  const isWhole = tests.length > 0 && tests.every((one) => one !== undefined);
  if (!isWhole) {
    return {
      wrong: "expect.status is no status",
      hint: 'Write a number such as 200, a class such as "2xx", or a list of those',
    };
  }
  const known = tests.filter((one) => one !== undefined);
  const wanted = items.map(String).join(" or ");
  return { value: { wanted, test: (status) => known.some((one) => one(status)) } };
}

function statusTest(value: unknown): StatusTest | undefined {
  const text = scalarText(value)?.trim().toLowerCase() ?? "";
  if (/^[1-5]xx$/.test(text)) return (status) => Math.floor(status / 100) === Number(text[0]);
  return /^[1-9]\d\d$/.test(text) ? (status) => status === Number(text) : undefined;
}

function readHeaderRules(value: unknown): Reading<readonly HeaderRule[]> {
  if (!isMap(value)) {
    return {
      wrong: `expect.headers is ${kindName(value)}`,
      hint: "Write {Content-Type: {matches: json}}",
    };
  }
  const rules: HeaderRule[] = [];
  for (const [name, wanted] of Object.entries(value)) {
    const where = `expect.headers.${name}`;
    if (!isToken(name)) return { wrong: `${where} is no header`, hint: "Write the name of one" };
    const text = scalarText(wanted);
    const check = text === undefined ? readCheck(where, wanted) : { value: equalTo(text) };
    if ("wrong" in check) return check;
    rules.push({ name, check: check.value });
  }
  return { value: rules };
}

function readJsonRules(value: unknown): Reading<readonly JsonRule[]> {
  if (!Array.isArray(value)) {
    return {
      wrong: `expect.json is ${kindName(value)}`,
      hint: "Write [{path: $.items, exists: true}]",
    };
  }
  const rules: JsonRule[] = [];
  for (const [at, item] of (value as readonly unknown[]).entries()) {
    const where = `expect.json[${at}]`;
    const { path: text, ...wanted } = isMap(item) ? item : {};
    if (typeof text !== "string") {
      return { wrong: `${where} has no path`, hint: "Write {path: $.items, exists: true}" };
    }
    const path = compilePath(text, `${where}.path`);
    if ("wrong" in path) return path;
    const check = readCheck(where, wanted);
    if ("wrong" in check) return check;
    rules.push({ path: path.value, check: check.value });
  }
  return { value: rules };
}

const CHECK_KEYS = ["equals", "matches", "exists", "length"];

function readCheck(where: string, node: unknown): Reading<Check> {
  const hint = `Write one or more of ${CHECK_KEYS.join(", ")}`;
  if (!isMap(node)) return { wrong: `${where} is ${kindName(node)}`, hint };
  const entries = Object.entries(node);
  const other = entries.find(([key]) => !CHECK_KEYS.includes(key));
  if (other !== undefined)
    return { wrong: `${where} has the key ${JSON.stringify(other[0])}`, hint };
  if (entries.length === 0) return { wrong: `${where} checks nothing`, hint };
  const checks: Check[] = [];
  for (const [key, wanted] of entries) {
    const check = oneCheck(key, wanted, where);
    if ("wrong" in check) return check;
    checks.push(check.value);
  }
  return {
    value: (found) => {
      for (const check of checks) {
        const problem = check(found);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  };
}

function oneCheck(key: string, wanted: unknown, where: string): Reading<Check> {
  if (key === "equals") return { value: equalTo(wanted) };
  if (key === "matches") return matching(wanted, where);
  if (key === "exists") {
    if (typeof wanted !== "boolean") {
      return { wrong: `${where}.exists is ${kindName(wanted)}`, hint: "Write true or false" };
    }
    const is = (found: unknown): boolean => found !== undefined;
    const words = wanted ? "is not there" : "is there, and is not expected";
    return { value: (found) => (is(found) === wanted ? undefined : words) };
  }
  const length = wholeNumber(wanted);
  if (length === undefined) {
    return { wrong: `${where}.length is ${kindName(wanted)}`, hint: "Write a whole number" };
  }
  return {
    value: (found) => {
      const got = lengthOf(found);
      if (got === length) return undefined;
      const what = got === undefined ? `is ${kindName(found)}` : `has ${got}`;
      return `${what}, and a length of ${length} is expected`;
    },
  };
}

function equalTo(wanted: unknown): Check {
  return (found) => {
    if (deepCompareStrict(found, wanted)) return undefined;
    return `is ${shown(found)}, and ${shown(wanted)} is expected`;
  };
}

function matching(wanted: unknown, where: string): Reading<Check> {
  const hint = "Write a regular expression, such as ^application/json";
  if (typeof wanted !== "string") return { wrong: `${where}.matches is ${kindName(wanted)}`, hint };
  if (isRiskyPattern(wanted)) {
    return {
      wrong: `${where}.matches repeats what repeats, which can take for ever`,
      hint: "Write it with two .* at most, and no quantifier behind a group that has one inside",
    };
  }
  try {
    const pattern = new RegExp(wanted, "u");
    return {
      value: (found) => {
        const text = scalarText(found);
        if (text !== undefined && matches(pattern, text)) return undefined;
        return `is ${shown(found)}, and a match of ${wanted} is expected`;
      },
    };
  } catch {
    // The only reason is that it cannot be read.
    return { wrong: `${where}.matches is no regular expression`, hint };
  }
}

function lengthOf(found: unknown): number | undefined {
  if (typeof found === "string") return Array.from(found).length;
  if (Array.isArray(found)) return found.length;
  return isMap(found) ? Object.keys(found).length : undefined;
}

function shown(value: unknown): string {
  if (value === undefined) return "not there";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
