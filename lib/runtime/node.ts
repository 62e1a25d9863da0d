import * as fs from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { systemClock } from "../base/clock.ts";
import { openAppend, openLock } from "./append.ts";
import { factsOf } from "./facts.ts";
import type { Address, Files, FileWriter, Network, StreamKind } from "./runtime.ts";

// What both runtimes do alike through node: modules. Modules that are slow to load are imported
// when they are first needed: the path of a plain request is measured in milliseconds.

const { O_NONBLOCK, O_RDONLY } = fs.constants;

async function resolve(host: string): Promise<readonly Address[]> {
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

/** The network of the machine. */
const systemNetwork: Network = {
  resolve,
  connect: ({ address, port, localAddress }) =>
    process.getBuiltinModule("node:net").connect({
      host: address,
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    }),
  connectUnix: (path) => process.getBuiltinModule("node:net").connect({ path }),
  ownAddresses: () =>
    Object.values(process.getBuiltinModule("node:os").networkInterfaces()).flatMap((all) =>
      (all ?? []).map((one) => one.address),
    ),
};

/** Returns what stands behind file descriptor `fd`. */
export function streamKind(fd: number): StreamKind {
  let facts: fs.Stats;
  try {
    facts = fs.fstatSync(fd);
  } catch {
    // Nothing is open there; that is the answer.
    return "closed";
  }
  if (facts.isFIFO()) return "pipe";
  if (facts.isFile()) return "file";
  if (facts.isSocket()) return "socket";
  if (facts.rdev === nullDevice()) return "null";
  // node:tty takes 4 ms to load and is needed for terminals only; process.stdout would take 18.
  return process.getBuiltinModule("node:tty").isatty(fd) ? "terminal" : "null";
}

/** Returns what tells /dev/null from other devices, undefined where there is none. */
function nullDevice(): number | undefined {
  return fs.statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
}

/** Says whether `fd` is a terminal. */
export function isTerminalFd(fd: number): boolean {
  return streamKind(fd) === "terminal";
}

/** Returns the columns of the terminal at `fd`, 80 when it is none. */
export function terminalColumns(fd: number): number {
  if (!isTerminalFd(fd)) return 80;
  const stream = fd === 2 ? process.stderr : process.stdout;
  return stream.columns > 0 ? stream.columns : 80;
}

/** Returns the bytes of a redirected file that are left to read, undefined when `fd` is no file. */
export function sizeOfFd(fd: number): number | undefined {
  return streamKind(fd) === "file" ? fs.fstatSync(fd).size - readPosition(fd) : undefined;
}

/** Returns how far another program has read the file already; Linux tells, elsewhere it is 0. */
function readPosition(fd: number): number {
  try {
    const facts = fs.readFileSync(`/proc/self/fdinfo/${fd}`, "latin1");
    return Number(/^pos:\s*(\d+)/m.exec(facts)?.[1] ?? 0);
  } catch {
    // No /proc on this system.
    return 0;
  }
}

/** Says whether a read of standard input would return bytes at once; it may take one away. */
export function isStdinReady(): boolean {
  const kind = streamKind(0);
  if (kind === "file") return fs.fstatSync(0).size > 0;
  if (kind !== "pipe") return false;
  try {
    // Opened anew, so that the flag does not change the pipe for the other programs that share it.
    const fd = fs.openSync("/dev/stdin", O_RDONLY | O_NONBLOCK);
    try {
      return fs.readSync(fd, new Uint8Array(1)) > 0;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // EAGAIN: a writer is there and has written nothing yet.
    return false;
  }
}

async function replace(path: string, data: Uint8Array | string, mode = 0o600): Promise<void> {
  await fs.promises.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await fs.promises.open(beside, "wx", mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.promises.rename(beside, path);
  } catch (error) {
    await fs.promises.rm(beside, { force: true });
    throw error;
  }
}

async function open(
  path: string,
  how: "create" | "truncate" | "append",
  mode = 0o666,
): Promise<FileWriter> {
  const flags = { create: "wx", truncate: "w", append: "a" } as const;
  const file = await fs.promises.open(path, flags[how], mode);
  return {
    async write(chunk) {
      let at = 0;
      while (at < chunk.byteLength) at += (await file.write(chunk, at)).bytesWritten;
    },
    close: () => file.close(),
  };
}

/** Files through node:fs. */
const nodeFiles: Files = {
  read: (path) => fs.promises.readFile(path),
  chunks: (path, start = 0) => fs.createReadStream(path, { start, highWaterMark: 256 * 1024 }),
  async stat(path) {
    try {
      // Not awaited: the first asynchronous call starts a thread pool, 1 ms of a plain request.
      return factsOf(fs.statSync(path));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  },
  replace,
  open,
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.rm(path, { force: true }),
  async makeDirectory(path, mode = 0o700) {
    await fs.promises.mkdir(path, { recursive: true, mode });
  },
  list: (path) => fs.promises.readdir(path),
  openAppend,
  openLock,
};

/** The parts of a Runtime that do not differ between Bun and Deno. */
export const nodeParts = {
  clock: systemClock,
  files: nodeFiles,
  network: systemNetwork,
  env: (name: string): string | undefined => process.env[name],
  random: (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)),
  cwd: (): string => process.cwd(),
  onSignal(task: (signal: "SIGINT" | "SIGTERM") => void): () => void {
    const listener = (signal: NodeJS.Signals): void =>
      task(signal === "SIGTERM" ? "SIGTERM" : "SIGINT");
    process.once("SIGINT", listener);
    process.once("SIGTERM", listener);
    return () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    };
  },
};
