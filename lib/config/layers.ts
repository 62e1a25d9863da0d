/** Values of one source, by the long name of the flag they belong to. */
export interface Layer<T extends object> {
  readonly values: { readonly [K in keyof T]?: T[K] | undefined };
  /** Returns where a value of this layer was set, in words for people: `--timeout`. */
  readonly origin: (name: keyof T & string) => string;
}

/** Values of all layers on top of each other. */
export interface Merged<T extends object> {
  readonly values: Partial<T>;
  /** Returns where the value of `name` was set, undefined when no layer sets it. */
  origin(name: keyof T & string): string | undefined;
}

/**
 * Returns the layers put on top of each other, the weakest first: defaults, file, environment,
 * flags.
 *
 * A value replaces the weaker one whole, lists too: a flag on the command line says all there is.
 * `undefined` sets nothing.
 */
export function mergeLayers<T extends object>(layers: readonly Layer<T>[]): Merged<T> {
  const values = new Map<string, unknown>();
  const origins = new Map<string, Layer<T>>();
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer.values)) {
      if (value === undefined) continue;
      values.set(name, value);
      origins.set(name, layer);
    }
  }
  return {
    // Every value comes from a layer, under the name it has there.
    values: Object.fromEntries(values) as Partial<T>,
    origin: (name) => origins.get(name)?.origin(name),
  };
}
