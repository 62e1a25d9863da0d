/** Longest text that a pattern of the file is held against. */
const SUBJECT_LIMIT = 10_000;

/** `.*` that a pattern may have: each one more takes ten thousand times as long at worst. */
const MOST_WILDCARDS = 2;

/**
 * Says whether a regular expression has a group that repeats and is itself repeated: `(a+)+` takes
 * more than a second for 30 characters, and what it is held against comes from a server. So may one
 * with more than two `.*` or `.+`.
 */
export function isRiskyPattern(text: string): boolean {
  const groups: boolean[] = [];
  let wildcards = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "." && isQuantifier(text, at + 1)) wildcards += 1;
    if (wildcards > MOST_WILDCARDS) return true;
    if (character === "\\") at += 1;
    else if (character === "[") at = classEnd(text, at);
    else if (character === "(") groups.push(false);
    else if (character === ")") {
      const hasRepeats = groups.pop() === true;
      const isRepeated = isQuantifier(text, at + 1);
      if (hasRepeats && isRepeated) return true;
      if ((hasRepeats || isRepeated) && groups.length > 0) groups[groups.length - 1] = true;
    } else if (isQuantifier(text, at) && groups.length > 0) groups[groups.length - 1] = true;
  }
  return false;
}

/** Says whether something that can match more than once is repeated at `at`; `?` and `{n}` are not. */
function isQuantifier(text: string, at: number): boolean {
  const character = text[at];
  return character === "*" || character === "+" || /^\{\d*,/.test(text.slice(at, at + 12));
}

function classEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "]") return at;
  }
  return text.length;
}

/** Says whether `pattern` matches in `text`, of which no more than 10,000 characters are looked at. */
export function matches(pattern: RegExp, text: string): boolean {
  return pattern.test(text.slice(0, SUBJECT_LIMIT));
}
