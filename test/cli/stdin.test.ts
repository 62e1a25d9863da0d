import { describe, expect, test } from "bun:test";
import { startServer } from "../support/loopback-server.ts";
import { type CliOptions, runCli } from "../support/run-cli.ts";
import type { Stdin } from "../support/shell.ts";

// Proves RQ20, RQ21 and RQ22: what standard input means, and that weir never waits for one that
// has nothing to say. A hang fails by the short deadline of each run.

/** One way to start weir and the request it must lead to. */
interface Row {
  readonly name: string;
  readonly stdin: Stdin;
  readonly argv?: readonly string[];
  readonly method: string;
  readonly body: string;
  readonly length?: string;
}

const BYTES = Buffer.from([0, 255, 10, 13, 128]);

const ROWS: readonly Row[] = [
  { name: "/dev/null is no body", stdin: "null", method: "GET", body: "" },
  { name: "a closed descriptor is no body", stdin: "closed", method: "GET", body: "" },
  { name: "an inherited socket is no body", stdin: "socket", method: "GET", body: "" },
  { name: "a terminal is no body", stdin: "terminal", method: "GET", body: "" },
  { name: "an empty pipe is no body", stdin: { pipe: "" }, method: "GET", body: "" },
  { name: "an empty file is no body", stdin: { file: "" }, method: "GET", body: "" },
  { name: "a pipe with data is the body", stdin: { pipe: "é\n" }, method: "POST", body: "é\n" },
  {
    name: "a file with data is the body, with its length",
    stdin: { file: "é\n" },
    method: "POST",
    body: "é\n",
    length: "3",
  },
  {
    name: "a silent pipe that stays open does not hold up a body of items",
    stdin: "pipe-open",
    argv: ["a=1"],
    method: "POST",
    body: '{"a":"1"}',
  },
  {
    name: "-I ignores a pipe with data",
    stdin: { pipe: "data" },
    argv: ["-I"],
    method: "GET",
    body: "",
  },
  {
    name: "-I leaves the items alone",
    stdin: { pipe: "data" },
    argv: ["-I", "a=1"],
    method: "POST",
    body: '{"a":"1"}',
  },
  { name: "@- takes a pipe", stdin: { pipe: "raw" }, argv: ["@-"], method: "POST", body: "raw" },
  { name: "@- takes a file", stdin: { file: "raw" }, argv: ["@-"], method: "POST", body: "raw" },
  {
    name: "@- waits for a writer that takes its time",
    stdin: { chunks: ["one ", "two"], gapMs: 80 },
    argv: ["@-"],
    method: "POST",
    body: "one two",
  },
];

describe.each(["source", "binary"] as const)("weir from %s", (target) => {
  test.each([...ROWS])("$name", async ({ stdin, argv = [], method, body, length }) => {
    using server = await startServer({ replies: [{}] });
    const options: CliOptions = { target, stdin, tty: stdin === "terminal", timeoutMs: 8000 };
    const result = await runCli([`${server.url}/x`, ...argv], options);
    expect(result).toMatchObject({ stderr: "", exit: 0 });
    const [hit] = server.hits;
    expect({ method: hit?.method, body: hit?.text }).toEqual({ method, body });
    if (length !== undefined) expect(hit?.header("Content-Length")).toBe(length);
  });

  test("a typed method keeps the bytes of a pipe", async () => {
    using server = await startServer({ replies: [{}] });
    await runCli(["put", `${server.url}/x`], { target, stdin: { pipe: BYTES } });
    expect(Buffer.from(server.hits[0]?.body ?? [])).toEqual(BYTES);
  });

  test.each([
    { name: "a pipe with data and items", stdin: { pipe: "x" }, argv: ["a=1"] },
    { name: "a file with data and --raw", stdin: { file: "x" }, argv: ["--raw=y"] },
    { name: "@- and items", stdin: { pipe: "x" }, argv: ["@-", "a=1"] },
  ])("two bodies are an error, and nothing is sent: $name", async ({ stdin, argv }) => {
    using server = await startServer();
    const result = await runCli([`${server.url}/x`, ...argv], { target, stdin });
    expect(result).toMatchObject({ stdout: "", exit: 64 });
    expect(result.stderr).not.toBe("");
  });
});
