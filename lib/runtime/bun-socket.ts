import type { ConnectOptions, NativeSocket, NativeTlsOptions, SocketEvents } from "./runtime.ts";

type Handlers = Bun.SocketHandler<BunSocket>;
type Listener = (...told: never[]) => void;

/** Versions as BoringSSL counts them. */
const TLS_VERSIONS = { "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 } as const;

function from(socket: Bun.Socket<BunSocket>): BunSocket | undefined {
  return socket.data.isCurrent(socket) ? socket.data : undefined;
}

/** Handlers are shared: Bun keeps one set of them for each object. */
const HANDLERS: Handlers = {
  open: (socket) => socket.data.opened(socket),
  data: (socket, bytes) => from(socket)?.received(bytes),
  drain: (socket) => from(socket)?.drained(),
  end: (socket) => from(socket)?.ended(),
  close: (socket, error) => from(socket)?.closed(error),
  error: (socket, error) => from(socket)?.failed(error),
  connectError: (socket, error) => socket.data.refused(error),
};

const TLS_HANDLERS: Handlers = {
  ...HANDLERS,
  // Open comes before the handshake; the socket may be used after it.
  open: () => undefined,
  handshake: (socket, isGood, error) => socket.data.shaken(socket, isGood, error),
};

/**
 * Starts a TCP connection on Bun's own sockets, in the manner of node:net, which would take 2 ms
 * more to load and another one for the first connection.
 */
export function connectBunSocket(options: ConnectOptions): NativeSocket {
  return new BunSocket(options);
}

/** Sockets that were given up while they were being connected. */
const abandoned = new Set<BunSocket>();

/** Says whether a connection that was given up is still being made. */
export function hasAbandonedConnects(): boolean {
  return abandoned.size > 0;
}

class BunSocket implements NativeSocket {
  readonly #listeners = new Map<string, Set<Listener>>();
  #socket: Bun.Socket<BunSocket> | undefined;
  #unsent: Uint8Array[] = [];
  #early: Uint8Array[] = [];
  #handshake: PromiseWithResolvers<string> | undefined;
  #isConnecting = true;
  #isClosed = false;
  #isReferenced = true;
  destroyed = false;

  constructor({ address, port }: ConnectOptions) {
    Bun.connect({ hostname: address, port, data: this, socket: HANDLERS }).catch(() => {
      // connectError has been told already.
    });
  }

  on<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): this {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
    return this;
  }

  off<E extends keyof SocketEvents>(event: E, listener: SocketEvents[E]): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  write(bytes: Uint8Array): boolean {
    if (this.destroyed || this.#socket === undefined) return false;
    this.#unsent.push(bytes);
    // What waits already goes first, when there is room again.
    return this.#unsent.length === 1 && this.#flush();
  }

  pause(): this {
    this.#socket?.pause();
    return this;
  }

  resume(): this {
    this.#socket?.resume();
    if (this.#early.length > 0) {
      for (const bytes of this.#early.splice(0)) this.received(bytes);
    }
    return this;
  }

  ref(): this {
    this.#isReferenced = true;
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#isReferenced = false;
    this.#socket?.unref();
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#unsent = [];
    this.#socket?.end();
    // bun 1.4: there is no way to stop a connection being made; it keeps the process alive until
    // the system gives up, after two minutes. Drop when Bun.connect takes a signal.
    if (this.#isConnecting) abandoned.add(this);
    queueMicrotask(() => this.closed());
    return this;
  }

  startTls(options: NativeTlsOptions): Promise<string> {
    const [, socket] = this.#require().upgradeTLS<BunSocket>({
      data: this,
      socket: TLS_HANDLERS,
      tls: tlsOptions(options),
    });
    this.#socket = socket;
    const handshake = Promise.withResolvers<string>();
    this.#handshake = handshake;
    // It was paused when it connected.
    socket.resume();
    return handshake.promise;
  }

  opened(socket: Bun.Socket<BunSocket>): void {
    this.#connected();
    this.#socket = socket;
    if (this.destroyed) {
      socket.end();
      return;
    }
    socket.setNoDelay(true);
    if (!this.#isReferenced) socket.unref();
    // Nothing may be lost before somebody listens.
    socket.pause();
    this.#emit("connect");
  }

  /** Says whether what `socket` tells counts: below TLS there is one that tells ciphertext. */
  isCurrent(socket: Bun.Socket<BunSocket>): boolean {
    return socket === this.#socket;
  }

  received(bytes: Uint8Array): void {
    if (this.destroyed) return;
    // What came with the end of the handshake has no listener yet, and must not be lost.
    if ((this.#listeners.get("data")?.size ?? 0) === 0) this.#early.push(bytes);
    else this.#emit("data", bytes);
  }

  refused(error: Error): void {
    this.#connected();
    this.failed(error);
  }

  drained(): void {
    if (!this.destroyed && this.#unsent.length > 0 && this.#flush()) this.#emit("drain");
  }

  ended(): void {
    if (!this.destroyed) this.#emit("end");
  }

  failed(error: Error): void {
    const told = withNodeCode(error);
    this.#handshake?.reject(told);
    if (!this.destroyed) this.#emit("error", told);
    this.destroy();
  }

  closed(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handshake?.reject(error ?? new Error("closed during the TLS handshake"));
    if (error !== undefined && !this.destroyed) this.#emit("error", error);
    this.destroyed = true;
    this.#emit("close");
  }

  shaken(socket: Bun.Socket<BunSocket>, isGood: boolean, error: Error | null): void {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    if (isGood && error === null && socket.authorized) {
      socket.pause();
      handshake?.resolve(socket.getTLSVersion());
      return;
    }
    const refusal = withNodeCode(error ?? new Error("the peer was not verified"));
    // node adds it too; it says which names the certificate is for.
    handshake?.reject(Object.assign(refusal, { cert: socket.getPeerCertificate() }));
    this.destroy();
  }

  #connected(): void {
    this.#isConnecting = false;
    abandoned.delete(this);
  }

  #require(): Bun.Socket<BunSocket> {
    if (this.#socket === undefined) throw new TypeError("The socket is not connected");
    return this.#socket;
  }

  #flush(): boolean {
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const sent = Math.max(0, this.#require().write(next));
      if (sent < next.byteLength) {
        this.#unsent[0] = next.subarray(sent);
        return false;
      }
      this.#unsent.shift();
    }
    return true;
  }

  #emit<E extends keyof SocketEvents>(event: E, ...told: Parameters<SocketEvents[E]>): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined || listeners.size === 0) return;
    // A copy: a listener may take itself or another one off.
    for (const listener of Array.from(listeners)) {
      // on() takes only listeners of this event.
      (listener as (...facts: Parameters<SocketEvents[E]>) => void)(...told);
    }
  }
}

/** Gives an error of the TLS library the code it has in node: `ERR_SSL_` and its reason. */
function withNodeCode(error: Error): Error {
  const reason = /:OPENSSL_internal:([A-Z0-9_]+)$/.exec(error.message)?.[1];
  return reason === undefined ? error : Object.assign(error, { code: `ERR_SSL_${reason}` });
}

function tlsOptions(options: NativeTlsOptions): Bun.TLSOptions {
  const { minVersion, maxVersion, serverName, authorities } = options;
  // Not in the types of bun 1.4.5, but read, and refused when they are no numbers.
  const versions = {
    minVersion: TLS_VERSIONS[minVersion ?? "TLSv1.2"],
    ...(maxVersion === undefined ? {} : { maxVersion: TLS_VERSIONS[maxVersion] }),
  };
  return {
    serverName,
    // Said explicitly: an environment variable decides where it is left out.
    rejectUnauthorized: true,
    // The format of the wire: a plain name would be dropped in silence.
    ALPNProtocols: "\u0008http/1.1",
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...versions,
  };
}
