import type { Watch } from "./watch.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/**
 * One way to put a request on the wire and read its answer.
 *
 * An engine gets requests that were checked, dials, writes, and parses. It hands the body over as
 * it was received; decoding is done on top of it. It ends a request when `watch` fails, and says
 * to `watch` what it is waiting for.
 */
export interface Engine {
  send(request: WireRequest, watch: Watch): Promise<WireResponse>;
  /** Closes idle connections. Running requests are ended by their watches. */
  close(): void;
}
