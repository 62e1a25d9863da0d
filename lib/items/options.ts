/** What the flags beside the items say about the body. */
export interface BuildOptions {
  /** Undefined: JSON by default; "json": asked for, which sets its headers without a body too. */
  readonly mode?: "json" | "form" | "multipart" | undefined;
  /** The whole body as text (`--raw`); may be empty. */
  readonly raw?: string | undefined;
  /** Boundary of a multipart body; a random one when not given. */
  readonly boundary?: string | undefined;
  /** True: standard input holds data and is the body. Not heeded when an item reads it. */
  readonly isStdinBody?: boolean | undefined;
}

/** Says whether fields make a form, urlencoded or multipart, and not JSON. */
export function isForm({ mode }: BuildOptions): boolean {
  return mode === "form" || mode === "multipart";
}
