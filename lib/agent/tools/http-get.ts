import { readHttpArguments } from "../call.ts";
import { COMMON_PROPERTIES, type HttpTool } from "./tool.ts";

/** Reads a URL the policy allows. */
export const httpGet: HttpTool = {
  name: "http_get",
  description: "Reads an allowed URL with GET and returns status, headers and body as text.",
  inputSchema: {
    type: "object",
    properties: COMMON_PROPERTIES,
    required: ["url"],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: true },
  read: (given) => readHttpArguments(given, "GET"),
};
