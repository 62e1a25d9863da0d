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

/** DNS and sockets. Tests put their own resolver and connector here. */
export interface Network {
  /** Returns every address of `host`; rejects with the system's error (ENOTFOUND, EAI_AGAIN). */
  resolve(host: string): Promise<readonly Address[]>;
  /** Starts a TCP connection; the socket emits `connect` or `error`. */
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
}

/** A file being written. */
export interface FileWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Flushes and closes. */
  close(): Promise<void>;
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
  /** Returns the working directory. */
  cwd(): string;
}
