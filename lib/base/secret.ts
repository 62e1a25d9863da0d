/** What is shown in place of a secret. */
export const REDACTED = "[redacted]";

/**
 * A value that must not be printed: its text, JSON and inspect forms are `[redacted]`.
 *
 * Opened only when a hop is dressed.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the value itself; call it at the last moment and keep no copy. */
  open(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
