import { toWeirError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { createTokenClient } from "../client.ts";
import type { Recorder } from "../exchange/ports.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TokenRequest } from "../secrets/source.ts";
import type { DialOptions } from "../transport/wire.ts";
import { type AuditSink, CallRecorder } from "./record.ts";

/** How the tokens of an agent's keychain are asked for. */
export interface AgentTokenOptions {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random">;
  readonly dial: Omit<DialOptions, "judge">;
  readonly audit: AuditSink;
  readonly userAgent: string;
}

/** The tool in the records of a token request, which no call names. */
const TOOL = "keychain";

/**
 * Returns what sends the token requests of the operator's keychain, each with its audit records.
 *
 * They hold neither headers nor a hash of the body: both are made of secrets.
 */
export function agentTokens(options: AgentTokenOptions): TokenRequest {
  const { runtime, audit } = options;
  return async (draft) => {
    const id = newId(runtime.clock, runtime.random);
    const recorder = new CallRecorder(audit, { id, tool: TOOL }, runtime.clock);
    const record: Recorder = {
      intent: ({ method, url }, decision) =>
        recorder.write(method, url.origin + url.pathname, decision),
      outcome: (request, result) => recorder.outcome(request, result),
    };
    try {
      const exchange = await createTokenClient({ ...options, record })(draft);
      await recorder.close({ success: true, status: exchange.response.status });
      return exchange;
    } catch (error) {
      await recorder.fail(toWeirError(error));
      throw error;
    }
  };
}
