import type { Socket } from "node:net";
import {
  isStdinReady,
  isTerminalFd,
  nodeParts,
  sizeOfFd,
  streamKind,
  terminalColumns,
} from "./node.ts";
import { codeOf, messageOf } from "../base/errors.ts";
import { connectBunSocket, hasAbandonedConnects } from "./bun-socket.ts";
import type { Address, ConnectOptions, NativeSocket, Output, Runtime } from "./runtime.ts";

function output(fd: 1 | 2): Output {
  const file = fd === 1 ? Bun.stdout : Bun.stderr;
  let last: Promise<void> | undefined;
  return {
    isTerminal: () => isTerminalFd(fd),
    columns: () => terminalColumns(fd),
    async write(data) {
      // process.stdout would load node's stream layer: 18 ms on the path of a plain request.
      const put = (): Promise<number> => Bun.write(file, data);
      // bun 1.4: writes to a file end in any order; drop when they end as they were begun.
      const written = last === undefined ? put() : last.then(put);
      const forget = (): void => {
        if (last === ended) last = undefined;
      };
      const ended = written.then(forget, forget);
      last = ended;
      await written;
    },
  };
}

async function lookUp(host: string, backend: "libc" | "c-ares"): Promise<readonly Address[]> {
  try {
    // node:dns takes 2 ms to load.
    const found = await Bun.dns.lookup(host, { backend });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (error) {
    // The codes of node:dns are the same without the prefix.
    throw Object.assign(new Error(messageOf(error), { cause: error }), {
      code: codeOf(error).replace(/^DNS_/, ""),
      syscall: "getaddrinfo",
    });
  }
}

/** libc: what /etc/hosts and nsswitch.conf say counts. */
function resolve(host: string): Promise<readonly Address[]> {
  return lookUp(host, "libc");
}

/**
 * c-ares: libc holds a thread until it gives up, after half a minute, and there are as many threads
 * as processors, for files and decoders too.
 */
function resolveMany(host: string): Promise<readonly Address[]> {
  return lookUp(host, "c-ares");
}

type NativeOptions = ConnectOptions & { readonly mayBeNative: true };

function connect(options: NativeOptions): Socket | NativeSocket;
function connect(options: ConnectOptions): Socket;
function connect(options: ConnectOptions | NativeOptions): Socket | NativeSocket {
  return "mayBeNative" in options && options.localAddress === undefined
    ? connectBunSocket(options)
    : nodeParts.network.connect(options);
}

/** The runtime under Bun, from source and in the compiled binary. */
export const bunRuntime: Runtime = {
  ...nodeParts,
  network: { ...nodeParts.network, connect, resolve, resolveMany },
  isHeldOpen: hasAbandonedConnects,
  name: "bun",
  version: Bun.version,
  stdin: {
    kind: () => streamKind(0),
    sizeBytes: () => sizeOfFd(0),
    isReady: isStdinReady,
    askSecret: async (question) => (await import("./prompt.ts")).askSecret(question),
    // bun 1.4: piping process.stdin into a ClientRequest stalls; the web stream does not.
    chunks: () => Bun.stdin.stream(),
  },
  stdout: output(1),
  stderr: output(2),
};
