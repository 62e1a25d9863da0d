import { WeirError } from "../base/errors.ts";
import { headerValue, type HeaderList } from "../http/headers.ts";
import {
  type AfterHead,
  createResponseParser,
  type ParsedStatus,
  type ParserEvents,
  type ResponseParser,
} from "../runtime/http-parser.ts";
import type { ByteSocket } from "../runtime/runtime.ts";
import { declaredLength } from "./check.ts";
import { Outgoing, requestHead } from "./direct-request.ts";
import {
  CONTINUE_MS,
  type ExchangeParts,
  HEADER_CAP_BYTES,
  HEADER_LIMIT,
  INTERIM_LIMIT,
  isExpectingContinue,
  isKeptAfter,
} from "./exchange-rules.ts";
import { Intake } from "./intake.ts";
import { Pump, smallBody } from "./pump.ts";
import { exchangeError, tooManyHeaders, type Progress, tooManyInterim } from "./response-errors.ts";
import { fromWireText, headersFromWire } from "./text.ts";
import type { WireResponse } from "./wire.ts";

/** Sends the request on the connection that `loan` lends; resolves with the head of its answer. */
export function runDirectExchange(parts: ExchangeParts): Promise<WireResponse> {
  return new DirectExchange(parts).run();
}

/** Where the response is: heads of informational ones, the body, or all of it. */
type Stage = "head" | "interim" | "body" | "complete";

class DirectExchange implements ParserEvents {
  readonly #parts: ExchangeParts;
  readonly #socket: ByteSocket;
  /** Sends a body that does not leave in one piece with the head. */
  #pump: Pump | undefined;
  #isSent = false;
  readonly #parser: ResponseParser;
  readonly #head = Promise.withResolvers<WireResponse>();
  #stage: Stage = "head";
  #lines: string[] = [];
  #intake: Intake | undefined;
  #receivedBytes = 0;
  #expectedBytes: number | undefined;
  #interim = 0;
  #isKept = false;
  #isOver = false;
  #goAhead: (() => void) | undefined;

  constructor(parts: ExchangeParts) {
    const { request, loan } = parts;
    this.#parts = parts;
    this.#socket = loan.link.socket;
    const parser = createResponseParser(this, request.limits.headerCapBytes ?? HEADER_CAP_BYTES);
    if (parser === undefined) throw new WeirError("INTERNAL", "This runtime has no HTTP parser");
    this.#parser = parser;
  }

  run(): Promise<WireResponse> {
    const { request, loan, watch } = this.#parts;
    const head = requestHead(request, loan.link.absoluteFor);
    this.#listen();
    watch.onFail((error) => {
      this.#head.reject(error);
      this.#drop();
    });
    watch.phase = "send";
    this.#send(head);
    return this.#head.promise;
  }

  readonly #onData = (bytes: Uint8Array): void => {
    const error = this.#parser.execute(bytes);
    if (error !== undefined) this.#fail(error);
    else if (this.#stage === "complete") this.#release();
    else this.#keepWaiting();
  };

  readonly #onEnd = (): void => {
    this.#parser.finish();
    if (this.#stage === "complete") this.#drop();
    else this.#fail(hangUp());
  };

  readonly #onError = (error: unknown): void => this.#fail(error);
  readonly #onClose = (): void => this.#fail(hangUp());

  /** A head that comes in pieces is no silence; from its end on, the reader has the timer. */
  #keepWaiting(): void {
    const { watch } = this.#parts;
    if (watch.phase === "response") watch.awaitServer();
  }

  #listen(): void {
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onEnd);
    this.#socket.on("error", this.#onError);
    this.#socket.on("close", this.#onClose);
    // It was paused while it had nobody who listened, or by the reader of the response before.
    this.#socket.resume();
  }

  #leave(): void {
    this.#isOver = true;
    this.#goAhead?.();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("error", this.#onError);
    this.#socket.off("close", this.#onClose);
  }

  #send(head: Uint8Array): void {
    const { request } = this.#parts;
    const declaredBytes = declaredLength(request);
    const outgoing = new Outgoing(this.#socket, declaredBytes === undefined);
    const small = isExpectingContinue(request) ? undefined : smallBody(request.body);
    if (small === undefined) {
      const { watch } = this.#parts;
      const { body, onUpload } = request;
      const pump = new Pump({ body, sink: outgoing, watch, declaredBytes, onUpload });
      this.#pump = pump;
      outgoing.start(head);
      this.#upload(pump, outgoing).catch((error: unknown) => this.#failUpload(error));
      return;
    }
    outgoing.sendWhole(head, small);
    request.onUpload?.(small.byteLength);
    this.#awaitResponse();
  }

  async #upload(pump: Pump, outgoing: Outgoing): Promise<void> {
    if (isExpectingContinue(this.#parts.request)) await this.#awaitContinue();
    if (!(await pump.run())) return;
    outgoing.end();
    this.#awaitResponse();
  }

  #awaitResponse(): void {
    const { watch } = this.#parts;
    this.#isSent = true;
    if (this.#intake !== undefined || watch.error !== undefined) return;
    watch.phase = "response";
    watch.awaitServer();
  }

  async #awaitContinue(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#goAhead = resolve;
    const cancel = this.#parts.clock.after(CONTINUE_MS, resolve);
    await promise;
    cancel();
    this.#goAhead = undefined;
  }

  onBegin(): void {
    if (this.#stage === "interim") this.#stage = "head";
    // What follows a complete response was not asked for: it must not answer the next request.
    if (this.#stage === "complete") this.#isKept = false;
  }

  onLines(flat: readonly string[]): void {
    if (this.#stage === "complete" || this.#isOver) return;
    this.#lines.push(...flat);
    if (this.#lines.length > 2 * HEADER_LIMIT) this.#fail(tooManyHeaders(this.#progress()));
  }

  onStatus(status: ParsedStatus): AfterHead {
    if (this.#stage === "complete" || this.#isOver) return "no body";
    const flat = this.#lines;
    this.#lines = [];
    const { method } = this.#parts.request;
    // A response that changes the protocol has no body of HTTP: its head is the answer.
    if (status.isUpgrade || method.toUpperCase() === "CONNECT") {
      this.#answerHeadOnly(status, flat);
      return "upgrade";
    }
    if (status.status < 200 && status.status !== 101) {
      this.#countInterim(status.status);
      return "no body";
    }
    this.#answer(status, headersFromWire(flat));
    return method.toUpperCase() === "HEAD" ? "no body" : "body";
  }

  #countInterim(status: number): void {
    this.#stage = "interim";
    this.#interim += 1;
    if (this.#interim > INTERIM_LIMIT)
      this.#fail(tooManyInterim(this.#parts.watch.target, this.#interim));
    else if (status === 100) this.#goAhead?.();
  }

  #answer(status: ParsedStatus, headers: HeaderList): void {
    const { request, watch } = this.#parts;
    this.#stage = "body";
    this.#isKept = status.isKept && isKeptAfter(this.#parts, headers);
    this.#stopUploadFor(status.status);
    const length = headerValue(headers, "Content-Length");
    this.#expectedBytes = length === undefined ? undefined : Number(length);
    this.#intake = new Intake(
      {
        pause: () => void this.#socket.pause(),
        resume: () => this.#resume(),
        close: () => this.#drop(),
      },
      watch,
      request.limits.wireCapBytes,
    );
    this.#resolveHead(status, headers, this.#intake);
  }

  /** The socket may serve another request by the time the reader of this one is done. */
  #resume(): void {
    if (!this.#isOver) this.#socket.resume();
  }

  #answerHeadOnly(status: ParsedStatus, flat: readonly string[]): void {
    const intake = new Intake(
      { pause() {}, resume() {}, close() {} },
      this.#parts.watch,
      undefined,
    );
    this.#intake = intake;
    this.#resolveHead(status, headersFromWire(flat), intake);
    intake.end([]);
    this.#drop();
  }

  #resolveHead(status: ParsedStatus, headers: HeaderList, intake: Intake): void {
    const { clock, loan, startedMs, watch } = this.#parts;
    watch.serverHeard();
    watch.phase = "body";
    const { connection, timings } = loan.link;
    const firstByteMs = clock.monotonicMs() - startedMs;
    this.#head.resolve({
      head: {
        status: status.status,
        reason: fromWireText(status.reason),
        httpVersion: status.httpVersion,
        headers,
      },
      body: intake.body(),
      timings: loan.isReused ? { firstByteMs } : { ...timings, firstByteMs },
      connection: { ...connection, isReused: loan.isReused },
    });
  }

  /** A server that answers with a failure, or without a go-ahead, does not want the body. */
  #stopUploadFor(status: number): void {
    this.#pump?.answered();
    if (status >= 300 || this.#goAhead !== undefined) this.#pump?.stop();
    this.#goAhead?.();
  }

  onBody(chunk: Uint8Array): void {
    if (this.#stage !== "body" || this.#isOver) return;
    this.#receivedBytes += chunk.byteLength;
    this.#intake?.push(chunk);
  }

  onComplete(): void {
    if (this.#stage !== "body" || this.#isOver) return;
    this.#stage = "complete";
    this.#intake?.end(headersFromWire(this.#lines));
  }

  /** Called when all that was received has been parsed: extra bytes are known by then. */
  #release(): void {
    if (this.#isOver) return;
    // What is left of the upload would be read as the next request.
    if (!this.#isKept || !this.#isSent) {
      this.#drop();
      return;
    }
    this.#leave();
    this.#parser.release();
    this.#parts.loan.giveBack();
  }

  #failUpload(error: unknown): void {
    if (error instanceof WeirError) this.#parts.watch.fail(error);
    else this.#fail(error);
  }

  /** The first failure counts: those after it are its echo. */
  #fail(cause: unknown): void {
    if (this.#isOver) return;
    // A complete response stays one, whatever becomes of its connection.
    if (this.#stage !== "complete") {
      const error = cause instanceof WeirError ? cause : exchangeError(cause, this.#progress());
      if (this.#intake === undefined) this.#parts.watch.fail(error);
      else this.#intake.fail(error);
    }
    this.#drop();
  }

  #drop(): void {
    if (this.#isOver) return;
    this.#leave();
    this.#pump?.stop();
    this.#parts.loan.drop();
  }

  #progress(): Progress {
    return {
      target: this.#parts.watch.target,
      proxy: this.#parts.loan.link.absoluteFor,
      headerCapBytes: this.#parts.request.limits.headerCapBytes ?? HEADER_CAP_BYTES,
      isAnswered: this.#intake !== undefined,
      isReused: this.#parts.loan.isReused,
      receivedBytes: this.#receivedBytes,
      expectedBytes: this.#expectedBytes,
    };
  }
}

function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}
