import { describe, expect, test } from "bun:test";
import { callId, readHttpArguments, readToolCall } from "../../../lib/agent/call.ts";
import { findTool, HTTP_TOOLS } from "../../../lib/agent/tools/index.ts";
import { codeAndHint } from "../../support/errors.ts";

const URL_TEXT = "https://api.test/";

describe("PX10 readToolCall() refuses", () => {
  test.each([
    { name: "null", value: null, message: "A call is a JSON object", hint: "http_request" },
    { name: "a list", value: [], message: "A call is a JSON object", hint: "http_request" },
    { name: "a text", value: "GET /", message: "A call is a JSON object", hint: "http_request" },
    { name: "a number", value: 7, message: "A call is a JSON object", hint: "http_request" },
    { name: "no name", value: {}, message: "name of a tool", hint: '"name": "http_request"' },
    { name: "an empty name", value: { name: "" }, message: "name of a tool", hint: "http_request" },
    {
      name: "a name that is a number",
      value: { name: 1 },
      message: "name of a tool",
      hint: "name",
    },
    {
      name: "arguments that are a list",
      value: { name: "http_get", arguments: [] },
      message: '"arguments" is not an object',
      hint: '"arguments": {"url": "…"}',
    },
    {
      name: "arguments in a string",
      value: { name: "http_get", arguments: "{}" },
      message: '"arguments" is not an object',
      hint: '"arguments"',
    },
    {
      name: "a key it does not know, and names the one that is meant",
      value: { name: "http_get", argument: {} },
      message: 'A call has no key "argument"',
      hint: 'Did you mean "arguments"?',
    },
    {
      name: "a key that is like no other, and names all",
      value: { name: "http_get", jsonrpc: "2.0" },
      message: 'A call has no key "jsonrpc"',
      hint: "There are: id, name, arguments",
    },
    {
      name: "a key of a megabyte, and shows its beginning",
      value: { name: "http_get", ["k".repeat(1_000_000)]: 1 },
      message: `"${"k".repeat(80)}"`,
      hint: "There are",
    },
  ])("$name", ({ value, message, hint }) => {
    const refusal = codeAndHint(() => readToolCall(value));
    expect(refusal.code).toBe("DATA_BAD_CALL");
    expect(refusal.message).toContain(message);
    expect(refusal.message.length).toBeLessThan(200);
    expect(refusal.hint).toContain(hint);
  });
});

describe("PX10 readHttpArguments() refuses", () => {
  test.each([
    { name: "no url", given: {}, message: '"url" is missing', hint: "full URL" },
    { name: "an empty url", given: { url: "" }, message: '"url" is missing', hint: "full URL" },
    {
      name: "a url that is a list",
      given: { url: [URL_TEXT] },
      message: '"url"',
      hint: "full URL",
    },
    { name: "a method that is a number", given: { method: 1 }, message: '"method"', hint: '"GET"' },
    { name: "headers in a list", given: { headers: [] }, message: '"headers"', hint: "Accept" },
    { name: "headers in a text", given: { headers: "A: b" }, message: '"headers"', hint: "Accept" },
    {
      name: "a header that is a number",
      given: { headers: { "X-Page": 2 } },
      message: 'Header "X-Page" is not a string',
      hint: 'Write "X-Page": "…", with the value in quotes',
    },
    {
      name: "a header that is a list",
      given: { headers: { Accept: ["a", "b"] } },
      message: 'Header "Accept" is not a string',
      hint: "in quotes",
    },
    {
      name: "a header that is null",
      given: { headers: { Accept: null } },
      message: 'Header "Accept" is not a string',
      hint: "in quotes",
    },
    { name: "a body that is a number", given: { body: 1 }, message: '"body"', hint: '"body": "…"' },
    { name: "a body that is true", given: { body: true }, message: '"body"', hint: '"body"' },
    { name: "a timeout in a text", given: { timeout_secs: "10" }, message: "positive", hint: "10" },
    { name: "a timeout of 0", given: { timeout_secs: 0 }, message: "positive", hint: "10" },
    { name: "a negative timeout", given: { timeout_secs: -1 }, message: "positive", hint: "10" },
    {
      name: "an endless timeout",
      given: { timeout_secs: Infinity },
      message: "positive",
      hint: "10",
    },
    {
      name: "a timeout that is no number",
      given: { timeout_secs: NaN },
      message: "positive",
      hint: "",
    },
    {
      name: "a select that is an object",
      given: { select: {} },
      message: '"select"',
      hint: "$.items",
    },
    {
      name: "an argument of a transport",
      given: { proxy: "http://127.0.0.1:1" },
      message: 'There is no argument "proxy"',
      hint: "There are: method, url, headers, body, timeout_secs, select",
    },
    {
      name: "a misspelt argument",
      given: { header: {} },
      message: 'There is no argument "header"',
      hint: 'Did you mean "headers"?',
    },
    {
      name: "what is no argument but a property of every object",
      given: JSON.parse('{"__proto__": {"url": "x"}}') as object,
      message: 'There is no argument "__proto__"',
      hint: "There are",
    },
  ])("$name", ({ given, message, hint }) => {
    const whole = "url" in given || message.includes("missing") ? {} : { url: URL_TEXT };
    // Object.assign() would set the prototype where the text has the name of it.
    const args = Object.defineProperties(whole, Object.getOwnPropertyDescriptors(given));
    const refusal = codeAndHint(() => readHttpArguments(args));
    expect(refusal.code).toBe("DATA_BAD_CALL");
    expect(refusal.message).toContain(message);
    expect(refusal.hint).toContain(hint);
  });
});

describe("readHttpArguments() reads", () => {
  test("a url alone as a GET without headers and body", () => {
    expect(readHttpArguments({ url: URL_TEXT })).toMatchObject({
      method: "GET",
      url: URL_TEXT,
      headers: [],
      body: { kind: "none" },
    });
  });

  test("null as left out, for every argument that may be", () => {
    const nothing = { method: null, headers: null, body: null, timeout_secs: null, select: null };
    expect(readHttpArguments({ url: URL_TEXT, ...nothing })).toEqual(
      readHttpArguments({ url: URL_TEXT }),
    );
  });

  test("the url as it is written", () => {
    const odd = " HTTPS:\\\\API.test/\t";
    expect(readHttpArguments({ url: odd }).url).toBe(odd);
  });

  test.each([
    { name: "a text", body: "x=1", type: "text/plain; charset=utf-8", sent: "x=1" },
    { name: "an object", body: { a: [1, "ü"] }, type: "application/json", sent: '{"a":[1,"ü"]}' },
    { name: "a list", body: [1, 2], type: "application/json", sent: "[1,2]" },
  ])("$name as a body with its type", ({ body, type, sent }) => {
    const read = readHttpArguments({ url: URL_TEXT, method: "post", body });
    expect(read).toMatchObject({ method: "POST", headers: [["Content-Type", type]] });
    expect(read.body.kind === "bytes" && new TextDecoder().decode(read.body.bytes)).toBe(sent);
  });

  test("a Content-Type of the call in the place of its own, whatever its case", () => {
    const headers = { "content-TYPE": "text/csv" };
    expect(readHttpArguments({ url: URL_TEXT, method: "PUT", headers, body: "a,b" })).toMatchObject(
      {
        headers: [["content-TYPE", "text/csv"]],
      },
    );
  });

  test("seconds as milliseconds", () => {
    expect(readHttpArguments({ url: URL_TEXT, timeout_secs: 0.25 }).timeoutMs).toBe(250);
  });
});

describe("http_get", () => {
  const { read } = findTool("http_get");

  test.each(["method", "body"])("has no argument %s", (name) => {
    const { code, hint } = codeAndHint(() => read({ url: URL_TEXT, [name]: "POST" }));
    expect({ code, hint }).toEqual({
      code: "DATA_BAD_CALL",
      hint: "There are: url, headers, timeout_secs, select",
    });
  });

  test("is a GET", () => {
    expect(read({ url: URL_TEXT }).method).toBe("GET");
  });
});

test("findTool() names the tool that is meant, or all there are", () => {
  expect(codeAndHint(() => findTool("http_reqest")).hint).toBe("Did you mean http_request?");
  expect(codeAndHint(() => findTool("shell")).hint).toBe("The tools are: http_get, http_request");
  expect(codeAndHint(() => findTool("x".repeat(1e6))).message.length).toBeLessThan(200);
});

test("the schema of each tool names exactly the arguments that it reads", () => {
  for (const { read, inputSchema } of HTTP_TOOLS) {
    const { properties = {} } = inputSchema as { properties?: Record<string, unknown> };
    const { hint } = codeAndHint(() => read({ url: URL_TEXT, zzzzzzzzzzzz: 1 }));
    const named = hint.replace("There are: ", "").split(", ");
    expect(Object.keys(properties).toSorted()).toEqual(named.toSorted());
  }
});

test.each([
  { name: "a number", value: { id: 0 }, want: 0 },
  { name: "a text", value: { id: "" }, want: "" },
  { name: "null", value: { id: null }, want: null },
  { name: "an object", value: { id: {} }, want: null },
  { name: "true", value: { id: true }, want: null },
  { name: "nothing", value: {}, want: null },
  { name: "a call that is none", value: 3, want: null },
])("PX11 callId() of $name", ({ value, want }) => {
  expect(callId(value)).toBe(want);
});
