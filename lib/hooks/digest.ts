import type { Secret } from "../base/secret.ts";
import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";

const ALGORITHMS = ["sha256", "sha512", "sha384", "sha1", "md5"] as const;
const ENCODINGS = ["hex", "base64", "base64url"] as const;

/** Opens a placeholder a plugin was given; undefined when the text is none. */
export type OpenKey = (placeholder: string) => Promise<Secret | undefined>;

/** Returns the digest of `bytes`, or their HMAC when a key is given, as text. */
export async function digest(args: unknown, bytes: Uint8Array, openKey: OpenKey): Promise<string> {
  const { algorithm, encoding, key, keyKind } = isRecord(args) ? args : {};
  const name = ALGORITHMS.find((one) => one === algorithm);
  if (name === undefined) {
    throw new WeirError("HOOK_FAILED", `The algorithms are: ${ALGORITHMS.join(", ")}`);
  }
  const form = ENCODINGS.find((one) => one === encoding) ?? "hex";
  const { createHash, createHmac } = await import("node:crypto");
  if (typeof key !== "string") return createHash(name).update(bytes).digest(form);
  return createHmac(name, await keyOf(key, keyKind, openKey))
    .update(bytes)
    .digest(form);
}

/** The value of a secret is used here and goes nowhere: the plugin holds its placeholder only. */
async function keyOf(key: string, kind: unknown, openKey: OpenKey): Promise<string | Uint8Array> {
  if (kind === "base64") return Uint8Array.fromBase64(key);
  return (await openKey(key))?.open() ?? key;
}
