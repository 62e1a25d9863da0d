import type { Client } from "../../../lib/client.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Io } from "../../io.ts";
import type { Processes } from "../../../lib/runtime/processes.ts";
import type { OpenPlugins, PluginContext } from "../../plugins.ts";
import { dialOptions, exchangeOptions } from "./network.ts";
import { ProgressBar } from "./progress.ts";
import type { TypedRequest } from "./read.ts";
import { requestRetry } from "./retry.ts";

/** A client for the one request of a command line. */
export interface RequestClient extends AsyncDisposable {
  perform(): Promise<Exchange>;
}

/** Uploads up to this size are over before a bar could be read. */
const BAR_FROM_BYTES = 1_000_000;

/**
 * Returns the client that the flags ask for.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, IO_READ
 */
export async function openClient(
  request: TypedRequest,
  io: Io,
  processes?: Processes,
): Promise<RequestClient> {
  const { flags } = request;
  const { runtime } = io;
  const options = { ...exchangeOptions(flags), isDecoded: !flags.isSet("download") };
  const dial = await dialOptions(flags, io.runtime);
  const retry = await requestRetry(flags, io);
  const plugins = await openRequestPlugins(request, { dial, io, processes });
  // Loading node:http is the largest part of a cold start: nothing before this line needs it.
  const { createClient } = await import("../../../lib/client.ts");
  const jar = request.session?.jar;
  const hooks = plugins?.hooks.chain;
  const credentials = plugins?.secrets.around(request.credentials) ?? request.credentials;
  const ports = { credentials, jar, hooks, retry };
  const client = createClient({ runtime, dial, exchange: options, ...ports });
  return {
    perform: () => performShown(client, request, io),
    async [Symbol.asyncDispose]() {
      client.close();
      await plugins?.hooks.close();
    },
  };
}

/** Starts the plugins, which get ready while the client is loaded. */
async function openRequestPlugins(
  request: TypedRequest,
  context: PluginContext,
): Promise<OpenPlugins | undefined> {
  const { flags, plugins } = request;
  if (plugins.length === 0 && flags.list("plugin").length === 0) return undefined;
  return await (await import("../../plugins.ts")).openPlugins(flags, plugins, context);
}

async function performShown(client: Client, request: TypedRequest, io: Io): Promise<Exchange> {
  const { draft, flags } = request;
  const { signal } = io;
  const { body } = draft;
  const isLarge = body.kind === "stream" && (body.lengthBytes ?? Infinity) >= BAR_FROM_BYTES;
  if (!isLarge || flags.count("quiet") > 0 || !io.stderr.isTerminal()) {
    return await client.perform(draft, { signal });
  }
  const bar = new ProgressBar(io.stderr, io.runtime.clock);
  await bar.start("upload", 0, body.lengthBytes);
  let isComplete = false;
  try {
    const exchange = await client.perform(draft, { signal, onUpload: (sent) => bar.note(sent) });
    isComplete = true;
    return exchange;
  } finally {
    await bar.end(isComplete);
  }
}
