import { apiKey } from "./api-key.ts";
import { basic } from "./basic.ts";
import { bearer } from "./bearer.ts";
import { commandValue } from "./command.ts";
import { digest } from "./digest.ts";
import { envValue } from "./env.ts";
import { fileValue } from "./file.ts";
import { header } from "./header.ts";
import { http } from "./http.ts";
import type { KeychainKind } from "./kind.ts";
import { oauth2 } from "./oauth2.ts";
import { staticValue } from "./static.ts";

/** Every kind of keychain entry, in the order of the manual. */
export const KEYCHAIN_KINDS: readonly KeychainKind[] = [
  envValue,
  fileValue,
  commandValue,
  staticValue,
  bearer,
  basic,
  digest,
  apiKey,
  header,
  oauth2,
  http,
];

/** Kinds that a later version will know. */
export const LATER_KINDS: readonly string[] = ["aws"];
