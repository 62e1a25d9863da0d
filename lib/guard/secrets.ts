import type { Body } from "../http/body.ts";
import { deny, type Denial } from "./deny.ts";
import { covers, type Destination, type Entry } from "./entry.ts";
import type { Message } from "./headers.ts";
// The one who opens references reads them by the same rule: what is not judged is not opened.
import { secretNames } from "../secrets/placeholder.ts";

/** A keychain entry that calls may name, and where it may go. */
export interface BoundSecret {
  /** Name in the keychain. */
  readonly entry: string;
  readonly hosts: readonly Entry[];
}

/** Secrets by the name that calls use. */
export type SecretBindings = ReadonlyMap<string, BoundSecret>;

/** Anything that looks meant as a reference, well written or not. */
const ATTEMPT = /\{\{\s*secret\s*:[^{}]*\}{0,2}/gi;
/** The same in a parsed URL, where braces may be percent-encoded. */
const ATTEMPT_IN_URL = /(?:\{|%7b){2}(?:%20|\+)*secret/i;

const BRACE = 0x7b;
const decoder = new TextDecoder();

/**
 * Returns the denial of a hop whose `{{secret:NAME}}` references may not be opened: outside header
 * values and body, badly written, unknown, for another host, or without TLS.
 */
export function judgeSecrets(
  secrets: SecretBindings,
  { url, headers, body }: Message,
  to: Destination,
): Denial | undefined {
  const inUrl = judgeSecretsInUrl(url.href);
  if (inUrl !== undefined) return inUrl;
  const texts = [...headers.map((line) => line[1]), textOf(body)];
  for (const text of texts) {
    if (!text.includes("{{")) continue;
    const denial = judgeText(secrets, text, to);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

/** Returns the denial of a URL that refers to a secret. */
export function judgeSecretsInUrl(text: string): Denial | undefined {
  if (!ATTEMPT_IN_URL.test(text)) return undefined;
  return deny("POLICY_DENIED", "secret:url", {
    reason: "A secret is referred to in the URL, where logs would keep it",
    hint: "Use {{secret:NAME}} in a header value or in the body",
  });
}

function judgeText(secrets: SecretBindings, text: string, to: Destination): Denial | undefined {
  for (const [attempt] of text.matchAll(ATTEMPT)) {
    const [name] = secretNames(attempt);
    if (name === undefined) return badForm();
    const denial = judgeReference(secrets, name, to);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

function judgeReference(
  secrets: SecretBindings,
  name: string,
  to: Destination,
): Denial | undefined {
  const secret = secrets.get(name);
  if (secret === undefined) {
    return deny("POLICY_DENIED", "secret:unknown", { reason: `No secret is called ${name}` });
  }
  if (!secret.hosts.some((entry) => covers(entry, to))) {
    return deny("SECRET_UNBOUND", "secret:host", {
      reason: `Secret ${name} is not meant for ${to.host.name}`,
    });
  }
  if (to.scheme === "https") return undefined;
  return deny("SECRET_UNBOUND", "secret:scheme", {
    reason: `Secret ${name} is sent over https only`,
    hint: "Use the https URL",
  });
}

function badForm(): Denial {
  return deny("POLICY_DENIED", "secret:form", {
    reason: "A reference to a secret is not written as it has to be",
    hint: "Write {{secret:NAME}}, without spaces",
  });
}

/** A stream is never searched: references in it are not opened either. */
function textOf(body: Body): string {
  if (body.kind !== "bytes") return "";
  return hasTwoBraces(body.bytes) ? decoder.decode(body.bytes) : "";
}

function hasTwoBraces(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(BRACE); at >= 0; at = bytes.indexOf(BRACE, at + 1)) {
    if (bytes[at + 1] === BRACE) return true;
  }
  return false;
}
