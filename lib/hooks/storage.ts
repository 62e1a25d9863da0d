import type { DatabaseSync } from "node:sqlite";
import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";

/** Bytes of keys and values one plugin may keep. */
const STORAGE_CAP_BYTES = 10_000_000;

/** What one plugin keeps between runs. */
export interface PluginStorage {
  /** Does one action of `ctx.storage`. Values are JSON texts. */
  run(args: unknown): Promise<unknown>;
  close(): void;
}

/**
 * Returns the store of a plugin in `folder`: a SQLite file of its own that only its user can read.
 *
 * Nothing is opened before it is used.
 */
export function fileStorage(folder: string, plugin: string): PluginStorage {
  let database: DatabaseSync | undefined;
  const open = async (): Promise<DatabaseSync> => {
    database ??= await openDatabase(folder, plugin);
    return database;
  };
  return {
    run: async (args) => act(await open(), isRecord(args) ? args : {}),
    close: () => {
      database?.close();
      database = undefined;
    },
  };
}

async function openDatabase(folder: string, plugin: string): Promise<DatabaseSync> {
  const { DatabaseSync: Database } = await import("node:sqlite");
  const { closeSync, mkdirSync, openSync } = await import("node:fs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/${plugin}.db`;
  // SQLite would make the file with the mode of the umask.
  closeSync(openSync(path, "a", 0o600));
  const database = new Database(path);
  database.exec("PRAGMA busy_timeout = 2000");
  database.exec("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  return database;
}

function act(database: DatabaseSync, args: Readonly<Record<string, unknown>>): unknown {
  const { action, key, value } = args;
  const name = typeof key === "string" ? key : "";
  if (action === "get") {
    return database.prepare("SELECT value FROM kept WHERE key = ?").get(name)?.["value"] ?? null;
  }
  if (action === "set" && typeof value === "string") return set(database, name, value);
  if (action === "delete") {
    return database.prepare("DELETE FROM kept WHERE key = ?").run(name).changes > 0;
  }
  if (action === "keys") {
    return database
      .prepare("SELECT key FROM kept ORDER BY key")
      .all()
      .map((row) => row["key"]);
  }
  throw new WeirError("HOOK_FAILED", "ctx.storage has no such action");
}

function set(database: DatabaseSync, key: string, value: string): null {
  const held = database
    .prepare(
      "SELECT COALESCE(SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(CAST(value AS BLOB))), 0) AS bytes FROM kept WHERE key <> ?",
    )
    .get(key)?.["bytes"];
  const bytes = Number(held) + Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > STORAGE_CAP_BYTES) {
    throw new WeirError("HOOK_FAILED", "ctx.storage is full: a plugin may keep 10 MB");
  }
  database
    .prepare(
      "INSERT INTO kept (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .run(key, value);
  return null;
}
