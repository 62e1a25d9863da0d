import { codeOf, messageOf, WeirError } from "../base/errors.ts";
import { placeText, wireError } from "./errors.ts";
import type { HostPort, TlsOptions } from "./wire.ts";

/** What is known of a certificate that was not accepted. */
export interface CertificateFacts {
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly isSelfSigned?: boolean | undefined;
  readonly validFromMs?: number | undefined;
  readonly validToMs?: number | undefined;
  /** Hosts it is for. */
  readonly names?: readonly string[] | undefined;
}

const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";
const DAY_MS = 86_400_000;
const HINT_VERIFY =
  "If you trust the host, name its authority with --verify CAFILE, or check nothing with --verify no";

/** Codes of OpenSSL's X509_verify that say that nobody trusted vouches for the certificate. */
const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_CHAIN_TOO_LONG",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
]);

/** Says whether the certificate itself, not the handshake, was refused by us. */
export function isCertificateError(error: unknown): boolean {
  const code = codeOf(error);
  const isDated = code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID";
  return isDated || UNTRUSTED.has(code) || code === OTHER_NAME;
}

/** Returns the error for a TLS handshake that failed. */
export function tlsError(cause: unknown, target: HostPort): WeirError {
  if (cause instanceof WeirError) return cause;
  if (isCertificateError(cause)) return certificateError(cause, target, {}, 0);
  return alertError(cause, target) ?? handshakeError(cause, target);
}

/** Returns the error for a certificate that is not valid, with what is known of it. */
export function certificateError(
  cause: unknown,
  target: HostPort,
  facts: CertificateFacts,
  nowMs: number,
): WeirError {
  if (codeOf(cause) === OTHER_NAME) return nameError(cause, target, facts);
  const place = { ...target, phase: "tls" } as const;
  const subject = `TLS certificate of ${placeText(target)}`;
  const dates = datesProblem(codeOf(cause), facts, nowMs);
  if (dates !== undefined) {
    return wireError("TLS_EXPIRED", `${subject} ${dates}`, place, {
      hint: "Check the clock of this machine; else only the owner of the host can renew it",
      cause,
      details: { ...facts },
    });
  }
  const isSelfSigned = facts.isSelfSigned ?? codeOf(cause) === "DEPTH_ZERO_SELF_SIGNED_CERT";
  const issuer = facts.issuer === undefined ? "an unknown authority" : `"${facts.issuer}"`;
  const why = isSelfSigned ? "is self-signed" : `is signed by ${issuer}, which is not trusted`;
  return wireError("TLS_CERTIFICATE", `${subject} ${why}`, place, {
    hint: HINT_VERIFY,
    cause,
    details: { ...facts },
  });
}

function datesProblem(code: string, facts: CertificateFacts, nowMs: number): string | undefined {
  const { validFromMs, validToMs } = facts;
  if (validToMs !== undefined && validToMs < nowMs) return `expired ${days(nowMs - validToMs)} ago`;
  if (validFromMs !== undefined && validFromMs > nowMs) {
    return `is not valid before ${new Date(validFromMs).toISOString().slice(0, 10)}`;
  }
  if (code === "CERT_HAS_EXPIRED") return "has expired";
  return code === "CERT_NOT_YET_VALID" ? "is not yet valid" : undefined;
}

function days(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 48) return hours === 1 ? "1 hour" : `${hours} hours`;
  return `${Math.floor(ms / DAY_MS)} days`;
}

function nameError(cause: unknown, target: HostPort, { names = [] }: CertificateFacts): WeirError {
  const whose = names.length === 0 ? "another host" : listText(names);
  return wireError(
    "TLS_NAME",
    `The certificate of ${placeText(target)} is for ${whose}, not for it`,
    { ...target, phase: "tls" },
    {
      hint: "Check the host name; --verify no accepts any certificate",
      cause,
      details: { names },
    },
  );
}

function listText(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** Alerts of servers that want, or do not want, a client certificate (RFC 8446 section 6.2). */
const CLIENT_ALERT =
  /ALERT_(?:CERTIFICATE_|BAD_CERTIFICATE|UNKNOWN_CA|NO_CERTIFICATE|UNSUPPORTED_CERT)/;

/** Returns the error for an alert about the client certificate, undefined for any other error. */
export function alertError(cause: unknown, target: HostPort): WeirError | undefined {
  const code = codeOf(cause);
  if (!CLIENT_ALERT.test(code)) return undefined;
  const isMissing = code.includes("REQUIRED");
  const what = isMissing ? "wants a client certificate" : "does not accept the client certificate";
  return wireError(
    "TLS_CLIENT",
    `${placeText(target)} ${what}`,
    { ...target, phase: "tls" },
    { hint: "Give one that the host accepts with --cert and --cert-key", cause },
  );
}

function handshakeError(cause: unknown, target: HostPort): WeirError {
  const place = { ...target, phase: "tls" } as const;
  const where = placeText(target);
  const code = codeOf(cause);
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNEXPECTED_MESSAGE|EPROTO/.test(code)) {
    return wireError("TLS_HANDSHAKE", `${where} does not speak TLS`, place, {
      hint: "Try http:// in place of https://",
      cause,
    });
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) {
    return wireError("TLS_HANDSHAKE", `${where} shares no TLS version with weir`, place, {
      hint: "weir speaks TLS 1.2 and 1.3; --ssl narrows it further",
      cause,
    });
  }
  if (code.includes("NO_APPLICATION_PROTOCOL")) {
    return wireError("TLS_HANDSHAKE", `${where} does not speak HTTP/1.1`, place, {
      hint: "The host takes other protocols only, perhaps HTTP/2, which weir does not speak",
      cause,
    });
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return wireError(
      "TLS_HANDSHAKE",
      `${where} closed the connection in the TLS handshake`,
      place,
      {
        hint: "The port may not speak TLS: try http://; or it wants another host name or version",
        cause,
      },
    );
  }
  const alert = /_ALERT_(.+)/.exec(code)?.[1]?.toLowerCase().replaceAll("_", " ");
  const what =
    alert === undefined
      ? `TLS handshake with ${where} failed: ${code === "" ? messageOf(cause) : code}`
      : `${where} refused the TLS handshake: ${alert}`;
  return wireError("TLS_HANDSHAKE", what, place, {
    hint: "The host may want another TLS version (--ssl) or a client certificate (--cert)",
    cause,
  });
}

/** Returns the error for TLS options that cannot be used. */
export function contextError(cause: unknown, options: TlsOptions): WeirError {
  const code = codeOf(cause);
  const details = { phase: "tls", reason: code };
  if (options.certificate === undefined && options.key === undefined) {
    return authoritiesError(cause);
  }
  if (code.includes("KEY_VALUES_MISMATCH")) {
    return new WeirError("TLS_CLIENT", "The key does not belong to the client certificate", {
      hint: "Give the key of this certificate with --cert-key",
      cause,
      details,
    });
  }
  if (/DECRYPT|PASSWORD|BAD_PASS/.test(code)) {
    return new WeirError("TLS_CLIENT", "The key of the client certificate cannot be decrypted", {
      hint: "Give its passphrase with --cert-key-pass",
      cause,
      details,
    });
  }
  return new WeirError("TLS_CLIENT", "The client certificate or its key cannot be read", {
    hint: "--cert and --cert-key want PEM files",
    cause,
    details,
  });
}

/** Returns the error for authorities that are not certificates. */
export function authoritiesError(cause?: unknown): WeirError {
  return new WeirError("TLS_AUTHORITIES", "The authorities to trust cannot be read", {
    hint: "--verify wants a file of PEM certificates, each from BEGIN to END CERTIFICATE",
    cause,
    details: { phase: "tls", reason: codeOf(cause) },
  });
}
