/** Says whether anybody can register names below `name`. */
export type IsPublicSuffix = (name: string) => boolean;

/** The test for policies without wildcards, which never ask. */
export const noSuffixNeeded: IsPublicSuffix = () => true;

/**
 * Returns the test by the Public Suffix List, its private section (github.io, s3.amazonaws.com …)
 * included, and single labels.
 *
 * The list takes some 10 ms to load, so it is loaded only for a policy that has a wildcard.
 */
export async function loadPublicSuffixes(): Promise<IsPublicSuffix> {
  const { getPublicSuffix } = await import("tldts");
  return (name) => getPublicSuffix(name, { allowPrivateDomains: true }) === name;
}
