import type { Secret } from "../base/secret.ts";
import type { Decision, Target } from "../guard/decision.ts";
import type {
  Connection,
  ResponseBody,
  ResponseHead,
  SentRequest,
  Timings,
} from "../http/exchange.ts";
import type { Address } from "../runtime/runtime.ts";

/** What bounds one request on the wire. Undefined means no bound, except for headers. */
export interface WireLimits {
  /** DNS, TCP, proxy and TLS together. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest silence while waiting for, or reading, the response. */
  readonly readTimeoutMs?: number | undefined;
  /** From the start of the exchange to the last byte of its last response. */
  readonly totalTimeoutMs?: number | undefined;
  /** How much of that is gone when this request starts: the hops before it. */
  readonly spentMs?: number | undefined;
  /** Bytes of status line and headers; 256 KiB when not given. */
  readonly headerCapBytes?: number | undefined;
  /** Bytes of the body as received; over it the body throws BODY_TOO_LARGE. */
  readonly wireCapBytes?: number | undefined;
  /** Bytes of the body after decoding; over it the body throws BODY_TOO_LARGE. */
  readonly decodedCapBytes?: number | undefined;
}

/** One request for the wire: complete, dressed, with Host and framing headers. */
export interface WireRequest extends SentRequest {
  readonly limits: WireLimits;
  /** False: the body is handed over with its content coding, as a download wants it. */
  readonly isDecoded: boolean;
  /** True: the response before it led to it, perhaps on a connection that ends now. */
  readonly isFollowUp?: boolean | undefined;
  /** Aborts with its reason, which should be a WeirError. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the request body sent so far. */
  readonly onUpload?: ((sentBytes: number) => void) | undefined;
}

/** One answer from the wire. */
export interface WireResponse {
  readonly head: ResponseHead;
  readonly body: ResponseBody;
  readonly timings: Timings;
  readonly connection: Connection;
}

/**
 * What is known of a request that failed: no byte of it left ("never"), it may have arrived
 * ("unknown"), or the head of a response came ("answered").
 */
export type Arrival = "never" | "unknown" | "answered";

/**
 * Puts one request on the wire and returns its answer: no redirect, no retry, nothing resent.
 *
 * Resolves when the head of the final response is there (informational responses are passed over).
 * The details of an error say under `arrival` what became of the request; those of an error of the
 * body, which comes later, have `phase: "body"`.
 *
 * @throws {WeirError} NET_*, TLS_*, TIMEOUT_*, USAGE_BAD_FRAMING, POLICY_ADDRESS, or the reason of `signal`
 */
export type Send = (request: WireRequest) => Promise<WireResponse>;

/** How TLS connections of a client are checked and made. */
export interface TlsOptions {
  /** False: any certificate is accepted (`--verify no`). */
  readonly isVerified: boolean;
  /** PEM text of the authorities to trust in place of the built-in ones. */
  readonly authorities?: string | undefined;
  /** PEM text of the client certificate and its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** SHA-256 of public keys (SPKI, base64); the host has to hold one of them (`--pin-sha256`). */
  readonly pinSha256?: readonly string[] | undefined;
}

/** Where a connection goes. */
export interface HostPort {
  /** Name or IP literal, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What the dial of one client needs. */
export interface DialOptions {
  readonly tls: TlsOptions;
  /** Judges every address of a host before one of them is connected to. */
  readonly judge: (target: Target, addresses: readonly Address[]) => Decision;
  /** Only addresses of this family are used (`-4`, `-6`). */
  readonly family?: 4 | 6 | undefined;
  /** Addresses in place of DNS, by `host` or `host:port`; they are judged all the same. */
  readonly overrides?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Returns the host and port to connect to in place of the target's, undefined for no change. */
  readonly connectTo?: ((target: Target) => HostPort | undefined) | undefined;
  /** Local address that connections are made from (`--interface`). */
  readonly localAddress?: string | undefined;
  /** Path of a Unix domain socket that takes the place of every host (`--unix-socket`). */
  readonly unixSocket?: string | undefined;
  /** Returns the proxy for a target, undefined for none; never left out when it fails. */
  readonly proxyFor?: ((target: Target) => Proxy | undefined) | undefined;
  /** True: an HTTP proxy is asked for a tunnel (CONNECT) for plain http too. */
  readonly isTunnelled?: boolean | undefined;
  /**
   * True: a proxy is asked for a judged address, never for a name. What works by name only
   * (socks5h) is refused with POLICY_RESOLVE.
   */
  readonly isPinned?: boolean | undefined;
}

/** A proxy on the way to a target. */
export interface Proxy extends HostPort {
  /** socks5 is given addresses that were resolved here, socks5h is given names. */
  readonly scheme: "http" | "https" | "socks5" | "socks5h";
  readonly credentials?: ProxyCredentials | undefined;
}

/** What a proxy knows its user by; never sent to anyone else. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: Secret;
}

/** The sending side of one client: its own connections, shared with no other client. */
export interface Transport {
  readonly send: Send;
  /** Closes idle connections and aborts running requests. */
  close(): void;
}
