import type { TLSSocket } from "node:tls";
import type { Target } from "../guard/decision.ts";
import { placeText, wireError } from "./errors.ts";

/**
 * Throws unless the public key of the peer is one of `pins`.
 *
 * @param pins SHA-256 of the SubjectPublicKeyInfo, base64, with or without `sha256/` before it
 * @throws {WeirError} TLS_CERTIFICATE; the socket is destroyed then
 */
export async function checkPin(
  tls: TLSSocket,
  pins: readonly string[],
  target: Target,
): Promise<void> {
  const { createHash } = await import("node:crypto");
  const key = tls.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
  const pin = key === undefined ? "none" : createHash("sha256").update(key).digest("base64");
  if (pins.some((wanted) => wanted.replace(/^sha256\/\/?/, "") === pin)) return;
  tls.destroy();
  throw wireError(
    "TLS_CERTIFICATE",
    `The public key of ${placeText(target)} is not the pinned one`,
    { ...target, phase: "tls" },
    { hint: "Check who answers there, or update --pin-sha256", details: { pin } },
  );
}
