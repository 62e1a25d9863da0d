import { KeychainCredentials } from "../lib/auth/keychain.ts";
import { WeirError } from "../lib/base/errors.ts";
import { Redactor } from "../lib/base/redact.ts";
import type { ClientOptions } from "../lib/client.ts";
import { map } from "../lib/config/combine.ts";
import { loadConfig } from "../lib/config/load.ts";
import { placed } from "../lib/config/placed.ts";
import { json } from "../lib/config/scalars.ts";
import { loadPublicSuffixes } from "../lib/guard/public-suffix.ts";
import type { Guard } from "../lib/guard/decision.ts";
import type { SecretSource } from "../lib/hooks/placeholders.ts";
import { compileKeychain, type Keychain } from "../lib/secrets/keychain.ts";
import { runSecretCommand } from "../lib/secrets/command.ts";
import type { TokenRequest } from "../lib/secrets/source.ts";
import type { Io } from "./io.ts";
import { USER_AGENT } from "./version.ts";
import { sectionsBeside } from "./sections.ts";

/** What a command reads its keychain with. */
export interface SecretsContext {
  readonly io: Io;
  /** The value of `--config`. */
  readonly configPath: string | undefined;
  /** How tokens of entries are asked for. */
  readonly dial: () => Promise<ClientOptions["dial"]>;
  /** Watches over the requests for tokens, which go to nothing but their URL anyway. */
  readonly guard?: Guard | undefined;
  /** Adds entries to those of the configuration. */
  readonly extend?: ((base: Keychain) => Keychain) | undefined;
}

/** The keychain of a command, and what hides the values it opened. */
export interface CommandSecrets {
  readonly source: SecretSource;
  /** Returns the entries of the configuration. */
  readonly keychain: () => Promise<Keychain>;
  /** Returns the entries as credentials of a request. */
  readonly credentials: () => Promise<KeychainCredentials>;
  readonly redactor: Redactor;
}

/** Returns the keychain of the configuration, which is read when the first secret is asked for. */
export function commandSecrets(context: SecretsContext): CommandSecrets {
  const random = (count: number) => context.io.runtime.random(count);
  const redactor = new Redactor();
  let opened: Promise<Keychain> | undefined;
  const keychain = (): Promise<Keychain> => (opened ??= readKeychain(context, redactor));
  return {
    redactor,
    keychain,
    credentials: async () => new KeychainCredentials(await keychain(), random),
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

/**
 * Makes no connection: a token that has to be asked for is not to be had without sending.
 *
 * @throws {WeirError} USAGE_CONFLICT
 */
export function refuseOffline(): Promise<never> {
  const message = "--offline sends nothing, and the token of the keychain entry is asked for";
  return Promise.reject(
    new WeirError("USAGE_CONFLICT", message, { hint: "Leave --offline or --auth out" }),
  );
}

async function readKeychain(context: SecretsContext, redactor: Redactor): Promise<Keychain> {
  const { runtime } = context.io;
  const config = await loadConfig({
    runtime,
    path: context.configPath,
    sections: { keychain: map(json()) },
    otherSections: sectionsBeside("keychain"),
  });
  const entries = Object.fromEntries(config.section("keychain") ?? []);
  const isPublicSuffix = JSON.stringify(entries).includes('"*.')
    ? await loadPublicSuffixes()
    : undefined;
  const file = config.path;
  const folder = file?.startsWith("/") === true ? file.slice(0, file.lastIndexOf("/")) : undefined;
  const options = { isBareAllowed: config.isPrivate, isPublicSuffix };
  const request = tokenRequest(context);
  const ports = { ...runtime, folder, redactor, request, run: runSecretCommand };
  const hint = "See weir help auth";
  const keychain = await placed(config, hint, () => compileKeychain(entries, options, ports));
  return context.extend?.(keychain) ?? keychain;
}

/** Sends token requests as the command connects; what that takes is loaded for the first of them. */
function tokenRequest({ io, dial, guard }: SecretsContext): TokenRequest {
  return async (draft) => {
    const { createTokenClient } = await import("../lib/client.ts");
    const options = { runtime: io.runtime, dial: await dial(), guard, userAgent: USER_AGENT };
    return await createTokenClient(options)(draft);
  };
}
