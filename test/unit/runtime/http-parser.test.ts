import { expect, test } from "bun:test";
import { codeOf } from "../../../lib/base/errors.ts";
import {
  type AfterHead,
  createResponseParser,
  hasResponseParser,
} from "../../../lib/runtime/http-parser.ts";

interface Parsed {
  readonly told: string[];
  readonly code: string;
}

function parse(packets: readonly string[], after: AfterHead = "body", capBytes = 1000): Parsed {
  const told: string[] = [];
  const parser = createResponseParser(
    {
      onBegin: () => void told.push("begin"),
      onLines: (flat) => void told.push(`lines ${flat.join(",")}`),
      onStatus: ({ status, isKept, isUpgrade }) => {
        told.push(`status ${status}${isKept ? " kept" : ""}${isUpgrade ? " upgrade" : ""}`);
        return status < 200 && after === "body" ? "no body" : after;
      },
      onBody: (chunk) => void told.push(`body ${new TextDecoder().decode(chunk)}`),
      onComplete: () => void told.push("complete"),
    },
    capBytes,
  );
  let code = "";
  for (const packet of packets) code ||= codeOf(parser?.execute(Buffer.from(packet, "latin1")));
  if (code === "") parser?.finish();
  return { told, code };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const TOLD = ["begin", "lines Content-Length,2", "status 200 kept", "body hi", "complete"];

test("the runtime of the product lends its parser", () => {
  expect(hasResponseParser()).toBe(true);
});

test.each<{ name: string; packets: string[]; after?: AfterHead; told: string[]; code?: string }>([
  { name: "a response", packets: [OK], told: TOLD },
  { name: "the start of a second response", packets: [`${OK}HT`], told: [...TOLD, "begin"] },
  {
    name: "bytes after the response",
    packets: [`${OK}zz`],
    told: [...TOLD, "begin"],
    code: "HPE_INVALID_CONSTANT",
  },
  {
    name: "an informational response before it",
    packets: [`HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${OK}`],
    told: ["begin", "lines Link,x", "status 103 kept", "complete", ...TOLD],
  },
  {
    name: "trailers after the status",
    packets: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\n\r\n"],
    told: [
      "begin",
      "lines Transfer-Encoding,chunked",
      "status 200 kept",
      "body hi",
      "lines T,1",
      "complete",
    ],
  },
  {
    name: "no body for HEAD",
    packets: ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"],
    after: "no body",
    told: ["begin", "lines Content-Length,2", "status 200 kept", "complete"],
  },
  {
    name: "a change of the protocol",
    packets: ["HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw"],
    after: "upgrade",
    told: ["begin", "lines Upgrade,x,Connection,upgrade", "status 101 kept upgrade", "complete"],
  },
  {
    name: "a body that ends with the connection",
    packets: ["HTTP/1.0 200 OK\r\n\r\na", "b"],
    told: ["begin", "lines ", "status 200", "body a", "body b", "complete"],
  },
  {
    name: "a head over its cap in many packets",
    packets: ["HTTP/1.1 200 OK\r\nA: ", "a".repeat(900), "a".repeat(900)],
    told: ["begin"],
    code: "HPE_HEADER_OVERFLOW",
  },
])("createResponseParser() tells $name", ({ packets, after, told, code = "" }) => {
  expect(parse(packets, after)).toEqual({ told, code });
});

test("createResponseParser() tells a hundred header lines in order and once", () => {
  const lines = Array.from({ length: 100 }, (_, at) => `H${at}: ${at}\r\n`).join("");
  const { told } = parse([`HTTP/1.1 204 No\r\n${lines}\r\n`], "body", 10_000);
  const flat = told.filter((one) => one.startsWith("lines ")).map((one) => one.slice(6));
  expect(flat.filter(Boolean).join(",")).toBe(
    Array.from({ length: 100 }, (_, at) => `H${at},${at}`).join(","),
  );
});

test("createResponseParser() leaves nothing of one connection to the next", () => {
  const told: string[] = [];
  const open = (name: string) =>
    createResponseParser(
      {
        onBegin: () => void told.push(`${name} begin`),
        onLines: (flat) => void told.push(`${name} ${flat.join(",")}`),
        onStatus: () => "body",
        onBody: (chunk) => void told.push(`${name} ${new TextDecoder().decode(chunk)}`),
        onComplete: () => void told.push(`${name} complete`),
      },
      1000,
    );
  const first = open("first");
  // Half of a second response, which nobody asked for.
  first?.execute(Buffer.from(`${OK}HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Le`));
  first?.release();
  first?.release();
  told.length = 0;
  const [second, third] = [open("second"), open("third")];
  second?.execute(Buffer.from(OK));
  third?.execute(Buffer.from(OK));
  expect(told).toEqual(
    ["second", "third"].flatMap((name) =>
      ["begin", "Content-Length,2", "hi", "complete"].map((one) => `${name} ${one}`),
    ),
  );
});
