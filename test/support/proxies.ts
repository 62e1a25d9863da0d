import * as net from "node:net";
import type * as tls from "node:tls";
import { listen, onRequest, type WireServer } from "./wire.ts";

/** A proxy that keeps what it was asked. */
export interface TestProxy extends WireServer {
  /** Heads of requests, or destinations asked of SOCKS. */
  readonly asked: readonly string[];
}

function join(client: net.Socket, upstream: net.Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  upstream.on("error", () => client.destroy());
  client.on("close", () => upstream.destroy());
}

/** Starts an HTTP proxy whose upstream is always `port` of this machine. */
export async function startHttpProxy(port: number, options?: tls.TlsOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const server = await listen((socket) => {
    let isTunnel = false;
    onRequest(socket, (head) => {
      if (isTunnel) return;
      asked.push(head);
      isTunnel = true;
      const upstream = net.connect(port, "127.0.0.1", () => {
        if (head.startsWith("CONNECT "))
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        else upstream.write(head, "latin1");
        join(socket, upstream);
      });
    });
  }, options);
  return { ...server, asked };
}

/** What a SOCKS5 proxy wants and does. */
export interface SocksOptions {
  readonly user?: string;
  readonly password?: string;
  /** Reply code for a connection, RFC 1928 section 6; 0 is success. */
  readonly reply?: (destination: string) => number;
}

/** Starts a SOCKS5 proxy whose upstream is always `port` of this machine. */
export async function startSocksProxy(
  port: number,
  { user, password, reply = () => 0 }: SocksOptions = {},
): Promise<TestProxy> {
  const asked: string[] = [];
  const server = await listen((socket) => {
    let step: "greeting" | "password" | "request" = "greeting";
    const onData = (data: Buffer): void => {
      if (step === "greeting") {
        const wanted = user === undefined ? 0 : 2;
        const isOffered = data.subarray(2, 2 + (data[1] ?? 0)).includes(wanted);
        socket.write(Buffer.from([5, isOffered ? wanted : 0xff]));
        step = user === undefined ? "request" : "password";
        return;
      }
      if (step === "password") {
        const length = data[1] ?? 0;
        const given = `${data.toString("utf8", 2, 2 + length)}:${data.toString("utf8", 3 + length)}`;
        socket.write(Buffer.from([1, given === `${user}:${password}` ? 0 : 1]));
        step = "request";
        return;
      }
      const destination = destinationOf(data);
      asked.push(destination);
      const code = reply(destination);
      socket.write(Buffer.from([5, code, 0, 1, 127, 0, 0, 1, 0, 0]));
      socket.off("data", onData);
      if (code === 0) join(socket, net.connect(port, "127.0.0.1"));
    };
    socket.on("data", onData);
  });
  return { ...server, asked };
}

function destinationOf(data: Buffer): string {
  const type = data[3];
  if (type === 1) return `ipv4 ${[...data.subarray(4, 8)].join(".")}:${data.readUInt16BE(8)}`;
  if (type === 4) return `ipv6 ${data.subarray(4, 20).toString("hex")}:${data.readUInt16BE(20)}`;
  const end = 5 + (data[4] ?? 0);
  return `name ${data.toString("utf8", 5, end)}:${data.readUInt16BE(end)}`;
}
