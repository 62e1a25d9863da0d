import { expect, test } from "bun:test";
import { answer, listen, requestOf, testTransport, within } from "../support/wire.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const SUPPORT = JSON.stringify(`${import.meta.dir}/../support/wire.ts`);

/** Runs a script that has `url` and the test support, and returns what it prints. */
async function run(url: string, script: string): Promise<string> {
  const prelude = `
    import { fetchAll, requestOf, testTransport } from ${SUPPORT};
    const url = ${JSON.stringify(url)};`;
  const child = Bun.spawn([process.execPath, "-e", prelude + script], { stderr: "inherit" });
  const output = new Response(child.stdout).text();
  await within(child.exited, 10_000);
  return (await output).trim();
}

test.each([
  { name: "keeps no connection", script: "testTransport({ keepAlive: false })" },
  { name: "keeps idle connections", script: "testTransport({ keepAlive: true })" },
])("a process that $name ends as soon as the last body is read", async ({ script }) => {
  await using server = await listen(answer(OK));
  const output = await run(
    server.url,
    `
    const limits = { connectTimeoutMs: 60000, readTimeoutMs: 60000, totalTimeoutMs: 60000 };
    const { text } = await fetchAll(${script}, requestOf(url, { limits }));
    console.log(text);`,
  );
  expect(output).toBe("hi");
});

test("a process ends after close(), whatever was running", async () => {
  await using server = await listen((socket) => void socket.resume());
  const output = await run(
    server.url,
    `
    const transport = testTransport({ keepAlive: true });
    const running = transport.send(requestOf(url)).catch((error) => console.log(error.code));
    setTimeout(() => transport.close(), 50);
    await running;`,
  );
  expect(output).toBe("CANCELLED");
});

test("a process ends when the rest of a body is not wanted", async () => {
  await using server = await listen(answer("HTTP/1.1 200 OK\r\n\r\nendless"));
  const output = await run(
    server.url,
    `
    const response = await testTransport().send(requestOf(url));
    for await (const chunk of response.body.chunks) break;
    console.log("left");`,
  );
  expect(output).toBe("left");
});

test.each([
  { name: "read by a slow reader", encoding: "" },
  { name: "decoded on the way", encoding: "gzip" },
])("a body of 64 MiB $name stays out of memory", async ({ encoding }) => {
  const block = new Uint8Array(1024 * 1024);
  const piece = encoding === "gzip" ? Bun.gzipSync(block) : block;
  await using server = await listen((socket) => {
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: ${encoding}\r\n\r\n`);
      let left = 64;
      const more = (): void => {
        while (left-- > 0) if (!socket.write(piece)) return void socket.once("drain", more);
        socket.end();
      };
      more();
    });
  });
  const output = await run(
    server.url,
    `
    const response = await testTransport().send(requestOf(url));
    let bytes = 0, startMiB = 0, peakMiB = 0, count = 0;
    for await (const chunk of response.body.chunks) {
      bytes += chunk.byteLength;
      const rss = process.memoryUsage.rss() / 1048576;
      startMiB ||= rss;
      peakMiB = Math.max(peakMiB, rss);
      if (count++ % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log(JSON.stringify({ bytes, growthMiB: Math.round(peakMiB - startMiB) }));`,
  );
  const { bytes, growthMiB } = JSON.parse(output);
  expect(bytes).toBe(64 * 1024 * 1024);
  expect(growthMiB).toBeLessThan(48);
});

test("a server that is not read from is held back", async () => {
  let sentBytes = 0;
  const block = new Uint8Array(256 * 1024);
  await using server = await listen((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const more = (): void => {
        while (sentBytes < 256 * 1024 * 1024) {
          sentBytes += block.byteLength;
          if (!socket.write(block)) return void socket.once("drain", more);
        }
      };
      more();
    });
  });
  using transport = testTransport();
  const response = await within(transport.send(requestOf(server.url)));
  await Bun.sleep(200);
  // What the system buffers on loopback is a few MiB.
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  response.body.cancel();
  await within(server.allClosed());
});
