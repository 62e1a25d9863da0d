import { z } from "zod";

const template = z.string();
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const field = z.union([scalar, z.array(scalar)]);
const fieldMap = z.union([z.record(z.string(), field), template, z.null()]);
const flag = z.union([z.boolean(), template]);
const number = z.union([z.number(), template]);
const duration = z.union([z.number(), template]);

const part = z.union([
  field,
  z.strictObject({
    file: template.optional(),
    text: scalar.optional(),
    filename: template.optional(),
    type: template.optional(),
  }),
]);

/** Keys of an http task, with what may stand behind them. */
export const HTTP_KEYS = {
  method: template.describe("HTTP method; GET when left out").optional(),
  url: template.describe("Absolute http or https URL").optional(),
  endpoint: template.describe("Old name of url").optional(),
  headers: fieldMap.describe("Header to value; a list repeats it, null leaves it out").optional(),
  params: fieldMap
    .describe("Added to the query; a list repeats its name, null is left out")
    .optional(),
  body: z.unknown().describe("A map or list is sent as JSON, a text as it is"),
  payload: z.unknown().describe("Another name of body"),
  form: fieldMap.describe("Body as application/x-www-form-urlencoded").optional(),
  multipart: z
    .union([z.record(z.string(), z.union([part, z.array(part)])), template])
    .describe("Body as multipart/form-data: name to text, or {file, filename, type}")
    .optional(),
  auth: template.describe("Name of a keychain entry").optional(),
} as const;

/** Keys of the `spec` of an http task. */
export const HTTP_SPEC_KEYS = {
  timeout: z
    .union([
      duration,
      z.strictObject({
        connect: duration.optional(),
        read: duration.optional(),
        total: duration.optional(),
      }),
      z.null(),
    ])
    .describe("Seconds for everything, or {connect, read, total}")
    .optional(),
  verify: flag.describe("false accepts any certificate").optional(),
  follow_redirects: flag.describe("true unless set").optional(),
  max_redirects: number.describe("Redirects followed at most; 10 unless set").optional(),
  response_type: z
    .union([z.enum(["json", "text", "binary"]), template])
    .describe("How the body is read, whatever the response says")
    .optional(),
  idempotency_key: template
    .describe("Sent as Idempotency-Key, the same for all attempts")
    .optional(),
  rate: z
    .union([
      z.strictObject({
        requests_per_second: number.optional(),
        burst: number.optional(),
        max_in_flight: number.optional(),
      }),
      template,
      z.null(),
    ])
    .describe("How fast the host is asked, by all tasks together")
    .optional(),
} as const;
