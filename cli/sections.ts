/** Every section a configuration may have; which of them a command reads is its own affair. */
const SECTIONS = [
  "defaults",
  "alias",
  "plugin",
  "http_request",
  "proxy",
  "security",
  "audit",
  "identity",
  "keychain",
  "pipeline",
] as const;

/** Returns the sections that a command leaves to others, given those it reads. */
export function sectionsBeside(...own: readonly (typeof SECTIONS)[number][]): readonly string[] {
  return SECTIONS.filter((name) => !own.includes(name));
}
