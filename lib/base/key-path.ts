/** Characters of a key that are shown. */
const WIDEST = 60;

/**
 * Returns the way from the root of a file to one of its values as people write it:
 * `alias.github."x.y"`, elements as `[0]`; "" for the root.
 */
export function keyPathText(path: readonly (string | number)[]): string {
  return path
    .map((part, at) => {
      if (typeof part === "number") return `[${part}]`;
      const short = part.length > WIDEST ? `${part.slice(0, WIDEST)}…` : part;
      const name = /^[\w-]+$/.test(short) ? short : JSON.stringify(short);
      return at === 0 ? name : `.${name}`;
    })
    .join("");
}
