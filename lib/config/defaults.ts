import type { Layer } from "./layers.ts";
import type { LoadedConfig } from "./load.ts";
import { flag, integer, number, text } from "./scalars.ts";
import { convert, type Field, list, oneOf, optional, table } from "./combine.ts";
import { type Shape } from "./shape.ts";

/** What `[defaults]` has to know of a flag of the command line. */
export interface DefaultableFlag {
  /** Long name without dashes. */
  readonly name: string;
  readonly kind: "boolean" | "value" | "list" | "count";
  readonly choices?: readonly string[] | undefined;
}

/** A value as the command line would hold it. */
export type DefaultValue = boolean | number | string | readonly string[];

/** The data of `[defaults]`: what was set, by the long name of the flag. */
export type Defaults = Readonly<Record<string, DefaultValue>>;

function valueShape({ choices }: DefaultableFlag): Shape<string> {
  const words = choices === undefined ? text() : text({ choices });
  const read = convert(oneOf(words, number()), String, {
    expected: words.expected,
    example: words.example,
  });
  // `verify = false` is what people write for a flag that takes yes and no.
  const takesYesNo = choices?.includes("yes") === true && choices.includes("no");
  if (!takesYesNo) return read;
  return oneOf(
    read,
    convert(flag(), (isYes) => (isYes ? "yes" : "no")),
  );
}

function shapeOf(one: DefaultableFlag): Shape<DefaultValue> {
  if (one.kind === "boolean") return flag();
  if (one.kind === "count") return integer({ min: 0, max: 9 });
  const value = valueShape(one);
  if (one.kind === "value") return value;
  return oneOf(
    list(value),
    convert(value, (only) => [only]),
  );
}

/**
 * Returns the shape of `[defaults]`: one optional key for every flag, named as on the command line.
 *
 * Numbers become text, because the flag's own parser reads them next; a list flag also takes one
 * value alone.
 */
export function defaultsShape(flags: readonly DefaultableFlag[]): Shape<Defaults> {
  const fields = flags.map((one): [string, Field] => [one.name, optional(shapeOf(one))]);
  // Every field is one of the shapes above, so the data holds nothing but their values.
  return table(Object.fromEntries(fields)) as Shape<Defaults>;
}

/** Returns `[defaults]` of the file as a layer; its origins name file and line. */
export function fileLayer(
  config: Pick<LoadedConfig<{ readonly defaults: Shape<Defaults> }>, "section" | "placeOf">,
): Layer<Record<string, DefaultValue>> {
  return {
    values: config.section("defaults") ?? {},
    origin: (name) => `[defaults] ${name} in ${config.placeOf(["defaults", name]) ?? "the file"}`,
  };
}
