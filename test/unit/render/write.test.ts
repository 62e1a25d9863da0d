import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { textBody } from "../../../lib/http/body.ts";
import { parseFormatOptions } from "../../../lib/render/pretty.ts";
import { renderExchange } from "../../../lib/render/write.ts";
import {
  chunksOf,
  outputBytes,
  pipeOptions,
  printed,
  printedOffline,
  sampleExchange,
  sampleHop,
  type SampleOptions,
  sampleRequest,
  type SampleResponse,
  terminalOptions,
} from "./sample.ts";

const POST = sampleRequest({
  method: "POST",
  headers: [
    ["Host", "api.test"],
    ["Content-Type", "application/json"],
  ],
  body: textBody('{"a":1}'),
});
const REDIRECT = sampleHop(
  { status: 302, reason: "Found", headers: [["Location", "/x"]] },
  utf8("moved"),
);
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
const GET = "GET /x?q=1 HTTP/1.1\r\nHost: api.test\r\n\r\n";
const POSTED = "POST /x?q=1 HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n\r\n";

// The bytes between the parts follow HTTPie 3.2.1; where it leaves more than one empty line, one.
test.each<{ name: string; given?: SampleResponse; options?: SampleOptions; want: string }>([
  { name: "the body alone, untouched", want: '{"b":1}' },
  { name: "the head with an empty line", options: { print: "h" }, want: HEAD },
  { name: "head and body", options: { print: "hb" }, want: `${HEAD}{"b":1}` },
  { name: "the request head", options: { print: "H" }, want: GET },
  { name: "both heads of a request without a body", options: { print: "HBh" }, want: GET + HEAD },
  {
    name: "one empty line between request and response",
    given: { request: POST },
    options: { print: "HBhb" },
    want: `${POSTED}{"a":1}\n\n${HEAD}{"b":1}`,
  },
  {
    name: "one empty line after a request body that ends its line",
    given: { request: { ...POST, body: textBody("x\n") } },
    options: { print: "Bb" },
    want: 'x\n\n{"b":1}',
  },
  {
    name: "metadata after one empty line",
    options: { print: "bm" },
    want: '{"b":1}\n\nElapsed time: 0.123457s\nDNS: 1.3 ms\nConnect: 0.4 ms\nFirst byte: 20.0 ms\nAddress: 192.0.2.1:80\nConnection: new\nHTTP version: 1.1\nReceived: 7 bytes of body, 7 bytes decoded\n',
  },
  {
    name: "the last response of a chain",
    given: { earlier: [REDIRECT] },
    options: { print: "hb" },
    want: `${HEAD}{"b":1}`,
  },
  {
    name: "all requests of a chain",
    given: { earlier: [REDIRECT] },
    options: { print: "Hh" },
    want: GET + GET + HEAD,
  },
  {
    name: "every response with --all, set apart",
    given: { earlier: [REDIRECT] },
    options: { print: "hb", showAll: true },
    want: `HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nmoved\n\n${HEAD}{"b":1}`,
  },
  {
    name: "lines as on the wire even when a hook put a line break into a value",
    given: { headers: [["X", "a\r\nY: b"]] },
    options: { print: "h" },
    want: "HTTP/1.1 200 OK\r\nX: a\\x0d\\x0aY: b\r\n\r\n",
  },
  { name: "nothing when nothing was asked for", options: { print: "" }, want: "" },
])("renderExchange() in a pipe prints $name", async ({ given, options, want }) => {
  const exchange = sampleExchange({ chunks: ['{"b":1}'], ...given });
  expect(await printed(exchange, pipeOptions(options))).toBe(want);
});

test.each<{ name: string; given?: SampleResponse; options?: SampleOptions; want: string }>([
  {
    name: "head and formatted body, and ends the line",
    want: 'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\n    "b": 1\n}\n',
  },
  {
    name: "no second line end",
    given: { chunks: ["x\n"], headers: [["Content-Type", "text/plain"]] },
    options: { print: "b" },
    want: "x\n",
  },
  {
    name: "nothing after the head of an empty body",
    given: { chunks: [], headers: [["Content-Type", "image/png"]] },
    want: "HTTP/1.1 200 OK\nContent-Type: image/png\n\n",
  },
  {
    name: "sorted headers when asked",
    given: {
      chunks: [],
      headers: [
        ["b", "1"],
        ["A", "2"],
        ["b", "0"],
      ],
    },
    options: { formatOptions: parseFormatOptions("headers.sort:true") },
    want: "HTTP/1.1 200 OK\nA: 2\nb: 1\nb: 0\n\n",
  },
  {
    name: "an unformatted body with --pretty=none",
    options: { print: "b", pretty: { isFormatted: false, isColored: false } },
    want: '{"b":1}\n',
  },
  {
    name: "invalid JSON as it is",
    given: { chunks: ['{"b":'] },
    options: { print: "b" },
    want: '{"b":\n',
  },
  {
    name: "a reason and a protocol version that attack the terminal, made safe",
    given: { chunks: [], reason: "\u001b]0;owned\u0007", headers: [["X\u202e", "\u009b2J"]] },
    want: "HTTP/1.1 200 \\x1b]0;owned\\x07\nX\\u202e: \\x9b2J\n\n",
  },
  {
    name: "no space after a status without a reason",
    given: { chunks: [], reason: "", headers: [] },
    want: "HTTP/1.1 200\n\n",
  },
])("renderExchange() on a terminal prints $name", async ({ given, options, want }) => {
  const exchange = sampleExchange({ chunks: ['{"b":1}'], ...given });
  expect(await printed(exchange, terminalOptions(options))).toBe(want);
});

test("renderExchange() colours status, names and body by role", async () => {
  const options = terminalOptions({ pretty: { isFormatted: true, isColored: true } });
  const exchange = sampleExchange({ status: 404, reason: "Not Found", chunks: ["[1]"] });
  expect(await printed(exchange, options)).toBe(
    "\u001b[34mHTTP/1.1\u001b[0m \u001b[31m404 Not Found\u001b[0m\n" +
      "\u001b[36mContent-Type\u001b[0m: application/json\n\n[\n    \u001b[36m1\u001b[0m\n]\n",
  );
});

test("renderExchange() hands bytes of a pipe on untouched and as they come", async () => {
  const chunks = [new Uint8Array([0xff, 0x00]), new Uint8Array([0x1b, 0xfe])];
  const pieces: unknown[] = [];
  for await (const piece of renderExchange(sampleExchange({ chunks }), pipeOptions()))
    pieces.push(piece);
  expect(pieces[0]).toBe(chunks[0]);
  expect(pieces[1]).toBe(chunks[1]);
});

test("renderExchange() does not touch the body when it is not printed", async () => {
  const exchange = sampleExchange({ chunks: [new Error("read")] });
  expect(await printed(exchange, pipeOptions({ print: "h" }))).toBe(HEAD);
});

test("renderExchange() asks for the time after the body", async () => {
  let elapsedMs = 0;
  async function* slow(): AsyncGenerator<Uint8Array> {
    elapsedMs = 2000;
    yield utf8("x");
  }
  const exchange = sampleExchange();
  const body = { ...exchange.body, chunks: slow() };
  const options = pipeOptions({ print: "bm", elapsedMs: () => elapsedMs });
  expect(await printed({ ...exchange, body }, options)).toStartWith(
    "x\n\nElapsed time: 2.000000s\n",
  );
});

test("renderExchange() prints metadata of every hop, and a line each without --all", async () => {
  const exchange = sampleExchange({ earlier: [REDIRECT], request: POST });
  const short = await printed(exchange, pipeOptions({ print: "m" }));
  expect(short).toContain(
    "Hops: 2\nHop 1: GET http://api.test/x?q=1 302, DNS 1.3 ms, Connect 0.4 ms, First byte 20.0 ms\n",
  );
  const all = await printed(exchange, pipeOptions({ print: "m", showAll: true }));
  expect(all).toStartWith("Elapsed time: 0.020000s\nDNS: 1.3 ms\n");
  expect(all.split("\n\n")).toHaveLength(2);
});

test("renderExchange() masks requests and never the response", async () => {
  const mask = (name: string, value: string): string => value.replaceAll("s3cret", `[${name}]`);
  const request = sampleRequest({
    target: "/?key=s3cret",
    headers: [["Authorization", "Bearer s3cret"]],
    body: textBody("pin=s3cret"),
  });
  const headers = [["X", "s3cret"]] as const;
  const exchange = sampleExchange({ request, headers, chunks: ["s3cret"] });
  expect(await printed(exchange, pipeOptions({ print: "HBhb", mask }))).toBe(
    "GET /?key=[:path] HTTP/1.1\r\nAuthorization: Bearer [Authorization]\r\n\r\npin=[:body]\n\n" +
      "HTTP/1.1 200 OK\r\nX: s3cret\r\n\r\ns3cret",
  );
});

test("renderExchange() masks the URL of earlier hops in metadata", async () => {
  const exchange = sampleExchange({ earlier: [REDIRECT] });
  const options = pipeOptions({ print: "m", mask: (name, value) => value.replace("q=1", name) });
  expect(await printed(exchange, options)).toContain("Hop 1: GET http://api.test/x?:path 302");
});

const streamed = (text: string, replayable: boolean) =>
  ({
    kind: "stream",
    lengthBytes: text.length,
    replayable,
    open: () => chunksOf([text]),
  }) as const;

test.each([
  { name: "shows a small one that can be read again", body: streamed("up", true), want: "up" },
  {
    name: "notes one that was read",
    body: streamed("up", false),
    want: "| NOTE: body from a stream, 2 bytes, not shown |\n",
  },
  {
    name: "notes a large one",
    body: { ...streamed("up", true), lengthBytes: 2_000_000 },
    want: "| NOTE: body from a stream, 2,000,000 bytes, not shown |\n",
  },
  {
    name: "notes one of unknown length",
    body: { ...streamed("up", true), lengthBytes: undefined },
    want: "| NOTE: body from a stream, not shown |\n",
  },
])("renderExchange() $name: a request body from a stream", async ({ body, want }) => {
  const exchange = sampleExchange({ request: sampleRequest({ body }) });
  expect(await printed(exchange, pipeOptions({ print: "B" }))).toContain(want);
});

test("renderOffline() prints a request that nc can send, its stream included", async () => {
  const request = { ...POST, body: streamed("\u001bup", false) };
  expect(await printedOffline(request, pipeOptions({ print: "HB" }))).toBe(`${POSTED}\u001bup`);
});

test("renderOffline() formats and ends the line on a terminal", async () => {
  expect(await printedOffline(POST, terminalOptions({ print: "HB" }))).toBe(
    'POST /x?q=1 HTTP/1.1\nHost: api.test\nContent-Type: application/json\n\n{\n    "a": 1\n}\n',
  );
});

test("renderOffline() notes a compressed body on a terminal", async () => {
  const request = sampleRequest({
    headers: [["Content-Encoding", "deflate"]],
    body: textBody("x"),
  });
  expect(await printedOffline(request, terminalOptions({ print: "B" }))).toContain("NOTE: binary");
});

test("renderExchange() prints what came before a body broke off, then throws", async () => {
  const broken = new WeirError("BODY_LENGTH", "cut");
  for (const chunks of [[broken], ['{"a":', broken], ["x".repeat(20_000), broken]]) {
    const seen: string[] = [];
    const run = async (): Promise<void> => {
      for await (const piece of renderExchange(sampleExchange({ chunks }), terminalOptions()))
        seen.push(String(piece));
    };
    expect(await run().catch((error: unknown) => error)).toBe(broken);
    expect(seen.join("")).toContain(chunks.slice(0, -1).join(""));
  }
});

test("renderExchange() closes the body when its reader stops", async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield utf8("line\n");
    } finally {
      isClosed = true;
    }
  }
  const exchange = sampleExchange({ headers: [["Content-Type", "text/event-stream"]] });
  const body = { ...exchange.body, chunks: endless() };
  for await (const piece of renderExchange(
    { ...exchange, body },
    terminalOptions({ print: "b" }),
  )) {
    expect(piece).toBe("line\n");
    break;
  }
  expect(isClosed).toBe(true);
});

test("renderExchange() leaves bytes that are no text whole when formatting goes to a pipe", async () => {
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x00, 0x0d, 0x0a]);
  const exchange = sampleExchange({ headers: [["Content-Type", "image/png"]], chunks: [bytes] });
  const options = pipeOptions({ pretty: { isFormatted: true, isColored: true } });
  expect(await outputBytes(renderExchange(exchange, options))).toEqual(bytes);
});

test("metadata alone is of the whole response: a body that breaks off is told", async () => {
  const broken = new WeirError("NET_TRUNCATED", "cut");
  const exchange = sampleExchange({ chunks: ["half", broken] });
  const failure = await printed(exchange, pipeOptions({ print: "m" })).catch(
    (error: unknown) => error,
  );
  expect(failure).toBe(broken);
});

test("metadata alone does not wait for the end of a stream of events", async () => {
  const headers = [["Content-Type", "text/event-stream; charset=utf-8"]] as const;
  const exchange = sampleExchange({ headers, chunks: [new Error("read")] });
  expect(await printed(exchange, pipeOptions({ print: "m" }))).toEndWith(
    "Received: 0 bytes of body\n",
  );
});
