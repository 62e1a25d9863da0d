import { boundCredential, type CredentialStore, noCredentials } from "../../../lib/auth/bound.ts";
import { AUTH_SCHEMES } from "../../../lib/auth/index.ts";
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
}

/**
 * Returns the credential of the request, bound to the origin of its URL: `--auth` wins over a user
 * in the URL. A missing password is asked for on a terminal.
 *
 * @throws {WeirError} AUTH_INVALID, CANCELLED
 */
export async function requestCredential(sources: CredentialSources): Promise<CredentialStore> {
  const { flags, userinfo, origin } = sources;
  const typed = flags.text("auth");
  const scheme = schemeOf(flags.text("auth-type"));
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
