import { type ErrorCode, WeirError } from "../base/errors.ts";
import { keyPathText } from "../base/key-path.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { drawFrame } from "./frame.ts";
import { indexKeys, type KeyPath, type Place, textBefore } from "./locate.ts";
import { placeText, type Problem, problemsError, type Source } from "./problem.ts";
import { readConfigFile } from "./read.ts";
import { type Infer, isTable, readShape, type Shape, unknownKey } from "./shape.ts";

// The config room turns one TOML file into typed data.
//
// Each room exports the shape of its own section; the caller passes them in, so that this room
// knows none of them. `read.ts` finds and reads the file, `shape.ts`, `combine.ts` and `scalars.ts`
// are the combinators, `locate.ts` finds where a key is written, `problem.ts` and `frame.ts` say what is
// wrong and show the line. `layers.ts` puts defaults, file and flags on top of each other.

/** Shapes by the name of their section. */
export type Sections = Readonly<Record<string, Shape<unknown>>>;

/** What loadConfig() needs. */
export interface LoadOptions<S extends Sections> {
  readonly runtime: Pick<Runtime, "files" | "env">;
  /** The value of `--config`. */
  readonly path?: string | undefined;
  readonly sections: S;
  /** Names of sections that nobody reads in this command; they are not errors. */
  readonly otherSections?: readonly string[] | undefined;
}

/** A configuration file that was read; its sections are validated when they are first used. */
export interface LoadedConfig<S extends Sections = Sections> {
  /** The file, undefined when there is none: then every section is undefined too. */
  readonly path: string | undefined;
  /** True when nobody but the owner can read or change the file: it may hold bare secrets. */
  readonly isPrivate: boolean;
  /**
   * True when the group or everybody may change the file. A shared group is common, so a person's
   * own commands only warn; where the file holds the policy of an agent it is refused, see
   * requireUnwritable().
   */
  readonly isWritableByOthers: boolean;
  /**
   * Returns the data of a section, undefined when the file has no such section.
   *
   * @throws {WeirError} CONFIG_UNKNOWN_KEY, CONFIG_INVALID or a code of the room's own, with the
   *   first problem of the section as message and all of them in `details.problems`
   */
  section<K extends keyof S & string>(name: K): Infer<S[K]> | undefined;
  /** Validates all sections; all their problems come in one error. */
  validateAll(): void;
  /** Returns `FILE:LINE:COLUMN` of a key that is set, undefined when it is not. */
  placeOf(path: KeyPath): string | undefined;
  /** Returns an error that points at the value of a key, for what is found wrong only later. */
  errorAt(path: KeyPath, problem: Pick<Problem, "message" | "hint">, code?: ErrorCode): WeirError;
}

type Tree = Readonly<Record<string, unknown>>;

async function parseToml({ file, text }: Source): Promise<Tree> {
  // Most commands run without a file, so the parser is loaded only for one.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text, { maxDepth: 64 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const place: Place = { line: error.line, column: error.column };
    const { lastPath } = indexKeys(textBefore(text, place));
    // The parser prints the source below its message, and a line may hold a secret.
    const reason = error.message.split("\n")[0]?.replace(/^.*?: /, "") ?? "";
    throw new WeirError("CONFIG_INVALID", `TOML: ${reason}, in ${placeText(file, place)}`, {
      hint: 'Correct the line; in TOML a string needs quotes, such as timeout = "30s"',
      details: { file, ...place, frame: drawFrame(text, place, lastPath) },
    });
  }
}

function checkNames(source: Source, tree: Tree, sections: Sections, others: readonly string[]) {
  const names = [...Object.keys(sections), ...others].sort();
  const problems = Object.keys(tree)
    .filter((name) => !names.includes(name))
    .map((name): Problem => {
      const key = keyPathText([name]);
      const problem = unknownKey([name], names);
      const isSection = isTable(tree[name]) || Array.isArray(tree[name]);
      if (isSection) return { ...problem, message: `Section [${key}] does not exist` };
      const home = Object.keys(sections).find((one) => sections[one]?.keys.includes(name));
      const hint = home === undefined ? problem.hint : `Put ${key} below a line with [${home}]`;
      return { ...problem, message: `Key ${key} stands outside of a section`, hint };
    });
  if (problems.length > 0) throw problemsError(source, problems);
}

function hasPath(tree: unknown, path: KeyPath): boolean {
  let at = tree;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return false;
    // Object.hasOwn() has just seen this key on the object.
    at = (at as Readonly<Record<string | number, unknown>>)[part];
  }
  return true;
}

const NO_FILE: LoadedConfig = {
  path: undefined,
  isPrivate: false,
  isWritableByOthers: false,
  section: () => undefined,
  validateAll: () => {},
  placeOf: () => undefined,
  errorAt: (path, { message, hint }, code = "CONFIG_INVALID") =>
    new WeirError(code, message, { hint, details: { key: keyPathText(path) } }),
};

/**
 * Reads the configuration: `path`, else `$WEIR_CONFIG`, else `weir/config.toml` in
 * `$XDG_CONFIG_HOME` or `$HOME/.config`. The working directory is never searched.
 *
 * A missing file is an error only when it was named. Names of sections are checked here, what is
 * in them when they are used.
 *
 * @throws {WeirError} CONFIG_UNREADABLE, CONFIG_INVALID when it is no TOML, CONFIG_UNKNOWN_KEY for
 *   a section that does not exist
 */
export async function loadConfig<S extends Sections>({
  runtime,
  path,
  sections,
  otherSections = [],
}: LoadOptions<S>): Promise<LoadedConfig<S>> {
  const read = await readConfigFile(runtime, path);
  // Without a file no section is read, whatever their shapes are.
  if (read === undefined) return NO_FILE as LoadedConfig<S>;
  const tree = await parseToml(read);
  checkNames(read, tree, sections, otherSections);
  return loadedConfig(read, read.mode, tree, sections);
}

function loadedConfig<S extends Sections>(
  source: Source,
  mode: number,
  tree: Tree,
  sections: S,
): LoadedConfig<S> {
  const index = lazily(() => indexKeys(source.text));
  const reading = (name: string) => {
    const shape = sections[name];
    if (shape === undefined || !Object.hasOwn(tree, name)) return undefined;
    return readShape(shape, tree[name], [name]);
  };
  const known = new Map<string, unknown>();
  return {
    path: source.file,
    isPrivate: (mode & 0o077) === 0,
    isWritableByOthers: (mode & 0o022) !== 0,
    section(name) {
      if (!known.has(name)) {
        const read = reading(name);
        if (read?.ok === false) throw problemsError(source, read.problems);
        known.set(name, read?.data);
      }
      // The shape of this section has read it.
      return known.get(name) as Infer<S[typeof name]> | undefined;
    },
    validateAll() {
      const problems = Object.keys(sections).flatMap((name) => {
        const read = reading(name);
        return read?.ok === false ? read.problems : [];
      });
      if (problems.length > 0) throw problemsError(source, problems);
    },
    placeOf: (path) =>
      hasPath(tree, path) ? placeText(source.file, index().keyPlace(path)) : undefined,
    errorAt: (path, { message, hint }, code = "CONFIG_INVALID") =>
      problemsError(source, [{ code, path, about: "value", message, hint }]),
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/**
 * Refuses a file that its group or everybody may change: whoever changes it changes what an agent
 * may reach. As sshd refuses such an authorized_keys.
 *
 * @throws {WeirError} CONFIG_UNSAFE
 */
export function requireUnwritable(config: Pick<LoadedConfig, "path" | "isWritableByOthers">): void {
  if (!config.isWritableByOthers) return;
  throw new WeirError("CONFIG_UNSAFE", `Other users may change ${config.path}`, {
    hint: `Run: chmod go-w ${config.path}`,
    details: { file: config.path },
  });
}

/**
 * Refuses a bare secret at `path` when others may read the file.
 *
 * @throws {WeirError} CONFIG_UNSAFE that points at the key
 */
export function requirePrivate(
  config: Pick<LoadedConfig, "path" | "isPrivate" | "errorAt">,
  path: KeyPath,
): void {
  if (config.isPrivate) return;
  const message = `Key ${keyPathText(path)} holds a secret, and other users may read the file`;
  const hint = `Run: chmod 600 ${config.path}; or name a keychain entry instead of the secret`;
  throw config.errorAt(path, { message, hint }, "CONFIG_UNSAFE");
}
