import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { closedPort } from "./loopback-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Resolves to whether `port` took a connection before `child` ended or time was up. */
export async function isUp(child: Bun.Subprocess, port: number): Promise<boolean> {
  const deadlineMs = performance.now() + 10_000;
  while (child.exitCode === null && performance.now() < deadlineMs) {
    if (await isListening(port)) return true;
    await Bun.sleep(10);
  }
  return false;
}

/** A program that serves one port of 127.0.0.1. */
export interface Daemon extends AsyncDisposable {
  readonly port: number;
  /** Returns what it has printed. */
  output(): string;
  signal(name: "SIGHUP"): void;
}

/** Where a program listens, when it is not to be a free port. */
export interface DaemonPlace {
  readonly port?: number | undefined;
  readonly triesLeft?: number;
}

/** How a program is started. */
export interface DaemonPlan {
  readonly words: readonly string[];
  /** Files of its folder by name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Starts a program that stays in the foreground and cannot choose a port itself; another program
 * may take the port first: then it tries again.
 */
export async function startDaemon(
  plan: (port: number, folder: string) => DaemonPlan,
  { port: wanted, triesLeft = 3 }: DaemonPlace = {},
): Promise<Daemon> {
  const folder = temporaryFolder();
  const port = wanted ?? (await closedPort());
  const { words, files } = plan(port, folder.path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder.path, name, ".."), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const child = Bun.spawn([...words], {
    cwd: folder.path,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream) output += Buffer.from(chunk).toString("latin1");
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
    await child.exited;
    clearTimeout(timer);
    folder[Symbol.dispose]();
  };
  if (!(await isUp(child, port))) {
    await stop();
    await reading;
    if (triesLeft > 1) return startDaemon(plan, { port: wanted, triesLeft: triesLeft - 1 });
    throw new Error(`${words[0]} did not start: ${output}`);
  }
  return {
    port,
    output: () => output,
    signal: (name) => child.kill(name),
    [Symbol.asyncDispose]: stop,
  };
}
