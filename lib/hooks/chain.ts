import { collectUpTo } from "../base/bytes.ts";
import { WeirError } from "../base/errors.ts";
import type { HookChain } from "../exchange/ports.ts";
import { type Body, readBody } from "../http/body.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import { errorFields, requestEvent, responseEvent } from "./event.ts";
import type { EventName } from "./events.ts";
import { cancelled } from "./failure.ts";
import { holdBody } from "./held-body.ts";
import { answeredExchange, patchDraft, patchDraftHeaders, patchExchange } from "./patch.ts";
import type { Hook, HookCall } from "./plugin.ts";
import { beforeRetry } from "./retry-hooks.ts";
import type { HookRunner } from "./runner.ts";
import { refuseOutOfPlace, type Verdict } from "./verdict.ts";

/** How the chain treats bodies. */
export interface ChainOptions {
  /** Bytes of a body that a handler may read. */
  readonly bodyCapBytes: number;
  /** True: the body goes straight to a file or a pipe; handlers see status and headers only. */
  readonly isStreamed: boolean;
}

/** A body up to this size is sent with the event; a larger one is sent when it is asked for. */
const SMALL_BYTES = 32 * 1024;

const NO_BYTES = new Uint8Array();

type Replacement = Extract<Verdict, { readonly kind: "replace" | "respond" }>;

/** Returns the hooks of one client as the exchange knows them. */
export function createChain(runner: HookRunner, options: ChainOptions): Required<HookChain> {
  return {
    beforeRequest: (draft) => beforeRequest(runner, options, draft),
    afterResponse: (exchange) => afterResponse(runner, options, exchange),
    beforeAttempt: (draft, attempt) => beforeAttempt(runner, draft, attempt),
    afterAttempt: (draft, attempt, outcome) => afterAttempt(runner, draft, attempt, outcome),
    beforeRetry: (draft, plan) => beforeRetry(runner, draft, plan),
    onError: (draft, error, attempt) => onError(runner, options, draft, { error, attempt }),
  };
}

async function beforeRequest(
  runner: HookRunner,
  options: ChainOptions,
  draft: Draft,
): Promise<Draft | { readonly answered: Exchange }> {
  const hooks = await runner.hooks("pre_request");
  if (hooks.length === 0) return draft;
  const id = runner.newId();
  let current = draft;
  for (const hook of hooks) {
    if (!hook.matches(current.url.href)) continue;
    const call = requestCall("pre_request", id, current, options);
    const result = await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, call);
      if (verdict.kind === "cancel") return { stop: verdict.reason };
      if (verdict.kind === "replace") return { draft: patchDraft(current, verdict.raw) };
      if (verdict.kind === "respond") return { answered: answer(current, verdict) };
      return refuseFail(verdict);
    });
    if (result === undefined) continue;
    if ("stop" in result) throw cancelled(hook.plugin.name, result.stop, hook.event);
    if ("answered" in result) return { answered: result.answered };
    if ("draft" in result) current = result.draft;
  }
  return current;
}

function answer(
  draft: Draft,
  verdict: Extract<Replacement, { readonly kind: "respond" }>,
): Exchange {
  return answeredExchange(draft, verdict.answer, verdict.raw);
}

/** `fail` is the word for a response that came; before one it is most likely meant as cancel. */
function refuseFail(verdict: Verdict): Record<string, never> {
  if (verdict.kind !== "fail") return {};
  throw new WeirError("HOOK_FAILED", "it returned fail before there is a response", {
    hint: "Return { cancel: true, reason } to stop a request",
  });
}

function requestCall(
  type: EventName,
  id: string,
  draft: Draft,
  { bodyCapBytes }: ChainOptions,
): HookCall {
  const { body } = draft;
  return {
    event: requestEvent(type, id, draft),
    context: {},
    body: smallBody(body),
    async read() {
      if (body.kind === "stream" && !body.replayable) {
        // No hint: one would not come back through the plugin.
        throw new WeirError(
          "HOOK_FAILED",
          "The body comes from a pipe and can be read only once; send it from a file, with @FILE",
        );
      }
      const bytes = await collectUpTo(readBody(body), bodyCapBytes + 1);
      if (bytes.byteLength <= bodyCapBytes) return bytes;
      throw new WeirError("BODY_TOO_LARGE", `The body is larger than ${bodyCapBytes} bytes`);
    },
  };
}

/** Returns a body that goes with the event, if it is small and at hand. */
function smallBody(body: Body): Uint8Array | undefined {
  if (body.kind === "none") return NO_BYTES;
  return body.kind === "bytes" && body.bytes.byteLength <= SMALL_BYTES ? body.bytes : undefined;
}

async function afterResponse(
  runner: HookRunner,
  options: ChainOptions,
  exchange: Exchange,
): Promise<Exchange> {
  const hooks = await runner.hooks("post_request");
  if (hooks.length === 0) return exchange;
  const id = runner.newId();
  let current = exchange;
  for (const hook of hooks.toReversed()) {
    if (!hook.matches(current.draft.url.href)) continue;
    const held = holdBody(current.body, options.bodyCapBytes);
    const before = current;
    const result = await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, responseCall(id, before, held, options));
      if (verdict.kind === "fail") return { failed: verdict.reason };
      if (verdict.kind === "replace") return { exchange: patchExchange(before, verdict.raw) };
      return refuseOutOfPlace(verdict);
    });
    if (result !== undefined && "failed" in result) {
      before.body.cancel();
      throw failedBy(hook, result.failed);
    }
    const isNewBody =
      result !== undefined && "exchange" in result && result.exchange.body !== before.body;
    const next = result !== undefined && "exchange" in result ? result.exchange : before;
    current = isNewBody ? next : { ...next, body: held.rest() };
  }
  return current;
}

function responseCall(
  id: string,
  exchange: Exchange,
  held: { read(): Promise<Uint8Array> },
  { isStreamed }: ChainOptions,
): HookCall {
  return {
    event: responseEvent("post_request", id, exchange),
    context: { attempt: exchange.attempt ?? 1 },
    read() {
      if (!isStreamed) return held.read();
      throw new WeirError(
        "HOOK_FAILED",
        "The body of a download or stream is not shown to plugins",
      );
    },
  };
}

function failedBy(hook: Hook, reason: unknown): WeirError {
  const text = typeof reason === "string" && reason !== "" ? reason : "without a reason";
  return new WeirError(
    "HOOK_FAILED",
    `Plugin ${hook.plugin.name} failed the response: ${text.slice(0, 1000)}`,
    {
      hint: "The plugin decides this; run without it to see the response",
      details: { plugin: hook.plugin.name, event: hook.event },
    },
  );
}

async function beforeAttempt(runner: HookRunner, draft: Draft, attempt: number): Promise<Draft> {
  const hooks = await runner.hooks("pre_attempt");
  if (hooks.length === 0) return draft;
  const id = runner.newId();
  let current = draft;
  for (const hook of hooks) {
    if (!hook.matches(current.url.href)) continue;
    const call = { event: requestEvent("pre_attempt", id, current), context: { attempt } };
    const result = await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, call);
      if (verdict.kind === "cancel") return { stop: verdict.reason };
      if (verdict.kind === "replace") return { draft: patchDraftHeaders(current, verdict.raw) };
      return refuseOutOfPlace(verdict);
    });
    if (result === undefined) continue;
    if ("stop" in result) throw cancelled(hook.plugin.name, result.stop, hook.event);
    if ("draft" in result) current = result.draft;
  }
  return current;
}

async function afterAttempt(
  runner: HookRunner,
  draft: Draft,
  attempt: number,
  outcome: Exchange | WeirError,
): Promise<void> {
  const hooks = await runner.hooks("post_attempt");
  if (hooks.length === 0) return;
  const id = runner.newId();
  for (const hook of hooks.toReversed()) {
    if (!hook.matches(draft.url.href)) continue;
    const event =
      outcome instanceof WeirError
        ? { ...requestEvent("post_attempt", id, draft), ...errorFields(outcome) }
        : responseEvent("post_attempt", id, outcome);
    await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, { event, context: { attempt } });
      return refuseOutOfPlace(verdict);
    });
  }
}

/** Lets hooks see a failure, or answer in its place; undefined leaves the failure as it is. */
async function onError(
  runner: HookRunner,
  options: ChainOptions,
  draft: Draft,
  { error, attempt }: { readonly error: WeirError; readonly attempt: number },
): Promise<Exchange | undefined> {
  const id = runner.newId();
  for (const hook of await runner.hooks("error")) {
    if (!hook.matches(draft.url.href)) continue;
    const call = requestCall("error", id, draft, options);
    const event = { ...requestEvent("error", id, draft), ...errorFields(error) };
    const result = await runner.guarded(hook, async () => {
      const verdict = await runner.ask(hook, { ...call, event, context: { attempt } });
      if (verdict.kind === "respond") return { answered: answer(draft, verdict) };
      return refuseOutOfPlace(verdict);
    });
    if (result !== undefined && "answered" in result) return result.answered;
  }
  return undefined;
}
