import { toWeirError, WeirError } from "../base/errors.ts";
import type { HookChain } from "../exchange/ports.ts";
import type { ToolCall, ToolHooks, ToolOutcome } from "../hooks/tool-hooks.ts";
import { type CallId, readToolCall } from "./call.ts";
import type { Envelope } from "./envelope.ts";
import type { CallRecorder } from "./record.ts";

/** The operator's plugins: around the calls of a model, and around the requests they lead to. */
export interface AgentHooks {
  readonly tools: ToolHooks;
  readonly chain: HookChain;
  /** Says whether arguments hold a plugin's placeholder of a secret. */
  readonly holdsPlaceholder: (args: unknown) => boolean;
}

/**
 * Returns the arguments to use in place of those of the model.
 *
 * A refusal is recorded before it is thrown: what a plugin stops is a denied call like any other.
 *
 * @throws {WeirError} POLICY_DENIED, HOOK_CANCELLED, HOOK_FAILED, HOOK_CAPABILITY, DATA_BAD_CALL, AUDIT_WRITE
 */
export async function beforeCall(
  call: ToolCall,
  hooks: AgentHooks,
  recorder: CallRecorder,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (hooks.holdsPlaceholder(call.args)) throw stolenPlaceholder();
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

/** Only a plugin may write where its secret goes; a model is not shown placeholders at all. */
function stolenPlaceholder(): WeirError {
  return new WeirError("POLICY_DENIED", "The call holds a placeholder of a plugin's secret", {
    hint: "This is final; only the plugin itself may use it",
  });
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
