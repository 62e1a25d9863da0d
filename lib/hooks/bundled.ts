import hmacSign from "../../plugins/hmac-sign.js" with { type: "text" };
import idempotencyKey from "../../plugins/idempotency-key.js" with { type: "text" };
import jsonOnly from "../../plugins/json-only.js" with { type: "text" };
import priceEnrich from "../../plugins/price-enrich.js" with { type: "text" };
import requestId from "../../plugins/request-id.js" with { type: "text" };
import { WeirError } from "../base/errors.ts";
import type { PluginFile } from "./plugin-file.ts";

/** Sources of the plugins that ship with weir, by name, in the order of the list. */
const BUNDLED: ReadonlyMap<string, string> = new Map([
  ["hmac-sign", hmacSign],
  ["idempotency-key", idempotencyKey],
  ["json-only", jsonOnly],
  ["price-enrich", priceEnrich],
  ["request-id", requestId],
]);

/** Names of the plugins that ship with weir. */
export const BUNDLED_NAMES: readonly string[] = [...BUNDLED.keys()];

/** Returns a plugin that ships with weir, undefined when none has this name. */
export function bundledFile(name: string): PluginFile | undefined {
  const source = BUNDLED.get(name);
  if (source === undefined) return undefined;
  const main = `${name}.js`;
  return {
    path: name,
    main,
    manifest: undefined,
    isBundled: true,
    digests: () => ({}),
    read(path) {
      if (path === main) return Promise.resolve(source);
      return Promise.reject(new WeirError("PLUGIN_INVALID", `Plugin ${name} has no file ${path}`));
    },
  };
}
