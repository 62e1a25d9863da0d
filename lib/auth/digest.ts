import { WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { HopRequest } from "../http/exchange.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { AuthScheme, Credential } from "./scheme.ts";

/** Algorithms of RFC 7616 section 6.1, the strongest first, with the name node:crypto has for them. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["SHA-512-256", "sha512-256"],
  ["SHA-256", "sha256"],
  ["MD5", "md5"],
]);

type Hash = (text: string) => string;

/** A challenge that can be answered. */
interface Usable {
  readonly parameters: ReadonlyMap<string, string>;
  /** As the server wrote it; undefined: it named none, which means MD5. */
  readonly algorithm: string | undefined;
  readonly hashName: string;
  /** Position in HASHES. */
  readonly rank: number;
}

/** Digest authentication, RFC 7616: MD5, SHA-256 and SHA-512-256, also -sess, with qop auth. */
export const digest: AuthScheme = {
  name: "digest",
  summary: "user and password, proven without being sent",
  parse(text) {
    const colon = text.indexOf(":");
    if (colon < 0) {
      throw new WeirError("AUTH_INVALID", "Digest authentication needs a user and a password", {
        hint: "Write --auth USER:PASSWORD; USER: stands for an empty password",
      });
    }
    return { user: text.slice(0, colon), secret: new Secret(text.slice(colon + 1)) };
  },
  apply: () => [],
  async answer(credential, request, head) {
    const usable = parseChallenges(head.headers)
      .flatMap(usableChallenge)
      .toSorted((left, right) => left.rank - right.rank)[0];
    if (usable === undefined) return undefined;
    const { createHash } = await import("node:crypto");
    const hash: Hash = (text) => createHash(usable.hashName).update(text, "utf8").digest("hex");
    return [["Authorization", answerTo(usable, credential, request, hash)]];
  },
};

function usableChallenge({ scheme, parameters }: Challenge): readonly Usable[] {
  if (scheme !== "digest" || !parameters.has("nonce") || !parameters.has("realm")) return [];
  const algorithm = parameters.get("algorithm");
  const name = (algorithm ?? "MD5").toUpperCase().replace(/-SESS$/, "");
  const hashName = HASHES.get(name);
  const qop = parameters.get("qop");
  const isQopKnown = qop === undefined || wordsOf(qop).includes("auth");
  if (hashName === undefined || !isQopKnown) return [];
  return [{ parameters, algorithm, hashName, rank: [...HASHES.keys()].indexOf(name) }];
}

function wordsOf(list: string): readonly string[] {
  return list.split(",").map((word) => word.trim().toLowerCase());
}

/** Returns the Authorization value, RFC 7616 section 3.4. */
function answerTo(
  { parameters, algorithm }: Usable,
  { user = "", secret }: Credential,
  { method, url }: HopRequest,
  hash: Hash,
): string {
  const realm = parameters.get("realm") ?? "";
  const nonce = parameters.get("nonce") ?? "";
  const uri = url.pathname + url.search;
  const cnonce = crypto.randomUUID().replaceAll("-", "");
  const plain = hash(`${user}:${realm}:${secret.open()}`);
  const isSession = algorithm?.toUpperCase().endsWith("-SESS") === true;
  const ha1 = isSession ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
  const ha2 = hash(`${method}:${uri}`);
  const hasQop = parameters.has("qop");
  const middle = hasQop ? `${nonce}:00000001:${cnonce}:auth` : nonce;
  const isHashed = parameters.get("userhash")?.toLowerCase() === "true";
  const opaque = parameters.get("opaque");
  return [
    `Digest username=${quoted(isHashed ? hash(`${user}:${realm}`) : user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(hasQop ? ["qop=auth", "nc=00000001", `cnonce=${quoted(cnonce)}`] : []),
    `response=${quoted(hash(`${ha1}:${middle}:${ha2}`))}`,
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(isHashed ? ["userhash=true"] : []),
  ].join(", ");
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
