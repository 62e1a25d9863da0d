import { WeirError } from "../base/errors.ts";
import type { Entry } from "./entry.ts";
import { isBound, isLoopback } from "./hosts.ts";

/** Throws SECRET_UNBOUND when an entry may not go to `url`. */
export function checkUrl(entry: Entry, url: URL): void {
  const why = refusal(entry, url);
  if (why !== undefined) throw unbound(entry, url, why);
}

/** Says why an entry may not go to `url`, undefined when it may. */
export function refusal({ bindings, hosts, isInsecure }: Entry, url: URL): string | undefined {
  if (bindings !== undefined && !isBound(bindings, url))
    return `it is meant for ${hosts?.join(", ")}`;
  const isSafe = url.protocol === "https:";
  const isAllowed = isInsecure || isLoopback(url.hostname.replace(/\.$/, ""));
  return isSafe || (url.protocol === "http:" && isAllowed)
    ? undefined
    : "it is sent over https only";
}

/** Returns the error for an entry that is not sent to `url`. */
export function unbound({ name }: Entry, { origin }: URL, why: string): WeirError {
  return new WeirError("SECRET_UNBOUND", `Credential ${name} is not sent to ${origin}: ${why}`, {
    hint: `Use another URL, or let the operator change hosts or insecure of [keychain.${name}]`,
    details: { name, origin },
  });
}
