/** Turns rows into the text of one file, piece by piece. */
export interface RowWriter {
  /**
   * Returns the text of more rows.
   *
   * @throws {WeirError} DATA_BAD_ROW for a row the format cannot hold
   */
  rows(rows: readonly unknown[]): string;
}

/** A format a `write` task knows. */
export interface RowFormat {
  readonly name: string;
  /** Endings of file names that mean it. */
  readonly endings: readonly string[];
  /** False: a file is written whole, and cannot be added to. */
  readonly canGrow: boolean;
  /** @param head first line of a file that is added to; undefined for an empty one */
  open(head: string | undefined): RowWriter;
}
