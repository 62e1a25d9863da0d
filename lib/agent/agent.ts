// One agent: the HTTP tools a model is given, behind one policy, one audit file and one client.
//
// A call goes: read (call.ts), judged as text by the guard, then along the line of
// exchange/perform.ts with the ports made here for this one call, then read into an answer
// (answer.ts) and wrapped (envelope.ts). Lines and MCP stand in front; they know nothing of HTTP.
import type { CredentialStore } from "../auth/bound.ts";
import { toWeirError, WeirError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Redactor } from "../base/redact.ts";
import { sanitizeLine } from "../base/sanitize.ts";
import { isSensitiveHeader } from "../base/sensitive.ts";
import type { Client } from "../client.ts";
import { createClient } from "../client.ts";
import { denied } from "../exchange/admit.ts";
import type { ExchangeOptions, Ports } from "../exchange/ports.ts";
import { createGuard, type GuardFacts, judgeCall } from "../guard/deny-by-default.ts";
import type { CompiledPolicy } from "../guard/policy.ts";
import type { Draft } from "../http/draft.ts";
import type { Exchange } from "../http/exchange.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { MemoryJar } from "../session/jar.ts";
import type { DialOptions } from "../transport/wire.ts";
import { type Answer, type AnswerOptions, readAnswer } from "./answer.ts";
import type { HttpArguments } from "./call.ts";
import { callId, readToolCall, type ToolCall } from "./call.ts";
import type { Envelope } from "./envelope.ts";
import { failure } from "./envelope.ts";
import type { Lease, QuotaStore } from "./quota.ts";
import { type AuditSink, CallRecorder } from "./record.ts";
import { findTool } from "./tools/index.ts";
import type { HttpTool } from "./tools/tool.ts";
import { afterCall, type AgentHooks, beforeCall } from "./tool-hooks.ts";

/** What an agent is made of. */
export interface AgentOptions {
  readonly runtime: Pick<Runtime, "clock" | "network" | "random">;
  readonly policy: CompiledPolicy;
  readonly dial: Omit<DialOptions, "judge">;
  readonly audit: AuditSink;
  readonly quota: QuotaStore;
  readonly credentials: CredentialStore;
  /** Names of headers that `credentials` sets. */
  readonly credentialHeaders: readonly string[];
  readonly redactor: Redactor;
  readonly userAgent: string;
  /** The operator's plugins. */
  readonly hooks?: AgentHooks | undefined;
}

/** Answers tool calls. */
export interface Agent {
  /** Answers one call; never rejects. */
  call(value: unknown, signal?: AbortSignal): Promise<Envelope>;
  close(): void;
}

/** Header bytes a server may send, and the line of a request with its headers may have. */
const HEADER_CAP_BYTES = 65_536;

/**
 * Bytes a coded body may have on the wire beyond the cap of the decoded one: room for data that no
 * coding makes smaller. What is longer never becomes a body, as gzip of empty blocks.
 */
const CODED_SLACK_BYTES = 1024 * 1024;

/** Codings that are asked for. */
const ACCEPT_ENCODING = "gzip, deflate, br, zstd";

/** Returns an agent. Its clients share connections and nothing else: no cookie outlives a call. */
export function createAgent(options: AgentOptions): Agent {
  const { runtime } = options;
  const facts = { ownAddresses: runtime.network.ownAddresses() };
  const clients = new Map<string, Client>();
  const clientFor = (tool: string): Client => {
    const known = clients.get(tool) ?? openClient(options, { ...facts, tool });
    clients.set(tool, known);
    return known;
  };
  return {
    async call(value, signal) {
      try {
        const call = readToolCall(value);
        const tool = findTool(call.name);
        const context = { ...options, facts: { ...facts, tool: tool.name }, signal };
        return await callTool(call, tool, clientFor(tool.name), context);
      } catch (error) {
        return redactedFailure(failure(callId(value), error), options.redactor);
      }
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

function openClient(options: AgentOptions, facts: GuardFacts): Client {
  const { runtime, policy, dial, credentials, hooks } = options;
  return createClient({
    runtime,
    dial,
    exchange: exchangeOptions(policy),
    guard: createGuard(policy, facts),
    credentials,
    hooks: hooks?.chain,
    isReconnecting: true,
  });
}

function exchangeOptions({ limits }: CompiledPolicy): ExchangeOptions {
  return {
    // The guard refuses a redirect beyond the limit with its own words; this is the line behind it.
    maxRequests: limits.maxRedirects === 0 ? undefined : limits.maxRedirects + 2,
    limits: {
      connectTimeoutMs: limits.connectTimeoutMs,
      totalTimeoutMs: limits.timeoutMs,
      headerCapBytes: HEADER_CAP_BYTES,
      wireCapBytes: Math.ceil(limits.responseCapBytes * 1.01) + CODED_SLACK_BYTES,
    },
    isDecoded: true,
  };
}

interface CallContext extends AgentOptions {
  readonly facts: GuardFacts;
  readonly signal?: AbortSignal | undefined;
}

interface HttpCall {
  readonly id: Envelope["id"];
  readonly tool: string;
  readonly given: HttpArguments;
}

/** Answers a call, with the operator's plugins before and after it. */
async function callTool(
  { id, arguments: args }: ToolCall,
  tool: HttpTool,
  client: Client,
  context: CallContext,
): Promise<Envelope> {
  const { runtime, audit, hooks, redactor } = context;
  const recordId = newId(runtime.clock, runtime.random);
  const recorder = new CallRecorder(audit, { id: recordId, tool: tool.name }, runtime.clock);
  const running = { ...context, id: recordId, recorder };
  if (hooks === undefined) {
    return await callHttp({ id, tool: tool.name, given: tool.read(args) }, client, running);
  }
  const given = tool.read(await beforeCall({ tool: tool.name, args }, hooks, recorder));
  const envelope = await callHttp({ id, tool: tool.name, given }, client, running);
  const shown = await afterCall({ tool: tool.name, args }, envelope, hooks);
  return shown.success
    ? { ...shown, output: redactor.redactText(shown.output) }
    : redactedFailure(shown, redactor);
}

async function callHttp(call: HttpCall, client: Client, context: RunningCall): Promise<Envelope> {
  const { runtime, redactor, recorder, id } = context;
  const startedMs = runtime.clock.monotonicMs();
  try {
    const answer = await answerCall(call, client, context);
    const { status, bytes, truncated } = answer.meta;
    await recorder.close({ success: true, status, bytes, truncated });
    const durationMs = Math.round(runtime.clock.monotonicMs() - startedMs);
    const meta = { ...answer.meta, duration_ms: durationMs, decision_id: id };
    return { id: call.id, success: true, output: answer.output, error: null, meta };
  } catch (error) {
    const failed = await recordFailure(error, recorder);
    return redactedFailure(failure(call.id, failed), redactor);
  }
}

/** Writes the outcome of a call that failed; when that fails too, it is what the caller learns. */
async function recordFailure(error: unknown, recorder: CallRecorder): Promise<unknown> {
  try {
    await recorder.fail(toWeirError(error));
    return error;
  } catch (auditError) {
    return auditError;
  }
}

interface RunningCall extends CallContext {
  readonly id: string;
  readonly recorder: CallRecorder;
}

async function answerCall({ given, tool }: HttpCall, client: Client, context: RunningCall) {
  const { policy, facts, recorder, quota, redactor, runtime, signal, id } = context;
  const { decision, url } = judgeCall(policy, facts, { ...given, urlText: given.url });
  if (url === undefined || decision.verdict === "deny") {
    await recorder.write(given.method, given.url, decision, { request_headers: given.headers });
    throw decision.verdict === "deny" ? denied(decision) : noUrl();
  }
  const timeout = clampTimeout(given, policy);
  const lease = quota.lease(id, timeout.ms);
  const exchange = await client
    .perform(
      draftOf(given, url, context.userAgent),
      {
        limits: { ...exchangeOptions(policy).limits, totalTimeoutMs: timeout.ms },
        credentialHeaders: [...context.credentialHeaders, ...credentialNames(given.headers)],
        signal,
      },
      {
        jar: new MemoryJar(),
        record: recorder,
        quota: () => lease.take(),
        approve: nobodyToAsk(tool),
      },
    )
    .catch(async (error: unknown) => {
      await lease.settle(0);
      throw error;
    });
  const answer = await readSettled(exchange, lease, {
    capBytes: policy.limits.responseCapBytes,
    finalUrl: recorder.url ?? url.href,
    redactor,
    clock: runtime.clock,
    select: given.select,
  });
  return timeout.isClamped
    ? { ...answer, meta: { ...answer.meta, timeout_clamped_secs: timeout.ms / 1000 } }
    : answer;
}

/** Reads the answer and books what was received, also of a body that broke off. */
async function readSettled(
  exchange: Exchange,
  lease: Lease,
  options: AnswerOptions,
): Promise<Answer> {
  try {
    return await readAnswer(exchange, options);
  } finally {
    const before = exchange.hops.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), 0);
    await lease.settle(before + exchange.body.counts().decodedBytes);
  }
}

function noUrl(): WeirError {
  return new WeirError("INTERNAL", "A call was allowed whose URL was not read");
}

function draftOf(given: HttpArguments, url: URL, userAgent: string): Draft {
  return {
    method: given.method,
    url,
    headers: given.headers,
    unset: [],
    defaults: [
      ["User-Agent", userAgent],
      ["Accept", "*/*"],
      ["Accept-Encoding", ACCEPT_ENCODING],
    ],
    body: given.body,
  };
}

/** Names of headers that must not follow a redirect to another origin. */
function credentialNames(headers: HeaderList): readonly string[] {
  return headers
    .filter(([name, value]) => isSensitiveHeader(name) || value.includes("{{secret:"))
    .map(([name]) => name);
}

function clampTimeout(
  { timeoutMs }: HttpArguments,
  { limits }: CompiledPolicy,
): { readonly ms: number; readonly isClamped: boolean } {
  if (timeoutMs === undefined) return { ms: limits.timeoutMs, isClamped: false };
  return {
    ms: Math.min(timeoutMs, limits.maxTimeoutMs),
    isClamped: timeoutMs > limits.maxTimeoutMs,
  };
}

/** Refuses supervised calls: there is no way to ask anybody yet. */
function nobodyToAsk(tool: string): Ports["approve"] {
  return (_request, decision) =>
    Promise.reject(
      new WeirError("POLICY_APPROVAL", `Tool ${tool} needs an approval, and nobody can be asked`, {
        hint: 'This is final. The operator may allow the call with action = "allow"',
        details: { rule: decision.rule },
      }),
    );
}

function redactedFailure(envelope: Envelope, redactor: Redactor): Envelope {
  if (envelope.success) return envelope;
  const { error, hint } = envelope;
  return {
    ...envelope,
    error: sanitizeLine(redactor.redactText(error)),
    hint: hint === undefined ? undefined : sanitizeLine(redactor.redactText(hint)),
  };
}
