/** Content type of a stored manifest: the list of stored pages, see lib/results/manifest.ts. */
export const MANIFEST_TYPE = "application/vnd.weir.manifest+json";
