import { apiKey } from "./api-key.ts";
import { basic } from "./basic.ts";
import { bearer } from "./bearer.ts";
import { envValue } from "./env.ts";
import { fileValue } from "./file.ts";
import { header } from "./header.ts";
import type { KeychainKind } from "./kind.ts";
import { staticValue } from "./static.ts";

/** Every kind of keychain entry, in the order of the manual. */
export const KEYCHAIN_KINDS: readonly KeychainKind[] = [
  envValue,
  fileValue,
  staticValue,
  bearer,
  basic,
  apiKey,
  header,
];

/** Kinds that a later version will know. */
export const LATER_KINDS: readonly string[] = ["command", "digest", "aws", "oauth2", "http"];
