/** Returns a map without a prototype: labels are the user's words. */
export function bareMap<T>(): Record<string, T> {
  // Object.create is typed any; a new object holds nothing that is no T.
  return Object.create(null) as Record<string, T>;
}
