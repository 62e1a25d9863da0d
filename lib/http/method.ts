import { WeirError } from "../base/errors.ts";
import { isToken } from "./headers.ts";

/**
 * Returns the method in upper case. Any token is a method: PURGE and PROPFIND are sent as typed.
 *
 * @throws {WeirError} USAGE_BAD_METHOD
 */
export function parseMethod(text: string): string {
  if (isToken(text)) return text.toUpperCase();
  throw new WeirError("USAGE_BAD_METHOD", `Method ${JSON.stringify(text)} cannot be sent`, {
    hint: "A method is one word such as GET, POST or PURGE",
    details: { method: text },
  });
}
