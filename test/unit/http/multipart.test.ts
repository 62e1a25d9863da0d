import { expect, test } from "bun:test";
import { collectBytes, utf8 } from "../../../lib/base/bytes.ts";
import { type Body, bodyLength, readBody, textBody } from "../../../lib/http/body.ts";
import { encodeForm } from "../../../lib/http/form.ts";
import {
  checkBoundary,
  multipartBody,
  multipartType,
  newBoundary,
  type Part,
} from "../../../lib/http/multipart.ts";

async function textOf(body: Body): Promise<string> {
  return new TextDecoder().decode(await collectBytes(readBody(body)));
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield utf8(text);
}

test("multipartBody() writes the parts in order", async () => {
  const parts: Part[] = [
    { name: "one", body: textBody("1") },
    { name: "f", filename: "a.txt", contentType: "text/plain", body: textBody("A\n") },
  ];
  expect(await textOf(multipartBody(parts, "XX"))).toBe(
    [
      '--XX\r\nContent-Disposition: form-data; name="one"\r\n\r\n1\r\n',
      '--XX\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n',
      "Content-Type: text/plain\r\n\r\nA\n\r\n",
      "--XX--\r\n",
    ].join(""),
  );
});

test("multipartBody() is read by the platform's own parser, with names that break quoting", async () => {
  const names = ['a"b', "ž🐎", "back\\slash", "semi;colon=x"];
  const parts = names.map((name) => ({ name, filename: name, body: textBody(name) }));
  const response = new Response(await textOf(multipartBody(parts, "b")), {
    headers: { "content-type": multipartType("multipart/form-data", "b") },
  });
  const form = await response.formData();
  expect([...form.keys()]).toEqual(["a%22b", "ž🐎", "back\\slash", "semi;colon=x"]);
});

test("multipartBody() lets no name start a header line", async () => {
  const evil = 'x"\r\nX-Evil: 1\r\n\r\n--b';
  const text = await textOf(
    multipartBody([{ name: evil, filename: evil, body: textBody("") }], "b"),
  );
  expect(text).toContain('name="x%22%0D%0AX-Evil: 1%0D%0A%0D%0A--b"');
  expect(text.split("\r\n")).toHaveLength(6);
});

test("multipartBody() with a streamed part knows its exact length and can be read twice", async () => {
  const body = multipartBody(
    [
      { name: "t", body: textBody("é") },
      {
        name: "s",
        body: { kind: "stream", lengthBytes: 4, replayable: true, open: () => chunks("ab", "cd") },
      },
    ],
    "b",
  );
  const first = await textOf(body);
  expect(await textOf(body)).toBe(first);
  expect(first).toContain("\r\n\r\nabcd\r\n--b--\r\n");
  expect(bodyLength(body)).toBe(utf8(first).byteLength);
  expect(body).toMatchObject({ kind: "stream", replayable: true });
});

test("multipartBody() with a part of unknown length has none, and is read once", () => {
  const body = multipartBody(
    [{ name: "s", body: { kind: "stream", replayable: false, open: () => chunks("x") } }],
    "b",
  );
  expect(bodyLength(body)).toBeUndefined();
  expect(body).toMatchObject({ kind: "stream", replayable: false });
});

test.each([
  { name: "an empty one", boundary: "" },
  { name: "one of 71 characters", boundary: "x".repeat(71) },
  { name: "a space at its end", boundary: "x " },
  { name: "a line break", boundary: "x\r\ny" },
  { name: "a quote", boundary: 'x"y' },
  { name: "text beyond ASCII", boundary: "é" },
])("checkBoundary() refuses $name", ({ boundary }) => {
  expect(() => checkBoundary(boundary)).toThrow(
    expect.objectContaining({ code: "USAGE_BAD_VALUE" }),
  );
});

test("multipartType() quotes a boundary that is no token", () => {
  expect(multipartType("multipart/form-data", checkBoundary("a b:c"))).toBe(
    'multipart/form-data; boundary="a b:c"',
  );
  expect(multipartType("multipart/mixed", "abc")).toBe("multipart/mixed; boundary=abc");
});

test("newBoundary() makes a token of random bytes", () => {
  expect(newBoundary((count) => new Uint8Array(count).fill(171))).toBe("ab".repeat(16));
});

test("encodeForm() keeps order and repeats, and encodes what HTTPie encodes", () => {
  const pairs = [
    ["a", "two words"],
    ["a[b]", "!'()*~-._"],
    ["a", "é&=+%"],
    ["", ""],
  ] as const;
  expect(encodeForm(pairs)).toBe("a=two+words&a%5Bb%5D=%21%27%28%29%2A~-._&a=%C3%A9%26%3D%2B%25&=");
});

test("encodeForm() writes half a surrogate pair as a replacement character", () => {
  expect(encodeForm([["a", "\ud800"]])).toBe("a=%EF%BF%BD");
});
