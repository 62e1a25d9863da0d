import { WeirError } from "../../base/errors.ts";
import { nearestName } from "../../base/nearest.ts";
import { httpGet } from "./http-get.ts";
import { httpRequest } from "./http-request.ts";
import type { HttpTool } from "./tool.ts";

/** Every tool, in the order a model sees them. A new one is a file and a row here. */
export const HTTP_TOOLS: readonly HttpTool[] = [httpGet, httpRequest];

/**
 * Returns the tool called `name`.
 *
 * @throws {WeirError} DATA_BAD_CALL naming the tools there are
 */
export function findTool(name: string): HttpTool {
  const tool = HTTP_TOOLS.find((one) => one.name === name);
  if (tool !== undefined) return tool;
  const names = HTTP_TOOLS.map((one) => one.name);
  const near = nearestName(name.slice(0, 80), names);
  throw new WeirError("DATA_BAD_CALL", `There is no tool ${JSON.stringify(name.slice(0, 80))}`, {
    hint: near === undefined ? `The tools are: ${names.join(", ")}` : `Did you mean ${near}?`,
  });
}
