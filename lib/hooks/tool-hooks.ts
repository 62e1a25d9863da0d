import { WeirError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { reasonText } from "./failure.ts";
import type { HookRunner } from "./runner.ts";

/** A tool call as hooks see it. */
export interface ToolCall {
  readonly tool: string;
  /** JSON. */
  readonly args: unknown;
}

/** What a tool call came to; one of the two is there. */
export interface ToolOutcome {
  readonly result?: unknown;
  readonly error?: string | undefined;
}

/** The hooks around the tool calls of an agent. */
export interface ToolHooks {
  /** Returns the call to make; throws HOOK_CANCELLED, HOOK_FAILED, HOOK_CAPABILITY. */
  beforeCall(call: ToolCall): Promise<ToolCall>;
  /** Returns what the agent is told. Its failures are warnings unless the manifest says otherwise. */
  afterCall(call: ToolCall, outcome: ToolOutcome): Promise<ToolOutcome>;
}

/** Returns the tool hooks of the plugins of `runner`. */
export function createToolHooks(runner: HookRunner): ToolHooks {
  return {
    async beforeCall(call) {
      const id = runner.newId();
      let current = call;
      for (const hook of await runner.hooks("pre_tool_call")) {
        if (!hook.matches(current.tool)) continue;
        const event = { type: "pre_tool_call", id, ...current };
        const result = await runner.guarded(hook, async () => {
          const verdict = await runner.ask(hook, { event, context: {} });
          if (verdict.kind === "cancel") return { stop: verdict.reason };
          if (verdict.kind === "replace") return { args: argsOf(verdict.raw.fields, current) };
          if (verdict.kind === "pass") return {};
          throw new WeirError("HOOK_FAILED", `it returned ${verdict.kind}, not a tool call`);
        });
        if (result === undefined) continue;
        if ("stop" in result) throw blocked(hook.plugin.name, result.stop);
        if ("args" in result) current = { ...current, args: result.args };
      }
      return current;
    },
    async afterCall(call, outcome) {
      const id = runner.newId();
      const hooks = await runner.hooks("post_tool_call");
      let current = outcome;
      for (const hook of hooks.toReversed()) {
        if (!hook.matches(call.tool)) continue;
        const event = { type: "post_tool_call", id, ...call, ...current };
        const patched = await runner.guarded(hook, async () => {
          const verdict = await runner.ask(hook, { event, context: {} });
          if (verdict.kind === "replace") return outcomeOf(verdict.raw.fields, current);
          if (verdict.kind === "pass") return undefined;
          // A result that somebody wants to withhold must not go out without a word.
          throw new WeirError(
            "HOOK_FAILED",
            `it returned ${verdict.kind} after the fact; { error } takes the place of a result`,
          );
        });
        current = patched ?? current;
      }
      return current;
    },
  };
}

function argsOf(fields: Readonly<Record<string, unknown>>, call: ToolCall): unknown {
  if (fields["tool"] !== undefined && fields["tool"] !== call.tool) {
    throw new WeirError(
      "HOOK_FAILED",
      "it changed the name of the tool, which is not its to choose",
    );
  }
  const args = fields["args"] ?? call.args;
  if (isRecord(args)) return args;
  throw new WeirError("HOOK_FAILED", "it returned args that are no object");
}

function outcomeOf(fields: Readonly<Record<string, unknown>>, before: ToolOutcome): ToolOutcome {
  const { result, error } = fields;
  if (typeof error === "string" && error !== before.error) return { error };
  return result === undefined ? before : { result };
}

function blocked(plugin: string, reason: unknown): WeirError {
  const shown = reasonText(reason, "cancelled");
  return new WeirError("HOOK_CANCELLED", `Tool call cancelled by plugin ${plugin}: ${shown}`, {
    hint: "The operator's plugin decides this; do not try it again in another form",
    details: { plugin, event: "pre_tool_call", reason: shown },
  });
}
