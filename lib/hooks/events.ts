/** Every event by name, in the order in which a request meets them; those of pipelines last. */
export const EVENTS = [
  "load",
  "unload",
  "pre_request",
  "pre_attempt",
  "post_attempt",
  "pre_retry",
  "post_request",
  "error",
  "page",
  "pre_tool_call",
  "post_tool_call",
  "run_start",
  "step_start",
  "step_end",
  "run_end",
] as const;

/** A name of EVENTS. */
export type EventName = (typeof EVENTS)[number];

/** Says whether `text` is the name of an event. */
export function isEventName(text: unknown): text is EventName {
  return EVENTS.some((name) => name === text);
}

/** Says whether a failing handler refuses the request, unless the manifest says otherwise. */
export function failsClosed(event: EventName): boolean {
  return event.startsWith("pre_");
}
