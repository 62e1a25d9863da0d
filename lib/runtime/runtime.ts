import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** An IP address a name resolved to. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Where to connect, by address: a name is never resolved here. */
export interface ConnectOptions {
  readonly address: string;
  readonly port: number;
  /** Local address to bind to. */
  readonly localAddress?: string | undefined;
}

/** What a socket tells, under the names of node:net. */
export interface SocketEvents {
  connect(): void;
  data(bytes: Uint8Array): void;
  drain(): void;
  end(): void;
  error(error: Error): void;
  close(): void;
}

/** What is asked of a socket; a Socket of node:net is one. */
export interface ByteSocket {
  readonly destroyed: boolean;
  on<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): unknown;
  off<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): unknown;
  /** Returns false when the connection wants a rest, until it tells `drain`. */
  write(bytes: Uint8Array): boolean;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  ref(): unknown;
  unref(): unknown;
}

/** How a native socket starts TLS. Certificate and name are checked always. */
export interface NativeTlsOptions {
  /** Name sent and checked; no IP address, which may not be sent (RFC 6066 section 3). */
  readonly serverName: string;
  /** PEM text of the authorities to trust in place of the built-in ones. */
  readonly authorities?: string | undefined;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** A socket of the runtime itself, which is ready sooner than one of node:net. */
export interface NativeSocket extends ByteSocket {
  /**
   * Returns the version of TLS once the peer is verified; rejects with node's error codes, and
   * throws at once when the options cannot be used.
   */
  startTls(options: NativeTlsOptions): Promise<string>;
}

/** DNS and sockets. Tests put their own resolver and connector here. */
export interface Network {
  /** Returns every address of `host`; rejects with the system's error (ENOTFOUND, EAI_AGAIN). */
  resolve(host: string): Promise<readonly Address[]>;
  /**
   * As `resolve`, for a program that looks up many names at once: a name that nobody answers for
   * holds up no other. It knows the hosts file and DNS only. Where it is not there, `resolve` does.
   */
  readonly resolveMany?: (host: string) => Promise<readonly Address[]>;
  /**
   * Starts a TCP connection; the socket emits `connect` or `error`. With `mayBeNative` it may be a
   * native one: paused, until somebody listens and resumes it.
   */
  connect(options: ConnectOptions & { readonly mayBeNative: true }): Socket | NativeSocket;
  connect(options: ConnectOptions): Socket;
  /** Starts a connection to a Unix domain socket. */
  connectUnix(path: string): Socket;
  /** Returns the addresses of this machine's own interfaces. */
  ownAddresses(): readonly string[];
}

/** What stands behind a file descriptor. */
export type StreamKind = "terminal" | "pipe" | "file" | "null" | "socket" | "closed";

/** Standard input. */
export interface Input {
  kind(): StreamKind;
  /** Returns the bytes left to read when `kind()` is "file", else undefined. */
  sizeBytes(): number | undefined;
  /** Says whether a byte can be read now, without waiting. */
  isReady(): boolean;
  /** Yields chunks as they come; leaving the loop early stops reading. */
  chunks(): AsyncIterable<Uint8Array>;
  /**
   * Asks a person at the terminal and returns the line typed, which is not shown; undefined after
   * Ctrl-C. Only when `kind()` is "terminal".
   */
  askSecret(question: string): Promise<string | undefined>;
}

/** Standard output or standard error. */
export interface Output {
  isTerminal(): boolean;
  /** Returns columns of the terminal, 80 when it is none. */
  columns(): number;
  /** Resolves when the bytes are written; rejects with code EPIPE when the reader has gone. */
  write(data: Uint8Array | string): Promise<void>;
}

/** What `Files.stat` says of a path. */
export interface FileFacts {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
  readonly modifiedMs: number;
  /** Tells two files apart; a renamed file keeps it. */
  readonly identity: string;
  /** True when it belongs to this user or to root. */
  readonly isOwn: boolean;
}

/** A file being written. */
export interface FileWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Flushes and closes. */
  close(): Promise<void>;
}

/** A file that grows at its end only; several processes may hold it open. */
export interface AppendFile {
  facts(): Promise<FileFacts>;
  /** Returns the bytes from `start` to `end`, fewer when the file ends before. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Adds the bytes in one write; rejects with ENOSPC when only part of them was written. */
  append(bytes: Uint8Array): Promise<void>;
  /** Sets the mode the file was opened with, on a file that was there before. */
  restrict(): Promise<void>;
  /** Resolves when what was added would outlast a power failure. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A lock between processes, and within one; it is freed when its holder dies. */
export interface FileLock {
  /** Returns false when somebody else holds it. */
  tryAcquire(): boolean;
  release(): void;
  close(): void;
}

/** Files. Errors are the system's own (ENOENT, EACCES …); rooms translate them. */
export interface Files {
  read(path: string): Promise<Uint8Array>;
  /** Yields the bytes from `start` to the end. */
  chunks(path: string, start?: number): AsyncIterable<Uint8Array>;
  /** Returns undefined when nothing is there. */
  stat(path: string): Promise<FileFacts | undefined>;
  /** Replaces the file whole: written beside it, then renamed over it. Default mode 0o600. */
  replace(path: string, data: Uint8Array | string, mode?: number): Promise<void>;
  /** Opens for writing; "create" fails with EEXIST when the file is there. */
  open(path: string, how: "create" | "truncate" | "append", mode?: number): Promise<FileWriter>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeDirectory(path: string, mode?: number): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** Opens for adding, default mode 0o600; a symbolic link at `path` is ELOOP. */
  openAppend(path: string, mode?: number): Promise<AppendFile>;
  /** Opens the lock that lives in an empty file at `path`. */
  openLock(path: string): Promise<FileLock>;
}

/** Everything outside the program: files, environment, network, time, streams. */
export interface Runtime {
  readonly name: "bun" | "deno";
  readonly version: string;
  readonly clock: Clock;
  readonly network: Network;
  readonly files: Files;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Returns an environment variable, undefined when it is not set. */
  env(name: string): string | undefined;
  /** Returns cryptographically strong random bytes. */
  random(count: number): Uint8Array;
  /** Calls `task` once on SIGINT or SIGTERM; the returned function stops listening. */
  onSignal(task: (signal: "SIGINT" | "SIGTERM") => void): () => void;
  /**
   * Says whether something that was given up would keep the process alive for minutes, as a
   * connection that cannot be stopped: then `cli/main.ts` has to end the process itself.
   */
  isHeldOpen(): boolean;
  /** Returns the working directory. */
  cwd(): string;
}
