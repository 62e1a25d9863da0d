import { ByteQueue } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { HeaderList } from "../http/headers.ts";
import type { ResponseBody } from "../http/exchange.ts";
import type { Watch } from "./watch.ts";

/** Bytes that may wait for the reader before the connection is paused. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What the receiving side of a connection offers to its body. */
export interface Source {
  pause(): void;
  resume(): void;
  /** Closes the connection; nothing more comes. */
  close(): void;
}

/**
 * The body of one response between the connection, which pushes, and the reader, who pulls.
 *
 * The idle timer runs only while the reader waits: a slow reader is not the server's silence.
 */
export class Intake {
  readonly #source: Source;
  readonly #watch: Watch;
  readonly #capBytes: number;
  readonly #waiting = new ByteQueue();
  #wireBytes = 0;
  #readBytes = 0;
  #isPaused = false;
  #isEnded = false;
  #error: WeirError | undefined;
  #wake: (() => void) | undefined;
  #trailers: HeaderList = [];
  readonly #stopWatching: () => void;

  constructor(source: Source, watch: Watch, capBytes: number | undefined) {
    this.#source = source;
    this.#watch = watch;
    this.#capBytes = capBytes ?? Number.POSITIVE_INFINITY;
    this.#stopWatching = watch.onFail((error) => {
      // A request that was ended by its caller or a timer has no use for what still waits.
      this.#waiting.clear();
      this.fail(error);
      source.close();
    });
  }

  /** Takes a chunk from the connection. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded || this.#error !== undefined) return;
    this.#watch.serverHeard();
    const room = this.#capBytes - this.#wireBytes;
    this.#wireBytes += chunk.byteLength;
    this.#keep(chunk.byteLength > room ? chunk.subarray(0, room) : chunk);
    if (chunk.byteLength > room) {
      this.fail(tooLarge(this.#capBytes, this.#wireBytes));
      this.#source.close();
    }
  }

  /** Takes the end of the body, with the trailer lines. */
  end(trailers: HeaderList): void {
    this.#trailers = trailers;
    this.#isEnded = true;
    this.#finish();
  }

  /** Takes a failure; what was pushed before it is still read first. */
  fail(error: WeirError): void {
    if (this.#isEnded || this.#error !== undefined) return;
    this.#error = error;
    this.#finish();
  }

  /** Returns the reader's side. */
  body(): ResponseBody {
    const read = this.#read();
    return {
      chunks: { [Symbol.asyncIterator]: () => read, takeWhole: () => this.#takeWhole() },
      trailers: () => this.#trailers,
      counts: () => ({ wireBytes: this.#wireBytes, decodedBytes: this.#readBytes }),
      cancel: () => this.#cancel(),
    };
  }

  /** What came with the head needs no turn of the event loop to be read. */
  #takeWhole(): Uint8Array | undefined {
    if (!this.#isEnded || this.#error !== undefined || this.#readBytes > 0) return undefined;
    const whole = this.#waiting.takeAll();
    this.#readBytes = whole.byteLength;
    return whole;
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#waiting.shift();
        if (chunk !== undefined) {
          this.#readBytes += chunk.byteLength;
          yield chunk;
        } else if (this.#error !== undefined) {
          throw this.#error;
        } else if (this.#isEnded) {
          return;
        } else {
          await this.#wait();
        }
      }
    } finally {
      this.#cancel();
    }
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    if (this.#waiting.sizeBytes >= HIGH_WATER_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
    this.#wakeUp();
  }

  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#watch.awaitServer();
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#source.resume();
    }
    await promise;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #finish(): void {
    this.#stopWatching();
    this.#watch.close();
    this.#wakeUp();
  }

  #cancel(): void {
    if (this.#isEnded || this.#error !== undefined) return;
    this.fail(new WeirError("CANCELLED", "The rest of the response was not wanted"));
    this.#waiting.clear();
    this.#source.close();
  }
}

/** Returns the error for a body that is larger than its cap. */
export function tooLarge(capBytes: number, receivedBytes: number): WeirError {
  return new WeirError("BODY_TOO_LARGE", `The response body is larger than ${capBytes} bytes`, {
    hint: "Raise the cap with --max-body, or save the body with --output FILE",
    details: { phase: "body", capBytes, receivedBytes },
  });
}
