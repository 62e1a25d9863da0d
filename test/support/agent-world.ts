import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import type { Agent } from "../../lib/agent/agent.ts";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { type AgentRuntime, openAgent } from "../../lib/agent/open.ts";
import type { AuditRecord } from "../../lib/audit/record.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { nodeParts } from "../../lib/runtime/node.ts";
import type { Address, ConnectOptions, Network } from "../../lib/runtime/runtime.ts";
import { isWholeRequest } from "./raw-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { runtime } from "./wire.ts";

// An agent in a world of its own: a configuration file, a resolver that plays answers, and servers
// on loopback that stand in for every address of the internet.

/** A request as it arrived at the stand-in. */
export interface Arrival {
  readonly method: string;
  readonly target: string;
  /** Host header without the port. */
  readonly host: string;
  /** Values by lower-case name, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly isTls: boolean;
  /** Everything as it came. */
  readonly raw: string;
}

/** What one connection of the stand-in can do with a request. */
export interface Responder {
  write(data: string | Uint8Array): void;
  end(): void;
  readonly socket: net.Socket;
}

/** Answers a request; a text or bytes returned are written as they are. */
export type Play = (
  arrival: Arrival,
  responder: Responder,
) => string | Uint8Array | undefined | void | Promise<void>;

/** What a test decides about a world. */
export interface WorldOptions {
  /** The configuration file, TOML. */
  readonly config: string;
  /** Answers for successive look-ups of each name; the last one repeats. Others do not resolve. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly play?: Play;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Addresses whose connections lead to the stand-in; every other one leads to the forbidden server. */
  readonly isReachable?: (address: string) => boolean;
  /** Connections, counted from 0, that are reset before they are made. */
  readonly resets?: ReadonlySet<number>;
  /** What the stand-in shows and the agent trusts; STAND_IN_IDENTITY when not given. */
  readonly identity?: StandInIdentity;
  readonly ownAddresses?: readonly string[];
  /** Files by their path below HOME. */
  readonly homeFiles?: Readonly<Record<string, string>>;
  /** Mode of the configuration file; 0600 when not given. */
  readonly mode?: number;
}

/** An opened agent and all that happened around it. */
export interface World extends AsyncDisposable {
  readonly agent: Agent;
  readonly folder: string;
  readonly auditPath: string;
  readonly lookups: readonly string[];
  readonly dialled: readonly ConnectOptions[];
  readonly arrivals: readonly Arrival[];
  /** Warnings, and what plugins logged. */
  readonly warnings: readonly string[];
  /** Connections that were made to addresses that may not be reached. */
  readonly forbidden: () => number;
  /** Returns the audit file, "" when there is none. */
  auditText(): string;
  audit(): readonly AuditRecord[];
  /** Makes calls with the world's agent. */
  call(name: string, args: unknown, id?: string | number): Promise<Envelope>;
  get(url: string, more?: Readonly<Record<string, unknown>>): Promise<Envelope>;
}

/** Certificate and key of the stand-in, and the authority that signed it, as PEM. */
export interface StandInIdentity {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
}

/** Reads an identity of the fixtures, see the README there. */
function readIdentity(name: string): StandInIdentity {
  const read = (file: string): string =>
    readFileSync(join(import.meta.dir, "../../fixtures/certificates", file), "utf8");
  return {
    cert: read(`${name}.pem`),
    key: read(`${name}.key.pem`),
    authority: read("agent-authority.pem"),
  };
}

/** The identity of the stand-in, good for the names and addresses of seeds and corpus. */
export const STAND_IN_IDENTITY = readIdentity("agent");

/** An identity of the same authority for another name. */
export const MISNAMED_IDENTITY = readIdentity("agent-other");

function parseArrival(raw: string, isTls: boolean): Arrival {
  const end = raw.indexOf("\r\n\r\n");
  const [start = "", ...lines] = raw.slice(0, end).split("\r\n");
  const [method = "", target = ""] = start.split(" ");
  const headers = new Map<string, readonly string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const host = (headers.get("host")?.[0] ?? "").replace(/:\d+$/, "");
  return { method, target, host, headers, body: raw.slice(end + 4), isTls, raw };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/** Serves one connection: requests one after the other, each answered by `play`. */
function serve(socket: net.Socket, isTls: boolean, arrivals: Arrival[], play: Play): void {
  let text = "";
  socket.on("error", () => undefined);
  const responder: Responder = {
    write: (data) => void socket.write(typeof data === "string" ? Buffer.from(data) : data),
    end: () => void socket.end(),
    socket,
  };
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!isWholeRequest(text)) return;
    const arrival = parseArrival(text, isTls);
    text = "";
    arrivals.push(arrival);
    void Promise.resolve(play(arrival, responder)).then((data) => {
      if (typeof data === "string" || data instanceof Uint8Array) responder.write(data);
    });
  });
}

interface StandIn extends Disposable {
  readonly port: number;
}

async function listening(server: net.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // address() is a string for pipes only, and this server listens on TCP.
  return (server.address() as net.AddressInfo).port;
}

/** Starts one server that speaks TLS to whoever begins with a handshake, and plain HTTP else. */
async function startStandIn(
  identity: { readonly cert: string; readonly key: string },
  arrivals: Arrival[],
  play: Play,
): Promise<StandIn> {
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const secure = tls.createServer(identity, (socket) => {
    keep(socket);
    serve(socket, true, arrivals, play);
  });
  secure.on("tlsClientError", () => undefined);
  const plain = net.createServer((socket) => {
    keep(socket);
    serve(socket, false, arrivals, play);
  });
  const [securePort, plainPort] = [await listening(secure), await listening(plain)];
  const front = net.createServer({ allowHalfOpen: true }, (socket) => {
    keep(socket);
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      const port = chunk[0] === 0x16 ? securePort : plainPort;
      const inner = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      keep(inner);
      inner.write(chunk);
      socket.pipe(inner).pipe(socket);
      inner.on("close", () => socket.destroy());
      socket.on("close", () => inner.destroy());
    });
  });
  const port = await listening(front);
  return {
    port,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of [front, secure, plain]) server.close();
    },
  };
}

interface FakeNetwork {
  readonly network: Network;
  readonly lookups: string[];
  readonly dialled: ConnectOptions[];
}

function fakeNetwork(
  options: WorldOptions,
  ports: { standIn: number; forbidden: number },
): FakeNetwork {
  const { names = {}, resets = new Set<number>(), isReachable = () => true } = options;
  const lookups: string[] = [];
  const dialled: ConnectOptions[] = [];
  const resolve = (host: string): Promise<readonly Address[]> => {
    const before = lookups.filter((one) => one === host).length;
    lookups.push(host);
    const answers = Object.hasOwn(names, host) ? names[host] : undefined;
    const answer = answers?.[Math.min(before, answers.length - 1)];
    if (answer === undefined) {
      return Promise.reject(Object.assign(new Error(`no ${host}`), { code: "ENOTFOUND" }));
    }
    return Promise.resolve(
      answer.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  const connect = (to: ConnectOptions): net.Socket => {
    const isReset = resets.has(dialled.length);
    dialled.push(to);
    if (isReset) {
      const socket = new net.Socket();
      queueMicrotask(() =>
        socket.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" })),
      );
      return socket;
    }
    const port = isReachable(to.address) ? ports.standIn : ports.forbidden;
    // The same kind of socket as in the product, to another place.
    return runtime.network.connect({ ...to, address: "127.0.0.1", port });
  };
  const network: Network = {
    resolve,
    connect,
    connectUnix: () => {
      throw new Error("No agent connects to a Unix domain socket");
    },
    ownAddresses: () => options.ownAddresses ?? ["127.0.0.1", "::1"],
  };
  return { network, lookups, dialled };
}

/** Opens an agent in a world of its own; rejects as `openAgent` does. */
export async function openWorld(options: WorldOptions): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(temporaryFolder());
  const configPath = join(folder, "config.toml");
  const auditPath = join(folder, "state", "weir", "audit.jsonl");
  writeFileSync(configPath, options.config, { mode: options.mode ?? 0o600 });
  mkdirSync(join(folder, "home"));
  for (const [name, text] of Object.entries(options.homeFiles ?? {})) {
    writeFileSync(join(folder, "home", name), text, { mode: 0o600 });
  }
  const arrivals: Arrival[] = [];
  const identity = options.identity ?? STAND_IN_IDENTITY;
  const standIn = stack.use(await startStandIn(identity, arrivals, options.play ?? (() => OK)));
  let forbiddenCount = 0;
  const forbidden = net.createServer((socket) => {
    forbiddenCount += 1;
    socket.on("error", () => undefined);
    socket.end(OK);
  });
  stack.defer(() => void forbidden.close());
  const ports = { standIn: standIn.port, forbidden: await listening(forbidden) };
  const fake = fakeNetwork(options, ports);
  const env: Readonly<Record<string, string>> = {
    HOME: join(folder, "home"),
    XDG_STATE_HOME: join(folder, "state"),
    ...options.env,
  };
  const agentRuntime: AgentRuntime = {
    clock: options.clock ?? systemClock,
    files: nodeParts.files,
    random: nodeParts.random,
    cwd: () => folder,
    env: (name) => env[name],
    network: fake.network,
  };
  const warnings: string[] = [];
  const { authority: authorities } = identity;
  const warn = (text: string): void => void warnings.push(text);
  const opened = await openAgent(
    {
      runtime: agentRuntime,
      configPath,
      otherSections: [],
      authorities,
      warn,
      log: ({ plugin, text }) => warn(`${plugin}: ${text}`),
    },
    "weir-test/1",
  );
  stack.defer(() => opened.close());
  const moved = stack.move();
  const auditText = (): string => {
    try {
      return readFileSync(auditPath, "utf8");
    } catch {
      // Auditing may be off.
      return "";
    }
  };
  const call = (name: string, args: unknown, id: string | number = 1): Promise<Envelope> =>
    opened.agent.call({ id, name, arguments: args });
  return {
    agent: opened.agent,
    folder,
    auditPath,
    lookups: fake.lookups,
    dialled: fake.dialled,
    arrivals,
    warnings,
    forbidden: () => forbiddenCount,
    auditText,
    audit: () =>
      auditText()
        .split("\n")
        .filter((line) => line !== "")
        // True: the file is written by lib/audit.
        .map((line) => JSON.parse(line) as AuditRecord),
    call,
    get: (url, more = {}) => call("http_request", { url, ...more }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Returns every string in `value`, names of properties included. */
export function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...stringsIn(inner)]);
}
