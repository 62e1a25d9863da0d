import { toWeirError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { createPluginClients, type PluginClientOptions } from "../client.ts";
import type { Recorder } from "../exchange/ports.ts";
import { holdBody } from "../hooks/held-body.ts";
import type { PluginClient, PluginClientFactory } from "../hooks/plugin-http.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { QuotaStore } from "./quota.ts";
import { type AuditSink, CallRecorder } from "./record.ts";

/** What the requests of an agent's plugins are made with. */
export interface AgentRequestOptions extends Pick<PluginClientOptions, "dial" | "credentialsOf"> {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random">;
  readonly audit: AuditSink;
  readonly quota: QuotaStore;
}

/**
 * Returns what makes the clients of an agent's plugins: each of their requests has records of its
 * own in the audit, under the tool `plugin:NAME`, and counts in the quota.
 */
export function agentPluginClients(options: AgentRequestOptions): PluginClientFactory {
  const create = createPluginClients(options);
  return (guard, plugin) => {
    const client = create(guard, plugin);
    return {
      perform: (draft, request) => performRecorded(client, plugin, options, [draft, request]),
      close: () => client.close(),
    };
  };
}

/** Returns the rule of a plugin's guard, whose list is `net`, as a record names it. */
function own(rule: string): string {
  return rule.replace(/^http_request\.allowed_domains/, "plugin.net");
}

async function performRecorded(
  client: PluginClient,
  plugin: string,
  { runtime, audit, quota }: AgentRequestOptions,
  [draft, request]: Parameters<PluginClient["perform"]>,
): ReturnType<PluginClient["perform"]> {
  const id = newId(runtime.clock, runtime.random);
  const recorder = new CallRecorder(audit, { id, tool: `plugin:${plugin}` }, runtime.clock);
  // It is part of a call of the model, which may be the only one that is to run.
  const lease = quota.within(id);
  const record: Recorder = {
    intent: (hop, { rule, ...decision }) => recorder.intent(hop, { ...decision, rule: own(rule) }),
    outcome: (hop, result) => recorder.outcome(hop, result),
  };
  const ports = { record, quota: () => lease.take() };
  let receivedBytes = 0;
  try {
    const exchange = await client.perform(draft, { ...request, ports });
    const { body, hops, response } = exchange;
    const held = holdBody(body, request.decodedCapBytes);
    await held.read().finally(() => {
      const before = hops.reduce((sum, hop) => sum + (hop.body?.byteLength ?? 0), 0);
      receivedBytes = before + body.counts().decodedBytes;
    });
    const { decodedBytes } = body.counts();
    await recorder.close({ success: true, status: response.status, bytes: decodedBytes });
    return { ...exchange, body: held.rest() };
  } catch (error) {
    await recorder.fail(toWeirError(error));
    throw error;
  } finally {
    await lease.settle(receivedBytes);
  }
}
