import type { Clock } from "../base/clock.ts";
import { toWeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import type { Link } from "./dial.ts";
import { runDirectExchange } from "./direct-exchange.ts";
import type { Engine } from "./engine.ts";
import type { Pool } from "./pool.ts";
import type { Watch } from "./watch.ts";

/** What the direct engine is made from. */
export interface DirectEngineOptions {
  readonly pool: Pool;
  readonly dial: (target: Target, watch: Watch) => Promise<Link>;
  readonly clock: Clock;
}

/**
 * Returns the engine that writes HTTP/1.1 itself and parses with the runtime's own parser.
 *
 * It starts in half the time of node:http and sends twice as many requests. Only for a runtime that
 * has the parser, see hasResponseParser().
 */
export function createDirectEngine({ pool, dial, clock }: DirectEngineOptions): Engine {
  return {
    async send(request, watch) {
      const startedMs = clock.monotonicMs();
      const { target } = watch;
      const key = `${target.scheme}://${target.host}:${target.port}`;
      if (request.isFollowUp === true) await pool.settle(key);
      const loan = pool.takeIdle(key) ?? (await pool.take(key, watch, () => dial(target, watch)));
      try {
        watch.check();
        return await runDirectExchange({ request, watch, loan, clock, startedMs });
      } catch (error) {
        loan.drop();
        throw toWeirError(error);
      }
    },
    close: () => pool.close(),
  };
}
