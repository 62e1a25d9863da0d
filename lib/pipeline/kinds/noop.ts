import type { Dict } from "../../template/values.ts";
import { isDict, ownValue } from "../../template/values.ts";
import type { Outcome } from "../outcome.ts";
import type { Scope } from "../scope.ts";
import type { TaskKind, Work } from "./kind.ts";

/** Data of the task before, which stays the latest when nothing is done. */
function dataBefore({ layers }: Scope): unknown {
  const layer: Dict | undefined = layers.find((one) => ownValue(one, "_prev") !== undefined);
  const before = layer === undefined ? null : ownValue(layer, "_prev");
  return isDict(before) ? (ownValue(before, "data") ?? null) : null;
}

const WORK: Work = {
  hasOwnAttempts: false,
  credentials: [],
  plan: () => [],
  run({ scope, at }): Promise<Outcome> {
    return Promise.resolve({
      status: "ok",
      http: { status: null, headers: {} },
      result: { status: "ok", headers: {}, data: dataBefore(scope) },
      error: null,
      meta: { attempt: at.attempt ?? 1, duration_ms: 0 },
    });
  },
};

/** `kind: noop`: a place for rules. */
export const noopKind: TaskKind = {
  name: "noop",
  summary: "Does nothing: a place for rules that set variables, jump or break",
  keys: {},
  specKeys: {},
  specDefaults: {},
  compile: () => WORK,
};
