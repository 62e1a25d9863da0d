import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { parseChallenges } from "../../../lib/auth/challenge.ts";
import { digest } from "../../../lib/auth/digest.ts";
import { draftOf, headOf } from "../../support/drafts.ts";

const URL_TEXT = "http://www.example.org/dir/index.html?x=1";

async function answerTo(...challenges: string[]): Promise<ReadonlyMap<string, string> | undefined> {
  const head = headOf(
    401,
    challenges.map((text) => ["WWW-Authenticate", text] as const),
  );
  const lines = await digest.answer?.(
    digest.parse("Mufasa:Circle of Life"),
    { ...draftOf(URL_TEXT), hop: 0 },
    head,
  );
  const value = lines?.[0]?.[1];
  return value === undefined
    ? undefined
    : parseChallenges([["www-authenticate", value]])[0]?.parameters;
}

/** The formula of RFC 7616 section 3.4.1, written a second time. */
function expectedResponse(
  hashName: string,
  parts: ReadonlyMap<string, string>,
  isSession: boolean,
): string {
  const hash = (text: string) => createHash(hashName).update(text).digest("hex");
  const get = (name: string) => parts.get(name) ?? "";
  let first = hash(`Mufasa:${get("realm")}:Circle of Life`);
  if (isSession) first = hash(`${first}:${get("nonce")}:${get("cnonce")}`);
  const second = hash("GET:/dir/index.html?x=1");
  return parts.has("qop")
    ? hash(`${first}:${get("nonce")}:${get("nc")}:${get("cnonce")}:${get("qop")}:${second}`)
    : hash(`${first}:${get("nonce")}:${second}`);
}

test.each([
  { name: "MD5 when no algorithm is named", challenge: 'realm="r", nonce="n"', hash: "md5" },
  {
    name: "MD5 with qop",
    challenge: 'realm="r", nonce="n", qop="auth", algorithm=MD5',
    hash: "md5",
  },
  {
    name: "SHA-256",
    challenge: 'realm="a b", nonce="n", qop="auth, auth-int", algorithm=SHA-256',
    hash: "sha256",
  },
  {
    name: "SHA-512-256",
    challenge: 'realm="r", nonce="n", qop=auth, algorithm=SHA-512-256',
    hash: "sha512-256",
  },
  {
    name: "MD5-sess",
    challenge: 'realm="r", nonce="n", qop="auth", algorithm=MD5-sess',
    hash: "md5",
    isSession: true,
  },
])("digest answers $name", async ({ challenge, hash, isSession = false }) => {
  const parts = await answerTo(`Digest ${challenge}`);
  expect(parts?.get("username")).toBe("Mufasa");
  expect(parts?.get("uri")).toBe("/dir/index.html?x=1");
  expect(parts?.get("response")).toBe(expectedResponse(hash, parts ?? new Map(), isSession));
});

test("digest gives the answer of RFC 7616 section 3.9.1 for its nonce and cnonce", () => {
  const parts = new Map([
    ["realm", "http-auth@example.org"],
    ["nonce", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"],
    ["nc", "00000001"],
    ["cnonce", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"],
    ["qop", "auth"],
  ]);
  const hash = (text: string) => createHash("md5").update(text).digest("hex");
  const first = hash(`Mufasa:${parts.get("realm")}:Circle of Life`);
  const tail = `${parts.get("nonce")}:00000001:${parts.get("cnonce")}:auth`;
  expect(hash(`${first}:${tail}:${hash("GET:/dir/index.html")}`)).toBe(
    "8ca523f5e9506fed4657c9700eebdbec",
  );
});

test("digest takes the strongest of several challenges", async () => {
  const parts = await answerTo(
    'Basic realm="b", Digest realm="r", nonce="weak", algorithm=MD5',
    'Digest realm="r", nonce="strong", algorithm=SHA-256, opaque="o\\"p"',
  );
  expect(parts?.get("nonce")).toBe("strong");
  expect(parts?.get("opaque")).toBe('o"p');
});

test.each([
  { name: "no challenge", challenges: [] },
  { name: "another scheme", challenges: ['Basic realm="x"'] },
  { name: "an unknown algorithm", challenges: ['Digest realm="r", nonce="n", algorithm=FOO'] },
  { name: "a qop it does not know", challenges: ['Digest realm="r", nonce="n", qop="auth-int"'] },
  { name: "a challenge without nonce", challenges: ['Digest realm="r"'] },
  { name: "junk", challenges: ['Digest ,,,="', '"""'] },
])("digest does not answer $name", async ({ challenges }) => {
  expect(await answerTo(...challenges)).toBeUndefined();
});
