import { expect, test } from "bun:test";
import { codeOf } from "../../../lib/base/errors.ts";
import { connectBunSocket, hasAbandonedConnects } from "../../../lib/runtime/bun-socket.ts";
import type { NativeSocket, NativeTlsOptions } from "../../../lib/runtime/runtime.ts";
import { eventually, identity, listen, pem, type Serve, within } from "../../support/wire.ts";

async function connected(port: number): Promise<NativeSocket> {
  const socket = connectBunSocket({ address: "127.0.0.1", port });
  await within(
    new Promise<void>((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("error", reject);
    }),
  );
  return socket;
}

/** Everything a socket tells, one word an event. */
function journal(socket: NativeSocket): { readonly told: string[]; readonly text: () => string } {
  const told: string[] = [];
  let text = "";
  socket.on("data", (bytes) => (text += new TextDecoder().decode(bytes)));
  for (const event of ["drain", "end", "close"] as const) socket.on(event, () => told.push(event));
  socket.on("error", (error) => told.push(`error ${codeOf(error)}`));
  return { told, text: () => text };
}

test("it tells nothing before somebody resumes it, and loses nothing", async () => {
  await using server = await listen((socket) => socket.end("hello"));
  const socket = await connected(server.port);
  await eventually(() => server.sockets[0]?.writableFinished === true);
  const { told, text } = journal(socket);
  expect(text()).toBe("");
  socket.resume();
  await eventually(() => told.includes("close"));
  expect(text()).toBe("hello");
  expect(told).toEqual(["end", "close"]);
});

test("a paused socket holds the sender back, and gets all of it with the end after it", async () => {
  const size = 30_000_000;
  await using server = await listen((socket) => socket.end(Buffer.alloc(size)));
  const socket = await connected(server.port);
  let count = 0;
  let isOver = false;
  socket.on("data", (bytes) => {
    count += bytes.byteLength;
    if (count > 1_000_000) socket.pause();
  });
  socket.on("end", () => (isOver = true));
  socket.resume();
  await eventually(() => count > 1_000_000);
  expect(server.sockets[0]?.writableFinished).toBe(false);
  expect(count).toBeLessThan(size);
  await eventually(() => {
    socket.resume();
    return isOver;
  });
  expect(count).toBe(size);
});

test("write() says when there is no room, sends all in order, and tells drain once", async () => {
  let received = 0;
  let isInOrder = true;
  await using server = await listen((socket) => {
    socket.pause();
    socket.on("data", (chunk) => {
      for (let at = 0; at < chunk.length; at += 4096) {
        isInOrder &&= chunk[at] === Math.floor((received + at) / 1_000_000) % 256;
      }
      received += chunk.length;
    });
  });
  const socket = await connected(server.port);
  const { told } = journal(socket);
  const rooms = Array.from({ length: 20 }, (_, at) => socket.write(Buffer.alloc(1_000_000, at)));
  expect(rooms.at(-1)).toBe(false);
  server.sockets[0]?.resume();
  await eventually(() => received === 20_000_000);
  expect(isInOrder).toBe(true);
  expect(told).toEqual(["drain"]);
  socket.destroy();
});

test("destroy() tells the other side at once, and then only close", async () => {
  await using server = await listen((socket) => socket.resume());
  const socket = await connected(server.port);
  const { told } = journal(socket);
  socket.resume();
  socket.destroy();
  expect(socket.destroyed).toBe(true);
  await within(server.allClosed());
  expect(told).toEqual(["close"]);
  expect(socket.write(Buffer.from("late"))).toBe(false);
});

test("a reset is an error with the code of the system, then close", async () => {
  await using server = await listen((socket) => setImmediate(() => socket.resetAndDestroy()));
  const socket = await connected(server.port);
  const { told } = journal(socket);
  socket.resume();
  await eventually(() => told.includes("close"));
  expect(told).toEqual(["error ECONNRESET", "close"]);
});

test("a refused connection is an error with code and syscall", async () => {
  const server = await listen(() => undefined);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const socket = connectBunSocket({ address: "127.0.0.1", port });
  const error = await new Promise<Error>((resolve) => socket.on("error", resolve));
  expect(error).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
});

test("a connection that is given up while it is made is known until it is over", async () => {
  await using server = await listen((socket) => socket.resume());
  const socket = connectBunSocket({ address: "127.0.0.1", port: server.port });
  const { told } = journal(socket);
  socket.destroy();
  expect(hasAbandonedConnects()).toBe(true);
  await eventually(() => !hasAbandonedConnects());
  await within(server.allClosed());
  expect(told).toEqual(["close"]);
});

const GREETING: Serve = (socket) => void socket.write("hello");

async function secure(port: number, options: Partial<NativeTlsOptions> = {}) {
  const socket = await connected(port);
  const { text } = journal(socket);
  const started = socket.startTls({
    serverName: "localhost",
    authorities: pem("authority"),
    ...options,
  });
  return { socket, text, version: await within(started) };
}

test("startTls() verifies, and the bytes after it are not the ciphertext", async () => {
  await using server = await listen(GREETING, identity("server"));
  const { socket, text, version } = await secure(server.port);
  expect(version).toBe("TLSv1.3");
  socket.resume();
  await eventually(() => text() === "hello");
  socket.destroy();
});

test.each<{ name: string; code: string; server: string; options?: Partial<NativeTlsOptions> }>([
  { name: "another name", code: "ERR_TLS_CERT_ALTNAME_INVALID", server: "wrong-name" },
  { name: "an expired certificate", code: "CERT_HAS_EXPIRED", server: "expired" },
  { name: "one from the future", code: "CERT_NOT_YET_VALID", server: "not-yet-valid" },
  { name: "a self-signed one", code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", server: "self-signed" },
  {
    name: "an authority that is not built in",
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    server: "server",
    options: { authorities: undefined },
  },
])("startTls() refuses $name and closes", async ({ code, server: name, options }) => {
  await using server = await listen(GREETING, identity(name));
  const error: unknown = await secure(server.port, options).catch((caught: unknown) => caught);
  expect(codeOf(error)).toBe(code);
  await within(server.allClosed());
});

test.each(["garbage", "", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])(
  "startTls() throws at once for authorities that cannot be read: %j",
  async (authorities) => {
    await using server = await listen(GREETING, identity("server"));
    const socket = await connected(server.port);
    expect(() => socket.startTls({ serverName: "localhost", authorities })).toThrow();
    socket.destroy();
    await within(server.allClosed());
  },
);

test("NODE_TLS_REJECT_UNAUTHORIZED does not reach startTls()", async () => {
  await using server = await listen(GREETING, identity("self-signed"));
  const script = `
    import { connectBunSocket } from "${import.meta.dir}/../../../lib/runtime/bun-socket.ts";
    const socket = connectBunSocket({ address: "127.0.0.1", port: ${server.port} });
    socket.on("connect", () => {
      const started = socket.startTls({ serverName: "localhost" });
      started.then(() => console.log("accepted"), (error) => console.log(error.code));
    });
  `;
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
  });
  expect((await new Response(child.stdout).text()).trim()).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test.each<{ name: string; server: string; options: Partial<NativeTlsOptions> }>([
  { name: "below the least version", server: "TLSv1.2", options: { minVersion: "TLSv1.3" } },
  { name: "above the highest version", server: "TLSv1.3", options: { maxVersion: "TLSv1.2" } },
  { name: "with TLS 1.1 by default", server: "TLSv1.1", options: {} },
])("startTls() refuses a server $name", async ({ server: version, options }) => {
  const only = { minVersion: version, maxVersion: version } as { minVersion: "TLSv1.2" };
  await using server = await listen(GREETING, { ...identity("server"), ...only });
  const error: unknown = await secure(server.port, options).catch((caught: unknown) => caught);
  expect(codeOf(error)).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
});

test("startTls() offers http/1.1 and no other protocol", async () => {
  const only = { ...identity("server"), ALPNProtocols: ["h2"] };
  await using server = await listen(GREETING, only);
  const error: unknown = await secure(server.port).catch((caught: unknown) => caught);
  expect(codeOf(error)).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
});
