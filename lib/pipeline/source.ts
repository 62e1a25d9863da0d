import type { WeirError } from "../base/errors.ts";
import type { TemplateName, TemplateOptions } from "../template/render.ts";

/** Keys and indexes from the root of a file to one of its nodes. */
export type KeyPath = readonly (string | number)[];

/** A line and a column of a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with one node of a file. */
export interface Complaint {
  readonly message: string;
  readonly hint: string;
  /** "key" points at the key of the node, "value" (when not given) at what stands behind it. */
  readonly part?: "key" | "value" | undefined;
  /** Where in the node, when that is known better. */
  readonly place?: Place | undefined;
}

/** The text of a pipeline file, which knows where each of its nodes stands. */
export interface Source {
  /** As the user named it; "-" is standard input. */
  readonly file: string;
  readonly text: string;
  /** Returns the place of a node; the nearest node above it when there is none at `path`. */
  placeOf(path: KeyPath, part?: "key" | "value"): Place;
  /** Returns where the text of a scalar begins, as templates want to know it. */
  templateAt(path: KeyPath): TemplateOptions;
  /** Returns PIPELINE_INVALID with file, line, column and the line itself in its details. */
  error(path: KeyPath, complaint: Complaint): WeirError;
  /** Returns where the node at `path` is written, when another level of the file gives it. */
  originOf?(path: KeyPath): KeyPath;
  /** Takes the names that a template at `path` uses, to be checked when the file is known. */
  note?(path: KeyPath, names: readonly TemplateName[]): void;
}
