import { sanitizeText } from "../../../lib/base/sanitize.ts";
import type { ClientOptions } from "../../../lib/client.ts";
import { Placeholders } from "../../../lib/hooks/placeholders.ts";
import { openScripts, type ScriptRunner } from "../../../lib/hooks/scripts.ts";
import type { HopRequest } from "../../../lib/http/exchange.ts";
import type { StampedEvent } from "../../../lib/pipeline/events.ts";
import { openRun, type OpenRun } from "../../../lib/pipeline/index.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import { Traffic } from "../../../lib/pipeline/traffic.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import type { CommandSecrets } from "../../keychain.ts";
import { logLine } from "../../plugin-log.ts";
import { lazyClients, type OpenPlugins, startPlugins } from "../../plugins.ts";
import { dialOptions, timeLimits } from "../request/network.ts";
import { readRunConfig, type RunConfig } from "./config.ts";
import { folderOf } from "./playbook.ts";
import { pluginRequests } from "./plugins.ts";
import type { RunProgress } from "./progress.ts";
import { runCredentials, runSecrets } from "./secrets.ts";
import { markRunning, runsFolder } from "./state.ts";
import { variableLines } from "./variables.ts";

/** What a run is opened with. */
export interface PipelineOptions {
  readonly id: string;
  readonly file: string;
  readonly playbook: Playbook;
  readonly flags: Flags;
  readonly io: Io;
  readonly progress: RunProgress;
  /** Takes what happens; undefined when nobody wants to know. */
  readonly onEvent: ((event: StampedEvent) => void) | undefined;
}

/** The ports of a run, and the end of all that was opened for it. */
export interface OpenPipeline extends AsyncDisposable {
  readonly ports: OpenRun;
}

/** What several parts of a run are made with. */
interface Parts {
  readonly config: RunConfig;
  readonly dial: ClientOptions["dial"];
  readonly secrets: CommandSecrets;
  readonly traffic: Traffic;
}

/**
 * Opens what a run needs: configuration, connections, guard, keychain, plugins, a folder.
 *
 * @throws {WeirError} CONFIG_*, SECRET_*, PLUGIN_*, USAGE_BAD_VALUE, IO_READ, IO_WRITE
 */
export async function openPipeline(options: PipelineOptions): Promise<OpenPipeline> {
  const { id, io } = options;
  const config = await readRunConfig(options.flags, io);
  const { dial, guard } = await connections(config, io);
  const isTrusted = options.flags.isSet("trust");
  const askTokens = { dial: () => Promise.resolve(dial), guard };
  const secrets = await runSecrets({ ...options, ...askTokens, isTrusted });
  // Read before anything is started: what is wrong with an entry is said at once.
  const credentials = await secrets.credentials();
  const check = (request: HopRequest): void => credentials.checkNone(request);
  const traffic = new Traffic({ clock: io.runtime.clock, guard, check });
  if (isTold(options))
    variableLines(options.playbook).forEach((line) => options.progress.say(line));
  const runs = runsFolder(io.runtime);
  await using stack = new AsyncDisposableStack();
  const plugins = await openRunPlugins(options, { config, dial, secrets, traffic });
  if (plugins !== undefined) stack.defer(() => plugins.hooks.close());
  stack.use(await markRunning(runs, id, io.runtime));
  const ports = openRun({
    runtime: io.runtime,
    dial,
    folder: folderOf(options.file, io),
    isTrusted: options.flags.isSet("trust"),
    runId: id,
    stateFolder: `${runs}/${id}`,
    limits: timeLimits(config.flags),
    signal: io.signal,
    print: (text) => options.progress.around(() => io.stdout.write(printable(text, io))),
    redact: (text) => secrets.redactor.redactText(text),
    hooks: plugins?.hooks,
    credentials: runCredentials(credentials, plugins),
    scripts: runScripts(options, { dial, secrets, traffic }),
    guard,
    traffic,
    onEvent: options.onEvent,
  });
  stack.defer(() => ports.close());
  const opened = stack.move();
  return { ports, [Symbol.asyncDispose]: async () => await opened.disposeAsync() };
}

/** Rows hold what a server sent, which a terminal must not take for orders. */
function printable(text: string, io: Io): string {
  return io.isStdoutTerminal ? sanitizeText(text) : text;
}

/** Says whether a person is there to be told what the file takes from the environment. */
function isTold({ flags }: PipelineOptions): boolean {
  const isSilent = flags.count("quiet") > 0 || flags.text("events") === "ndjson";
  return !isSilent && !flags.isSet("json") && !flags.isSet("trust");
}

/** Returns how the run connects, and the guard when there is one. */
async function connections({ flags, isGuarded }: RunConfig, io: Io) {
  const dial = await dialOptions(flags, io.runtime);
  if (!isGuarded) return { dial };
  const { openPolice } = await import("./police.ts");
  const policed = await openPolice(flags, io);
  return { dial: { ...dial, ...policed.dial }, guard: policed.guard };
}

async function openRunPlugins(
  { id, playbook, flags, file, io, progress }: PipelineOptions,
  { config, dial, secrets, traffic }: Parts,
): Promise<OpenPlugins | undefined> {
  const folder = folderOf(file, io);
  const requests = pluginRequests({ playbook, flags, configured: config.plugins, folder });
  if (requests.length === 0) return undefined;
  const isQuiet = flags.count("quiet") > 0;
  return await startPlugins(
    requests,
    { dial, io, watch: traffic },
    {
      mode: "pipeline",
      runId: id,
      isStreamed: false,
      secrets,
      warn(text) {
        if (!isQuiet) progress.say(`weir: warning: ${text}`);
      },
      say: (line) => progress.say(line),
    },
  );
}

/** Returns what runs `script` tasks; nothing is started before the first of them. */
function runScripts(
  { io, progress }: PipelineOptions,
  { dial, secrets, traffic }: Omit<Parts, "config">,
): ScriptRunner {
  const { runtime } = io;
  const placeholders = new Placeholders(secrets.source, (count) => runtime.random(count));
  return openScripts({
    runtime,
    createClient: lazyClients({ dial, io, watch: traffic }, placeholders),
    secrets: placeholders,
    log(line) {
      const text = logLine({ ...line, text: secrets.redactor.redactText(line.text) });
      if (text !== undefined) progress.say(text);
    },
  });
}
