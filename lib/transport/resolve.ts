import { WeirError } from "../base/errors.ts";
import type { Decision, Target } from "../guard/decision.ts";
import type { Address, Network } from "../runtime/runtime.ts";
import { interleave } from "./connect.ts";
import { dnsError, wireError } from "./errors.ts";
import { literalAddress } from "./host.ts";
import type { DialOptions, HostPort } from "./wire.ts";

/** What decides which addresses a host has. */
export interface Resolver {
  readonly network: Pick<Network, "resolve">;
  readonly options: Pick<DialOptions, "family" | "overrides">;
}

/**
 * Returns the addresses of a host in the order to be tried; never none.
 *
 * An IP literal and a host with an override are not resolved.
 *
 * @throws {WeirError} NET_DNS
 */
export async function resolveHost(
  { network, options }: Resolver,
  place: HostPort,
): Promise<readonly Address[]> {
  const found = known(options, place) ?? (await lookUp(network, place));
  const { family } = options;
  const usable = family === undefined ? found : found.filter((one) => one.family === family);
  if (usable.length > 0) return interleave(usable);
  const kind = family === undefined ? "address" : `IPv${family} address`;
  throw wireError(
    "NET_DNS",
    `Host ${place.host} has no ${kind}`,
    { ...place, phase: "dns" },
    {
      hint: family === undefined ? "Check the host name" : `Leave out -${family}`,
    },
  );
}

function known(
  { overrides }: Resolver["options"],
  place: HostPort,
): readonly Address[] | undefined {
  const literal = literalAddress(place.host);
  const given = overrides?.get(`${place.host}:${place.port}`) ?? overrides?.get(place.host);
  if (given !== undefined) return given.map(toAddress);
  return literal === undefined ? undefined : [literal];
}

function toAddress(text: string): Address {
  const address = literalAddress(text.replace(/^\[|\]$/g, ""));
  if (address !== undefined) return address;
  throw new WeirError("USAGE_BAD_VALUE", `${JSON.stringify(text)} is not an IP address`, {
    hint: "--resolve wants HOST[:PORT]:ADDRESS[,ADDRESS]",
  });
}

async function lookUp(network: Resolver["network"], place: HostPort): Promise<readonly Address[]> {
  try {
    return await network.resolve(place.host);
  } catch (error) {
    throw error instanceof WeirError ? error : dnsError(error, place);
  }
}

/**
 * Throws unless the guard allows the addresses.
 *
 * @throws {WeirError} with the code of the decision
 */
export function requireAllowed(decision: Decision, target: Target): void {
  if (decision.verdict === "allow") return;
  const { rule, reason } = decision;
  const details = { rule, phase: "dns", host: target.host, port: target.port };
  if (decision.verdict === "deny") {
    throw new WeirError(decision.code, reason, { hint: decision.hint, details });
  }
  throw new WeirError("POLICY_APPROVAL", reason, {
    hint: "An address cannot be approved; only a request can",
    details,
  });
}
