import { Redactor } from "../lib/base/redact.ts";
import { map } from "../lib/config/combine.ts";
import { loadConfig } from "../lib/config/load.ts";
import { json } from "../lib/config/scalars.ts";
import { loadPublicSuffixes } from "../lib/guard/public-suffix.ts";
import type { SecretSource } from "../lib/hooks/placeholders.ts";
import { compileKeychain, type Keychain } from "../lib/secrets/keychain.ts";
import type { Io } from "./io.ts";

/** Sections that others read. */
const OTHER_SECTIONS = [
  "defaults",
  "alias",
  "plugin",
  "http_request",
  "proxy",
  "security",
  "audit",
  "identity",
  "pipeline",
];

/** The keychain of a command, and what hides the values it opened. */
export interface CommandSecrets {
  readonly source: SecretSource;
  readonly redactor: Redactor;
}

/** Returns the keychain of the configuration, which is read when the first secret is asked for. */
export function commandSecrets(io: Io, path: string | undefined): CommandSecrets {
  const redactor = new Redactor();
  let opened: Promise<Keychain> | undefined;
  const keychain = (): Promise<Keychain> => (opened ??= readKeychain(io, path, redactor));
  return {
    redactor,
    source: {
      check: async (name) => (await keychain()).checkName(name),
      value: async (name) => await (await keychain()).valueOf(name),
      written: async (name, url, encoding) => {
        const names = new Map([["value", name]]);
        return await (await keychain()).fillSecrets("{{secret:value}}", { names, url, encoding });
      },
    },
  };
}

async function readKeychain(
  io: Io,
  path: string | undefined,
  redactor: Redactor,
): Promise<Keychain> {
  const { runtime } = io;
  const config = await loadConfig({
    runtime,
    path,
    sections: { keychain: map(json()) },
    otherSections: OTHER_SECTIONS,
  });
  const entries = Object.fromEntries(config.section("keychain") ?? []);
  const isPublicSuffix = JSON.stringify(entries).includes('"*.')
    ? await loadPublicSuffixes()
    : undefined;
  const file = config.path;
  const folder = file?.startsWith("/") === true ? file.slice(0, file.lastIndexOf("/")) : undefined;
  const options = { isBareAllowed: config.isPrivate, isPublicSuffix };
  return compileKeychain(entries, options, { ...runtime, folder, redactor });
}
