import { boundCredential, type CredentialStore, noCredentials } from "../../../lib/auth/bound.ts";
import { AUTH_SCHEMES } from "../../../lib/auth/index.ts";
import type { KeychainCredentials } from "../../../lib/auth/keychain.ts";
import type { AuthScheme, Credential } from "../../../lib/auth/scheme.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Userinfo } from "../../../lib/http/url.ts";
import type { Input } from "../../../lib/runtime/runtime.ts";
import type { Flags } from "../../flags.ts";

/** What says who is asking: the flags, else the URL. */
export interface CredentialSources {
  readonly flags: Flags;
  readonly userinfo: Userinfo | undefined;
  /** The only origin the credential is sent to. */
  readonly origin: string;
  readonly stdin: Pick<Input, "kind" | "askSecret">;
  /** Returns the keychain, which is read for `--auth @NAME` only. */
  readonly keychain: () => Promise<Pick<KeychainCredentials, "credentialStore">>;
}

/** `--auth @NAME`; a user name may begin with @ too, and has a colon behind it. */
const ENTRY = /^@([A-Za-z0-9_.-]+)$/;

/**
 * Returns the credential of the request, bound to the origin of its URL: `--auth` wins over a user
 * in the URL. A missing password is asked for on a terminal. `@NAME` is an entry of the keychain,
 * which may go to its own hosts too.
 *
 * @throws {WeirError} AUTH_INVALID, CANCELLED, USAGE_CONFLICT, SECRET_UNRESOLVED, CONFIG_*
 */
export async function requestCredential(sources: CredentialSources): Promise<CredentialStore> {
  const { flags, userinfo, origin } = sources;
  const typed = flags.text("auth");
  const scheme = schemeOf(flags.text("auth-type"));
  const [, entry] = ENTRY.exec(typed ?? "") ?? [];
  if (entry !== undefined) {
    checkNoScheme(scheme, entry);
    return (await sources.keychain()).credentialStore(entry, origin);
  }
  if (typed !== undefined) {
    return boundCredential(scheme, await readCredential(scheme, typed, sources), origin);
  }
  if (flags.isGiven("auth-type")) {
    throw new WeirError("AUTH_INVALID", "--auth-type says how, and nothing says who", {
      hint: "Add --auth USER:PASSWORD, or --auth TOKEN for a bearer token",
    });
  }
  if (userinfo === undefined) return noCredentials;
  const credential = { user: userinfo.user, secret: userinfo.password };
  return boundCredential(schemeOf("basic"), credential, origin);
}

function schemeOf(name: string): AuthScheme {
  const scheme = AUTH_SCHEMES.find((one) => one.name === name);
  if (scheme !== undefined) return scheme;
  throw new WeirError("AUTH_INVALID", `There is no authentication scheme ${JSON.stringify(name)}`, {
    hint: `Choose one of: ${AUTH_SCHEMES.map((one) => one.name).join(", ")}`,
  });
}

/** The kind of an entry says how it is sent; basic may be the default, or what a session kept. */
function checkNoScheme({ name }: AuthScheme, entry: string): void {
  if (name === "basic") return;
  const message = `--auth-type ${name} contradicts the keychain entry ${entry}, whose kind says how`;
  throw new WeirError("USAGE_CONFLICT", message, { hint: "Leave --auth-type out" });
}

async function readCredential(
  scheme: AuthScheme,
  typed: string,
  { stdin, origin }: CredentialSources,
): Promise<Credential> {
  const isPasswordMissing = scheme.name !== "bearer" && !typed.includes(":");
  if (!isPasswordMissing || stdin.kind() !== "terminal") return scheme.parse(typed);
  const host = new URL(origin).host;
  const password = await stdin.askSecret(`Password of ${typed} at ${host}: `);
  if (password === undefined) throw new WeirError("CANCELLED", "No password was given");
  return scheme.parse(`${typed}:${password}`);
}
