import { WeirError } from "../../../lib/base/errors.ts";
import type { Body } from "../../../lib/http/body.ts";
import { deflateBody } from "../../../lib/http/compress.ts";
import type { FormPair } from "../../../lib/http/form.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import type { HeaderEntry, HeaderList } from "../../../lib/http/headers.ts";
import { hasHeader } from "../../../lib/http/headers.ts";
import { parseMethod } from "../../../lib/http/method.ts";
import type { Userinfo } from "../../../lib/http/url.ts";
import { appendQuery, appendToTarget, parseTarget } from "../../../lib/http/url.ts";
import { type BuiltRequest, buildRequest } from "../../../lib/items/build.ts";
import { type Item, parseItem } from "../../../lib/items/grammar.ts";
import type { BuildOptions } from "../../../lib/items/options.ts";
import { isField, isFile, usesStdin } from "../../../lib/items/sources.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import type { Flags } from "../../flags.ts";
import { isStdinCandidate, readStdin } from "./stdin.ts";

/** Codings weir decodes by itself. */
const ACCEPT_ENCODING = "gzip, deflate, br, zstd";

/** A command line that asks for a request. */
export interface RequestLine {
  readonly method: string | undefined;
  readonly url: string;
  readonly items: readonly string[];
  readonly flags: Flags;
  readonly defaultScheme: "http" | "https";
  readonly userAgent: string;
  /** What an alias of the configuration adds; what is typed wins. */
  readonly configured: { readonly headers: HeaderList; readonly query: readonly FormPair[] };
}

/** A request as typed, and who its URL says is asking. */
export interface BuiltLine {
  readonly draft: Draft;
  /** User and password of the URL. */
  readonly userinfo: Userinfo | undefined;
}

/** What building a request takes from outside. */
export interface DraftPorts {
  readonly runtime: Runtime;
  readonly notice: (text: string) => Promise<void>;
}

/**
 * Returns the request a command line asks for.
 *
 * @throws {WeirError} USAGE_*, IO_READ, DATA_*
 */
export async function buildDraft(line: RequestLine, ports: DraftPorts): Promise<BuiltLine> {
  const { flags } = line;
  const target = parseTarget(line.url, {
    defaultScheme: line.defaultScheme,
    isPathAsIs: flags.isSet("path-as-is"),
  });
  const method = line.method === undefined ? undefined : parseMethod(line.method);
  const built = await buildBody(line.items.map(parseItem), buildOptions(flags), flags, ports);
  const { body, headers } = await compressed(built, flags.count("compress"));
  const query = [...line.configured.query, ...built.query];
  const draft: Draft = {
    method: method ?? (built.hasBody ? "POST" : "GET"),
    url: appendQuery(target.url, query),
    target: target.target === undefined ? undefined : appendToTarget(target.target, query),
    headers: [...configuredHeaders(line, built), ...built.headers, ...headers],
    unset: built.unset,
    defaults: defaultHeaders(line, built.defaults),
    body,
    isChunked: flags.isSet("chunked"),
  };
  return { draft, userinfo: target.userinfo };
}

function buildOptions(flags: Flags): BuildOptions {
  return {
    mode: flags.isSet("multipart")
      ? "multipart"
      : flags.isSet("form")
        ? "form"
        : flags.isSet("json")
          ? "json"
          : undefined,
    raw: flags.text("raw"),
    boundary: flags.text("boundary"),
  };
}

async function buildBody(
  items: readonly Item[],
  options: BuildOptions,
  flags: Flags,
  { runtime, notice }: DraftPorts,
): Promise<BuiltRequest> {
  const isStdinOpen =
    !flags.isSet("ignore-stdin") && !usesStdin(items) && isStdinCandidate(runtime);
  if (!isStdinOpen) return await buildRequest(items, options, runtime);
  const hasBody = options.raw !== undefined || items.some((item) => isField(item) || isFile(item));
  if (hasBody) {
    // A pipe that nobody has written to yet may never be written to, so it is not waited for.
    const isStdinBody = runtime.stdin.isReady();
    return await buildRequest(items, { ...options, isStdinBody }, runtime);
  }
  const body = await readStdin({ stdin: runtime.stdin, clock: runtime.clock, notice });
  if (body.kind === "none") return await buildRequest(items, options, runtime);
  const built = await buildRequest(items, { ...options, isStdinBody: true }, runtime);
  return { ...built, body };
}

function configuredHeaders({ configured }: RequestLine, built: BuiltRequest): HeaderList {
  return configured.headers.filter(
    ([name]) => !hasHeader(built.headers, name) && !built.unset.includes(name.toLowerCase()),
  );
}

function defaultHeaders({ flags, userAgent }: RequestLine, built: HeaderList): HeaderList {
  const isSaved = flags.isSet("download");
  return [
    ["User-Agent", userAgent],
    // A download is saved as it is, and a Range counts the bytes of what is sent.
    ["Accept-Encoding", isSaved ? "identity" : ACCEPT_ENCODING],
    ["Connection", "keep-alive"],
    ...built,
  ];
}

async function compressed(
  built: BuiltRequest,
  level: number,
): Promise<{ readonly body: Body; readonly headers: readonly HeaderEntry[] }> {
  if (level === 0) return { body: built.body, headers: [] };
  if (hasHeader(built.headers, "content-encoding")) {
    throw new WeirError(
      "USAGE_CONFLICT",
      "--compress and the item Content-Encoding exclude each other",
      {
        hint: "Remove one of them",
      },
    );
  }
  const body = await deflateBody(built.body, level > 1);
  if (body === undefined) return { body: built.body, headers: [] };
  return { body, headers: [["Content-Encoding", "deflate"]] };
}
