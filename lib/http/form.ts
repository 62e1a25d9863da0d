/** A name and a value of a query or of a form. */
export type FormPair = readonly [name: string, value: string];

/** Content-Type of an urlencoded form, as HTTPie sends it. */
export const FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8";

/** Left alone by encodeURIComponent and yet percent-encoded by HTTPie, xh and browsers. */
const ALSO_ENCODED = /[!'()*]/g;

/**
 * Returns `pairs` as application/x-www-form-urlencoded text in their order, repeats included.
 *
 * A space becomes "+"; letters, digits and "-._~" stay; the rest is percent-encoded UTF-8.
 */
export function encodeForm(pairs: readonly FormPair[]): string {
  return pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&");
}

function encodePart(text: string): string {
  // encodeURIComponent throws on half a surrogate pair.
  return encodeURIComponent(text.toWellFormed())
    .replace(ALSO_ENCODED, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
