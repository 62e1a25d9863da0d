import { expect, test } from "bun:test";
import { prepare } from "../../../lib/exchange/prepare.ts";
import { NO_BODY, textBody } from "../../../lib/http/body.ts";
import { draftOf } from "../../support/drafts.ts";

const URL_TEXT = "http://one.test:81/p?q=1";
const DEFAULTS = [
  ["User-Agent", "weir"],
  ["Accept", "*/*"],
] as const;
const openNothing = (): AsyncIterable<Uint8Array> => (async function* () {})();

test.each([
  {
    name: "sends Host, the defaults, then the user's lines",
    changes: {
      defaults: DEFAULTS,
      headers: [
        ["x-B", "2"],
        ["X-a", "1"],
        ["x-b", "3"],
      ] as const,
    },
    want: [["Host", "one.test:81"], ...DEFAULTS, ["x-B", "2"], ["X-a", "1"], ["x-b", "3"]],
  },
  {
    name: "lets a typed header replace a default of any case",
    changes: { defaults: DEFAULTS, headers: [["user-agent", "mine"]] as const },
    want: [
      ["Host", "one.test:81"],
      ["Accept", "*/*"],
      ["user-agent", "mine"],
    ],
  },
  {
    name: "leaves out what is unset",
    changes: { defaults: DEFAULTS, unset: ["accept", "host"] },
    want: [["User-Agent", "weir"]],
  },
  {
    name: "keeps a typed Host first, as typed",
    changes: {
      headers: [
        ["X", "1"],
        ["HOST", "front"],
      ] as const,
    },
    want: [
      ["HOST", "front"],
      ["X", "1"],
    ],
  },
  {
    name: "says that a POST is empty",
    changes: { method: "POST", body: NO_BODY },
    want: [
      ["Host", "one.test:81"],
      ["Content-Length", "0"],
    ],
  },
  {
    name: "says nothing of length for OPTIONS without a body",
    changes: { method: "OPTIONS" },
    want: [["Host", "one.test:81"]],
  },
  {
    name: "counts bytes, not characters",
    changes: { body: textBody("é") },
    want: [
      ["Host", "one.test:81"],
      ["Content-Length", "2"],
    ],
  },
  {
    name: "sends a body of unknown length chunked",
    changes: { body: { kind: "stream", replayable: false, open: openNothing } as const },
    want: [
      ["Host", "one.test:81"],
      ["Transfer-Encoding", "chunked"],
    ],
  },
  {
    name: "sends a known body chunked when asked",
    changes: { body: textBody("x"), isChunked: true },
    want: [
      ["Host", "one.test:81"],
      ["Transfer-Encoding", "chunked"],
    ],
  },
  {
    name: "adds no length beside a typed Transfer-Encoding",
    changes: { body: textBody("x"), headers: [["Transfer-Encoding", "chunked"]] as const },
    want: [
      ["Host", "one.test:81"],
      ["Transfer-Encoding", "chunked"],
    ],
  },
])("prepare() $name", ({ changes, want }) => {
  expect(prepare(draftOf(URL_TEXT, changes)).headers).toEqual(want as never);
});

test.each([
  {
    name: "Content-Length beside Transfer-Encoding",
    headers: [
      ["Content-Length", "1"],
      ["transfer-encoding", "chunked"],
    ] as const,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a wrong Content-Length",
    headers: [["content-length", "9"]] as const,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a line break in a value",
    headers: [["X", "a\r\nEvil: 1"]] as const,
    code: "USAGE_BAD_HEADER",
  },
  { name: "a NUL in a value", headers: [["X", "a\u0000"]] as const, code: "USAGE_BAD_HEADER" },
  { name: "a space in a name", headers: [["X Y", "1"]] as const, code: "USAGE_BAD_HEADER" },
  { name: "an empty name", headers: [["", "1"]] as const, code: "USAGE_BAD_HEADER" },
])("prepare() refuses $name", ({ headers, code }) => {
  expect(() => prepare(draftOf(URL_TEXT, { headers, body: textBody("x") }))).toThrow(
    expect.objectContaining({ code }),
  );
});
