import { nearestName } from "../../base/nearest.ts";

const LONGEST = 64;

/** Returns a name of the file as an error shows it: in quotes, cut when it is very long. */
export function shownName(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}

/** Returns a hint: the name that `typed` most likely meant, or else all that there are. */
export function nearHint(typed: unknown, names: readonly string[], what: string): string {
  // The search is quadratic, and no name is that long.
  const isName = typeof typed === "string" && typed.length <= LONGEST;
  const near = isName ? nearestName(typed, names) : undefined;
  return near === undefined ? `The ${what} are: ${names.join(", ")}` : `Did you mean ${near}`;
}
