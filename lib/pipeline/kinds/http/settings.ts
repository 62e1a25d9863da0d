import type { WireLimits } from "../../../transport/wire.ts";
import type { RateLimit } from "../../rates.ts";
import {
  countOf,
  durationOf,
  flagOf,
  isMap,
  kindName,
  positiveOf,
  wordOf,
} from "../../readings.ts";
import type { Scope } from "../../scope.ts";
import { compileSetting, type Reading, type Setting } from "../../setting.ts";
import type { KindInput } from "../kind.ts";

/** How the body of a response is read. */
export type ResponseType = "json" | "text" | "binary";

const RESPONSE_TYPES: readonly ResponseType[] = ["json", "text", "binary"];

/** Redirects followed when the file says nothing. */
const MAX_REDIRECTS = 10;

/** How the requests of a task are made, its templates rendered. */
export interface HttpSettings {
  /** Those the file gives; the run has others. */
  readonly limits: WireLimits;
  readonly isVerified: boolean;
  /** Requests sent at most, the first one included; undefined: redirects are not followed. */
  readonly maxRequests: number | undefined;
  readonly responseType: ResponseType | undefined;
  readonly rate: RateLimit | undefined;
}

/** The settings of a task, compiled. */
export interface SettingsPlan {
  /** @throws {WeirError} TEMPLATE_* */
  read(scope: Scope): HttpSettings;
}

/**
 * Returns the compiled settings of an http task.
 *
 * @throws {WeirError} PIPELINE_INVALID, TEMPLATE_SYNTAX
 */
export function compileSettings({ spec, path, source }: KindInput): SettingsPlan {
  const at = <T>(key: string, parse: (value: unknown) => Reading<T>): Setting<T> | undefined =>
    spec[key] === undefined
      ? undefined
      : compileSetting(spec[key], [...path, "spec", key], source, parse);
  const timeout = at("timeout", readTimeout);
  const verify = at("verify", flagOf("spec.verify"));
  const isFollowing = at("follow_redirects", flagOf("spec.follow_redirects"));
  const redirects = at("max_redirects", countOf("spec.max_redirects", 0));
  const responseType = at("response_type", wordOf("spec.response_type", RESPONSE_TYPES));
  const rate = at("rate", readRate);
  return {
    read(scope) {
      const most = (redirects?.read(scope) ?? MAX_REDIRECTS) + 1;
      return {
        limits: timeout?.read(scope) ?? {},
        isVerified: verify?.read(scope) ?? true,
        maxRequests: (isFollowing?.read(scope) ?? true) ? most : undefined,
        responseType: responseType?.read(scope),
        rate: rate?.read(scope),
      };
    },
  };
}

/** A number is the total; what is left out is as the run has it. */
function readTimeout(value: unknown): Reading<WireLimits> {
  if (value === null) return { value: {} };
  if (!isMap(value)) {
    const total = durationOf("spec.timeout")(value);
    return "value" in total ? { value: { totalTimeoutMs: total.value } } : total;
  }
  let limits: WireLimits = {};
  for (const [key, field] of Object.entries(value)) {
    if (!isTimer(key)) {
      return {
        wrong: `spec.timeout has the key ${JSON.stringify(key)}`,
        hint: "Its keys are connect, read and total",
      };
    }
    const ms = durationOf(`spec.timeout.${key}`)(field);
    if ("wrong" in ms) return ms;
    limits = { ...limits, [TIMERS[key]]: ms.value };
  }
  return { value: limits };
}

const TIMERS = {
  connect: "connectTimeoutMs",
  read: "readTimeoutMs",
  total: "totalTimeoutMs",
} as const;

function isTimer(key: string): key is keyof typeof TIMERS {
  return Object.hasOwn(TIMERS, key);
}

function readRate(value: unknown): Reading<RateLimit | undefined> {
  if (value === null) return { value: undefined };
  if (!isMap(value)) {
    return {
      wrong: `spec.rate is ${kindName(value)}`,
      hint: "Write rate: {requests_per_second: 5, burst: 10}",
    };
  }
  const { requests_per_second: perSecond, burst, max_in_flight: inFlight, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    return {
      wrong: `spec.rate has the key ${JSON.stringify(other)}`,
      hint: "Its keys are requests_per_second, burst and max_in_flight",
    };
  }
  const readings = [
    optional(perSecond, positiveOf("spec.rate.requests_per_second")),
    optional(burst, countOf("spec.rate.burst", 1)),
    optional(inFlight, countOf("spec.rate.max_in_flight", 1)),
  ];
  const wrong = readings.find((reading) => "wrong" in reading);
  if (wrong !== undefined && "wrong" in wrong) return wrong;
  const [requestsPerSecond, most, maxInFlight] = readings.map((reading) =>
    "value" in reading ? reading.value : undefined,
  );
  return { value: { requestsPerSecond, burst: most, maxInFlight } };
}

function optional(
  value: unknown,
  parse: (value: unknown) => Reading<number>,
): Reading<number | undefined> {
  return value === undefined || value === null ? { value: undefined } : parse(value);
}
