import type { CredentialStore, Dressing } from "../auth/bound.ts";
import { utf8 } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import { permittingRule } from "../guard/deny-by-default.ts";
import type { CompiledPolicy } from "../guard/policy.ts";
import { type Body, textBody } from "../http/body.ts";
import type { HopRequest } from "../http/exchange.ts";
import { type HeaderEntry, type HeaderList, headerValue } from "../http/headers.ts";
import type { Keychain } from "../secrets/keychain.ts";
import { type Credential, openLines, withQuery } from "../secrets/lines.ts";
import { encodingOf } from "../secrets/placeholder.ts";

/** What looks like a reference to a secret; the guard has judged its form by now. */
const REFERENCE = "{{secret:";

/**
 * Returns the credentials of agent mode: the entry a rule names, which replaces what the model set,
 * and the values of `{{secret:NAME}}` in header values and body.
 *
 * Values are opened here, for the hop that is sent next, and kept nowhere.
 */
export function agentCredentials(policy: CompiledPolicy, keychain: Keychain): CredentialStore {
  const names = new Map([...policy.secrets].map(([name, { entry }]) => [name, entry]));
  return {
    async dress(request) {
      const filled = await fill(request, keychain, names);
      const entry = permittingRule(policy, request)?.credential;
      if (entry === undefined) return filled;
      const { headers, query } = await ownCredential(keychain, entry, request.url);
      const own = openLines(headers);
      const replaced = new Set(own.map(([name]) => name.toLowerCase()));
      const kept = filled.lines.filter(([name]) => !replaced.has(name.toLowerCase()));
      const url = query.length === 0 ? undefined : withQuery(request.url, query);
      return { ...filled, lines: [...kept, ...own], url };
    },
    answer: () => Promise.resolve(undefined),
  };
}

/** Opens the entry of a rule. */
async function ownCredential(keychain: Keychain, entry: string, url: URL): Promise<Credential> {
  try {
    return await keychain.credentialFor(entry, url);
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== "SECRET_UNBOUND") throw error;
    // The keychain says where the entry may go, and a model is not told what the policy holds.
    const message = `The credential of the rule for ${url.host} is not meant for ${url.origin}`;
    throw new WeirError("SECRET_UNBOUND", message, {
      hint: "This is final; the operator can correct hosts of the entry or the rule",
      cause: error,
    });
  }
}

async function fill(
  { headers, body, url }: HopRequest,
  keychain: Keychain,
  names: ReadonlyMap<string, string>,
): Promise<Dressing> {
  const touched = new Set(
    headers.filter(([, value]) => value.includes(REFERENCE)).map(([name]) => name.toLowerCase()),
  );
  const lines = await Promise.all(
    headers
      .filter(([name]) => touched.has(name.toLowerCase()))
      .map(async ([name, value]): Promise<HeaderEntry> => [
        name,
        await keychain.fillSecrets(value, { names, url }),
      ]),
  );
  return { lines, body: await fillBody(body, { headers, url, keychain, names }) };
}

interface BodyContext {
  readonly headers: HeaderList;
  readonly url: URL;
  readonly keychain: Keychain;
  readonly names: ReadonlyMap<string, string>;
}

async function fillBody(body: Body, context: BodyContext): Promise<Body | undefined> {
  if (body.kind !== "bytes" || !includes(body.bytes, utf8(REFERENCE))) return undefined;
  const { headers, url, keychain, names } = context;
  const encoding = encodingOf(headerValue(headers, "content-type"));
  const text = new TextDecoder().decode(body.bytes);
  return textBody(await keychain.fillSecrets(text, { names, url, encoding }));
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  const [first = 0] = part;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}
