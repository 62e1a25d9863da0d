import { basic } from "./basic.ts";
import { bearer } from "./bearer.ts";
import { digest } from "./digest.ts";
import type { AuthScheme } from "./scheme.ts";

/** Every scheme, in the order of the help; the first is the default. */
export const AUTH_SCHEMES: readonly AuthScheme[] = [basic, bearer, digest];
