import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Envelope } from "../../lib/agent/envelope.ts";
import { commandOf } from "./targets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What one `weir agent serve` is started with. */
export interface ServingOptions {
  /** TOML of the configuration; the audit file goes to its usual place below `home`. */
  readonly policy: string;
  /** Added to the clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** HOME, kept afterwards. Default: a folder of its own, removed at the end. */
  readonly home?: string;
  /** Words in front of the binary, such as `prlimit`. */
  readonly prefix?: readonly string[];
}

/** A call without its id. */
export interface Call {
  readonly name?: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** `weir agent serve` of the compiled binary, that runs. */
export interface Serving extends AsyncDisposable {
  readonly pid: number;
  readonly home: string;
  readonly auditPath: string;
  /** Sends one call, by default of `http_get`, under an id of its own; rejects when it ends first. */
  call(call: Call | string, id?: string | number): Promise<Envelope>;
  /** Writes to standard input as it is. */
  write(text: string): void;
  closeInput(): void;
  /** Stops reading its standard output, and closes it. */
  closeOutput(): Promise<void>;
  /** Lines of standard output that answered no call of `call`. */
  readonly otherLines: readonly string[];
  /** What came after the last line end. */
  unfinished(): string;
  stderr(): Promise<string>;
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Resolves to the exit status, 128 + signal when a signal ended it. */
  readonly exited: Promise<number>;
}

interface Waiting {
  readonly resolve: (envelope: Envelope) => void;
  readonly reject: (error: Error) => void;
}

/** Returns the environment of an agent: nothing of the caller's but where programs are. */
function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8" };
}

/** Writes a configuration that nobody else can change, and returns its path. */
export function writePolicy(folder: string, policy: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "weir.toml");
  writeFileSync(path, policy, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

/** Returns where the audit file is when the policy names none. */
export function usualAuditPath(home: string): string {
  return join(home, ".local", "state", "weir", "audit.jsonl");
}

/** Answers by id, and what else stood on standard output. */
class Answers {
  readonly waiting = new Map<string | number, Waiting>();
  readonly otherLines: string[] = [];
  rest = "";
  readonly #decoder = new TextDecoder();

  take(chunk: Uint8Array): void {
    const lines = (this.rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.#takeLine(line);
  }

  end(): void {
    for (const { reject } of this.waiting.values()) reject(new Error("weir ended without answer"));
    this.waiting.clear();
  }

  #takeLine(line: string): void {
    const envelope = readEnvelope(line);
    const one = envelope?.id == null ? undefined : this.waiting.get(envelope.id);
    if (envelope?.id == null || one === undefined) {
      this.otherLines.push(line);
      return;
    }
    this.waiting.delete(envelope.id);
    one.resolve(envelope);
  }
}

function readEnvelope(line: string): Envelope | undefined {
  try {
    // What else stands there is told by the assertions of the test.
    return JSON.parse(line) as Envelope;
  } catch {
    return undefined;
  }
}

/** Starts `weir agent serve` of the compiled binary. */
export function startServing(options: ServingOptions): Serving {
  const folder = temporaryFolder();
  const home = options.home ?? join(folder.path, "home");
  mkdirSync(home, { recursive: true });
  const config = writePolicy(folder.path, options.policy);
  const words = [...(options.prefix ?? []), ...commandOf("binary"), "agent", "serve"];
  const child = Bun.spawn([...words, "--config", config], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...options.env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const answers = new Answers();
  const reader = child.stdout.getReader();
  const readAll = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      answers.take(value);
    }
    answers.end();
  };
  const reading = readAll();
  const errors = new Response(child.stderr).text();
  const exited = Promise.all([child.exited, reading]).then(([status]) => status);
  let next = 0;
  return {
    pid: child.pid,
    home,
    auditPath: usualAuditPath(home),
    call(call, id = `call-${(next += 1)}`) {
      const { name = "http_get", arguments: given } =
        typeof call === "string" ? { arguments: { url: call } } : call;
      return new Promise((resolve, reject) => {
        answers.waiting.set(id, { resolve, reject });
        void child.stdin.write(`${JSON.stringify({ id, name, arguments: given })}\n`);
        void child.stdin.flush();
      });
    },
    write(text) {
      void child.stdin.write(text);
      void child.stdin.flush();
    },
    closeInput: () => void child.stdin.end(),
    closeOutput: () => reader.cancel(),
    otherLines: answers.otherLines,
    unfinished: () => answers.rest,
    stderr: () => errors,
    signal: (name) => child.kill(name),
    exited,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGKILL");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}

/** What a process holds. */
export interface Holdings {
  readonly rssMib: number;
  /** The most it held since it started or `forgetPeak` was called. */
  readonly peakMib: number;
  readonly descriptors: number;
}

/** Returns what a process holds, as Linux counts it. */
export function holdings(pid: number): Holdings {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return {
    rssMib: mib("VmRSS"),
    peakMib: mib("VmHWM"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Makes the peak what is held now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** One line of an audit file, as it stands there. */
export interface AuditLine {
  readonly seq: number;
  readonly kind: "intent" | "outcome" | "anchor";
  readonly id?: string;
  readonly url?: string;
  readonly decision?: string;
  readonly code?: string;
  readonly success?: boolean;
}

/** Returns the records of an audit file, none when it is not there; a cut last line is left out. */
export function auditLines(path: string): readonly AuditLine[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  // The tests look at what they need of it.
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as AuditLine);
}
