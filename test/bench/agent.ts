import { openAgent } from "../../lib/agent/open.ts";
import { collectBytes } from "../../lib/base/bytes.ts";
import { type Client, createClient } from "../../lib/client.ts";
import { NO_BODY } from "../../lib/http/body.ts";
import type { Draft } from "../../lib/http/draft.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { detectRuntime } from "../../lib/runtime/detect.ts";
import { writePolicy } from "../support/serving.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { median } from "./cold-start.ts";

/** What a call costs, in milliseconds: medians, and of the difference call by call. */
export interface AgentCost {
  readonly calls: number;
  readonly bareMs: number;
  readonly agentMs: number;
  /** Median of what guard, audit and envelope add to the request before it. */
  readonly addedMs: number;
}

const POLICY = `
[http_request]
enabled = true
allowed_domains = ["api.example.com", "*.example.org", "127.0.0.1:*", "10.1.0.0/16"]
[[http_request.rule]]
host = "127.0.0.1:*"
methods = ["GET"]
paths = ["/**"]
`;

/** Calls that warm up both ways. */
const WARM_UP = 300;

function bareClient(runtime: Runtime): Client {
  return createClient({
    runtime,
    dial: { tls: { isVerified: true } },
    exchange: { maxRequests: undefined, limits: {}, isDecoded: true },
  });
}

function draft(url: string): Draft {
  const defaults = [
    ["Accept", "*/*"],
    ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ] as const;
  return { method: "GET", url: new URL(url), headers: [], unset: [], defaults, body: NO_BODY };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/**
 * Returns what an agent adds to a request: both ask `url` in turn, in one process, each on a
 * connection that stays open. The audit file is written as in production.
 */
export async function measureAgent(url: string, calls: number): Promise<AgentCost> {
  using folder = temporaryFolder();
  const real = await detectRuntime();
  const env = (name: string): string | undefined => (name === "HOME" ? folder.path : undefined);
  const runtime = { ...real, env };
  const configPath = writePolicy(folder.path, POLICY);
  const opened = await openAgent({ runtime, configPath, otherSections: [] }, "weir-bench");
  using client = bareClient(runtime);
  const bare = async (): Promise<void> => {
    await collectBytes((await client.perform(draft(url))).body.chunks);
  };
  const call = { id: 1, name: "http_get", arguments: { url } };
  const guarded = async (): Promise<void> => {
    const envelope = await opened.agent.call(call);
    if (!envelope.success) throw new Error(envelope.error);
    JSON.stringify(envelope);
  };
  try {
    for (let at = 0; at < WARM_UP; at++) for (const one of [bare, guarded]) await one();
    const bareMs: number[] = [];
    const agentMs: number[] = [];
    for (let at = 0; at < calls; at++) {
      bareMs.push(await timed(bare));
      agentMs.push(await timed(guarded));
    }
    const addedMs = median(agentMs.map((ms, at) => ms - (bareMs[at] ?? Number.NaN)));
    return { calls, bareMs: median(bareMs), agentMs: median(agentMs), addedMs };
  } finally {
    await opened.close();
  }
}
