import type { ClientRequest, IncomingMessage } from "node:http";
import { WeirError } from "../base/errors.ts";
import { declaredLength } from "./check.ts";
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
import { nodeSocket, openRequest, sinkOf } from "./node-request.ts";
import { Pump, smallBody } from "./pump.ts";
import { exchangeError, tooManyHeaders, type Progress, tooManyInterim } from "./response-errors.ts";
import { fromWireText, headersFromWire } from "./text.ts";
import type { WireResponse } from "./wire.ts";

/** Sends the request on the connection that `loan` lends; resolves with the head of its answer. */
export function runNodeExchange(parts: ExchangeParts): Promise<WireResponse> {
  return new NodeExchange(parts).run();
}

class NodeExchange {
  readonly #parts: ExchangeParts;
  readonly #outgoing: ClientRequest;
  readonly #pump: Pump;
  readonly #head = Promise.withResolvers<WireResponse>();
  #intake: Intake | undefined;
  #message: IncomingMessage | undefined;
  #receivedBytes = 0;
  #expectedBytes: number | undefined;
  #interim = 0;
  #goAhead: (() => void) | undefined;
  /** A head that comes in pieces is no silence; from its end on, the reader has the timer. */
  readonly #onData = (): void => {
    const { watch } = this.#parts;
    if (watch.phase === "response") watch.awaitServer();
  };

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    const { request, watch, loan } = parts;
    this.#outgoing = openRequest(request, loan.link);
    this.#pump = new Pump({
      body: request.body,
      sink: sinkOf(this.#outgoing),
      watch,
      declaredBytes: declaredLength(request),
      onUpload: request.onUpload,
    });
  }

  async run(): Promise<WireResponse> {
    const { watch } = this.#parts;
    this.#listen();
    const stop = watch.onFail((error) => {
      this.#head.reject(error);
      this.#drop();
    });
    watch.phase = "send";
    this.#upload().catch((error: unknown) => this.#failUpload(error));
    try {
      return await this.#head.promise;
    } finally {
      stop();
    }
  }

  #listen(): void {
    const socket = nodeSocket(this.#parts.loan.link);
    const outgoing = this.#outgoing;
    outgoing.on("response", (message) => this.#answer(message));
    outgoing.on("continue", () => this.#goAhead?.());
    outgoing.on("information", () => this.#countInterim());
    // A response that changes the protocol has no body of HTTP: its head is the answer.
    for (const event of ["upgrade", "connect"] as const) {
      outgoing.on(event, (message) => this.#answerHeadOnly(message));
    }
    outgoing.on("error", (error) => this.#fail(error));
    outgoing.on("close", () => this.#goAhead?.());
    const onFree = (): void => {
      socket.off("close", onClose);
      this.#parts.loan.giveBack();
    };
    const onClose = (): void => {
      socket.off("free", onFree);
      this.#parts.loan.drop();
    };
    socket.once("free", onFree);
    socket.once("close", onClose);
    socket.on("data", this.#onData);
  }

  async #upload(): Promise<void> {
    const { request, watch } = this.#parts;
    const outgoing = this.#outgoing;
    const small = isExpectingContinue(request) ? undefined : smallBody(request.body);
    if (small !== undefined) {
      this.#pump.skip();
      outgoing.end(small.byteLength === 0 ? undefined : small);
      request.onUpload?.(small.byteLength);
    } else {
      outgoing.flushHeaders();
      if (isExpectingContinue(request)) await this.#awaitContinue();
      if (!(await this.#pump.run())) return;
      outgoing.end();
    }
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

  #countInterim(): void {
    this.#interim += 1;
    if (this.#interim <= INTERIM_LIMIT) return;
    this.#fail(tooManyInterim(this.#parts.watch.target, this.#interim));
  }

  #answer(message: IncomingMessage): void {
    const { request, watch } = this.#parts;
    if (watch.error !== undefined) return;
    if (message.rawHeaders.length > 2 * HEADER_LIMIT) {
      this.#fail(tooManyHeaders(this.#progress()));
      return;
    }
    this.#stopUploadFor(message.statusCode ?? 0);
    const length = message.headers["content-length"];
    this.#expectedBytes = length === undefined ? undefined : Number(length);
    const intake = new Intake(
      {
        pause: () => message.pause(),
        resume: () => message.resume(),
        close: () => this.#drop(),
      },
      watch,
      request.limits.wireCapBytes,
    );
    this.#intake = intake;
    this.#message = message;
    message.on("data", (chunk: Uint8Array) => {
      this.#receivedBytes += chunk.byteLength;
      intake.push(chunk);
    });
    message.on("end", () => this.#complete(message));
    message.on("error", (error) => this.#fail(error));
    this.#resolveHead(message, intake);
  }

  #answerHeadOnly(message: IncomingMessage): void {
    if (this.#parts.watch.error !== undefined) return;
    const intake = new Intake(
      { pause() {}, resume() {}, close() {} },
      this.#parts.watch,
      undefined,
    );
    this.#intake = intake;
    this.#resolveHead(message, intake);
    intake.end([]);
    this.#drop();
  }

  #resolveHead(message: IncomingMessage, intake: Intake): void {
    const { clock, loan, startedMs, watch } = this.#parts;
    loan.link.socket.off("data", this.#onData);
    watch.serverHeard();
    watch.phase = "body";
    const { connection, timings } = loan.link;
    const firstByteMs = clock.monotonicMs() - startedMs;
    this.#head.resolve({
      head: {
        status: message.statusCode ?? 0,
        reason: fromWireText(message.statusMessage ?? ""),
        httpVersion: message.httpVersion,
        headers: headersFromWire(message.rawHeaders),
      },
      body: intake.body(),
      timings: loan.isReused ? { firstByteMs } : { ...timings, firstByteMs },
      connection: { ...connection, isReused: loan.isReused },
    });
  }

  /** A server that answers with a failure, or without a go-ahead, does not want the body. */
  #stopUploadFor(status: number): void {
    this.#pump.answered();
    if (status >= 300 || this.#goAhead !== undefined) this.#pump.stop();
    this.#goAhead?.();
  }

  #complete(message: IncomingMessage): void {
    if (!message.complete) {
      this.#fail(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
      return;
    }
    this.#intake?.end(headersFromWire(message.rawTrailers));
    if (!this.#isReusable(message)) this.#drop();
  }

  #isReusable(message: IncomingMessage): boolean {
    // What is left of the upload would be read as the next request.
    if (!this.#pump.isDone) return false;
    // node:http leaves a "Connection: close" that was given as a raw line to its agent.
    return isKeptAfter(this.#parts, headersFromWire(message.rawHeaders));
  }

  #failUpload(error: unknown): void {
    if (error instanceof WeirError) this.#parts.watch.fail(error);
    else this.#fail(error);
  }

  /**
   * The first failure counts: those after it are its echo. One that comes when the response is
   * complete, such as an upload that is cut by an early answer, takes nothing from it.
   */
  #fail(cause: unknown): void {
    if (this.#message?.complete === true && !(cause instanceof WeirError)) {
      // The end of the body is on its way to the intake.
      this.#pump.stop();
      this.#parts.loan.drop();
      return;
    }
    const error = cause instanceof WeirError ? cause : exchangeError(cause, this.#progress());
    if (this.#intake === undefined) this.#parts.watch.fail(error);
    else this.#intake.fail(error);
    this.#drop();
  }

  #drop(): void {
    this.#pump.stop();
    this.#outgoing.destroy();
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
