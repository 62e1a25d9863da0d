import type { Exchange } from "../../lib/http/exchange.ts";
import type { Processes } from "../../lib/runtime/processes.ts";
import type { Io } from "../io.ts";
import type { RequestInvocation } from "./command.ts";
import { checkPlace } from "./request/file.ts";
import { isSaved, save } from "./request/save.ts";
import { showBeside, showExchange, showOffline } from "./request/show.ts";
import { readRequest, type TypedRequest } from "./request/read.ts";
import { openClient } from "./request/send.ts";
import { statusExit, statusText } from "./request/status.ts";

/**
 * Sends one request from the command line and prints, or saves, what came back.
 *
 * @returns 0, or 3, 4 or 5 by the status of the last response
 */
export async function run(invocation: RequestInvocation, given: Io): Promise<number> {
  const io = given.with({ isSilent: invocation.flags.count("quiet") > 1 });
  // The sandbox takes longest to start; it gets ready while the request is read.
  const isHooked = invocation.flags.list("plugin").length > 0;
  const processes = isHooked
    ? await (await import("../../lib/hooks/early.ts")).startEarly()
    : undefined;
  const request = await readRequest(invocation, io);
  if (request.flags.isSet("offline")) {
    await showOffline(request, io);
    return 0;
  }
  return await send(request, io, processes);
}

async function send(request: TypedRequest, io: Io, processes?: Processes): Promise<number> {
  const output = request.flags.text("output");
  if (output !== undefined) await checkPlace(io.runtime.files, output);
  await using client = await openClient(request, io, processes);
  const exchange = await client.perform();
  await request.session?.save();
  if (request.flags.isSet("download")) return await download(exchange, request, io);
  await showExchange(exchange, request, io);
  const exit = request.flags.isSet("check-status") ? statusExit(exchange.response) : 0;
  const isSeen = io.isStdoutTerminal && output === undefined;
  if (exit !== 0 && !isSeen) await io.warn(statusText(exchange.response));
  return exit;
}

/** An error status never makes a file, so it is told even when the status is not to be checked. */
async function download(exchange: Exchange, request: TypedRequest, io: Io): Promise<number> {
  await showBeside(exchange, request, io, "before");
  if (isSaved(exchange, request)) {
    await save(exchange, request, io);
    await showBeside(exchange, request, io, "after");
    return 0;
  }
  exchange.body.cancel();
  await io.warn(`${statusText(exchange.response)}, so nothing was saved`);
  return statusExit(exchange.response);
}
