// The items room: what stands after the URL on a command line, read by HTTPie's rules and made into
// headers, query and body. It knows nothing of flags, of the URL, or of default headers other than
// the two that follow from the body. Files and standard input come through ports: small ones are
// read here, bodies and uploads are opened here and read when the request is sent.
import { type Body, bodyLength, NO_BODY, textBody } from "../http/body.ts";
import { FORM_TYPE, type FormPair } from "../http/form.ts";
import { type HeaderList, headerValue, isSameName } from "../http/headers.ts";
import { parseMediaType } from "../http/media-type.ts";
import { checkBoundary, multipartType, newBoundary } from "../http/multipart.ts";
import { fileBody, formBody, formDataBody, JSON_TYPE, jsonBody, type TypedBody } from "./bodies.ts";
import type { Item } from "./grammar.ts";
import { buildHeaders, buildQuery } from "./header-lines.ts";
import { type ItemPorts, stdinBody } from "./item-files.ts";
import { type BuildOptions, isForm } from "./options.ts";
import { checkSources, isField, isFile, isStdinBody } from "./sources.ts";

/** Accept of a request with a JSON body, as HTTPie and xh send it. */
export const JSON_ACCEPT = "application/json, */*;q=0.5";

/** Accept of any other request. */
export const ANY_ACCEPT = "*/*";

/** What the items and their flags ask for. */
export interface BuiltRequest {
  /** Lines the items set, in order. */
  readonly headers: HeaderList;
  /** Names, in lower case, of default headers that must not be sent. */
  readonly unset: readonly string[];
  /** To be appended to the query of the URL. */
  readonly query: readonly FormPair[];
  readonly body: Body;
  /** True when something gives a body, be it empty: then the method is POST unless one is typed. */
  readonly hasBody: boolean;
  /** Accept and, when there is something to describe, Content-Type; `headers` and `unset` win. */
  readonly defaults: HeaderList;
}

/**
 * Returns what the items ask for, with the files they name opened.
 *
 * @throws {WeirError} USAGE_CONFLICT, USAGE_BAD_ITEM, USAGE_BAD_HEADER, USAGE_BAD_VALUE, IO_READ,
 * DATA_BAD_JSON, DATA_NOT_UTF8
 */
export async function buildRequest(
  items: readonly Item[],
  options: BuildOptions,
  ports: ItemPorts,
): Promise<BuiltRequest> {
  checkSources(items, options);
  const { headers, unset } = await buildHeaders(items, ports);
  const query = await buildQuery(items, ports);
  const boundary = boundaryOf(headers) ?? options.boundary;
  const { body, contentType } = await chooseBody(items, { ...options, boundary }, ports);
  return {
    headers: withBoundary(headers, contentType),
    unset,
    query,
    body,
    hasBody: body.kind !== "none",
    defaults: defaultHeaders(body, contentType, options),
  };
}

async function chooseBody(
  items: readonly Item[],
  options: BuildOptions,
  ports: ItemPorts,
): Promise<TypedBody> {
  const fields = items.filter(isField);
  const [file] = items.filter(isFile);
  const untyped = options.mode === "form" ? FORM_TYPE : JSON_TYPE;
  if (options.raw !== undefined) return { body: textBody(options.raw), contentType: untyped };
  if (isStdinBody(items, options)) return { body: stdinBody(ports), contentType: untyped };
  if (file === undefined && fields.length === 0) return { body: NO_BODY };
  if (!isForm(options)) {
    return file === undefined ? jsonBody(fields, ports) : fileBody(file, ports);
  }
  if (options.mode === "form" && file === undefined) return formBody(fields, ports);
  const boundary = checkBoundary(options.boundary ?? newBoundary(ports.random));
  const parts = items.filter((item) => isField(item) || isFile(item));
  return formDataBody(parts, boundary, ports);
}

/** A request asked to be JSON or a form says so even without a body, as HTTPie's does. */
function defaultHeaders(
  body: Body,
  contentType: string | undefined,
  { mode }: BuildOptions,
): HeaderList {
  const isFull = bodyLength(body) !== 0;
  const asked = mode === "json" ? JSON_TYPE : mode === "form" ? FORM_TYPE : undefined;
  const type = isFull ? contentType : asked;
  const isJson = mode === "json" || (mode === undefined && isFull);
  const accept = ["Accept", isJson ? JSON_ACCEPT : ANY_ACCEPT] as const;
  return type === undefined ? [accept] : [accept, ["Content-Type", type]];
}

function boundaryOf(headers: HeaderList): string | undefined {
  const type = headerValue(headers, "Content-Type");
  return type === undefined ? undefined : parseMediaType(type)?.parameters.get("boundary");
}

/** A Content-Type typed for a multipart body gets the boundary of that body. */
function withBoundary(headers: HeaderList, contentType: string | undefined): HeaderList {
  const boundary = parseMediaType(contentType ?? "")?.parameters.get("boundary");
  if (boundary === undefined || boundaryOf(headers) !== undefined) return headers;
  return headers.map(([name, value]) =>
    isSameName(name, "Content-Type") ? [name, multipartType(value, boundary)] : [name, value],
  );
}
