import { noCredentials } from "../../../lib/auth/bound.ts";
import type { KeychainCredentials } from "../../../lib/auth/keychain.ts";
import { type ErrorCode, toWeirError, WeirError } from "../../../lib/base/errors.ts";
import { nearestName } from "../../../lib/base/nearest.ts";
import type { ClientOptions } from "../../../lib/client.ts";
import type { Guard } from "../../../lib/guard/decision.ts";
import { loadPublicSuffixes } from "../../../lib/guard/public-suffix.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { RunCredentials } from "../../../lib/pipeline/ports.ts";
import type { KeyPath } from "../../../lib/pipeline/source.ts";
import { readPlaybookKeychain } from "../../../lib/secrets/playbook.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import { type CommandSecrets, commandSecrets } from "../../keychain.ts";
import type { OpenPlugins } from "../../plugins.ts";

/** What the secrets of a run are read with. */
export interface RunSecretsOptions {
  readonly file: string;
  readonly playbook: Playbook;
  readonly flags: Flags;
  readonly io: Io;
  /** How tokens of entries are asked for. */
  readonly dial: () => Promise<ClientOptions["dial"]>;
  /** A file's own entries may name any URL to ask for a token: it is judged like the others. */
  readonly guard?: Guard | undefined;
  /** True: entries of the file may read files and run commands. */
  readonly isTrusted: boolean;
}

/** Returns the keychain of the configuration with that of the file. */
export async function runSecrets(options: RunSecretsOptions): Promise<CommandSecrets> {
  const { file, playbook, flags, io, dial, guard, isTrusted } = options;
  const { keychain } = playbook;
  const isPublicSuffix = JSON.stringify(keychain ?? null).includes('"*.')
    ? await loadPublicSuffixes()
    : undefined;
  const facts = file === "-" ? undefined : await io.runtime.files.stat(file);
  // As in the configuration: a bare secret may stand in a file that nobody else can read.
  const isBareAllowed = facts !== undefined && (facts.mode & 0o077) === 0;
  return commandSecrets({
    io,
    configPath: flags.text("config"),
    dial,
    guard,
    extend: (base) =>
      placed(playbook, () =>
        readPlaybookKeychain(keychain, { base, isTrusted, isBareAllowed, isPublicSuffix }),
      ),
  });
}

/** Returns credentials as tasks use them; what plugins were given placeholders of comes on top. */
export function runCredentials(
  keychain: KeychainCredentials,
  plugins: OpenPlugins | undefined,
): RunCredentials {
  return {
    values: Object.fromEntries(keychain.names),
    names: [...keychain.names.keys()],
    forTask(auth, { origin }) {
      const base = auth === undefined ? noCredentials : keychain.credentialStore(auth, origin);
      const filled = keychain.around(base, origin);
      return plugins?.secrets.around(filled) ?? filled;
    },
  };
}

/** Returns a warning for each task whose credential is not in the keychain: it will fail. */
export function authWarnings(
  { steps }: Playbook,
  keychain: Pick<KeychainCredentials, "names">,
): Playbook["warnings"] {
  const known = [...keychain.names.keys()];
  return steps.flatMap(({ tasks }) =>
    tasks.flatMap(({ path, work }) =>
      work.credentials
        .filter((name) => !known.includes(name))
        .map((name) => ({
          path: [...path, "auth"],
          message: `The keychain has no entry ${name}`,
          hint: authHint(name, known),
          name: undefined,
        })),
    ),
  );
}

function authHint(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  if (near !== undefined) return `Did you mean ${near}`;
  return `Add it to keychain: of the file, or [keychain.${name}] to the configuration`;
}

/** Codes that say that an entry of the file is not written well. */
const FILE_CODES: readonly ErrorCode[] = [
  "CONFIG_INVALID",
  "CONFIG_UNKNOWN_KEY",
  "SECRET_REFERENCE",
];

/** Adds the place in the file to an error about its keychain. */
function placed<T>({ source }: Playbook, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code, message, hint = "See weir help pipelines", details } = toWeirError(error);
    const path = details["path"];
    if (!isKeyPath(path)) throw error;
    const part = code === "CONFIG_UNKNOWN_KEY" ? "key" : "value";
    const own = source.error(path, { message, hint: inYaml(hint), part });
    if (FILE_CODES.includes(code)) throw own;
    throw new WeirError(code, message, {
      hint,
      details: { ...details, ...own.details },
      cause: error,
    });
  }
}

/** Entries have the same keys in the configuration, whose hints are in TOML. */
function inYaml(hint: string): string {
  return hint.replace(/^Write (\w+) = (?=["[\d]|true)/, "Write $1: ");
}

function isKeyPath(value: unknown): value is KeyPath {
  const isPart = (part: unknown): boolean => typeof part === "string" || typeof part === "number";
  return Array.isArray(value) && value.every(isPart) && value[0] === "keychain";
}
