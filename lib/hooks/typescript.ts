import { messageOf, WeirError } from "../base/errors.ts";

/** Says whether a module is written in TypeScript, by its name. */
export function isTypeScript(path: string): boolean {
  return /\.[cm]?ts$/.test(path);
}

/**
 * Returns JavaScript for TypeScript, with every statement on the line it was on.
 *
 * @throws {WeirError} PLUGIN_INVALID with line and column when it cannot be read
 */
export async function stripTypes(source: string, path: string): Promise<string> {
  const { transform } = await import("sucrase");
  try {
    return transform(source, { transforms: ["typescript"], disableESTransforms: true }).code;
  } catch (error) {
    const found = /\((\d+):(\d+)\)/.exec(messageOf(error));
    const where = found === null ? path : `${path}:${found[1]}:${found[2]}`;
    const what = messageOf(error).replace(/\s*\(\d+:\d+\)\s*$/, "");
    throw new WeirError("PLUGIN_INVALID", `${where} is not TypeScript: ${what}`, {
      hint: "Correct the file; types are removed, not checked",
      cause: error,
    });
  }
}
