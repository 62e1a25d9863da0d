import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import type { HeaderEntry, HeaderList } from "../http/headers.ts";
import type { Files, Runtime } from "../runtime/runtime.ts";
import type { SavedCookies } from "./jar.ts";

/** What a session keeps for one origin. */
export interface OriginState {
  readonly headers: HeaderList;
  /** As it was typed: scheme and value of --auth. */
  readonly auth?: { readonly type: string; readonly value: string } | undefined;
}

/** A session file: what is kept for each origin, and the cookies of all. */
export interface Session {
  readonly origins: Readonly<Record<string, OriginState>>;
  readonly cookies?: SavedCookies | undefined;
}

const EMPTY: Session = { origins: {} };

/** Headers that belong to one request: what describes its body, and conditions. */
const NOT_KEPT = /^(?:content-|if-|transfer-encoding$|expect$|range$|host$)/i;

/** Returns the lines that a session keeps. */
export function keptHeaders(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !NOT_KEPT.test(name));
}

/**
 * Returns the file of a session: a text with a slash is a path, any other one is a name, and each
 * origin has its own session of that name.
 *
 * @throws {WeirError} USAGE_BAD_VALUE for a name that cannot be a file name, or without a home
 */
export function sessionPath(text: string, origin: string, env: Runtime["env"]): string {
  if (text.includes("/")) return text;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(text)) {
    throw new WeirError("USAGE_BAD_VALUE", `A session cannot be called ${JSON.stringify(text)}`, {
      hint: "Use letters, digits, dots, - and _, or a path with a slash",
    });
  }
  const folder = dataFolder(env);
  return `${folder}/weir/sessions/${origin.replace(/[^A-Za-z0-9.-]+/g, "_")}/${text}.json`;
}

function dataFolder(env: Runtime["env"]): string {
  const named = env("XDG_DATA_HOME");
  if (named?.startsWith("/") === true) return named;
  const home = env("HOME");
  if (home?.startsWith("/") === true) return `${home}/.local/share`;
  throw new WeirError("USAGE_BAD_VALUE", "There is no home folder to keep the session in", {
    hint: "Set HOME, or give the session as a path with a slash",
  });
}

/**
 * Reads a session; an empty one when there is no file.
 *
 * @throws {WeirError} IO_READ, DATA_BAD_SESSION
 */
export async function readSession(files: Files, path: string): Promise<Session> {
  let text: string;
  try {
    if ((await files.stat(path)) === undefined) return EMPTY;
    text = new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new WeirError("IO_READ", `Cannot read the session ${path}: ${messageOf(error)}`, {
      hint: "Give another --session",
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
  return parseSession(text, path);
}

/**
 * Writes a session for its owner alone, whole or not at all.
 *
 * @throws {WeirError} IO_WRITE
 */
export async function writeSession(files: Files, path: string, session: Session): Promise<void> {
  try {
    await files.replace(path, `${JSON.stringify({ version: 1, ...session }, undefined, 2)}\n`);
  } catch (error) {
    throw new WeirError("IO_WRITE", `Cannot write the session ${path}: ${messageOf(error)}`, {
      hint: "Give another --session, or --session-read-only",
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
}

function parseSession(text: string, path: string): Session {
  const value = parseJson(text);
  if (!isRecord(value) || value["version"] !== 1 || !isRecord(value["origins"])) {
    throw new WeirError("DATA_BAD_SESSION", `${path} is not a session of weir`, {
      hint: "Remove the file to begin the session anew",
      details: { path },
    });
  }
  const origins = Object.entries(value["origins"]).map(
    ([origin, state]) => [origin, readState(state)] as const,
  );
  const cookies = value["cookies"];
  // Written by tough-cookie, which checks each cookie when it reads them back.
  const saved = isRecord(cookies) ? (cookies as unknown as SavedCookies) : undefined;
  return { origins: Object.fromEntries(origins), cookies: saved };
}

function readState(value: unknown): OriginState {
  if (!isRecord(value)) return { headers: [] };
  const lines = Array.isArray(value["headers"]) ? value["headers"] : [];
  const auth = value["auth"];
  const isAuth =
    isRecord(auth) && typeof auth["type"] === "string" && typeof auth["value"] === "string";
  return {
    headers: lines.filter(isEntry),
    auth: isAuth ? { type: String(auth["type"]), value: String(auth["value"]) } : undefined,
  };
}

function isEntry(value: unknown): value is HeaderEntry {
  return (
    Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string")
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as "not a session", like any other content.
    return undefined;
  }
}
