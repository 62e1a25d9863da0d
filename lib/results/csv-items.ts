import { WeirError } from "../base/errors.ts";
import { ITEM_CAP_BYTES, itemTooLarge, notUtf8 } from "./item-problem.ts";

/** How CSV is written. */
export interface CsvOptions {
  /** One character, a comma by default. */
  readonly delimiter?: string | undefined;
}

/** A row and the line on which it begins. */
interface Row {
  readonly fields: readonly string[];
  readonly line: number;
}

/**
 * Yields each row of CSV as a map from the names of the first row to texts (RFC 4180).
 *
 * Lines end with CRLF or LF, quoted fields may hold both, and empty lines are passed over.
 *
 * @throws {WeirError} DATA_BAD_CSV with the line, DATA_NOT_UTF8, BODY_TOO_LARGE
 */
export async function* csvItems(
  chunks: AsyncIterable<Uint8Array>,
  { delimiter = "," }: CsvOptions = {},
): AsyncGenerator<Readonly<Record<string, string>>> {
  const reader = new CsvReader(delimiter);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let names: readonly string[] | undefined;
  const take = (row: Row): Readonly<Record<string, string>> | undefined => {
    if (names !== undefined) return itemOf(names, row);
    names = checkedNames(row);
    return undefined;
  };
  for await (const chunk of chunks) {
    reader.write(decoded(decoder, reader.line, chunk));
    for (const row of reader.take()) {
      const item = take(row);
      if (item !== undefined) yield item;
    }
  }
  reader.write(decoded(decoder, reader.line));
  reader.end();
  for (const row of reader.take()) {
    const item = take(row);
    if (item !== undefined) yield item;
  }
}

function decoded(decoder: TextDecoder, line: number, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw notUtf8(line);
  }
}

function checkedNames({ fields, line }: Row): readonly string[] {
  const seen = new Set<string>();
  for (const name of fields) {
    if (seen.has(name)) throw badRow(line, `two columns are called ${JSON.stringify(name)}`);
    seen.add(name);
  }
  return fields;
}

function itemOf(names: readonly string[], { fields, line }: Row): Readonly<Record<string, string>> {
  if (fields.length !== names.length) {
    throw badRow(line, `it has ${fields.length} fields where the first row has ${names.length}`);
  }
  return Object.fromEntries(names.map((name, at) => [name, fields[at] ?? ""]));
}

function badRow(line: number, what: string): WeirError {
  return new WeirError("DATA_BAD_CSV", `The row at line ${line} is not valid CSV: ${what}`, {
    hint: 'Put fields with quotes, delimiters or line breaks in quotes, and write a quote as ""',
    details: { line, reason: what },
  });
}

type State = "start" | "plain" | "quoted" | "quote" | "return";

/** Splits text into rows. */
class CsvReader {
  readonly #delimiter: string;
  #state: State = "start";
  #line = 1;
  #rowLine = 1;
  #fields: string[] = [];
  #field = "";
  /** Characters of the row so far. */
  #size = 0;
  #rows: Row[] = [];

  constructor(delimiter: string) {
    if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
      throw new WeirError("DATA_BAD_CSV", `${JSON.stringify(delimiter)} cannot delimit fields`, {
        hint: 'Give "delimiter" one character that is no quote and no line break',
      });
    }
    this.#delimiter = delimiter;
  }

  get line(): number {
    return this.#line;
  }

  take(): readonly Row[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#state === "quoted") at = this.#readQuoted(text, at);
      else if (this.#state === "plain") at = this.#readPlain(text, at);
      else at = this.#readMark(text.charAt(at), at);
    }
  }

  end(): void {
    if (this.#state === "quoted") throw badRow(this.#rowLine, "a quoted field does not end");
    // A return that no line feed follows belongs to a plain field, as any other character.
    if (this.#state === "return") throw badRow(this.#rowLine, "text follows a quoted field");
    if (this.#state !== "start" || this.#fields.length > 0) this.#endRow();
  }

  /** Reads the first character of a field, or one after a quote. */
  #readMark(character: string, at: number): number {
    if (this.#state === "start") {
      if (character === '"') {
        this.#state = "quoted";
        return at + 1;
      }
      this.#state = "plain";
      return at;
    }
    if (character === "\n") this.#endRow();
    else if (this.#state === "return") throw badRow(this.#rowLine, "text follows a quoted field");
    else if (character === '"') {
      this.#field += character;
      this.#state = "quoted";
    } else if (character === this.#delimiter) this.#endField();
    else if (character === "\r") this.#state = "return";
    else throw badRow(this.#rowLine, "text follows a quoted field");
    return at + 1;
  }

  #readPlain(text: string, at: number): number {
    const delimiter = this.#delimiter.charCodeAt(0);
    let end = at;
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === delimiter || code === 0x0a) break;
      if (code === 0x22)
        throw badRow(this.#rowLine, "a quote stands inside a field without quotes");
    }
    this.#add(text.slice(at, end));
    if (end === text.length) return end;
    if (text.charCodeAt(end) === delimiter) this.#endField();
    else {
      if (this.#field.endsWith("\r")) this.#field = this.#field.slice(0, -1);
      this.#endRow();
    }
    return end + 1;
  }

  #readQuoted(text: string, at: number): number {
    const quote = text.indexOf('"', at);
    const part = text.slice(at, quote < 0 ? text.length : quote);
    this.#add(part);
    for (let feed = part.indexOf("\n"); feed >= 0; feed = part.indexOf("\n", feed + 1)) {
      this.#line += 1;
    }
    if (quote < 0) return text.length;
    this.#state = "quote";
    return quote + 1;
  }

  #add(part: string): void {
    this.#size += part.length;
    if (this.#size > ITEM_CAP_BYTES) {
      const what = `The row at line ${this.#rowLine} is larger than ${ITEM_CAP_BYTES} characters`;
      throw itemTooLarge(what, { line: this.#rowLine });
    }
    this.#field += part;
  }

  #endField(): void {
    this.#size += 1;
    this.#fields.push(this.#field);
    this.#field = "";
    this.#state = "start";
  }

  #endRow(): void {
    const isEmpty = this.#fields.length === 0 && this.#field === "" && this.#state === "plain";
    this.#endField();
    if (!isEmpty) this.#rows.push({ fields: this.#fields, line: this.#rowLine });
    this.#fields = [];
    this.#size = 0;
    this.#line += 1;
    this.#rowLine = this.#line;
  }
}
