import { readHttpArguments } from "../call.ts";
import { COMMON_PROPERTIES, type HttpTool } from "./tool.ts";

/** Sends any request the policy allows. */
export const httpRequest: HttpTool = {
  name: "http_request",
  description:
    "Sends an HTTP request to an allowed host and returns status, headers and body as text. " +
    "Denied calls say which rule denied them; repeating them does not help.",
  inputSchema: {
    type: "object",
    properties: {
      method: {
        type: "string",
        enum: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
        default: "GET",
      },
      ...COMMON_PROPERTIES,
      body: { type: ["string", "object", "array"], description: "Text, or a value sent as JSON." },
    },
    required: ["url"],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  read: (given) => readHttpArguments(given),
};
