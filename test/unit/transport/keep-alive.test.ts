import { expect, test } from "bun:test";
import { utf8 } from "../../../lib/base/bytes.ts";
import {
  answer,
  eventually,
  failure,
  fetchAll,
  listen,
  onRequest,
  requestOf,
  testTransport,
  within,
} from "../../support/wire.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

test("one connection serves many requests, one after the other", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true });
  for (let count = 0; count < 20; count += 1) {
    expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
  }
  expect(server.sockets).toHaveLength(1);
});

test("a connection is closed after the body when it is not to be kept", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: false });
  await within(fetchAll(transport, requestOf(server.url)));
  await within(server.allClosed());
});

test.each([
  { name: "a server that says close", head: "HTTP/1.1 200 OK\r\nConnection: close\r\n" },
  { name: "HTTP/1.0", head: "HTTP/1.0 200 OK\r\n" },
])("a connection is not used again after $name", async ({ head }) => {
  await using server = await listen(answer(`${head}Content-Length: 2\r\n\r\nhi`));
  using transport = testTransport({ keepAlive: true });
  await within(fetchAll(transport, requestOf(server.url)));
  await within(fetchAll(transport, requestOf(server.url)));
  expect(server.sockets).toHaveLength(2);
});

test("a connection is not used again after a request that says close", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true });
  const headers = [
    ["Host", "a"],
    ["Connection", "close"],
  ] as const;
  await within(fetchAll(transport, requestOf(server.url, { headers })));
  await within(server.allClosed());
});

test("what a response leads to does not go on a connection that ends behind it, unannounced", async () => {
  await using server = await listen(answer(OK, "end"));
  using transport = testTransport({ keepAlive: true });
  for (let count = 1; count <= 10; count += 1) {
    const request = requestOf(server.url, { isFollowUp: true });
    expect((await within(fetchAll(transport, request))).text).toBe("hi");
    expect(server.sockets).toHaveLength(count);
  }
});

test("an idle connection that the server closes is not used again", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true });
  await within(fetchAll(transport, requestOf(server.url)));
  server.sockets[0]?.end();
  await within(server.allClosed());
  expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
  expect(server.sockets).toHaveLength(2);
});

test("what comes on an idle connection never becomes the next answer", async () => {
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true });
  await within(fetchAll(transport, requestOf(server.url)));
  server.sockets[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  await within(server.allClosed());
  expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
});

test("bytes after a response never become the next answer", async () => {
  const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  await using server = await listen(answer(OK + evil));
  using transport = testTransport({ keepAlive: true });
  for (let count = 0; count < 5; count += 1) {
    expect((await within(fetchAll(transport, requestOf(server.url)))).text).toBe("hi");
  }
});

test("a POST on a kept connection that dies is sent once, and fails", async () => {
  let posts = 0;
  await using server = await listen((socket) => {
    onRequest(socket, (head) => {
      if (!head.startsWith("POST")) {
        socket.write(OK);
        return;
      }
      posts += 1;
      socket.destroy();
    });
  });
  using transport = testTransport({ keepAlive: true });
  await within(fetchAll(transport, requestOf(server.url)));
  const error = await failure(
    fetchAll(
      transport,
      requestOf(server.url, {
        method: "POST",
        headers: [["Content-Length", "1"]],
        body: { kind: "bytes", bytes: utf8("x") },
      }),
    ),
  );
  expect(error).toMatchObject({ code: "NET_CLOSED", details: { isReused: true } });
  expect({ posts, connections: server.sockets.length }).toEqual({ posts: 1, connections: 1 });
});

test.each(["GET", "PUT"])(
  "a %s that times out on a kept connection is sent once",
  async (method) => {
    let hits = 0;
    const clock = fakeClock();
    await using server = await listen((socket) => {
      onRequest(socket, () => {
        hits += 1;
        if (hits === 1) socket.write(OK);
      });
    });
    using transport = testTransport({ keepAlive: true, clock });
    await within(fetchAll(transport, requestOf(server.url)));
    const request = requestOf(server.url, { method, limits: { readTimeoutMs: 1000 } });
    const second = failure(fetchAll(transport, request));
    await eventually(() => hits === 2);
    clock.advance(1000);
    expect((await second).code).toBe("TIMEOUT_READ");
    await within(server.allClosed());
    expect({ hits, connections: server.sockets.length }).toEqual({ hits: 2, connections: 1 });
  },
);

test("a connection that was idle for a minute is not used again", async () => {
  const clock = fakeClock();
  await using server = await listen(answer(OK));
  using transport = testTransport({ keepAlive: true, clock });
  await within(fetchAll(transport, requestOf(server.url)));
  clock.advance(60_000);
  await within(fetchAll(transport, requestOf(server.url)));
  expect(server.sockets).toHaveLength(2);
});

test("two clients share no connection", async () => {
  await using server = await listen(answer(OK));
  using one = testTransport({ keepAlive: true });
  using other = testTransport({ keepAlive: true });
  await within(fetchAll(one, requestOf(server.url)));
  expect((await within(fetchAll(other, requestOf(server.url)))).connection.isReused).toBe(false);
});

test("many requests at once use many connections, and each gets its own answer", async () => {
  await using server = await listen((socket) => {
    onRequest(socket, (head) => {
      const path = head.split(" ")[1] ?? "";
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
    });
  });
  using transport = testTransport({ keepAlive: true, maxSockets: 8 });
  const paths = Array.from({ length: 200 }, (_, at) => `/${at}`);
  const texts = await within(
    Promise.all(
      paths.map(
        async (path) => (await fetchAll(transport, requestOf(`${server.url}${path}`))).text,
      ),
    ),
  );
  expect(texts).toEqual(paths);
  expect(server.sockets.length).toBeLessThanOrEqual(8);
});
