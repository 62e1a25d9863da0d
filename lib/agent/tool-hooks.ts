import { toWeirError } from "../base/errors.ts";
import type { HookChain } from "../exchange/ports.ts";
import type { ToolCall, ToolHooks, ToolOutcome } from "../hooks/tool-hooks.ts";
import { type CallId, readToolCall } from "./call.ts";
import type { Envelope } from "./envelope.ts";
import type { CallRecorder } from "./record.ts";

/** The operator's plugins: around the calls of a model, and around the requests they lead to. */
export interface AgentHooks {
  readonly tools: ToolHooks;
  readonly chain: HookChain;
}

/**
 * Returns the arguments to use in place of those of the model.
 *
 * A refusal is recorded before it is thrown: what a plugin stops is a denied call like any other.
 *
 * @throws {WeirError} HOOK_CANCELLED, HOOK_FAILED, HOOK_CAPABILITY, DATA_BAD_CALL, AUDIT_WRITE
 */
export async function beforeCall(
  call: ToolCall,
  hooks: AgentHooks,
  recorder: CallRecorder,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { tool, args } = await hooks.tools.beforeCall(call);
    return readToolCall({ name: tool, arguments: args }).arguments;
  } catch (error) {
    const refusal = toWeirError(error);
    const { code, message, hint } = refusal;
    const decision = { verdict: "deny", code, rule: "plugin", reason: message, hint } as const;
    await recorder.write(
      textOf(call.args, "method") ?? "GET",
      textOf(call.args, "url") ?? "",
      decision,
    );
    await recorder.fail(refusal);
    throw refusal;
  }
}

/** Returns the envelope as the plugins leave it; a plugin may hide an answer, not invent a status. */
export async function afterCall(
  call: ToolCall,
  envelope: Envelope,
  hooks: AgentHooks,
): Promise<Envelope> {
  const before: ToolOutcome = envelope.success
    ? { result: envelope.output }
    : { error: envelope.error };
  const outcome = await hooks.tools.afterCall(call, before);
  if (outcome.error !== undefined) {
    return envelope.success
      ? hidden(envelope.id, outcome.error)
      : { ...envelope, error: outcome.error };
  }
  if (!envelope.success || outcome.result === before.result) return envelope;
  const { result } = outcome;
  return { ...envelope, output: typeof result === "string" ? result : JSON.stringify(result) };
}

function hidden(id: CallId, error: string): Envelope {
  return { id, success: false, output: "", error, code: "HOOK_CANCELLED" };
}

function textOf(args: unknown, key: string): string | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(args, key)?.value;
  return typeof value === "string" ? value : undefined;
}
