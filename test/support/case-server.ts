import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../lib/base/clock.ts";
import "./show-suppressed.ts";

// Serves `server` of the files in fixtures/pipeline-cases, which say in data what is answered:
// fixtures/pipeline-cases/README.md.

/** What a request must look like. */
interface CaseMatch {
  readonly method?: string;
  readonly path?: string;
  readonly path_matches?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly query_absent?: readonly string[];
  readonly query_matches?: Readonly<Record<string, string>>;
  readonly raw_query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly header_present?: readonly string[];
  readonly form?: Readonly<Record<string, string>>;
}

/** One answer, or a series of them. */
interface CaseReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly template?: unknown;
  readonly generate?: Readonly<Record<string, unknown>>;
  readonly close?: "after-request" | "before-response" | "mid-body";
  readonly sequence?: readonly CaseReply[];
  readonly sequence_per?: string;
  readonly then?: CaseReply;
  readonly always?: CaseReply;
}

/** `server` of a case. */
export interface CaseScript {
  readonly delay_ms?: number;
  readonly rules: readonly { readonly match: CaseMatch; readonly respond: CaseReply }[];
}

/** A request as the server of a case saw it. */
export interface CaseHit {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** When it came, on the clock of the case. */
  readonly atMs: number;
}

/** The server of one case. */
export interface CaseServer extends Disposable {
  readonly port: number;
  readonly hits: readonly CaseHit[];
  /** Most requests that were waiting for their answer at once. */
  readonly maxInFlight: number;
}

type Clockwork = Pick<Clock, "now" | "monotonicMs">;

function includesAll(
  wanted: Readonly<Record<string, string>> | undefined,
  given: (name: string) => string | null | undefined,
): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => given(name) === value);
}

function isMatch(match: CaseMatch, hit: CaseHit): boolean {
  const [, search = ""] = hit.target.split("?");
  const query = new URLSearchParams(search);
  return [
    match.method === undefined || match.method === hit.method,
    match.path === undefined || match.path === hit.path,
    match.path_matches === undefined || new RegExp(match.path_matches).test(hit.path),
    includesAll(match.query, (name) => query.get(name)),
    (match.query_absent ?? []).every((name) => !query.has(name)),
    Object.entries(match.query_matches ?? {}).every(([name, text]) =>
      new RegExp(text).test(query.get(name) ?? ""),
    ),
    match.raw_query === undefined || match.raw_query === search,
    includesAll(match.headers, (name) => String(hit.headers[name.toLowerCase()])),
    (match.header_present ?? []).every((name) => hit.headers[name.toLowerCase()] !== undefined),
    includesAll(match.form, (name) => new URLSearchParams(hit.body).get(name)),
  ].every(Boolean);
}

/** Fills `{{port}}`, `{{http_date now+3s}}`, `{{query.x}}`, `{{path.1}}`, `{{header x}}`, `{{method}}`. */
function fill(text: string, about: FillContext): string {
  return text.replaceAll(/\{\{([^}]+)\}\}/g, (_, word: string) => filled(word.trim(), about));
}

interface FillContext {
  readonly port: number;
  readonly clock: Clockwork;
  readonly hit: CaseHit;
  readonly match: CaseMatch;
}

function filled(word: string, { port, clock, hit, match }: FillContext): string {
  const [, kind = "", sign = "+", seconds = "0"] =
    /^(http_date|epoch) now(?:([+-])(\d+)s)?$/.exec(word) ?? [];
  const atMs = clock.now() + Number(seconds) * (sign === "-" ? -1000 : 1000);
  if (kind === "http_date") return new Date(atMs).toUTCString();
  if (kind === "epoch") return String(Math.floor(atMs / 1000));
  if (word === "port") return String(port);
  if (word === "method") return hit.method;
  const [, source, name = ""] = /^(query|path|header)[. ](.+)$/.exec(word) ?? [];
  if (source === "query") return new URLSearchParams(hit.target.split("?")[1]).get(name) ?? "";
  if (source === "path") {
    return new RegExp(match.path_matches ?? "").exec(hit.path)?.[Number(name)] ?? "";
  }
  if (source === "header") return String(hit.headers[name.toLowerCase()] ?? "");
  throw new Error(`A case has the unknown placeholder ${word}`);
}

/** Makes the lists that `generate` describes; anything else is as it stands. */
function generated(plan: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(plan).map(([name, value]): [string, unknown] => {
    if (typeof value !== "object" || value === null) return [name, value];
    // A case says `{from, count}` for a list of items.
    const { from = 0, count = 0 } = value as { readonly from?: number; readonly count?: number };
    return [name, Array.from({ length: count }, (_, at) => ({ id: from + at }))];
  });
  return Object.fromEntries(entries);
}

function bodyOf(reply: CaseReply, about: FillContext): { type: string | undefined; text: string } {
  const data =
    reply.template ??
    reply.json ??
    (reply.generate === undefined ? undefined : generated(reply.generate));
  if (data === undefined) return { type: undefined, text: reply.text ?? "" };
  return { type: "application/json", text: fill(JSON.stringify(data), about) };
}

/** Chooses answers; a series is counted for each rule, or for each value that `sequence_per` names. */
class Chooser {
  readonly #counts = new Map<string, number>();
  readonly #script: CaseScript;

  constructor(script: CaseScript) {
    this.#script = script;
  }

  choose(hit: CaseHit): { readonly reply: CaseReply; readonly match: CaseMatch } {
    const at = this.#script.rules.findIndex(({ match }) => isMatch(match, hit));
    const rule = this.#script.rules[at];
    if (rule === undefined) return { reply: { status: 599, text: "No rule matches" }, match: {} };
    const { match, respond } = rule;
    const { sequence, sequence_per: per, then, always } = respond;
    if (sequence === undefined) return { reply: always ?? respond, match };
    const by = per === "path" ? hit.path : String(per === undefined ? "" : hit.headers[per]);
    const key = `${at} ${by}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return { reply: sequence[count] ?? then ?? sequence.at(-1) ?? {}, match };
  }
}

function send(reply: CaseReply, about: FillContext, response: http.ServerResponse): void {
  if (reply.close === "after-request" || reply.close === "before-response") {
    response.destroy();
    return;
  }
  const { type, text } = bodyOf(reply, about);
  const headers = Object.fromEntries(
    Object.entries(reply.headers ?? {}).map(([name, value]) => [name, fill(value, about)]),
  );
  const length = reply.status === 204 ? {} : { "content-length": Buffer.byteLength(text) };
  const typed = type === undefined ? {} : { "content-type": type };
  // The server's time is that of the case, as far as it does not say another one.
  const date = new Date(about.clock.now()).toUTCString();
  response.writeHead(reply.status ?? 200, { date, ...typed, ...length, ...headers });
  if (reply.close !== "mid-body") return void response.end(text);
  response.write(text, () => response.destroy());
}

/** Starts the server of a case on a free port of 127.0.0.1. */
export async function startCaseServer(
  script: CaseScript,
  clock: Clockwork = { now: () => Date.now(), monotonicMs: () => performance.now() },
): Promise<CaseServer> {
  const hits: CaseHit[] = [];
  const chooser = new Chooser(script);
  let inFlight = 0;
  let maxInFlight = 0;
  const serve = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> => {
    maxInFlight = Math.max(maxInFlight, ++inFlight);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const target = request.url ?? "";
    const hit: CaseHit = {
      method: request.method ?? "",
      target,
      path: target.split("?")[0] ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      atMs: clock.monotonicMs(),
    };
    hits.push(hit);
    if (script.delay_ms !== undefined) await Bun.sleep(script.delay_ms);
    inFlight -= 1;
    const { reply, match } = chooser.choose(hit);
    send(reply, { port, clock, hit, match }, response);
  };
  const server = http.createServer((request, response) => {
    // The client went away in the middle of its request.
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // address() is a string for pipes only, and this server listens on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    hits,
    get maxInFlight() {
      return maxInFlight;
    },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
