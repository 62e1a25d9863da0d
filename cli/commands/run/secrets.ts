import { noCredentials } from "../../../lib/auth/bound.ts";
import type { KeychainCredentials } from "../../../lib/auth/keychain.ts";
import { toWeirError, WeirError } from "../../../lib/base/errors.ts";
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
  readonly dial: ClientOptions["dial"];
  /** A file's own entries may name any URL to ask for a token: it is judged like the others. */
  readonly guard?: Guard | undefined;
}

/** Returns the keychain of the configuration with that of the file. */
export async function runSecrets(options: RunSecretsOptions): Promise<CommandSecrets> {
  const { file, playbook, flags, io, dial, guard } = options;
  const { keychain } = playbook;
  const isPublicSuffix = JSON.stringify(keychain ?? null).includes('"*.')
    ? await loadPublicSuffixes()
    : undefined;
  const facts = file === "-" ? undefined : await io.runtime.files.stat(file);
  // As in the configuration: a bare secret may stand in a file that nobody else can read.
  const isBareAllowed = facts !== undefined && (facts.mode & 0o077) === 0;
  const isTrusted = flags.isSet("trust");
  return commandSecrets({
    io,
    configPath: flags.text("config"),
    dial: () => Promise.resolve(dial),
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

/** Adds the place in the file to an error about its keychain. */
function placed<T>({ source }: Playbook, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code, message, hint = "See weir help pipelines", details } = toWeirError(error);
    const path = details["path"];
    if (!isKeyPath(path)) throw error;
    const at = source.error(path, { message, hint }).details;
    throw new WeirError(code, message, { hint, details: { ...details, ...at }, cause: error });
  }
}

function isKeyPath(value: unknown): value is KeyPath {
  const isPart = (part: unknown): boolean => typeof part === "string" || typeof part === "number";
  return Array.isArray(value) && value.every(isPart) && value[0] === "keychain";
}
