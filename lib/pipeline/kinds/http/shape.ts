import { z } from "zod";
import { PAGINATORS } from "../../paginators/index.ts";
import { table } from "../../schema/shapes.ts";
import { writeWords } from "../../schema/words.ts";

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

const status = z.union([z.number(), z.string()]);

const check = z.strictObject({
  equals: z.unknown().optional(),
  matches: template.optional(),
  exists: flag.optional(),
  length: number.optional(),
});

const INTO_WORDS = writeWords({
  expected: "a map of query, header or body to a name, or url",
  example: "{ query: cursor }",
});

const into = z.union(
  [
    z.strictObject({ query: z.string() }),
    z.strictObject({ header: z.string() }),
    z.strictObject({ body: z.string() }),
  ],
  INTO_WORDS,
);

const strategies = z.enum(["append", "extend", "replace", "merge", "collect", "none"]);

const paginator = z.enum(PAGINATORS.map(({ name }) => name));

/** Keys of all types of pagination; which of them a type takes is checked by it. */
const paginate = z.strictObject({
  type: paginator.describe(
    PAGINATORS.map(({ name, summary }) => `${name} ${summary}`).join(".\n\n"),
  ),
  from: z.string().describe('"$.path", "header NAME" or "last $.id"').optional(),
  into: z
    .union([into, z.literal("url")], INTO_WORDS)
    .describe("Where the value goes; url: a cursor that is the URL of the next page")
    .optional(),
  limit: number.describe("Items a page").optional(),
  limit_into: into.optional(),
  start: z.union([number, template]).optional(),
  total: z.string().describe("Where the number of items stands").optional(),
  total_pages: z.string().describe("Where the number of pages stands").optional(),
  stop: template.describe("Ends the pages when it is true; sees page").optional(),
  max_pages: number.optional(),
  max_items: number.optional(),
  max_time: duration.optional(),
  allow_cross_origin: flag.optional(),
  accumulate: z
    .union([
      z.string(),
      z.strictObject({
        path: z.string().optional(),
        strategy: strategies.optional(),
        to: z.enum(["memory", "disk"]).optional(),
      }),
    ])
    .optional(),
});

const result = z.strictObject({
  store: z
    .strictObject({
      kind: z.string().describe("auto, memory or disk").optional(),
      scope: z.string().describe("step, execution or permanent").optional(),
      ttl: duration.optional(),
      compression: z.string().describe("gzip or none").optional(),
    })
    .optional(),
  select: z.array(z.strictObject({ path: z.string(), as: z.string() })).optional(),
  inline_max_bytes: z.union([z.number(), z.string()]).optional(),
  preview_max_bytes: z.union([z.number(), z.string()]).optional(),
});

/** Keys of an http task, with what may stand behind them. */
export const HTTP_KEYS = {
  method: template.describe("HTTP method; GET when left out").optional(),
  url: template.describe("Absolute http or https URL").optional(),
  endpoint: template.describe("Old name of url").optional(),
  headers: fieldMap.describe("Header to value; a list repeats it, null leaves it out").optional(),
  params: fieldMap
    .describe("Added to the query; a list repeats its name, null is left out")
    .optional(),
  body: z.unknown().describe("A map or list is sent as JSON, a text as it is").optional(),
  payload: z.unknown().describe("Another name of body").optional(),
  form: fieldMap.describe("Body as application/x-www-form-urlencoded").optional(),
  multipart: z
    .union([z.record(z.string(), z.union([part, z.array(part)])), template])
    .describe("Body as multipart/form-data: name to text, or {file, filename, type}")
    .optional(),
  auth: template.describe("Name of a keychain entry").optional(),
  expect: table(
    {
      status: z
        .union([status, z.array(status)])
        .describe('200, "2xx", or a list')
        .optional(),
      headers: z.record(z.string(), z.union([scalar, check])).optional(),
      json: z.array(check.extend({ path: z.string() })).optional(),
      schema: z
        .union([z.record(z.string(), z.unknown()), z.string()])
        .describe("JSON Schema, or the path of a file that holds one")
        .optional(),
      max_ms: number.optional(),
    },
    { example: "{ status: 200 }" },
  )
    .describe("What the response has to be; anything else is an error")
    .optional(),
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
  paginate: z.union([paginator, paginate]).describe("Asks for page after page").optional(),
  result: result.describe("Stores large bodies, and selects fields of them").optional(),
} as const;
