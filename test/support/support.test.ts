import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { compareRequest } from "./compare-request.ts";
import type { WantedRequest } from "./cli-cases.ts";
import { closedPort, type Reply, startServer } from "./loopback-server.ts";
import { answerOnce, isWholeRequest, startRawServer } from "./raw-server.ts";
import { runProgram, startProgram } from "./run-cli.ts";

// The tools are what every other test believes, so they are tested from the liar's side.

describe("startServer()", () => {
  test("plays replies in order and repeats the last", async () => {
    using server = await startServer({ replies: [{ body: "a" }, { status: 404 }], hits: 3 });
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push((await fetch(server.url)).status);
    expect(seen).toEqual([200, 404, 404]);
  });

  test("records target, header case and order, repeats and body", async () => {
    using server = await startServer({ replies: [{}] });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      "PUT /a/../b%2F?q=1&q=%C3%A9 HTTP/1.1\r\nhost: x\r\nX-CaSe: 1\r\nx-case: 2\r\ncontent-length: 2\r\n\r\nhi",
    );
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    const [hit] = server.hits;
    expect(hit).toMatchObject({
      method: "PUT",
      target: "/a/../b%2F?q=1&q=%C3%A9",
      path: "/a/../b%2F",
      query: [
        ["q", "1"],
        ["q", "é"],
      ],
      text: "hi",
      connection: 1,
    });
    expect(hit?.headers.slice(1, 3)).toEqual([
      ["X-CaSe", "1"],
      ["x-case", "2"],
    ]);
    expect(hit?.header("x-CASE")).toBe("1, 2");
  });

  test("complains about a request nobody expected", async () => {
    const server = await startServer({ routes: { "/known": {} } });
    await fetch(`${server.url}/known`);
    expect((await fetch(`${server.url}/other`)).status).toBe(599);
    expect(() => server[Symbol.dispose]()).toThrow("unexpected: GET /other");
  });

  test("complains about any request to a server without a script", async () => {
    const server = await startServer();
    await fetch(server.url);
    expect(() => server[Symbol.dispose]()).toThrow("unexpected: GET /");
  });

  test.each<{
    name: string;
    script: Parameters<typeof startServer>[0];
    asks: number;
    says: string;
  }>([
    { name: "a reply too few", script: { replies: [{}, {}] }, asks: 1, says: "1 of 2 replies" },
    { name: "a request too many", script: { replies: [{}] }, asks: 2, says: "unexpected: GET /" },
    { name: "a route never asked", script: { routes: { "/x": {} } }, asks: 0, says: "/x" },
    { name: "another number", script: { replies: [{}], hits: 3 }, asks: 2, says: "expected 3" },
    {
      name: "a handler that throws",
      script: {
        routes: {
          "/": () => {
            throw new Error("oops");
          },
        },
      },
      asks: 1,
      says: "oops",
    },
  ])("complains about $name", async ({ script, asks, says }) => {
    const server = await startServer(script);
    const signal = AbortSignal.timeout(200);
    for (let i = 0; i < asks; i++) await fetch(server.url, { signal }).catch(() => undefined);
    expect(() => server[Symbol.dispose]()).toThrow(says);
  });

  test("a failed assertion is not hidden by the complaint that follows it", async () => {
    const server = await startServer({ replies: [{}] });
    const run = (): void => {
      using _server = server;
      throw new Error("the assertion");
    };
    expect(run).toThrow("the assertion");
  });

  test("numbers connections", async () => {
    using server = await startServer({ replies: [{}, {}] });
    await fetch(server.url, { headers: { connection: "close" } });
    await fetch(server.url, { headers: { connection: "close" } });
    expect(server.hits.map((hit) => hit.connection)).toEqual([1, 2]);
  });
});

describe("startRawServer()", () => {
  test("records the exact bytes and answers with exact bytes", async () => {
    using server = await startRawServer(
      answerOnce("HTTP/1.1 299 Odd\r\nContent-Length: 1\r\n\r\n!"),
    );
    const response = await fetch(`${server.url}/x`, { method: "POST", body: "é" });
    expect([response.status, await response.text()]).toEqual([299, "!"]);
    expect(server.connections[0]?.text()).toStartWith("POST /x HTTP/1.1\r\n");
    expect(server.connections[0]?.text()).toEndWith("\r\n\r\n\xc3\xa9");
  });

  test.each([
    { name: "a head without a body", text: "GET / HTTP/1.1\r\n\r\n", want: true },
    { name: "half a head", text: "GET / HTTP/1.1\r\n", want: false },
    { name: "a whole body", text: "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", want: true },
    { name: "half a body", text: "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nhi", want: false },
    {
      name: "all chunks",
      text: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      want: true,
    },
    {
      name: "chunks without the last",
      text: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
      want: false,
    },
  ])("isWholeRequest() of $name", ({ text, want }) => {
    expect(isWholeRequest(text)).toBe(want);
  });
});

describe("runProgram()", () => {
  const kind = ["sh", "-c", "test -t 0 && echo terminal; readlink /proc/$$/fd/0 || echo none"];

  test.each([
    { name: "null", stdin: "null" as const, want: /^\/dev\/null\n$/ },
    { name: "a closed descriptor", stdin: "closed" as const, want: /^none\n$/ },
    { name: "an open pipe", stdin: "pipe-open" as const, want: /^pipe:/ },
    { name: "a socket", stdin: "socket" as const, want: /^socket:/ },
    { name: "a pipe with data", stdin: { pipe: "x" }, want: /^pipe:/ },
    { name: "a file", stdin: { file: "x" }, want: /^\/.*\/stdin\n$/ },
  ])("gives $name as standard input", async ({ stdin, want }) => {
    expect((await runProgram(kind, { stdin })).stdout).toMatch(want);
  });

  test("gives a terminal of 80 columns", async () => {
    const script = "test -t 0 && test -t 1 && stty size; test -t 2 || echo apart";
    const result = await runProgram(["sh", "-c", script], { stdin: "terminal", tty: true });
    expect(result.stdout).toBe("24 80\r\napart\r\n");
  });

  test("passes bytes, status and errors through, and arguments as they are", async () => {
    const script = 'cat; printf "%s|" "$@"; echo wrong >&2; exit 7';
    const argv = ["sh", "-c", script, "sh", "a b", "", "'\"$x`*"];
    const result = await runProgram(argv, { stdin: { chunks: ["1", "2"], gapMs: 5 } });
    expect(result).toMatchObject({ stdout: "12a b||'\"$x`*|", stderr: "wrong\n", exit: 7 });
  });

  test("hands on nothing of the environment but PATH", async () => {
    process.env["HTTP_PROXY"] = "http://proxy.test";
    try {
      const { stdout } = await runProgram(["env"], { env: { EXTRA: "1", LANG: undefined } });
      expect(stdout).not.toMatch(/^(?:HTTP_PROXY|NO_COLOR|LANG)=/m);
      expect(stdout).toMatch(/^EXTRA=1$/m);
    } finally {
      delete process.env["HTTP_PROXY"];
    }
  });

  test("reports a signal as 128 and its number", async () => {
    const running = startProgram(["sh", "-c", "echo ready; exec sleep 30"]);
    while (!running.stdoutSoFar().includes("ready")) await Bun.sleep(2);
    running.signal("SIGINT");
    expect((await running.result).exit).toBe(130);
  });

  test("kills what does not end in time, with all its children", async () => {
    const run = runProgram(["sh", "-c", "echo begun; sleep 30; true"], { timeoutMs: 200 });
    expect(run).rejects.toThrow("begun");
    await run.catch(() => undefined);
  });
});

test("closedPort() refuses connections", async () => {
  expect(fetch(`http://127.0.0.1:${await closedPort()}`)).rejects.toThrow();
});

describe("compareRequest()", () => {
  const multipart =
    '--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n';

  async function hitOf(path: string, init: RequestInit) {
    const reply: Reply = {};
    using server = await startServer({ replies: [reply] });
    await fetch(server.url + path, init);
    const [hit] = server.hits;
    if (hit === undefined) throw new Error("no hit");
    return hit;
  }

  test.each<{
    name: string;
    body: string;
    type?: string;
    right: WantedRequest;
    wrong: WantedRequest;
  }>([
    { name: "method", body: "", right: { method: "PUT" }, wrong: { method: "POST" } },
    { name: "path", body: "", right: { path: "/p" }, wrong: { path: "/P" } },
    { name: "target", body: "", right: { target: "/p?a=1" }, wrong: { target: "/p" } },
    { name: "query", body: "", right: { query: [["a", "1"]] }, wrong: { query: [] } },
    { name: "JSON", body: '{"a":[1]}', right: { json: { a: [1] } }, wrong: { json: { a: [2] } } },
    { name: "no JSON", body: "é", right: { body: "é" }, wrong: { json: {} } },
    {
      name: "form",
      body: "a=1+2",
      right: { form: [["a", "1 2"]] },
      wrong: { form: [["a", "1+2"]] },
    },
    { name: "deflate", body: "", right: { body: "" }, wrong: { deflated_json: {} } },
    {
      name: "headers",
      body: "",
      right: { headers: { "X-A": "1" }, headers_prefix: { "x-a": "" }, headers_absent: ["x-b"] },
      wrong: { headers_absent: ["x-a"] },
    },
    {
      name: "parts",
      body: multipart,
      type: "multipart/form-data; boundary=b",
      right: { multipart: [{ name: "f", filename: "a.txt", type: "text/plain", text: "hi" }] },
      wrong: { multipart: [{ name: "f", filename: null }] },
    },
  ])("tells a right $name from a wrong one", async ({ body, type = "text/x", right, wrong }) => {
    const headers = { "X-A": "1", "Content-Type": type };
    const hit = await hitOf("/p?a=1", { method: "PUT", body, headers });
    expect(compareRequest(hit, right)).toEqual([]);
    expect(compareRequest(hit, wrong)).toHaveLength(1);
  });
});
