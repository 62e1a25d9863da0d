import { type CredentialStore, noCredentials } from "../../lib/auth/bound.ts";
import { KeychainCredentials } from "../../lib/auth/keychain.ts";
import { collectBytes } from "../../lib/base/bytes.ts";
import type { Clock } from "../../lib/base/clock.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { Redactor } from "../../lib/base/redact.ts";
import { createClient, createTokenClient } from "../../lib/client.ts";
import { textBody } from "../../lib/http/body.ts";
import type { Draft } from "../../lib/http/draft.ts";
import { runSecretCommand } from "../../lib/secrets/command.ts";
import { compileKeychain } from "../../lib/secrets/keychain.ts";
import type { KeychainPorts } from "../../lib/secrets/opener.ts";
import { readPlaybookKeychain } from "../../lib/secrets/playbook.ts";
import type { MemoryJar } from "../../lib/session/jar.ts";
import { draftOf } from "./drafts.ts";
import { runtime } from "./wire.ts";

const DIAL = { tls: { isVerified: true } };

/** What a test says of its keychain. */
export interface KeychainSetup {
  readonly entries?: unknown;
  /** Entries of a pipeline file. */
  readonly playbook?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Pick<Clock, "now">;
  readonly isTrusted?: boolean;
  readonly isBareAllowed?: boolean;
  /** Folder of the pipeline file. */
  readonly folder?: string;
  readonly request?: KeychainPorts["request"];
}

/** Returns a keychain with real token requests and commands, and its credentials. */
export function openKeychain(setup: KeychainSetup) {
  const { entries, playbook, env = {}, clock = systemClock, isTrusted = false } = setup;
  const { isBareAllowed = false, folder } = setup;
  const redactor = new Redactor();
  const ports: KeychainPorts = {
    env: (name) => env[name],
    files: runtime.files,
    clock,
    redactor,
    run: runSecretCommand,
    request: setup.request ?? createTokenClient({ runtime, dial: DIAL, userAgent: "weir/test" }),
  };
  const base = compileKeychain(entries, { isBareAllowed }, ports);
  const keychain = readPlaybookKeychain(playbook, { base, isTrusted, isBareAllowed, folder });
  const credentials = new KeychainCredentials(keychain, (count) => runtime.random(count));
  return { keychain, credentials, redactor };
}

/** Returns the placeholder of an entry, or of a field of it. */
export function placeholderOf(
  { names }: KeychainCredentials,
  entry: string,
  field?: string,
): string {
  const found = names.get(entry);
  const text = field === undefined ? found?.text : found?.fields[field];
  if (typeof text !== "string") throw new Error(`no placeholder for ${entry}.${field}`);
  return text;
}

/** What a request of a test holds. */
export interface TestRequest {
  readonly method?: string;
  readonly headers?: Draft["headers"];
  readonly body?: string | undefined;
  readonly defaults?: Draft["defaults"];
  readonly jar?: MemoryJar;
}

/** Sends one request, following redirects, and returns its status and text. */
export async function sendWith(
  credentials: CredentialStore = noCredentials,
  url: string,
  { method = "GET", headers = [], defaults = [], body, jar }: TestRequest = {},
) {
  const exchange = { maxRequests: 5, limits: {}, isDecoded: true };
  using client = createClient({ runtime, dial: DIAL, exchange, credentials, jar });
  const own = body === undefined ? {} : { body: textBody(body) };
  const answer = await client.perform(draftOf(url, { method, headers, defaults, ...own }));
  const bytes = await collectBytes(answer.body.chunks);
  return { status: answer.response.status, text: new TextDecoder().decode(bytes), answer };
}
