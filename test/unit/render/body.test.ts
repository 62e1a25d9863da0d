import { expect, test } from "bun:test";
import { concatBytes, utf8 } from "../../../lib/base/bytes.ts";
import { hasUnsafe } from "../../../lib/base/sanitize.ts";
import { renderExchange } from "../../../lib/render/write.ts";
import {
  pipeOptions,
  printed,
  sampleExchange,
  type SampleOptions,
  terminalOptions,
} from "./sample.ts";

type Chunks = readonly (string | Uint8Array | Error)[];

/** What a terminal gets of a body. */
function shown(
  chunks: Chunks,
  { type, ...options }: SampleOptions & { readonly type?: string | undefined } = {},
): Promise<string> {
  const headers = type === undefined ? [] : [["Content-Type", type] as const];
  return printed(sampleExchange({ headers, chunks }), terminalOptions({ print: "b", ...options }));
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const HIRAGANA = bytes(0x82, 0xa0);

test.each<{ name: string; chunks: Chunks; type?: string; options?: SampleOptions; want: string }>([
  { name: "UTF-8 without a charset", chunks: ["é"], type: "text/plain", want: "é\n" },
  {
    name: "other bytes of a text as windows-1252",
    chunks: [bytes(0xe9, 0x80)],
    type: "text/plain",
    want: "é€\n",
  },
  {
    name: "the charset of Content-Type",
    chunks: [HIRAGANA],
    type: "text/plain; charset=shift_jis",
    want: "あ\n",
  },
  {
    name: "a quoted charset",
    chunks: [HIRAGANA],
    type: 'text/plain; x=1; Charset="Shift_JIS"',
    want: "あ\n",
  },
  {
    name: "--response-charset over it",
    chunks: [HIRAGANA],
    type: "text/plain; charset=utf-8",
    options: { responseCharset: "sjis" },
    want: "あ\n",
  },
  {
    name: "a byte order mark over Content-Type, and does not show it",
    chunks: [bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa9)],
    type: "text/plain; charset=latin1",
    want: "é\n",
  },
  {
    name: "UTF-16 by its mark, NUL included",
    chunks: [bytes(0xff, 0xfe, 0x41, 0), bytes(0x3d), bytes(0xd8, 0, 0xde)],
    want: "A😀\n",
  },
  {
    name: "UTF-16 by Content-Type",
    chunks: [bytes(0, 0x41)],
    type: "text/plain; charset=utf-16be",
    want: "A\n",
  },
  {
    name: "a charset nobody knows as if none was given",
    chunks: ["é"],
    type: "text/plain; charset=x-evil",
    want: "é\n",
  },
  {
    name: "the encoding of an XML declaration",
    chunks: ['<?xml version="1.0" encoding="shift_jis"?><a>', HIRAGANA, "</a>"],
    type: "text/xml",
    want: '<?xml version="1.0" encoding="shift_jis"?>\n<a>あ</a>\n',
  },
  {
    name: "the charset of an HTML meta element",
    chunks: ['<meta charset="shift_jis">', HIRAGANA],
    type: "text/html",
    want: '<meta charset="shift_jis">あ\n',
  },
  {
    name: "the charset of an http-equiv",
    chunks: ['<meta http-equiv=content-type content="text/html; charset=shift_jis">', HIRAGANA],
    type: "text/html",
    want: '<meta http-equiv=content-type content="text/html; charset=shift_jis">あ\n',
  },
  {
    name: "no UTF-16 that an ASCII document claims",
    chunks: ['<meta charset="utf-16">é'],
    type: "text/html",
    want: '<meta charset="utf-16">é\n',
  },
  {
    name: "a character cut between chunks",
    chunks: [bytes(0x61, 0xf0, 0x9f), bytes(0x98), bytes(0x80, 0x62)],
    type: "text/plain",
    want: "a😀b\n",
  },
  {
    name: "an unfinished character at the end",
    chunks: ["a", bytes(0xe2, 0x82)],
    type: "text/plain",
    want: "aâ‚\n",
  },
  {
    name: "broken bytes of a known charset as marks",
    chunks: [bytes(0xff, 0x61, 0xe2)],
    type: "text/plain; charset=utf-8",
    want: "\ufffda\ufffd\n",
  },
  { name: "JSON without a type", chunks: ['{"a":1}'], want: '{\n    "a": 1\n}\n' },
  {
    name: "a problem as JSON",
    chunks: ['{"a":1}'],
    type: "application/problem+json; charset=utf-8",
    want: '{\n    "a": 1\n}\n',
  },
  {
    name: "--response-mime over Content-Type",
    chunks: ["<a><b/></a>"],
    type: "application/octet-stream",
    options: { responseMime: "application/xml" },
    want: "<a>\n  <b/>\n</a>\n",
  },
  {
    name: "the charset of Content-Type with --response-mime",
    chunks: [HIRAGANA],
    type: "application/octet-stream; charset='shift_jis'",
    options: { responseMime: "text/plain" },
    want: "あ\n",
  },
  {
    name: "SVG as text",
    chunks: ["<svg><g/></svg>"],
    type: "image/svg+xml",
    want: "<svg>\n  <g/>\n</svg>\n",
  },
  {
    name: "JSON lines one by one",
    chunks: ['{"a": 1}\n{"b"', ": [1, 2]}\nnope\n\n3"],
    type: "application/x-ndjson",
    want: '{"a":1}\n{"b":[1,2]}\nnope\n\n3\n',
  },
  {
    name: "a form as it is",
    chunks: ["a=1&b=%20"],
    type: "application/x-www-form-urlencoded",
    want: "a=1&b=%20\n",
  },
])("a terminal gets $name", async ({ chunks, type, options, want }) => {
  expect(await shown(chunks, { type, ...options })).toBe(want);
});

test.each<{ name: string; chunks: Chunks; type?: string; options?: SampleOptions; want: string }>([
  {
    name: "escape sequences in text",
    chunks: ["\u001b[2J\u001b]52;c;eA==\u0007"],
    type: "text/plain",
    want: "\\x1b[2J\\x1b]52;c;eA==\\x07\n",
  },
  {
    name: "C1 controls of Latin-1",
    chunks: [bytes(0x9b, 0x32, 0x4a)],
    type: "text/plain; charset=x-user-defined",
    want: "\uf79b2J\n",
  },
  {
    name: "C1 controls in UTF-8",
    chunks: [bytes(0xc2), bytes(0x9b, 0x32, 0x4a)],
    type: "text/plain",
    want: "\\x9b2J\n",
  },
  {
    name: "a CR that overwrites, and CR LF cut in two",
    chunks: ["a\rb\r", "\nc"],
    type: "text/plain",
    want: "a\\x0db\nc\n",
  },
  {
    name: "controls in a JSON string",
    chunks: ['{"a":"\u009b\u202e"}'],
    type: "application/json",
    want: '{\n    "a": "\\u009b\\u202e"\n}\n',
  },
  {
    name: "invalid JSON",
    chunks: ['{"a":"\u001b[31m"}'],
    type: "application/json",
    want: '{"a":"\\x1b[31m"}\n',
  },
  {
    name: "XML text, names and comments",
    chunks: ["<a>\u001b<!--\u202e--></a>"],
    type: "text/xml",
    want: "<a>\\x1b<!--\\u202e--></a>\n",
  },
  { name: "HTML", chunks: ["<p>\u202e"], type: "text/html", want: "<p>\\u202e\n" },
  {
    name: "server-sent events",
    chunks: ["data: \u001b[31m\n\n"],
    type: "text/event-stream",
    want: "data: \\x1b[31m\n\n",
  },
  {
    name: "a line of JSON lines",
    chunks: ['{"a":"\u202e"}\n\u001b\n'],
    type: "application/jsonl",
    want: '{"a":"\\u202e"}\n\\x1b\n',
  },
  {
    name: "a NUL after the first bytes",
    chunks: ["a".repeat(9000), "\0"],
    type: "text/plain",
    want: `${"a".repeat(9000)}\\x00\n`,
  },
  {
    name: "escape sequences that another charset hides",
    chunks: [utf8("+ABs-"), bytes(0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42, 0x1b, 0x5b)],
    type: "text/plain; charset=iso-2022-jp",
    want: "+ABs-あ\ufffd[\n",
  },
])("a terminal is safe from $name", async ({ chunks, type, options, want }) => {
  for (const isStreamed of [false, true]) {
    if (isStreamed && type === "text/xml") continue;
    const text = await shown(chunks, { type, ...options, isStreamed });
    expect(hasUnsafe(text)).toBe(false);
    if (!isStreamed) expect(text).toBe(want);
  }
});

test("colour in a pipe makes text safe too, for it is meant for a terminal", async () => {
  const pretty = { isFormatted: false, isColored: true };
  const exchange = sampleExchange({
    headers: [["Content-Type", "text/plain"]],
    chunks: ["\u001b"],
  });
  expect(await printed(exchange, pipeOptions({ pretty }))).toBe("\\x1b");
});

test("formatting in a pipe gives UTF-8 and changes no other text", async () => {
  const pretty = { isFormatted: true, isColored: false };
  const headers = [["Content-Type", "text/plain; charset=shift_jis"]] as const;
  const exchange = sampleExchange({ headers, chunks: [HIRAGANA, "\u001b"] });
  expect(await printed(exchange, pipeOptions({ pretty }))).toBe("あ\u001b");
});

const NOTE = "| NOTE: binary data not shown in terminal |\n";
test.each<{ name: string; chunks: Chunks; type?: string; want: string }>([
  {
    name: "a binary type",
    chunks: ["PNG"],
    type: "image/png",
    want: "| image/png, 3 bytes                      |\n",
  },
  {
    name: "a NUL in text",
    chunks: ["a", "b\0c"],
    type: "text/plain",
    want: "| text/plain, 4 bytes                     |\n",
  },
  {
    name: "bytes that are no UTF-8 and of no type",
    chunks: [bytes(0xff, 0xfe - 1)],
    want: "| 2 bytes                                 |\n",
  },
  {
    name: "a body too long to count",
    chunks: ["\0", "x".repeat(20_000)],
    type: "text/plain",
    want: "| text/plain, size not known              |\n",
  },
])("a terminal gets a note for $name", async ({ chunks, type, want }) => {
  const text = await shown(chunks, { type });
  expect(text).toContain(`${NOTE}${want}| Save it with --output FILE              |\n`);
});

test("the note takes the size from Content-Length, and closes the body", async () => {
  const closed: string[] = [];
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(1024);
    } finally {
      closed.push("source");
    }
  }
  const headers = [
    ["Content-Type", "video/mp4"],
    ["Content-Length", "5000000000"],
  ] as const;
  const exchange = sampleExchange({ headers, cancel: () => void closed.push("connection") });
  const body = { ...exchange.body, chunks: endless() };
  const text = await printed({ ...exchange, body }, terminalOptions({ print: "b" }));
  expect(text).toContain("| video/mp4, 5,000,000,000 bytes          |\n");
  expect(closed).toEqual(["connection", "source"]);
});

test("the note calls the size of a content coding compressed", async () => {
  const headers = [
    ["Content-Encoding", "br"],
    ["Content-Length", "99"],
  ] as const;
  const exchange = sampleExchange({ headers, chunks: ["\0", "x".repeat(20_000)] });
  expect(await printed(exchange, terminalOptions({ print: "b" }))).toContain(
    "| 99 bytes compressed ",
  );
});

test("a body over the cap is printed safe and unformatted, with one warning", async () => {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const chunks = ['{"a":"\u202e",', '"b":', "1}"];
  const text = await shown(chunks, { type: "application/json", maxBodyBytes: 10, warn });
  expect(text).toBe('{"a":"\\u202e","b":1}\n');
  expect(warnings).toHaveLength(1);
  expect(await shown(chunks, { type: "application/json", maxBodyBytes: 19, warn })).toContain(
    "\n    ",
  );
  expect(warnings).toHaveLength(1);
});

/** Pieces in the order they come, with "next" where the next chunk was asked for. */
async function traced(chunks: readonly string[], type: string, isStreamed: boolean) {
  const trace: string[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) {
      trace.push("next");
      yield utf8(chunk);
    }
  }
  const exchange = sampleExchange({ headers: [["Content-Type", type]] });
  const body = { ...exchange.body, chunks: source() };
  const options = terminalOptions({ print: "b", isStreamed });
  for await (const piece of renderExchange({ ...exchange, body }, options))
    if (piece !== "") trace.push(String(piece));
  return trace;
}

test.each<{
  name: string;
  type: string;
  isStreamed: boolean;
  chunks: string[];
  want: string[];
}>([
  {
    name: "server-sent events",
    type: "text/event-stream",
    isStreamed: false,
    chunks: ["data: 1\n\n", "da", "ta: 2\n\n"],
    want: ["next", "data: 1\n\n", "next", "da", "next", "ta: 2\n\n"],
  },
  {
    name: "text with --stream",
    type: "text/plain",
    isStreamed: true,
    chunks: ["a", "b\n"],
    want: ["next", "a", "next", "b\n"],
  },
  {
    name: "lines of JSON with --stream, each formatted",
    type: "application/json",
    isStreamed: true,
    chunks: ['{"a":1}\n{"b"', ":2}\n"],
    want: ["next", '{\n    "a": 1\n}\n', "next", '{\n    "b": 2\n}\n'],
  },
  {
    name: "JSON lines without --stream",
    type: "application/x-ndjson",
    isStreamed: false,
    chunks: ['{"a":1}\n', '{"b":2}\n'],
    want: ["next", '{"a":1}\n', "next", '{"b":2}\n'],
  },
])("a terminal gets $name as they arrive", async ({ type, isStreamed, chunks, want }) => {
  expect(await traced(chunks, type, isStreamed)).toEqual(want);
});

test("a stream without line ends is not held", async () => {
  const chunk = `"${"x".repeat(400_000)}`;
  const trace = await traced([chunk, chunk, chunk, chunk, '\n{"a":1}\n'], "application/json", true);
  expect(trace.map((piece) => (piece === "next" ? piece : piece.length))).toEqual([
    "next",
    "next",
    "next",
    1_200_003,
    "next",
    "next",
    400_017,
  ]);
});

test("a line of 10 MB of JSON is formatted on a terminal", async () => {
  const text = `[${'{"id":12345,"name":"some text","tags":[1,2,3]},'.repeat(213_000)}0]`;
  const chunks = Array.from({ length: Math.ceil(text.length / 65_536) }, (_, at) =>
    text.slice(at * 65_536, (at + 1) * 65_536),
  );
  const pieces: Uint8Array[] = [];
  const exchange = sampleExchange({ chunks });
  const options = terminalOptions({ print: "b", maxBodyBytes: 100_000_000 });
  for await (const piece of renderExchange(exchange, options))
    pieces.push(typeof piece === "string" ? utf8(piece) : piece);
  const shownText = new TextDecoder().decode(concatBytes(pieces));
  expect(JSON.parse(shownText)).toEqual(JSON.parse(text));
  expect(shownText).toStartWith('[\n    {\n        "id": 12345,');
});
