/** What bounds one plugin. */
export interface PluginLimits {
  /** Memory of its engine, in MiB. */
  readonly memoryMb: number;
  /** Time without giving back control, in one turn. */
  readonly deadlineMs: number;
  /** Wall time of one handler, waiting included; undefined: none, as for scripts. */
  readonly timeoutMs: number | undefined;
  /** Requests of its own in one handler call; undefined: any number, as for scripts. */
  readonly requests: number | undefined;
  /** Bytes of a response to a request of its own. */
  readonly responseCapBytes: number;
}

/** Limits of a plugin whose manifest names none. */
export const DEFAULT_LIMITS: PluginLimits = {
  memoryMb: 64,
  deadlineMs: 1000,
  timeoutMs: 30_000,
  requests: 20,
  responseCapBytes: 1_000_000,
};

/** Limits of a script of `weir exec`, which is the program and not a guest in one. */
export const SCRIPT_LIMITS: PluginLimits = {
  ...DEFAULT_LIMITS,
  memoryMb: 256,
  deadlineMs: 10_000,
  timeoutMs: undefined,
  requests: undefined,
  responseCapBytes: 10_000_000,
};
