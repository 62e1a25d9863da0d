import { WeirError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { duration, flag, text } from "./scalars.ts";
import { convert, list, map, oneOf, optional, table } from "./combine.ts";
import { type Infer } from "./shape.ts";

const NAME = /^[A-Za-z0-9][\w.-]*$/;

function parseBaseUrl(written: string): string {
  const url = URL.parse(written);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  // Never quoted in a message: it may hold a password.
  if (url === null || !isHttp || !/^https?:\/\//i.test(written))
    throw new WeirError("CONFIG_INVALID", "it is no http or https URL", {
      hint: 'Write the whole URL, such as base_url = "https://api.example.com/v1"',
    });
  if (url.search !== "" || url.hash !== "" || /[?#]/.test(written))
    throw new WeirError("CONFIG_INVALID", "it has a query or fragment", {
      hint: 'Put the query below [alias.NAME.query], such as page = "1"',
    });
  return url.href;
}

/** A saved API: what every request to `@NAME/path` begins with. */
const alias = table({
  base_url: convert(text(), parseBaseUrl, {
    expected: "an http or https URL",
    example: '"https://api.example.com/v1"',
  }),
  headers: optional(map(text())),
  /** `user:pass`, or `@NAME` for an entry of the keychain. */
  auth: optional(text({ pattern: /./, expected: 'a string, "user:pass" or "@NAME"' })),
  auth_type: optional(text({ pattern: /./, expected: "the name of an authentication scheme" })),
  query: optional(map(oneOf(text(), list(text())))),
  /** As `--verify`: "yes", "no" or a file of certificates. */
  verify: optional(
    convert(
      oneOf(
        text({ pattern: /./ }),
        convert(flag(), (isOn) => (isOn ? "yes" : "no")),
      ),
      String,
      { expected: "true, false or the path of a CA file" },
    ),
  ),
  /** Milliseconds in the data. */
  timeout: optional(duration()),
});

/** One `[alias.NAME]`. */
export type Alias = Infer<typeof alias>;

/** The shape of `[alias]`. */
export const aliasShape = map(alias, {
  pattern: NAME,
  expected: "a name of letters, digits, dots, - and _",
});

/** What `@NAME/path` stands for. */
export interface AliasedUrl {
  readonly name: string;
  readonly alias: Alias;
  /** The URL as text: the base URL, one slash, what came after the name. */
  readonly url: string;
}

/**
 * Returns what a typed `@NAME`, `@NAME/path` or `@NAME?query` stands for; undefined when it does
 * not begin with `@`.
 *
 * @throws {WeirError} USAGE_BAD_URL when no alias has the name
 */
export function expandAlias(
  typed: string,
  aliases: ReadonlyMap<string, Alias> = new Map(),
): AliasedUrl | undefined {
  if (!typed.startsWith("@")) return undefined;
  const end = typed.search(/[/?#]/);
  const name = end === -1 ? typed.slice(1) : typed.slice(1, end);
  const found = aliases.get(name);
  if (found === undefined) {
    const near = nearestName(name.slice(0, 64), aliases.keys());
    const add = `Add [alias.${NAME.test(name) ? name : "NAME"}] with a base_url to the configuration`;
    throw new WeirError("USAGE_BAD_URL", `No alias is named ${JSON.stringify(name.slice(0, 64))}`, {
      hint: near === undefined ? add : `Did you mean @${near}`,
    });
  }
  const rest = end === -1 ? "" : typed.slice(end);
  const base = found.base_url;
  const joined = rest.startsWith("/") ? `${base.replace(/\/+$/, "")}${rest}` : `${base}${rest}`;
  return { name, alias: found, url: joined };
}
