import type { Socket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import type { ByteSocket, NativeSocket, NativeTlsOptions } from "../runtime/runtime.ts";
import { inspectCertificate } from "./certificate.ts";
import { literalAddress } from "./host.ts";
import { checkPin } from "./pin.ts";
import {
  authoritiesError,
  certificateError,
  contextError,
  isCertificateError,
  tlsError,
} from "./tls-errors.ts";
import type { Watch } from "./watch.ts";
import type { TlsOptions } from "./wire.ts";

/** Where a handshake happens. */
export interface Handshake {
  readonly target: Target;
  readonly watch: Watch;
  /** Makes another connection to the same place, to look at a certificate that was refused. */
  readonly reopen: () => Promise<Socket>;
}

/** A connection whose peer is verified. */
export interface Secured<S = ByteSocket> {
  readonly socket: S;
  /** For example "TLSv1.3". */
  readonly version: string | undefined;
}

/** Makes TLS connections over sockets that are connected already, all with the same options. */
export class Tls {
  readonly #options: TlsOptions;
  readonly #clock: Clock;
  #context: Promise<SecureContext> | undefined;

  constructor(options: TlsOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Returns `socket` with TLS on it and the certificate checked against the host of `target`.
   *
   * @throws {WeirError} TLS_*; the socket is destroyed then
   */
  async secure(socket: Socket, to: Handshake): Promise<Secured<Socket>>;
  async secure(socket: Socket | NativeSocket, to: Handshake): Promise<Secured>;
  async secure(socket: Socket | NativeSocket, to: Handshake): Promise<Secured> {
    const { target, watch, reopen } = to;
    try {
      return await watch.race(
        "startTls" in socket
          ? this.#secureNative(socket, target)
          : this.#secureNode(socket, target),
        (late) => late.socket.destroy(),
      );
    } catch (error) {
      socket.destroy();
      watch.check();
      if (error instanceof WeirError) throw error;
      if (!isCertificateError(error)) throw tlsError(error, target);
      const facts = await inspectCertificate(reopen, this.#clock);
      throw certificateError(error, target, facts, this.#clock.now());
    }
  }

  /** Says whether a native socket can do all that is asked of the connection to `target`. */
  isPlain({ host }: Target): boolean {
    const { isVerified, certificate, key, pinSha256 } = this.#options;
    const isSpecial = certificate !== undefined || key !== undefined || pinSha256 !== undefined;
    // An address is no server name (RFC 6066 section 3), and the native socket would send it.
    return isVerified && !isSpecial && literalAddress(withoutDot(host)) === undefined;
  }

  async #secureNative(socket: NativeSocket, { host }: Target): Promise<Secured> {
    const { minVersion, maxVersion } = this.#options;
    const authorities = checkedAuthorities(this.#options);
    const serverName = withoutDot(host);
    const version = await startTls(socket, { serverName, authorities, minVersion, maxVersion });
    return { socket, version };
  }

  async #secureNode(socket: Socket, target: Target): Promise<Secured<Socket>> {
    const [{ connect }, secureContext] = await Promise.all([import("node:tls"), this.#load()]);
    const { isVerified, pinSha256 } = this.#options;
    const options: ConnectionOptions = {
      ...this.#connectOptions(target),
      socket,
      secureContext,
      // Said either way: an environment variable decides where this is left out.
      rejectUnauthorized: isVerified,
    };
    const tls = await handshake(() => connect(options));
    if (pinSha256 !== undefined) await checkPin(tls, pinSha256, target);
    return { socket: tls, version: tls.getProtocol() ?? undefined };
  }

  #load(): Promise<SecureContext> {
    this.#context ??= this.#makeContext();
    return this.#context;
  }

  #connectOptions({ host }: Target): ConnectionOptions {
    const name = withoutDot(host);
    const common = { host: name, ALPNProtocols: ["http/1.1"] };
    // An address is no server name (RFC 6066 section 3), but the certificate is checked for it.
    return literalAddress(name) === undefined ? { ...common, servername: name } : common;
  }

  async #makeContext(): Promise<SecureContext> {
    const { createSecureContext } = await import("node:tls");
    const { certificate, key, passphrase, minVersion, maxVersion } = this.#options;
    const authorities = checkedAuthorities(this.#options);
    try {
      return createSecureContext({
        ...(authorities === undefined ? {} : { ca: authorities }),
        ...(certificate === undefined ? {} : { cert: certificate }),
        ...(key === undefined ? {} : { key }),
        ...(passphrase === undefined ? {} : { passphrase }),
        minVersion: minVersion ?? "TLSv1.2",
        ...(maxVersion === undefined ? {} : { maxVersion }),
      });
    } catch (error) {
      throw contextError(error, this.#options);
    }
  }
}

function withoutDot(host: string): string {
  return host.replace(/\.$/, "");
}

/** Throws for a text without a certificate: the runtimes take an empty one for none at all. */
function checkedAuthorities({ authorities }: TlsOptions): string | undefined {
  if (authorities === undefined || /^-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/m.test(authorities)) {
    return authorities;
  }
  throw authoritiesError();
}

/** Starts the handshake; what a native socket throws at once is about the authorities. */
function startTls(socket: NativeSocket, options: NativeTlsOptions): Promise<string> {
  try {
    return socket.startTls(options);
  } catch (error) {
    throw authoritiesError(error);
  }
}

/** Waits for the handshake of a TLS socket; rejects with the runtime's own error. */
function handshake(start: () => TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = start();
    // Stays: an error between two users of the socket must not end the process.
    tls.on("error", (error) => reject(error));
    tls.once("close", () => reject(closedInHandshake()));
    tls.once("secureConnect", () => resolve(tls));
  });
}

function closedInHandshake(): Error {
  return Object.assign(new Error("closed during the TLS handshake"), { code: "ECONNRESET" });
}
