import type { Secret } from "../base/secret.ts";
import { concatBytes, utf8 } from "../base/bytes.ts";

/** Makes and checks the hashes of one chain. */
export interface ChainHash {
  readonly isKeyed: boolean;
  /** Returns the hash, in hex, by which the next record names this line. */
  of(line: Uint8Array): string;
  /** Returns the line as it is written: with a key, its own code is added. */
  seal(line: Uint8Array): Uint8Array;
  /** Says whether a line carries the code of this key; always true without a key. */
  isGenuine(line: Uint8Array): boolean;
}

/** How a sealed line ends, 64 being the hex digits of SHA-256. */
const MAC_START = ',"mac":"';
const MAC_LENGTH = MAC_START.length + 64 + '"}'.length;

/**
 * Returns the hashes of a chain: SHA-256, or HMAC-SHA-256 with `key`.
 *
 * With a key each line also carries a code of its own. Without it the last line would be proven by
 * no other, so that it could be changed and the next record would then vouch for the change.
 */
export async function chainHash(key?: Secret): Promise<ChainHash> {
  // Not at the top: loading it takes 7 ms, and a plain request needs none of this.
  const { createHash, createHmac, timingSafeEqual } = await import("node:crypto");
  if (key === undefined) {
    const of = (line: Uint8Array): string => createHash("sha256").update(line).digest("hex");
    return { isKeyed: false, of, seal: (line) => line, isGenuine: () => true };
  }
  const of = (line: Uint8Array): string =>
    createHmac("sha256", key.open()).update(line).digest("hex");
  const seal = (line: Uint8Array): Uint8Array =>
    concatBytes([line.subarray(0, -1), utf8(`${MAC_START}${of(line)}"}`)]);
  const isGenuine = (line: Uint8Array): boolean => {
    if (line.byteLength <= MAC_LENGTH) return false;
    const wanted = seal(concatBytes([line.subarray(0, -MAC_LENGTH), utf8("}")]));
    return wanted.byteLength === line.byteLength && timingSafeEqual(wanted, line);
  };
  return { isKeyed: true, of, seal, isGenuine };
}

/** Returns the SHA-256 of `bytes` in hex, for `body_sha256`. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(bytes).digest("hex");
}
