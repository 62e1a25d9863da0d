import { expect, test } from "bun:test";
import { judgeBody, judgeHeaders, judgeMethod } from "../../../lib/guard/headers.ts";
import { NO_BODY, textBody } from "../../../lib/http/body.ts";

function ruleFor(name: string, value: string, url = "https://api.test/a"): string | undefined {
  return judgeHeaders({ headers: [[name, value]], url: new URL(url) })?.rule;
}

test.each([
  "Accept",
  "Authorization",
  "Cookie",
  "Content-Type",
  "Content-Encoding",
  "Range",
  "If-None-Match",
  "User-Agent",
  "X-Api-Key",
  "X-Request-Id",
  "X-Original",
  "Realm",
])("D12 judgeHeaders() lets a call set %s", (name) => {
  expect(ruleFor(name, "x")).toBeUndefined();
});

test.each([
  { group: "connection", names: ["Connection", "Content-Length", "Transfer-Encoding", "TE"] },
  { group: "connection", names: ["Trailer", "Upgrade", "Keep-Alive", "Expect", "HTTP2-Settings"] },
  { group: "connection", names: ["transfer_encoding", "CONTENT_LENGTH"] },
  { group: "proxy", names: ["Proxy-Authorization", "Proxy-Connection", "proxy_anything"] },
  { group: "routing", names: ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"] },
  { group: "routing", names: ["X-Original-URL", "X-Rewrite-URL", "X-Original-Host", "X-Real-IP"] },
  { group: "routing", names: ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] },
  { group: "routing", names: ["x_forwarded_for", "X-Envoy-Original-Path", "CF-Connecting-IP"] },
  { group: "metadata", names: ["Metadata-Flavor", "Metadata", "X-aws-ec2-metadata-token"] },
  { group: "metadata", names: ["X-aws-ec2-metadata-token-ttl-seconds", "Metadata-Token"] },
  { group: "metadata", names: ["X-aliyun-ecs-metadata-token", "X-Google-Metadata-Request"] },
])("D12 judgeHeaders() refuses $names", ({ group, names }) => {
  expect(names.map((name) => ruleFor(name, "1"))).toEqual(names.map(() => `header:${group}`));
});

test.each([
  { name: "the host of the URL", value: "api.test", want: undefined },
  { name: "the host in capitals", value: "API.Test", want: undefined },
  { name: "the host with its own port", value: "api.test:443", want: undefined },
  { name: "another host", value: "internal.test", want: "header:host" },
  { name: "another port", value: "api.test:8443", want: "header:host" },
  { name: "nothing", value: "", want: "header:host" },
])("D12 judgeHeaders() compares Host with the URL: $name", ({ value, want }) => {
  expect(ruleFor("Host", value)).toBe(want);
});

test.each([
  { name: "an empty name", line: ["", "x"], want: "header:name" },
  { name: "a space in a name", line: ["x a", "x"], want: "header:name" },
  { name: "a line break in a name", line: ["x\r\nhost", "x"], want: "header:name" },
  { name: "a secret in a name", line: ["{{secret:gh}}", "x"], want: "header:name" },
  { name: "CRLF in a value", line: ["x-a", "1\r\nhost: evil"], want: "header:value" },
  { name: "LF in a value", line: ["x-a", "1\nx"], want: "header:value" },
  { name: "NUL in a value", line: ["x-a", "\0"], want: "header:value" },
  { name: "a lone surrogate in a value", line: ["x-a", "\ud800"], want: "header:value" },
] as const)("D12 judgeHeaders() refuses $name", ({ line: [name, value], want }) => {
  expect(ruleFor(name, value)).toBe(want);
});

test("D15 judgeHeaders() takes 64 KiB of headers and no more", () => {
  const fit = 65_536 - "x-a".length - 4;
  expect(ruleFor("x-a", "v".repeat(fit))).toBeUndefined();
  expect(ruleFor("x-a", "v".repeat(fit + 1))).toBe("header:size");
  const url = new URL("https://api.test/");
  const headers = Array.from({ length: 70 }, (_, at) => [`x-${at}`, "v".repeat(1000)] as const);
  expect(judgeHeaders({ headers, url })?.rule).toBe("header:size");
});

test("judgeHeaders() never prints a value", () => {
  const url = new URL("https://api.test/");
  const denial = judgeHeaders({ headers: [["Proxy-Authorization", "Basic SECRET"]], url });
  expect(JSON.stringify(denial)).not.toContain("SECRET");
});

test("PX10 judgeMethod() takes the seven methods in capitals", () => {
  const seven = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
  expect(seven.map((method) => judgeMethod(method))).toEqual(seven.map(() => undefined));
  for (const method of ["CONNECT", "TRACE", "PROPFIND", "get", "", "GET "]) {
    expect(judgeMethod(method)).toMatchObject({ code: "POLICY_DENIED", rule: "method" });
  }
});

test.each([
  { name: "none for GET", method: "GET", body: NO_BODY, want: undefined },
  { name: "empty text for GET", method: "GET", body: textBody(""), want: undefined },
  { name: "text for GET", method: "GET", body: textBody("x"), want: "POLICY_BODY" },
  { name: "text for HEAD", method: "HEAD", body: textBody("x"), want: "POLICY_BODY" },
  { name: "text for DELETE", method: "DELETE", body: textBody("x"), want: undefined },
  { name: "text for POST", method: "POST", body: textBody("x"), want: undefined },
])("D12 judgeBody() on $name", ({ method, body, want }) => {
  expect(judgeBody({ method, body })?.code).toBe(want);
});
