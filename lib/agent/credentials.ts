import type { CredentialStore } from "../auth/bound.ts";
import { filledCredentials, fillHop, type Placeholders } from "../auth/fill.ts";
import { EntryDresser } from "../auth/entry.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { permittingRule } from "../guard/deny-by-default.ts";
import type { CompiledPolicy } from "../guard/policy.ts";
import type { HopRequest } from "../http/exchange.ts";
import type { Keychain } from "../secrets/keychain.ts";

/** A reference to a secret; the guard has judged its form by now. */
const REFERENCE = /\{\{secret:[A-Za-z0-9_.-]+\}\}/g;

/**
 * Returns the credentials of agent mode: the entry a rule names, which replaces what the model set,
 * and the values of `{{secret:NAME}}` in header values and body.
 *
 * Values are opened here, for the hop that is sent next, and kept nowhere.
 */
export function agentCredentials(policy: CompiledPolicy, keychain: Keychain): CredentialStore {
  const names = new Map([...policy.secrets].map(([name, { entry }]) => [name, entry]));
  const placeholders: Placeholders = {
    prefix: "{{secret:",
    pattern: REFERENCE,
    open: (found, { url }, encoding) => keychain.fillSecrets(found, { names, url, encoding }),
  };
  return filledCredentials(ruleCredentials(policy, keychain), {
    fill: (hop) => fillHop(hop, placeholders),
  });
}

/** Returns the credentials of the rules: their entry, and what it answers to a 401. */
function ruleCredentials(policy: CompiledPolicy, keychain: Keychain): CredentialStore {
  const dresser = new EntryDresser(keychain);
  const entryFor = (hop: HopRequest): string | undefined => permittingRule(policy, hop)?.credential;
  return {
    async dress(hop) {
      const entry = entryFor(hop);
      return entry === undefined ? { lines: [] } : await told(hop, dresser.dress(entry, hop));
    },
    async answer(hop, challenge) {
      const entry = entryFor(hop);
      if (entry === undefined) return undefined;
      return await told(hop, dresser.answer(entry, hop, challenge));
    },
  };
}

/** The keychain says where an entry and its tokens come from; a model is not told what it holds. */
async function told<T>({ url }: HopRequest, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, details } = toWeirError(error);
    if (code === "SECRET_UNBOUND") {
      const message = `The credential of the rule for ${url.host} is not meant for ${url.origin}`;
      throw new WeirError(code, message, {
        hint: "This is final; the operator can correct hosts of the entry or the rule",
        cause: error,
      });
    }
    // Errors of a token request name its entry.
    if (details["entry"] === undefined) throw error;
    throw new WeirError(code, `No token could be got for the rule for ${url.host}`, {
      hint: code === "TOKEN_UNAVAILABLE" ? "Try again later" : "Tell the operator",
      cause: error,
    });
  }
}
