import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { isRecord } from "../base/record.ts";
import { readEntry } from "../guard/entry.ts";
import { type EventName, EVENTS, isEventName } from "./events.ts";
import { DEFAULT_LIMITS, type PluginLimits } from "./limits.ts";

/** What a plugin may be granted; `observe` and `cancel` are free, and may be named all the same. */
export const CAPABILITIES = [
  "observe",
  "cancel",
  "rewrite",
  "respond",
  "secrets",
  "storage",
] as const;

/** A name of CAPABILITIES. */
export type Capability = (typeof CAPABILITIES)[number];

/** What a plugin says of itself and asks for. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly capabilities: readonly Capability[];
  /** Hosts its own requests may reach, in the grammar of allowlists. */
  readonly net: readonly string[];
  /** Only what it names. */
  readonly limits: Partial<PluginLimits>;
  /** Whether a failing handler refuses the request, where it differs from the rule. */
  readonly fail: Readonly<Partial<Record<EventName, "open" | "closed">>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Letters of a name that can also be a file name and a word in a message. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

interface LimitRule {
  readonly limit: keyof PluginLimits;
  readonly min: number;
  readonly max: number;
}

const LIMIT_KEYS: Readonly<Record<string, LimitRule>> = {
  memory_mb: { limit: "memoryMb", min: 16, max: 1024 },
  deadline_ms: { limit: "deadlineMs", min: 10, max: 60_000 },
  timeout_ms: { limit: "timeoutMs", min: 10, max: 600_000 },
  requests: { limit: "requests", min: 0, max: 100_000 },
  bytes: { limit: "responseCapBytes", min: 1, max: 1_000_000_000 },
};

const KEYS = [
  "name",
  "version",
  "description",
  "capabilities",
  "net",
  "limits",
  "fail",
  "options",
] as const;

function bad(file: string, what: string, hint: string): WeirError {
  return new WeirError("PLUGIN_INVALID", `Plugin ${file}: ${what}`, { hint, details: { file } });
}

/** Returns the name of a plugin whose file says none, made of the name of the file. */
function nameFromFile(file: string): string {
  const base = file.split("/").at(-1) ?? "";
  const name = base
    .replace(/\.[cm]?[jt]s$/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  return NAME.test(name.slice(0, 64)) ? name.slice(0, 64) : "plugin";
}

/** Returns the manifest of a file that has none: it may rewrite, and reach no host. */
export function manifestWithout(file: string): Manifest {
  return {
    name: nameFromFile(file),
    version: "",
    description: "",
    capabilities: ["rewrite"],
    net: [],
    limits: {},
    fail: {},
    options: {},
  };
}

/**
 * Reads a manifest: what the module exported as `plugin`, or a plugin.toml.
 *
 * @throws {WeirError} PLUGIN_INVALID for an unknown key or a value that cannot be
 */
export function readManifest(value: unknown, file: string): Manifest {
  if (!isRecord(value)) throw bad(file, "the manifest is no object", "Export const plugin = { … }");
  refuseUnknown(Object.keys(value), KEYS, { file, what: "The manifest" });
  const name = value["name"] ?? nameFromFile(file);
  if (typeof name !== "string" || !NAME.test(name)) {
    const hint = "A name has at most 64 lower-case letters, digits, _ and -";
    throw bad(file, `${JSON.stringify(name)?.slice(0, 66)} is not a name`, hint);
  }
  const capabilities = readCapabilities(value["capabilities"], file);
  // Names made of files are not told apart well enough: many a file name becomes the same.
  if (capabilities.includes("storage") && value["name"] === undefined) {
    throw bad(
      file,
      "its storage has no name",
      'Storage is kept under a name: add name: "my-plugin"',
    );
  }
  return {
    name,
    version: readText(value["version"], "version", file),
    description: readText(value["description"], "description", file),
    capabilities,
    net: readTexts(value["net"], "net", file),
    limits: readLimits(value["limits"], file),
    fail: readFail(value["fail"], file),
    options: readOptions(value["options"], file),
  };
}

/**
 * Checks the hosts a plugin is granted, by its manifest or beside it, and the options it is given.
 *
 * @throws {WeirError} PLUGIN_INVALID for a host that no list may hold, and for an option that is none
 * of those the manifest names; one that names none takes any
 */
export function checkGiven(
  { options: known }: Manifest,
  { file, net, options }: { file: string; net: readonly string[]; options: object },
): void {
  for (const host of net) {
    const reading = readEntry(host);
    if ("problem" in reading) {
      throw bad(
        file,
        `the host ${JSON.stringify(host.slice(0, 300))} ${reading.problem}`,
        reading.hint,
      );
    }
  }
  const names = Object.keys(known);
  if (names.length > 0) refuseUnknown(Object.keys(options), names, { file, what: "options" });
}

function refuseUnknown(
  names: readonly string[],
  known: readonly string[],
  { file, what }: { readonly file: string; readonly what: string },
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearestName(unknown.slice(0, 64), known);
  const hint = near === undefined ? `The keys are: ${known.join(", ")}` : `Did you mean ${near}`;
  throw bad(file, `${what} has no key ${JSON.stringify(unknown.slice(0, 64))}`, hint);
}

function readText(value: unknown, key: string, file: string): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value.slice(0, 200);
  throw bad(file, `${key} is not text`, `Write for example ${key}: "text"`);
}

function readTexts(value: unknown, key: string, file: string): readonly string[] {
  const list: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [null];
  const texts = list.filter((one) => typeof one === "string");
  if (texts.length === list.length && list.length <= 100) return texts;
  throw bad(
    file,
    `${key} is not a list of at most 100 texts`,
    `Write for example ${key}: ["text"]`,
  );
}

function readCapabilities(value: unknown, file: string): readonly Capability[] {
  return readTexts(value, "capabilities", file).map((text) => {
    const found = CAPABILITIES.find((one) => one === text);
    if (found !== undefined) return found;
    const hint =
      text === "net"
        ? 'Network is a list of its own: net: ["api.example.com"]'
        : `The capabilities are: ${CAPABILITIES.join(", ")}`;
    throw bad(file, `there is no capability ${JSON.stringify(text.slice(0, 64))}`, hint);
  });
}

function readLimits(value: unknown, file: string): Partial<PluginLimits> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw bad(file, "limits is no object", "Write limits: { memory_mb: 64 }");
  refuseUnknown(Object.keys(value), Object.keys(LIMIT_KEYS), { file, what: "limits" });
  const entries = Object.entries(value).flatMap(([key, count]) => {
    const rule = LIMIT_KEYS[key];
    if (rule === undefined) return [];
    const { limit, min, max } = rule;
    if (Number.isInteger(count) && Number(count) >= min && Number(count) <= max) {
      return [[limit, Number(count)] as const];
    }
    throw bad(file, `limits.${key} is out of range`, `Write a whole number from ${min} to ${max}`);
  });
  // Only keys of PluginLimits, each with a number.
  return Object.fromEntries(entries) as Partial<PluginLimits>;
}

function readFail(value: unknown, file: string): Manifest["fail"] {
  if (value === undefined) return {};
  if (!isRecord(value))
    throw bad(file, "fail is no object", 'Write fail: { post_request: "closed" }');
  refuseUnknown(Object.keys(value), EVENTS, { file, what: "fail" });
  const entries = Object.entries(value).flatMap(([event, how]) => {
    if (isEventName(event) && (how === "open" || how === "closed")) return [[event, how] as const];
    throw bad(file, `fail.${event} is neither "open" nor "closed"`, 'Write "open" or "closed"');
  });
  return Object.fromEntries(entries);
}

function readOptions(value: unknown, file: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (isRecord(value)) return value;
  throw bad(file, "options is no object", 'Write options: { realm: "prod" }');
}

/** Returns the limits of a plugin: those of its manifest over `base`. */
export function limitsOf(manifest: Manifest, base: PluginLimits = DEFAULT_LIMITS): PluginLimits {
  return { ...base, ...manifest.limits };
}
