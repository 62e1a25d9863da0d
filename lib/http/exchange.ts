import type { ByteSource } from "../base/bytes.ts";
import type { Body } from "./body.ts";
import type { Draft } from "./draft.ts";
import type { HeaderList } from "./headers.ts";

/** A request as it went on the wire. */
export interface SentRequest {
  readonly method: string;
  /** Without the parameters of a credential, which stand in `target` only. */
  readonly url: URL;
  /** Request target of the request line: origin-form, or absolute-form through a proxy. */
  readonly target: string;
  /** Every header line sent, Host and framing included, in order. */
  readonly headers: HeaderList;
  readonly body: Body;
}

/** One hop as it is finally to be sent, still undressed: what guard and credentials are asked about. */
export interface HopRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Body;
  /** The Content-Type that goes with the body, which may be a default that `headers` does not have. */
  readonly contentType?: string | undefined;
  /** 0 for the request itself, 1 for its first redirect. */
  readonly hop: number;
  /** The URL of the hop before, when this one is a redirect. */
  readonly from?: URL | undefined;
  /** The URL of hop 0, when this one is a redirect. */
  readonly first?: URL | undefined;
  /**
   * The text that `url` was parsed from, when somebody else wrote it: the `Location` of a redirect.
   * Parsing repairs what a guard may want to refuse.
   */
  readonly written?: string | undefined;
}

/** Status line and headers of a response. */
export interface ResponseHead {
  /** 100 to 999. */
  readonly status: number;
  readonly reason: string;
  /** "1.0" or "1.1". */
  readonly httpVersion: string;
  /** Lines as received, repeats included; values decoded as UTF-8, else Latin-1. */
  readonly headers: HeaderList;
}

/** Milliseconds each phase of one hop took; undefined for a phase that did not happen. */
export interface Timings {
  readonly dnsMs?: number | undefined;
  readonly connectMs?: number | undefined;
  readonly tlsMs?: number | undefined;
  /** From the start of the hop to the first byte of the response. */
  readonly firstByteMs?: number | undefined;
}

/** The connection a hop used. */
export interface Connection {
  /** IP address connected to: the server's, or the proxy's when there is one. */
  readonly address: string;
  readonly port: number;
  readonly isReused: boolean;
  /** For example "TLSv1.3"; undefined without TLS. */
  readonly tlsVersion?: string | undefined;
}

/** One request and its response in a chain of redirects. */
export interface Hop {
  readonly request: SentRequest;
  readonly response: ResponseHead;
  /** Decoded body of a response that was not the last one, cut at a small cap. */
  readonly body?: Uint8Array | undefined;
  readonly timings: Timings;
  readonly connection: Connection;
}

/** The body of the last response; read it once, or cancel it. */
export interface ResponseBody {
  /** Yields decoded bytes; throws WeirError when the body is cut, broken or over a cap. */
  readonly chunks: ByteSource;
  /** Returns the trailer lines; empty until `chunks` has ended. */
  trailers(): HeaderList;
  /** Returns bytes received on the wire and bytes decoded so far. */
  counts(): { readonly wireBytes: number; readonly decodedBytes: number };
  /** Closes the connection when the rest is not wanted. Safe to call twice. */
  cancel(): void;
}

/** A draft, its hops and its final response. */
export interface Exchange {
  readonly draft: Draft;
  /** At least one; the last one is the final response. */
  readonly hops: readonly Hop[];
  readonly response: ResponseHead;
  readonly body: ResponseBody;
  /** Milliseconds from the start of its attempt to the head of the final response. */
  readonly elapsedMs: number;
  /** Number of the attempt it is of; the first one when not given. */
  readonly attempt?: number | undefined;
  /** True: a hook answered, and nothing was sent. */
  readonly isSynthetic?: boolean | undefined;
}
