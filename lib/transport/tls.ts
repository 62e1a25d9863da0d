import type { Socket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.ts";
import type { Target } from "../guard/decision.ts";
import { inspectCertificate } from "./certificate.ts";
import { literalAddress } from "./host.ts";
import { checkPin } from "./pin.ts";
import { certificateError, contextError, isCertificateError, tlsError } from "./tls-errors.ts";
import type { Watch } from "./watch.ts";
import type { TlsOptions } from "./wire.ts";

/** Where a handshake happens. */
export interface Handshake {
  readonly target: Target;
  readonly watch: Watch;
  /** Makes another connection to the same place, to look at a certificate that was refused. */
  readonly reopen: () => Promise<Socket>;
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
  async secure(socket: Socket, { target, watch, reopen }: Handshake): Promise<TLSSocket> {
    const [{ connect }, secureContext] = await Promise.all([import("node:tls"), this.#load()]);
    const { isVerified, pinSha256 } = this.#options;
    const options: ConnectionOptions = {
      ...this.#connectOptions(target),
      socket,
      secureContext,
      // Said either way: an environment variable decides where this is left out.
      rejectUnauthorized: isVerified,
    };
    try {
      const started = handshake(() => connect(options));
      const tls = await watch.race(started, (late) => late.destroy());
      if (pinSha256 !== undefined) await checkPin(tls, pinSha256, target);
      return tls;
    } catch (error) {
      socket.destroy();
      watch.check();
      if (!isCertificateError(error)) throw tlsError(error, target);
      const facts = await inspectCertificate(reopen, this.#clock);
      throw certificateError(error, target, facts, this.#clock.now());
    }
  }

  #load(): Promise<SecureContext> {
    this.#context ??= this.#makeContext();
    return this.#context;
  }

  #connectOptions({ host }: Target): ConnectionOptions {
    const name = host.replace(/\.$/, "");
    const common = { host: name, ALPNProtocols: ["http/1.1"] };
    // An address is no server name (RFC 6066 section 3), but the certificate is checked for it.
    return literalAddress(name) === undefined ? { ...common, servername: name } : common;
  }

  async #makeContext(): Promise<SecureContext> {
    const { createSecureContext } = await import("node:tls");
    const { authorities, certificate, key, passphrase, minVersion, maxVersion } = this.#options;
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
