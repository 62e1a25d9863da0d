import type { Clock } from "../base/clock.ts";
import { toWeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import type { Link } from "./dial.ts";
import type { Engine } from "./engine.ts";
import { runNodeExchange } from "./node-exchange.ts";
import type { Pool } from "./pool.ts";
import type { Watch } from "./watch.ts";

/** What the node engine is made from. */
export interface NodeEngineOptions {
  readonly pool: Pool;
  readonly dial: (target: Target, watch: Watch) => Promise<Link>;
  readonly clock: Clock;
}

/** Returns the engine that stands on node:http, with sockets that weir has dialled. */
export function createNodeEngine({ pool, dial, clock }: NodeEngineOptions): Engine {
  return {
    async send(request, watch) {
      const startedMs = clock.monotonicMs();
      const { target } = watch;
      const key = `${target.scheme}://${target.host}:${target.port}`;
      if (request.isFollowUp === true) await pool.settle(key);
      const loan = await pool.take(key, watch, () => dial(target, watch));
      try {
        watch.check();
        return await runNodeExchange({ request, watch, loan, clock, startedMs });
      } catch (error) {
        loan.drop();
        throw toWeirError(error);
      }
    },
    close: () => pool.close(),
  };
}
