import type { ClientOptions } from "../../../lib/client.ts";
import { Placeholders } from "../../../lib/hooks/placeholders.ts";
import { openScripts, type ScriptRunner } from "../../../lib/hooks/scripts.ts";
import type { StampedEvent } from "../../../lib/pipeline/events.ts";
import { openRun, type OpenRun } from "../../../lib/pipeline/index.ts";
import type { Playbook } from "../../../lib/pipeline/model.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import type { CommandSecrets } from "../../keychain.ts";
import { lazyClients, logLine, type OpenPlugins, startPlugins } from "../../plugins.ts";
import { dialOptions, timeLimits } from "../request/network.ts";
import { readRunConfig, type RunConfig } from "./config.ts";
import { folderOf } from "./playbook.ts";
import { pluginRequests } from "./plugins.ts";
import type { RunProgress } from "./progress.ts";
import { runCredentials, runSecrets } from "./secrets.ts";
import { markRunning, runsFolder } from "./state.ts";

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
  const secrets = await runSecrets({
    ...options,
    dial: () => Promise.resolve(dial),
    isTrusted,
  });
  // Read before anything is started: what is wrong with an entry is said at once.
  const credentials = await secrets.credentials();
  const runs = runsFolder(io.runtime);
  await using stack = new AsyncDisposableStack();
  const plugins = await openRunPlugins(options, { config, dial, secrets });
  if (plugins !== undefined) stack.defer(() => plugins.hooks.close());
  stack.use(await markRunning(runs, id, io.runtime));
  const ports = openRun({
    runtime: io.runtime,
    dial,
    folder: folderOf(options.file, io),
    runId: id,
    stateFolder: `${runs}/${id}`,
    limits: timeLimits(config.flags),
    signal: io.signal,
    print: (text) => options.progress.around(() => io.stdout.write(text)),
    redact: (text) => secrets.redactor.redactText(text),
    hooks: plugins?.hooks,
    credentials: runCredentials(credentials, plugins),
    scripts: runScripts(options, { dial, secrets }),
    guard,
    onEvent: options.onEvent,
  });
  stack.defer(() => ports.close());
  const opened = stack.move();
  return { ports, [Symbol.asyncDispose]: async () => await opened.disposeAsync() };
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
  { playbook, flags, file, io, progress }: PipelineOptions,
  { config, dial, secrets }: Parts,
): Promise<OpenPlugins | undefined> {
  const folder = folderOf(file, io);
  const requests = pluginRequests({ playbook, flags, configured: config.plugins, folder });
  if (requests.length === 0) return undefined;
  const isQuiet = flags.count("quiet") > 0;
  return await startPlugins(
    requests,
    { dial, io },
    {
      mode: "pipeline",
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
  { dial, secrets }: Pick<Parts, "dial" | "secrets">,
): ScriptRunner {
  const { runtime } = io;
  const placeholders = new Placeholders(secrets.source, (count) => runtime.random(count));
  return openScripts({
    runtime,
    createClient: lazyClients({ dial, io }, placeholders),
    secrets: placeholders,
    log(line) {
      const text = logLine({ ...line, text: secrets.redactor.redactText(line.text) });
      if (text !== undefined) progress.say(text);
    },
  });
}
