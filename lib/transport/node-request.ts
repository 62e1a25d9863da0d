import { type Agent, type ClientRequest, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { absoluteForm } from "./absolute-form.ts";
import type { Link } from "./dial.ts";
import { HEADER_CAP_BYTES } from "./exchange-rules.ts";
import type { Sink } from "./pump.ts";
import { toWireText } from "./text.ts";
import type { WireRequest } from "./wire.ts";

/** Returns the socket of a link that node:http is to use. */
export function nodeSocket({ socket }: Link): Socket {
  // The dialler of this engine makes no native sockets, see DialerOptions.
  return socket as Socket;
}

/** Starts a request on the connection of a link; nothing is sent before its body or its end. */
export function openRequest(request: WireRequest, link: Link): ClientRequest {
  const socket = nodeSocket(link);
  const { absoluteFor } = link;
  const { target, headers } =
    absoluteFor === undefined ? request : absoluteForm(request, absoluteFor);
  const outgoing = httpRequest({
    agent: agentOf(socket),
    method: request.method,
    path: target,
    headers: headers.flatMap(([name, value]) => [name, toWireText(value)]),
    setHost: false,
    setDefaultHeaders: false,
    maxHeaderSize: request.limits.headerCapBytes ?? HEADER_CAP_BYTES,
  });
  // A tunnel hands its socket over paused, so that nothing is lost in between.
  outgoing.once("socket", () => socket.resume());
  // Its own limit of 2000 drops the rest in silence; ours is checked when the head is there.
  outgoing.maxHeadersCount = 0;
  return outgoing;
}

/** Returns the least of an agent that node:http accepts: it hands over a connected socket. */
function agentOf(socket: Socket): Agent {
  const agent = {
    keepAlive: true,
    defaultPort: 80,
    protocol: "http:",
    options: {},
    addRequest: (outgoing: ClientRequest) => outgoing.onSocket(socket),
  };
  // @ts-expect-error -- node:http asks of an agent for no more than this, though its type does.
  return agent;
}

/** Returns the sending side of a request. */
export function sinkOf(outgoing: ClientRequest): Sink {
  return {
    write(chunk) {
      if (outgoing.write(chunk) || outgoing.destroyed) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          outgoing.off("drain", done);
          outgoing.off("close", done);
          resolve();
        };
        outgoing.on("drain", done);
        outgoing.on("close", done);
      });
    },
  };
}
