import type { Socket } from "node:net";
import type { WeirError } from "../base/errors.ts";
import { placeText } from "./errors.ts";
import { type ProxyPlace, proxyError, refusedTunnel } from "./proxy-errors.ts";
import { bytesAsText, toWireText } from "./text.ts";
import type { HostPort, Proxy } from "./wire.ts";

/** Bytes that the answer to CONNECT may have. */
const ANSWER_CAP_BYTES = 64 * 1024;

/** What every answer begins with. */
const START = "HTTP/1.";

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;

/** Returns the value of Proxy-Authorization, undefined when the proxy wants none. */
export function proxyAuthorization({ credentials }: Proxy): string | undefined {
  if (credentials === undefined) return undefined;
  const { user, password } = credentials;
  return `Basic ${btoa(toWireText(`${user}:${password.open()}`))}`;
}

/** A tunnel that is asked for. */
export interface TunnelRequest {
  readonly proxy: Proxy;
  /** What the caller wants to reach; errors name it. */
  readonly target: HostPort;
  /** What the proxy is asked for: the target by name, or one of its addresses. */
  readonly destination: HostPort;
}

/**
 * Asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6).
 *
 * Resolves with the bytes that came after the answer: they belong to the tunnel.
 *
 * @throws {WeirError} NET_PROXY
 */
export async function openTunnel(socket: Socket, request: TunnelRequest): Promise<Uint8Array> {
  const authority = placeText(request.destination);
  const authorization = proxyAuthorization(request.proxy);
  const secret = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${secret}\r\n`, "latin1");
  const { head, rest } = await readHead(socket, request);
  const status = Number(STATUS_LINE.exec(head)?.[1]);
  if (Number.isNaN(status)) throw notHttp(request);
  if (status < 200 || status > 299) throw refusedTunnel(request, status);
  return rest;
}

interface Answer {
  readonly head: string;
  readonly rest: Uint8Array;
}

function readHead(socket: Socket, place: ProxyPlace): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let text = "";
  const onData = (chunk: Uint8Array): void => {
    const before = text.length;
    text += bytesAsText(chunk);
    const end = text.indexOf("\r\n\r\n", Math.max(0, before - 3)) + 4;
    if (end >= 4) resolve({ head: text.slice(0, end), rest: chunk.subarray(end - before) });
    else if (!text.startsWith(START.slice(0, text.length)) || text.length >= ANSWER_CAP_BYTES) {
      reject(notHttp(place));
    }
  };
  const onEnd = (cause?: unknown): void => {
    const facts = cause instanceof Error ? { cause } : {};
    reject(proxyError(place, "closed the connection instead of answering CONNECT", facts));
  };
  const events = [
    ["data", onData],
    ["error", onEnd],
    ["end", onEnd],
    ["close", onEnd],
  ] as const;
  for (const [event, listener] of events) socket.on(event, listener);
  return promise.finally(() => {
    // Paused, or what comes before the next listener is lost.
    socket.pause();
    for (const [event, listener] of events) socket.off(event, listener);
  });
}

function notHttp(place: ProxyPlace): WeirError {
  return proxyError(place, "gave an answer to CONNECT that is not valid HTTP");
}
