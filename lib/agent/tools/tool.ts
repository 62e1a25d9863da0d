import type { HttpArguments } from "../call.ts";

/** A tool a model can call. */
export interface HttpTool {
  readonly name: string;
  /** What a model reads. */
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Hints of the Model Context Protocol. */
  readonly annotations: Readonly<Record<string, boolean>>;
  /** Reads the arguments; throws DATA_BAD_CALL. */
  readonly read: (given: Readonly<Record<string, unknown>>) => HttpArguments;
}

/** Arguments that every HTTP tool has. */
export const COMMON_PROPERTIES = {
  url: { type: "string", description: "Full http or https URL. Its host must be allowed." },
  headers: {
    type: "object",
    additionalProperties: { type: "string" },
    description: "Request headers. {{secret:NAME}} stands for a secret of the operator.",
  },
  timeout_secs: { type: "number", exclusiveMinimum: 0, description: "Total time in seconds." },
  select: { type: "string", description: "JSONPath; only what it finds is returned." },
} as const;
