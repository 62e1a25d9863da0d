import type { Socket } from "node:net";
import type { PeerCertificate } from "node:tls";
import type { Clock } from "../base/clock.ts";
import type { CertificateFacts } from "./tls-errors.ts";

/** How long looking at a refused certificate may hold up the error about it. */
const PATIENCE_MS = 2000;

/**
 * Returns what is known of the certificate that a host shows; nothing when it cannot be learned.
 *
 * The runtimes drop a certificate together with the connection that refused it, so it is asked for
 * once more. Nothing is sent on that connection, and no client certificate is shown.
 */
export async function inspectCertificate(
  reopen: () => Promise<Socket>,
  clock: Clock,
): Promise<CertificateFacts> {
  const { promise, resolve } = Promise.withResolvers<CertificateFacts>();
  const cancel = clock.after(PATIENCE_MS, () => resolve({}));
  // Whenever the connection is made, it is closed when the facts are there or no longer wanted.
  const keepUntilDone = (socket: Socket): void => {
    void promise.then(() => socket.destroy());
  };
  // The error about the certificate stands without these facts.
  look(reopen, keepUntilDone).then(resolve, () => resolve({}));
  const facts = await promise;
  cancel();
  return facts;
}

async function look(
  reopen: () => Promise<Socket>,
  onOpen: (socket: Socket) => void,
): Promise<CertificateFacts> {
  const { connect } = await import("node:tls");
  const socket = await reopen();
  onOpen(socket);
  return new Promise((resolve, reject) => {
    const tls = connect({ socket, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    tls.on("error", reject);
    tls.once("close", () => reject(new Error("closed")));
    tls.once("secureConnect", () => {
      resolve(factsOf(tls.getPeerCertificate()));
      tls.destroy();
    });
  });
}

function factsOf(certificate: PeerCertificate): CertificateFacts {
  const subject = nameOf(certificate.subject);
  const issuer = nameOf(certificate.issuer);
  return {
    subject,
    issuer,
    isSelfSigned: JSON.stringify(certificate.subject) === JSON.stringify(certificate.issuer),
    validFromMs: dateMs(certificate.valid_from),
    validToMs: dateMs(certificate.valid_to),
    names: namesOf(certificate.subjectaltname),
  };
}

/** Alternative names are one text: `DNS:a, IP Address:b`. */
function namesOf(text = ""): readonly string[] {
  return text
    .split(", ")
    .map((name) => name.replace(/^(?:DNS|IP Address|URI|email):/, ""))
    .filter((name) => /^[\x21-\x7e]+$/.test(name));
}

/** The common name is the server's own word: only what is safe to print is kept. */
function nameOf(name: PeerCertificate["subject"] | undefined): string | undefined {
  const text = name?.CN ?? name?.O;
  const first = typeof text === "string" ? text : text?.[0];
  return first?.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}

function dateMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
