import { dereference, type Schema, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { messageOf, WeirError } from "../base/errors.ts";
import { whyNotRead } from "../base/file-reasons.ts";
import { jsonProblem } from "../base/json-tree.ts";
import { nearestName } from "../base/nearest.ts";
import type { Files } from "../runtime/runtime.ts";
import { type FilePlace, pathIn } from "./files.ts";
import { isRiskyPattern } from "./pattern.ts";
import { isMap, kindName } from "./readings.ts";
import type { KeyPath, Source } from "./source.ts";

/** What reading a schema takes from outside. */
export interface SchemaPorts extends FilePlace {
  readonly files: Files;
}

/** Returns what is wrong with data, undefined when they are as the schema says. */
export type SchemaCheck = (data: unknown, ports: SchemaPorts) => Promise<string | undefined>;

/** The schema is of the file, and what stands in it may be deep, but not endless. */
const DEPTH_LIMIT = 200;

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

const DRAFTS: readonly (readonly [part: string, draft: SchemaDraft])[] = [
  ["draft-04", "4"],
  ["draft-06", "7"],
  ["draft-07", "7"],
  ["2019-09", "2019-09"],
];

/** Keywords whose values hold schemas by name; below the others a map is a schema, or plain data. */
const MAPS_OF_SCHEMAS = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
const SCHEMAS = new Set([
  "not",
  "anyOf",
  "allOf",
  "oneOf",
  "if",
  "then",
  "else",
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
  "contains",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
]);

/**
 * Returns the check of `expect.schema`: a JSON Schema, or the file that holds one.
 *
 * @throws {WeirError} PIPELINE_INVALID for a schema that no data could be held against
 */
export function compileSchemaCheck(
  node: unknown,
  path: KeyPath,
  source: Source,
): SchemaCheck | undefined {
  if (node === undefined || node === null) return undefined;
  if (typeof node === "string") return fileCheck(node);
  if (!isMap(node)) {
    throw source.error(path, {
      message: `expect.schema is ${kindName(node)}`,
      hint: "Write a JSON Schema, or the path of a file that holds one",
    });
  }
  const problem = problemOf(node);
  if (problem !== undefined) {
    throw source.error([...path, ...problem.at], { message: problem.message, hint: problem.hint });
  }
  const validator = validatorOf(node);
  return (data) => Promise.resolve(complaintOf(validator, data));
}

/** Reads the file when the first response is there, and once. */
function fileCheck(file: string): SchemaCheck {
  let reading: Promise<Validator> | undefined;
  return async (data, ports) => {
    reading ??= readValidator(file, ports);
    return complaintOf(await reading, data);
  };
}

async function readValidator(file: string, ports: SchemaPorts): Promise<Validator> {
  const path = await pathIn(ports, file);
  const bytes = await ports.files.read(path).catch((cause: unknown) => {
    throw new WeirError("IO_READ", `Schema ${file} cannot be read: ${whyNotRead(cause)}`, {
      hint: "A path in expect.schema begins at the folder of the pipeline file",
      cause,
    });
  });
  const schema = parsed(file, new TextDecoder().decode(bytes));
  const problem = isMap(schema) ? problemOf(schema) : undefined;
  if (isMap(schema) && problem === undefined) return validatorOf(schema);
  const what = problem === undefined ? "is no JSON object" : `is not valid: ${problem.message}`;
  throw new WeirError("PIPELINE_INVALID", `Schema ${file} ${what}`, {
    hint: problem?.hint ?? "Write a JSON Schema",
    details: { file },
  });
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeirError("PIPELINE_INVALID", `Schema ${file} is no JSON: ${jsonProblem(text)}`, {
      hint: "Write the schema as JSON",
      details: { file },
      cause,
    });
  }
}

function validatorOf(schema: Readonly<Record<string, unknown>>): Validator {
  const named = schema["$schema"];
  const said = typeof named === "string" ? named : "";
  const draft = DRAFTS.find(([part]) => said.includes(part))?.[1] ?? "2020-12";
  return new Validator(copyOf(schema), draft);
}

/** The library writes into the schema that it is given. */
function copyOf(schema: Readonly<Record<string, unknown>>): Schema {
  // Looked through by problemIn: its types are those the library knows.
  return structuredClone(schema) as Schema;
}

/** Returns the deepest complaint: those above it only say that something below is wrong. */
function complaintOf(validator: Validator, data: unknown): string | undefined {
  const { valid, errors } = validate(validator, data);
  if (valid) return undefined;
  const depth = (at: string): number => at.split("/").length;
  const deepest = errors.reduce<(typeof errors)[number] | undefined>(
    (best, one) =>
      best === undefined || depth(one.instanceLocation) >= depth(best.instanceLocation)
        ? one
        : best,
    undefined,
  );
  const place = deepest?.instanceLocation.replace(/^#/, "$").replaceAll("/", ".") ?? "$";
  const said = deepest?.error.replace(/\.$/, "") ?? "it does not match";
  return `${place} is not as the schema says: ${said.slice(0, 200)}`;
}

function validate(validator: Validator, data: unknown): ReturnType<Validator["validate"]> {
  try {
    return validator.validate(data);
  } catch (cause) {
    // A schema that refers to itself at the same place has no end.
    throw new WeirError("PIPELINE_INVALID", `The schema cannot be used: ${messageOf(cause)}`, {
      hint: "Look for a $ref that leads back to itself",
      cause,
    });
  }
}

interface SchemaProblem {
  readonly at: KeyPath;
  readonly message: string;
  readonly hint: string;
}

/** Returns what would make the schema refuse everything, throw, or never end. */
function problemOf(schema: Readonly<Record<string, unknown>>): SchemaProblem | undefined {
  return problemIn(schema, []) ?? referenceProblem(schema);
}

function problemIn(schema: unknown, at: KeyPath): SchemaProblem | undefined {
  if (at.length > DEPTH_LIMIT) {
    return { at: [], message: "The schema nests too deep", hint: "Make it nest less deeply" };
  }
  if (Array.isArray(schema)) return firstOf(schema.entries(), at, problemIn);
  if (!isMap(schema)) return undefined;
  return ownProblem(schema, at) ?? firstOf(Object.entries(schema), at, below);
}

function below(value: unknown, at: KeyPath): SchemaProblem | undefined {
  const key = String(at.at(-1));
  if (SCHEMAS.has(key)) return problemIn(value, at);
  if (!MAPS_OF_SCHEMAS.has(key) || !isMap(value)) return undefined;
  return firstOf(Object.entries(value), at, problemIn);
}

function firstOf(
  entries: Iterable<readonly [key: string | number, value: unknown]>,
  at: KeyPath,
  look: (value: unknown, at: KeyPath) => SchemaProblem | undefined,
): SchemaProblem | undefined {
  for (const [key, value] of entries) {
    const problem = look(value, [...at, key]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function ownProblem(
  schema: Readonly<Record<string, unknown>>,
  at: KeyPath,
): SchemaProblem | undefined {
  const { type, pattern, patternProperties } = schema;
  const types: readonly unknown[] = Array.isArray(type) ? type : type === undefined ? [] : [type];
  const odd = types.find((one) => typeof one !== "string" || !TYPES.includes(one));
  if (odd !== undefined) {
    const near = typeof odd === "string" ? nearestName(odd, TYPES) : undefined;
    return {
      at: [...at, "type"],
      message: `A schema has no type ${JSON.stringify(odd)}`,
      hint: near === undefined ? `Write one of ${TYPES.join(", ")}` : `Write ${near}`,
    };
  }
  const patterns = isMap(patternProperties) ? Object.keys(patternProperties) : [];
  const bad = [...(pattern === undefined ? [] : [pattern]), ...patterns].find(
    (one) => !isUsable(one),
  );
  if (bad === undefined) return undefined;
  return {
    at: [...at, pattern === bad ? "pattern" : "patternProperties"],
    message: "A pattern of the schema cannot be used",
    hint: "Write a regular expression without a quantifier behind a group that has one inside",
  };
}

function isUsable(pattern: unknown): boolean {
  if (typeof pattern !== "string" || isRiskyPattern(pattern)) return false;
  try {
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function referenceProblem(schema: Readonly<Record<string, unknown>>): SchemaProblem | undefined {
  const hint = "Put what it refers to under $defs: nothing is fetched";
  try {
    const known = dereference(copyOf(schema));
    for (const one of Object.values(known)) {
      if (typeof one !== "object" || one.__absolute_ref__ === undefined) continue;
      if (known[one.__absolute_ref__] !== undefined) continue;
      const message = `The schema refers to ${String(one.$ref)}, which is not in it`;
      return { at: [], message, hint };
    }
    return undefined;
  } catch (error) {
    return { at: [], message: `The schema cannot be read: ${messageOf(error)}`, hint };
  }
}
