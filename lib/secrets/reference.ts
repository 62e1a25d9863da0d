import { isAbsolute } from "node:path";
import { codeOf, WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { Secret } from "../base/secret.ts";
import type { FileFacts, Files } from "../runtime/runtime.ts";
import { readCommandOutput } from "./command-output.ts";
import type { KeyPath } from "./problem.ts";
import { badEntry } from "./problem.ts";

/** A program whose output is a secret. */
export interface CommandReference {
  readonly kind: "command";
  /** The program and its arguments; no shell reads them. */
  readonly argv: readonly string[];
}

/** Where the value of a secret is. */
export type Reference =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string; readonly folder?: string | undefined }
  | CommandReference
  /** Public: it is written where no secret is meant, such as a user name, and is not masked. */
  | { readonly kind: "literal"; readonly value: Secret; readonly isPublic?: boolean | undefined };

/** What is known of the place a reference is written in. */
export interface ReferencePlace {
  /** Key path, for messages. */
  readonly path: KeyPath;
  /** True when the value itself may stand there: nobody else can read the file. */
  readonly isBareAllowed: boolean;
  /** True for what is no secret, such as a user name: the value itself may stand anywhere. */
  readonly isPublic?: boolean | undefined;
  /** Folder that a relative path of `file:` starts from, in place of that of the ports. */
  readonly folder?: string | undefined;
  /** Set for a pipeline file without `--trust`: the entry, which may name no file and no command. */
  readonly untrusted?: string | undefined;
}

/** What references are looked up in. */
export interface ReferencePorts {
  env(name: string): string | undefined;
  readonly files: Pick<Files, "stat" | "read">;
  /** Folder that a relative path of `file:` starts from; undefined: it must be absolute. */
  readonly folder?: string | undefined;
  /** Runs a program and returns its output; undefined: commands are not run here. */
  readonly run?: ((argv: readonly string[]) => Promise<string>) | undefined;
}

/** Words that begin a reference. */
const WORDS = ["env", "file", "literal", "cmd", "os", "age"] as const;

/** Stores of later versions, with what they will hold. */
const LATER: ReadonlyMap<string, string> = new Map([
  ["os", "the keychain of the operating system"],
  ["age", "the encrypted file of weir"],
]);

const WORD = /^([A-Za-z]+):/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FILE_CAP_BYTES = 64 * 1024;

/**
 * Reads `env:NAME`, `file:PATH`, `cmd:[…]`, `literal:VALUE`, or a bare value where one is allowed.
 *
 * @throws {WeirError} SECRET_REFERENCE; SECRET_EXPOSED for a value in a file others can read;
 *   SECRET_UNTRUSTED for a file or a command in a file that is not trusted
 */
export function parseReference(text: string, place: ReferencePlace): Reference {
  const word = WORD.exec(text)?.[1] ?? "";
  const rest = text.slice(word.length + 1);
  const { path } = place;
  if (word === "env") {
    if (ENV_NAME.test(rest)) return { kind: "env", name: rest };
    const hint = "Write env:NAME, where NAME has letters, digits and _";
    throw badEntry(path, "does not name an environment variable", hint, "SECRET_REFERENCE");
  }
  if (word === "cmd") return commandReference(argvOf(rest), place);
  if (word === "file") {
    checkTrusted(place, "a file");
    if (rest !== "" && !rest.includes("\0"))
      return { kind: "file", path: rest, folder: place.folder };
    throw badEntry(path, "does not name a file", "Write file:PATH", "SECRET_REFERENCE");
  }
  const later = LATER.get(word);
  if (later !== undefined) {
    const hint = "Use env:NAME or file:PATH, for a file with mode 0600";
    const problem = `refers to ${later} (${word}:), which is not available in this version`;
    throw badEntry(path, problem, hint, "SECRET_REFERENCE");
  }
  const { isPublic } = place;
  return { kind: "literal", value: new Secret(bareValue(text, word, place)), isPublic };
}

/**
 * Returns a reference to the output of a program, whose name is absolute or found in PATH.
 *
 * @throws {WeirError} SECRET_REFERENCE, SECRET_UNTRUSTED
 */
export function commandReference(argv: unknown, place: ReferencePlace): CommandReference {
  checkTrusted(place, "a command");
  const isText = (word: unknown): word is string => typeof word === "string" && !/\0/.test(word);
  const [program] = Array.isArray(argv) && argv.every(isText) ? argv : [];
  // A relative path would be looked for in the working directory, which may be somebody else's.
  const isRelative = program !== undefined && /[\\/]/.test(program) && !isAbsolute(program);
  if (Array.isArray(argv) && program !== undefined && program !== "" && !isRelative) {
    return { kind: "command", argv };
  }
  const hint = 'Write the program and its arguments as a list: ["op", "read", "op://vault/item"]';
  const problem = isRelative ? "names a program by a relative path" : "is not a command";
  throw badEntry(place.path, problem, hint, "SECRET_REFERENCE");
}

/** Returns the list behind `cmd:`, undefined when it is none. */
function argvOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked for the list says what is wrong with it.
    return undefined;
  }
}

function checkTrusted({ path, untrusted }: ReferencePlace, what: string): void {
  if (untrusted === undefined) return;
  const problem = `makes entry ${untrusted} read ${what}, which only a trusted pipeline file may do`;
  const hint = "Run with --trust, or write the entry under [keychain] of the configuration";
  throw badEntry(path, problem, hint, "SECRET_UNTRUSTED");
}

function bareValue(text: string, word: string, place: ReferencePlace): string {
  const { path, isBareAllowed, isPublic = false } = place;
  if (text === "") {
    throw badEntry(path, "is empty", "Write env:NAME or file:PATH", "SECRET_REFERENCE");
  }
  if (word !== "literal") {
    const meant = word === "" ? undefined : nearestName(word, WORDS);
    if (meant !== undefined) {
      const hint = `Write ${meant}:… or, when it is the value itself, literal:…`;
      throw badEntry(path, `begins almost like ${meant}:`, hint, "SECRET_REFERENCE");
    }
  }
  if (!isBareAllowed && !isPublic) {
    const hint = "Write env:NAME or file:PATH, or let nobody else read the file (chmod 600)";
    throw badEntry(path, "holds a value in a file that others can read", hint, "SECRET_EXPOSED");
  }
  return word === "literal" ? text.slice(word.length + 1) : text;
}

/**
 * Returns the value a reference stands for.
 *
 * @throws {WeirError} SECRET_UNRESOLVED when there is none, SECRET_EXPOSED when others can read it
 */
export async function openReference(reference: Reference, ports: ReferencePorts): Promise<Secret> {
  switch (reference.kind) {
    case "literal":
      return reference.value;
    case "env":
      return openVariable(reference.name, ports);
    case "file":
      return openFile(reference.path, { ...ports, folder: reference.folder ?? ports.folder });
    case "command":
      return new Secret(readCommandOutput(await runCommand(reference, ports)).value);
  }
}

/**
 * Returns what a program printed.
 *
 * @throws {WeirError} SECRET_UNRESOLVED when it failed or commands are not run here
 */
export async function runCommand(
  { argv }: CommandReference,
  { run }: Pick<ReferencePorts, "run">,
): Promise<string> {
  if (run !== undefined) return await run(argv);
  throw new WeirError("SECRET_UNRESOLVED", `Command ${argv[0]} is not run here`, {
    hint: "Use env:NAME or file:PATH, for a file with mode 0600",
  });
}

/** Reads a reference and returns its value; throws as `parseReference` and `openReference` do. */
export async function resolveReference(
  text: string,
  place: ReferencePlace,
  ports: ReferencePorts,
): Promise<Secret> {
  return openReference(parseReference(text, place), ports);
}

function openVariable(name: string, ports: ReferencePorts): Secret {
  const value = ports.env(name);
  if (value !== undefined && value !== "") return new Secret(value);
  const state = value === undefined ? "not set" : "empty";
  throw new WeirError("SECRET_UNRESOLVED", `Environment variable ${name} is ${state}`, {
    hint: `Set ${name} in the environment weir is started with`,
    details: { name },
  });
}

async function openFile(path: string, ports: ReferencePorts): Promise<Secret> {
  const place = absolutePath(path, ports);
  const bytes = await readPrivate(place, ports.files);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw unresolved(place, "is not UTF-8 text", "Store the value as text", error);
  }
  // Editors and echo end a file with a line break; it is not part of the value.
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw unresolved(place, "is empty", "Write the value to it");
  return new Secret(value);
}

function absolutePath(path: string, ports: ReferencePorts): string {
  if (isAbsolute(path)) return path;
  const { folder } = ports;
  const home = ports.env("HOME");
  if (path.startsWith("~/") && home !== undefined) return `${home}/${path.slice(2)}`;
  // The working directory may belong to somebody else's project.
  if (folder !== undefined && !path.startsWith("~")) return `${folder}/${path}`;
  throw unresolved(path, "is not an absolute path", "Write file:/… or file:~/…");
}

async function readPrivate(path: string, files: ReferencePorts["files"]): Promise<Uint8Array> {
  let facts: FileFacts | undefined;
  try {
    facts = await files.stat(path);
    if (facts !== undefined && isReadable(path, facts)) return await files.read(path);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw unresolved(path, `cannot be read (${codeOf(error)})`, "Check its owner and mode", error);
  }
  throw unresolved(path, "does not exist", "Create it with mode 0600, or correct the path");
}

/** Returns true, or throws for a file that must not be read. */
function isReadable(path: string, { isFile, isOwn, mode, sizeBytes }: FileFacts): true {
  if (!isFile) throw unresolved(path, "is not a regular file", "Name a file with mode 0600");
  if (!isOwn || (mode & 0o077) !== 0) {
    const shown = mode.toString(8).padStart(4, "0");
    throw new WeirError("SECRET_EXPOSED", `Secret file ${path} is open to others (mode ${shown})`, {
      hint: isOwn ? `Run chmod 600 ${path}` : "Use a file that belongs to the user that runs weir",
      details: { path, mode: shown },
    });
  }
  if (sizeBytes > FILE_CAP_BYTES) {
    throw unresolved(path, "is larger than 64 KiB", "Name a file that holds the secret only");
  }
  return true;
}

function unresolved(path: string, problem: string, hint: string, cause?: unknown): WeirError {
  return new WeirError("SECRET_UNRESOLVED", `Secret file ${path} ${problem}`, {
    hint,
    details: { path },
    cause,
  });
}
