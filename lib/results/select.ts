import { ByteQueue } from "../base/bytes.ts";
import { messageOf, WeirError } from "../base/errors.ts";
import { type PlannedField, tooLarge } from "./field.ts";
import { FieldFinds } from "./field-finds.ts";
import { JsonReader } from "./json-reader.ts";
import { jsonSize } from "./json-size.ts";
import { compilePath, quoted, type Step } from "./path.ts";
import { PathNode } from "./path-node.ts";
import type { SelectField } from "./policy.ts";

/** Largest body that is held to be selected from; a larger one is read as it goes by. */
export const TREE_CAP_BYTES = 64 * 1024 * 1024;

/** What the fields of one body came to. */
export interface Selected {
  /** Field to value: null for what is not there, a list when its path may match several nodes. */
  readonly extracted: Readonly<Record<string, unknown>>;
  /** Why every field is null although the body is not empty. */
  readonly notes: readonly string[];
}

/**
 * Reads one body for the fields of a plan.
 *
 * Streamed, what no path leads to is skipped by its quotes and brackets: a mistake in there is not
 * seen. Members of an object come in the order of the text.
 */
export interface Selection {
  /**
   * Reads the next chunk, which must not change afterwards.
   *
   * @throws {WeirError} SELECT_TOO_LARGE, SELECT_NOT_STREAMED
   */
  write(chunk: Uint8Array): void;
  /** @throws {WeirError} SELECT_TOO_LARGE */
  end(): Selected;
}

/** Fields to select, read once and used for every body. */
export class SelectPlan {
  readonly fields: readonly PlannedField[];
  /** The first field whose path needs the whole document; undefined when all can be streamed. */
  readonly held: PlannedField | undefined;
  readonly #root: PathNode;

  constructor(fields: readonly PlannedField[]) {
    this.fields = fields;
    this.held = fields.find(({ path }) => path.steps === undefined);
    const paths: readonly (readonly Step[])[] = fields.map(({ path }) => path.steps ?? []);
    this.#root = new PathNode(
      paths,
      paths.map((_steps, at) => at),
    );
  }

  /**
   * Refuses a body whose size is known and in which not all paths can be followed.
   *
   * @throws {WeirError} SELECT_NOT_STREAMED
   */
  checkSize(bodyBytes: number): void {
    if (this.held !== undefined && bodyBytes > TREE_CAP_BYTES) throw notStreamed(this.held);
  }

  /** @param capBytes of the text of one field, all values of its list together */
  selection(capBytes: number): Selection {
    if (this.fields.length === 0) {
      return { write: () => undefined, end: () => ({ extracted: {}, notes: [] }) };
    }
    if (this.held === undefined) return streamSelection(this.fields, this.#root, capBytes);
    return treeSelection(this, capBytes);
  }
}

/**
 * Reads the paths of `fields`.
 *
 * @throws {WeirError} SELECT_BAD_PATH with the offset, or for a name that is given twice
 */
export function compileSelect(fields: readonly SelectField[]): SelectPlan {
  const names = fields.map(({ as }) => as);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new WeirError("SELECT_BAD_PATH", `Two selected fields are called ${quoted(twice)}`, {
      hint: `Give each field of select another name under "as"`,
      details: { field: twice },
    });
  }
  return new SelectPlan(fields.map(({ path, as }) => ({ name: as, path: compilePath(path) })));
}

function streamSelection(
  fields: readonly PlannedField[],
  root: PathNode,
  capBytes: number,
): Selection {
  const finds = new FieldFinds(fields, capBytes);
  const reader = new JsonReader(root, finds, capBytes);
  return {
    write: (chunk) => reader.write(chunk),
    end() {
      const problem = reader.end();
      return problem === undefined ? selected(fields, finds.values()) : notJson(fields, problem);
    },
  };
}

function treeSelection(plan: SelectPlan, capBytes: number): Selection {
  const queue = new ByteQueue();
  return {
    write(chunk) {
      plan.checkSize(queue.sizeBytes + chunk.byteLength);
      queue.push(chunk);
    },
    end() {
      let value: unknown;
      try {
        value = JSON.parse(new TextDecoder().decode(queue.takeAll()));
      } catch (error) {
        return notJson(plan.fields, messageOf(error));
      }
      return selected(
        plan.fields,
        plan.fields.map((field) => valuesOf(field, value, capBytes)),
      );
    },
  };
}

function valuesOf(field: PlannedField, document: unknown, capBytes: number): readonly unknown[] {
  const values: unknown[] = [];
  let leftBytes = capBytes;
  try {
    for (const value of field.path.find(document)) {
      const size = jsonSize(value, leftBytes);
      if (typeof size === "string") throw tooLarge(field, size, capBytes);
      leftBytes -= size + 1;
      values.push(value);
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    // The one thing that a path that was read can fail at: the levels below `..`.
    throw tooLarge(field, "depth", capBytes);
  }
  return values;
}

function notStreamed({ name, path }: PlannedField): WeirError {
  return new WeirError(
    "SELECT_NOT_STREAMED",
    `Field ${quoted(name)} (${path.text}) cannot be selected from a body above ${TREE_CAP_BYTES} bytes`,
    {
      hint: "In a body this large a path may have names, indexes from the front and [*] only",
      details: { field: name, path: path.text, capBytes: TREE_CAP_BYTES },
    },
  );
}

function selected(
  fields: readonly PlannedField[],
  values: readonly (readonly unknown[])[],
): Selected {
  const entries = fields.map(({ name, path }, at) => {
    const found = values[at] ?? [];
    return [name, path.isSingular ? (found[0] ?? null) : found] as const;
  });
  return { extracted: Object.fromEntries(entries), notes: [] };
}

function notJson(fields: readonly PlannedField[], what: string): Selected {
  return {
    extracted: Object.fromEntries(fields.map(({ name }) => [name, null])),
    notes: [`Nothing was selected, because the body is not JSON: ${what}`],
  };
}
