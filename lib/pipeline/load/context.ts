import { WeirError } from "../../base/errors.ts";
import { drawFrame } from "../frame.ts";
import type { Playbook } from "../model.ts";
import { firstOf } from "../schema/check.ts";
import type { KeyPath, Source } from "../source.ts";

type Warning = Playbook["warnings"][number];

/** What loading one file gathers: what is wrong with it, and what is odd. */
export class LoadContext {
  readonly source: Source;
  readonly warnings: Warning[] = [];
  readonly #errors: WeirError[] = [];
  readonly #onWarning: ((warning: Warning) => void) | undefined;

  constructor(source: Source, onWarning?: (warning: Warning) => void) {
    this.source = source;
    this.#onWarning = onWarning;
  }

  /** True when something was wrong so far. */
  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** Runs one part of the load; its error is kept, so that other parts can be looked at too. */
  attempt<T>(task: () => T): T | undefined {
    try {
      return task();
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#errors.push(this.#framed(error));
      return undefined;
    }
  }

  /** Adds an error that does not stop the part it is found in. */
  add(error: WeirError): void {
    this.#errors.push(error);
  }

  /** @param name a name that only the user can give, when it is about one */
  warn(path: KeyPath, message: string, hint: string, name?: string): void {
    const warning = { path, message, hint, name };
    this.warnings.push(warning);
    this.#onWarning?.(warning);
  }

  /**
   * Ends the load when something was wrong.
   *
   * @throws {WeirError} the error that stands first in the file
   */
  settle(): void {
    if (this.#errors.length > 0) throw firstOf(this.#errors);
  }

  /** An error of a template shows its line of the file, as the other errors do. */
  #framed(error: WeirError): WeirError {
    const { line, column } = error.details;
    if (typeof line !== "number" || typeof column !== "number" || "file" in error.details)
      return error;
    const { file, text } = this.source;
    const frame = drawFrame(text, { line, column });
    const details = { ...error.details, file, frame };
    return new WeirError(error.code, error.message, { hint: error.hint, details, cause: error });
  }
}
