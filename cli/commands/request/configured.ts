import { WeirError } from "../../../lib/base/errors.ts";
import type { Alias } from "../../../lib/config/alias.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import type { PluginRequest } from "../../../lib/hooks/resolve.ts";
import type { FormPair } from "../../../lib/http/form.ts";
import { Flags, type FlagValue } from "../../flags.ts";
import type { Io } from "../../io.ts";
import type { RequestInvocation } from "../command.ts";

/** A command line with what the configuration adds to it. */
export interface ConfiguredLine {
  readonly flags: Flags;
  readonly url: string;
  /** Lines of an alias; those typed win. */
  readonly headers: HeaderList;
  /** Query of an alias, before the one typed. */
  readonly query: readonly FormPair[];
  /** Plugins of the configuration, before those typed. */
  readonly plugins: readonly PluginRequest[];
}

/**
 * Returns the command line over `[defaults]` and the alias its URL names.
 *
 * @throws {WeirError} CONFIG_*, USAGE_BAD_URL for an alias that does not exist
 */
export async function applyConfig(
  { flags: typed, url }: RequestInvocation,
  io: Io,
): Promise<ConfiguredLine> {
  const isAliased = url.startsWith("@");
  // Most people have no file: then nothing of the room is loaded.
  const { hasConfig } = await import("../../../lib/config/read.ts");
  const path = typed.text("config");
  if (!isAliased && !(await hasConfig(io.runtime, path))) {
    return { flags: typed, url: underBase(url, typed), headers: [], query: [], plugins: [] };
  }
  const { readDefaults } = await import("../../defaults.ts");
  const { defaults, aliases, plugins } = await readDefaults(io, path);
  const flags = typed.over(defaults);
  const { expandAlias } = await import("../../../lib/config/alias.ts");
  const aliased = expandAlias(url, aliases);
  if (aliased === undefined) {
    return { flags, url: underBase(url, flags), headers: [], query: [], plugins };
  }
  return {
    plugins,
    flags: typed.over(aliasFlags(aliased.alias)).over(defaults),
    url: aliased.url,
    headers: [...(aliased.alias.headers ?? [])],
    query: aliasQuery(aliased.alias),
  };
}

/** Puts a URL without scheme below `--base-url`. */
function underBase(url: string, flags: Flags): string {
  const base = flags.text("base-url");
  if (base === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return url;
  if (!/^https?:\/\//i.test(base)) {
    throw new WeirError("USAGE_BAD_URL", `--base-url ${JSON.stringify(base)} has no scheme`, {
      hint: "Write it whole, such as --base-url https://api.example.com/v1",
    });
  }
  if (url.startsWith("?")) return base + url;
  return `${base.replace(/\/+$/, "")}/${url.replace(/^\/+/, "")}`;
}

function aliasFlags({ auth, auth_type: authType, verify, timeout }: Alias): Flags {
  const given: [string, FlagValue][] = [
    ["auth", auth],
    ["auth-type", authType],
    ["verify", verify],
    ["timeout", timeout === undefined ? undefined : `${timeout}ms`],
  ];
  return new Flags(new Map(given.filter(([, value]) => value !== undefined)));
}

function aliasQuery({ query }: Alias): readonly FormPair[] {
  return [...(query ?? [])].flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((one): FormPair => [name, one]),
  );
}
