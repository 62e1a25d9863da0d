import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import { type Body, NO_BODY } from "../../../lib/http/body.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import { checkRequest, declaredLength } from "../../../lib/transport/check.ts";

const AB: Body = { kind: "bytes", bytes: utf8("ab") };
const UNKNOWN: Body = { kind: "stream", replayable: false, open: () => new ReadableStream() };
const KNOWN: Body = { ...UNKNOWN, lengthBytes: 2 };

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly url?: string;
  readonly headers?: HeaderList;
  readonly body?: Body;
}

function request({
  method = "GET",
  target = "/",
  url = "http://a.test/",
  headers = [],
  body = NO_BODY,
}: Parts) {
  return { method, target, url: new URL(url), headers, body };
}

test.each<Parts & { readonly name: string; readonly code: string }>([
  { name: "an empty method", method: "", code: "USAGE_BAD_METHOD" },
  { name: "a method with a space", method: "GET /", code: "USAGE_BAD_METHOD" },
  { name: "a method with a line break", method: "GET\r\nX", code: "USAGE_BAD_METHOD" },
  { name: "a method beyond ASCII", method: "GÉT", code: "USAGE_BAD_METHOD" },
  { name: "an empty target", target: "", code: "USAGE_BAD_URL" },
  { name: "a target with a space", target: "/a b", code: "USAGE_BAD_URL" },
  { name: "a target with a line break", target: "/\r\nX: 1", code: "USAGE_BAD_URL" },
  { name: "a target with NUL", target: "/\0", code: "USAGE_BAD_URL" },
  { name: "a target with DEL", target: "/\x7f", code: "USAGE_BAD_URL" },
  { name: "a target beyond ASCII", target: "/é", code: "USAGE_BAD_URL" },
  { name: "credentials in the URL", url: "http://u:p@a.test/", code: "USAGE_BAD_URL" },
  { name: "a header name with a colon", headers: [["A:", "b"]], code: "USAGE_BAD_HEADER" },
  { name: "an empty header name", headers: [["", "b"]], code: "USAGE_BAD_HEADER" },
  { name: "a header name with a line break", headers: [["A\n", "b"]], code: "USAGE_BAD_HEADER" },
  { name: "a header value with CR", headers: [["A", "b\rc"]], code: "USAGE_BAD_HEADER" },
  { name: "a header value with LF", headers: [["A", "b\nc"]], code: "USAGE_BAD_HEADER" },
  { name: "a header value with NUL", headers: [["A", "b\0"]], code: "USAGE_BAD_HEADER" },
  {
    name: "two Host headers",
    headers: [
      ["Host", "a"],
      ["host", "a"],
    ],
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "two Content-Length headers",
    headers: [
      ["Content-Length", "2"],
      ["content-length", "2"],
    ],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "two Transfer-Encoding headers",
    headers: [
      ["Transfer-Encoding", "gzip"],
      ["Transfer-Encoding", "chunked"],
    ],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "Content-Length beside Transfer-Encoding",
    headers: [
      ["Content-Length", "2"],
      ["Transfer-Encoding", "chunked"],
    ],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a coding that is not chunked",
    headers: [["Transfer-Encoding", "gzip"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "chunked before another coding",
    headers: [["Transfer-Encoding", "chunked, gzip"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "chunked twice",
    headers: [["Transfer-Encoding", "chunked, chunked"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a word with chunked in it",
    headers: [["Transfer-Encoding", "xchunked"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a length that is no number",
    headers: [["Content-Length", "0x2"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a list of lengths",
    headers: [["Content-Length", "2, 2"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a length that differs from the bytes",
    headers: [["Content-Length", "3"]],
    body: AB,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a length that differs from the stream's",
    headers: [["Content-Length", "3"]],
    body: KNOWN,
    code: "USAGE_BAD_FRAMING",
  },
  {
    name: "a length without a body",
    headers: [["Content-Length", "3"]],
    code: "USAGE_BAD_FRAMING",
  },
  { name: "a body without a length", body: AB, code: "USAGE_BAD_FRAMING" },
  { name: "a stream without a length", body: UNKNOWN, code: "USAGE_BAD_FRAMING" },
])("checkRequest() refuses $name", ({ code, ...parts }) => {
  expect(() => checkRequest(request(parts))).toThrow(expect.objectContaining({ code }));
});

test("checkRequest() never repeats the value of a header", () => {
  try {
    checkRequest(request({ headers: [["Authorization", "s3cret\n"]] }));
  } catch (error) {
    expect(Bun.inspect(error)).not.toContain("s3cret");
  }
});

test.each<Parts & { readonly name: string; readonly length: number | undefined }>([
  { name: "no body and no header", length: 0 },
  { name: "a POST of nothing", method: "POST", headers: [["Content-Length", "0"]], length: 0 },
  { name: "bytes with their length", headers: [["content-length", "2"]], body: AB, length: 2 },
  {
    name: "bytes in chunks",
    headers: [["Transfer-Encoding", "CHUNKED"]],
    body: AB,
    length: undefined,
  },
  {
    name: "gzip in chunks",
    headers: [["Transfer-Encoding", "gzip, chunked"]],
    body: AB,
    length: undefined,
  },
  {
    name: "a stream in chunks",
    headers: [["Transfer-Encoding", "chunked"]],
    body: UNKNOWN,
    length: undefined,
  },
  {
    name: "a stream whose length the user vouches for",
    headers: [["Content-Length", "7"]],
    body: UNKNOWN,
    length: 7,
  },
  { name: "a header value beyond ASCII", headers: [["A", "é\t😀"]], length: 0 },
])("checkRequest() takes $name", ({ length, ...parts }) => {
  checkRequest(request(parts));
  expect(declaredLength(request(parts))).toBe(length);
});
