/** A pattern of a rule: segments to compare with those of a decoded path. */
export interface PathPattern {
  readonly text: string;
  readonly segments: readonly string[];
}

/** The decoded segments of a path, or why a rule cannot judge it. */
export type PathReading = { readonly segments: readonly string[] } | { readonly problem: string };

/** A pattern, or what is wrong with it. */
export type PatternReading = { readonly pattern: PathPattern } | { readonly problem: string };

const ANY_DEPTH = "**";
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const ENCODED = /%[0-9a-f]{2}/i;

/**
 * Reads a path pattern: `*` stands for any run of characters in one segment, `**` as a whole
 * segment for any number of segments, none included.
 */
export function readPathPattern(text: string): PatternReading {
  if (!text.startsWith("/")) return { problem: "does not begin with /" };
  if (CONTROL.test(text) || /[\\?#;]/.test(text)) {
    return { problem: "has a character that no judged path has" };
  }
  if (ENCODED.test(text)) return { problem: "is percent-encoded; write it decoded" };
  const segments = text.slice(1).split("/");
  if (segments.slice(0, -1).includes("")) return { problem: "has an empty segment" };
  if (segments.includes(".") || segments.includes("..")) return { problem: "has a dot segment" };
  if (segments.some((segment) => segment.includes(ANY_DEPTH) && segment !== ANY_DEPTH)) {
    return { problem: "has ** beside other text in a segment" };
  }
  return { pattern: { text, segments } };
}

/**
 * Returns the segments of a URL's path, percent-decoded once.
 *
 * What servers are known to read in more than one way is a problem instead: encoded slashes, double
 * encoding, empty segments (often merged), `;` (often cut off), control characters, bytes that are
 * not UTF-8.
 */
export function readPath(pathname: string): PathReading {
  if (pathname.includes(";")) return { problem: "a semicolon" };
  const segments: string[] = [];
  const parts = pathname.slice(1).split("/");
  for (const [at, part] of parts.entries()) {
    const segment = part.includes("%") ? decode(part) : part;
    if (segment === undefined) return { problem: "percent-encoding that is not UTF-8" };
    const problem = problemOf(segment, at === parts.length - 1);
    if (problem !== undefined) return { problem };
    segments.push(segment);
  }
  return { segments };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    // Malformed or not UTF-8: the caller refuses it.
    return undefined;
  }
}

function problemOf(segment: string, isLast: boolean): string | undefined {
  if (/[/\\]/.test(segment)) return "an encoded slash";
  if (CONTROL.test(segment)) return "an encoded control character";
  if (segment.includes(";")) return "a semicolon";
  if (ENCODED.test(segment)) return "double percent-encoding";
  if (segment === "." || segment === "..") return "a dot segment";
  return segment === "" && !isLast ? "an empty segment" : undefined;
}

/** Says whether the pattern stands for the whole path. Case matters. */
export function matchesPath(pattern: PathPattern, segments: readonly string[]): boolean {
  return matchesGlob(pattern.segments, segments, {
    isStar: (want) => want === ANY_DEPTH,
    matches: matchesSegment,
  });
}

/** Returns the segments without the empty one that a trailing slash leaves. */
export function withoutTrailingSlash(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === "" ? segments.slice(0, -1) : segments;
}

function matchesSegment(want: string, segment: string): boolean {
  if (!want.includes("*")) return want === segment;
  if (segment === "") return false;
  return matchesGlob(want.split(""), segment.split(""), {
    isStar: (character) => character === "*",
    matches: (character, other) => character === other,
  });
}

/** How the parts of a pattern compare. */
interface GlobRules {
  readonly isStar: (want: string) => boolean;
  readonly matches: (want: string, item: string) => boolean;
}

/**
 * Matches with stars for any run of items. Only the last star is ever tried again, so that the time
 * is at most the product of the lengths.
 */
function matchesGlob(
  pattern: readonly string[],
  items: readonly string[],
  { isStar, matches }: GlobRules,
): boolean {
  let at = 0;
  let item = 0;
  let star = -1;
  let starItem = 0;
  while (item < items.length) {
    const want = pattern[at];
    if (want !== undefined && isStar(want)) {
      [star, starItem] = [at, item];
      at += 1;
    } else if (want !== undefined && matches(want, items[item] ?? "")) {
      at += 1;
      item += 1;
    } else if (star >= 0) {
      starItem += 1;
      [at, item] = [star + 1, starItem];
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isStar);
}
