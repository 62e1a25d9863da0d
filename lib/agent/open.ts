// Reads the operator's configuration and opens an agent by it. Everything that can be wrong with a
// policy is found here, before the first call.
import { openAuditLog } from "../audit/log.ts";
import { type ErrorCode, toWeirError, WeirError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { Redactor } from "../base/redact.ts";
import { type LoadedConfig, loadConfig, requireUnwritable } from "../config/load.ts";
import { placed } from "../config/placed.ts";
import { type CompiledPolicy, compilePolicy } from "../guard/policy.ts";
import { loadPublicSuffixes } from "../guard/public-suffix.ts";
import type { PluginLog } from "../hooks/index.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { refuseSecretCommand, runSecretCommand } from "../secrets/command.ts";
import { compileKeychain, type Keychain } from "../secrets/keychain.ts";
import { resolveReference } from "../secrets/reference.ts";
import type { TokenRequest } from "../secrets/source.ts";
import { bundledAuthorities } from "../transport/authorities.ts";
import { parseProxy, proxyRules } from "../transport/proxy-rules.ts";
import type { DialOptions, Proxy } from "../transport/wire.ts";
import { type Agent, createAgent } from "./agent.ts";
import { agentCredentials } from "./credentials.ts";
import { noQuota, quotaFile, type QuotaStore } from "./quota.ts";
import { agentHooks, openAgentHooks } from "./plugins.ts";
import type { AuditSink } from "./record.ts";
import { AGENT_SECTIONS } from "./settings.ts";
import { agentTokens } from "./tokens.ts";

type AgentConfig = LoadedConfig<typeof AGENT_SECTIONS>;

/** For errors of the configuration that have no hint of their own. */
const HINT = "See weir help agent";

/** What an agent needs from outside. */
export type AgentRuntime = Pick<Runtime, "clock" | "network" | "random" | "files" | "env" | "cwd">;

/** Where the policy of an agent comes from. */
export interface AgentSource {
  readonly runtime: AgentRuntime;
  /** The value of `--config`. */
  readonly configPath?: string | undefined;
  /** Sections of the file that others read. */
  readonly otherSections: readonly string[];
  readonly warn?: ((text: string) => void) | undefined;
  /** Takes what plugins log. */
  readonly log?: ((line: PluginLog) => void) | undefined;
  /** PEM text of the authorities to trust in place of those that come with the runtime. */
  readonly authorities?: string | undefined;
}

/** The operator's configuration, read and checked. */
export interface AgentPolicy {
  readonly policy: CompiledPolicy;
  readonly keychain: Keychain;
  readonly redactor: Redactor;
  readonly config: AgentConfig;
}

/** An agent, and what has to be closed with it. */
export interface OpenAgent {
  readonly agent: Agent;
  readonly policy: CompiledPolicy;
  close(): Promise<void>;
}

/**
 * Reads the policy; makes no connection and opens no secret.
 *
 * @param request sends the token requests of the keychain; without it there are none
 * @throws {WeirError} CONFIG_*, SECRET_REFERENCE, SECRET_EXPOSED, with file, line and column
 */
export async function readPolicy(
  source: AgentSource,
  request?: TokenRequest,
): Promise<AgentPolicy> {
  const { runtime } = source;
  const config = await loadConfig({
    runtime,
    path: source.configPath,
    sections: AGENT_SECTIONS,
    otherSections: source.otherSections,
  });
  requireUnwritable(config);
  config.validateAll();
  const redactor = new Redactor();
  const keychain = await placed(config, HINT, async () => {
    const entries = Object.fromEntries(config.section("keychain") ?? []);
    // The list takes 10 ms to load, and only a wildcard needs it.
    const isPublicSuffix = JSON.stringify(entries).includes('"*.')
      ? await loadPublicSuffixes()
      : undefined;
    const options = { isBareAllowed: config.isPrivate, isPublicSuffix };
    return compileKeychain(entries, options, {
      ...runtime,
      folder: folderOf(config.path),
      redactor,
      request,
      run: areCommandsRun(config) ? runSecretCommand : refuseSecretCommand,
    });
  });
  const policy = await placed(config, HINT, () => {
    const http = config.section("http_request");
    const security = config.section("security");
    const secrets = Object.fromEntries(http?.secrets ?? []);
    const toolPolicy = security?.tool_policy;
    const tools = toolPolicy && {
      ...toolPolicy,
      tools: Object.fromEntries(toolPolicy.tools ?? []),
    };
    return compilePolicy(
      {
        http_request: http && { ...http, secrets },
        security: { tool_policy: tools },
        proxy: config.section("proxy"),
      },
      { keychain: keychain.hosts },
    );
  });
  return { policy, keychain, redactor, config };
}

/**
 * Opens the agent that the configuration describes.
 *
 * @throws {WeirError} as readPolicy, AUDIT_WRITE, AUDIT_BROKEN
 */
export async function openAgent(source: AgentSource, userAgent: string): Promise<OpenAgent> {
  const { runtime } = source;
  // The keychain asks for tokens when the agent is open, and by then there is a client for them.
  const read = await readPolicy(source, (draft) => requestToken(draft));
  const { policy, keychain, redactor, config } = read;
  const dial = await dialOptions(config, policy, source.authorities);
  const quota = openQuota(policy, runtime);
  const audit = await openAudit(read, runtime);
  const requestToken = agentTokens({ runtime, dial, audit: audit.sink, userAgent });
  const shared = { audit: audit.sink, quota };
  const plugins = await openAgentHooks({
    ...read,
    ...shared,
    runtime,
    dial,
    warn: source.warn,
    log: source.log,
  });
  const credentials = agentCredentials(policy, keychain);
  const agent = createAgent({
    runtime,
    policy,
    redactor,
    userAgent,
    ...shared,
    credentials: plugins?.secrets.around(credentials) ?? credentials,
    credentialHeaders: keychain.headerNames,
    dial,
    hooks: plugins && agentHooks(plugins),
  });
  return {
    agent,
    policy,
    async close() {
      agent.close();
      await plugins?.hooks.close();
      await audit.close();
    },
  };
}

/** A model could have a command run as often as it likes; the operator has to want that. */
function areCommandsRun(config: AgentConfig): boolean {
  return config.section("security")?.keychain_commands === true;
}

function folderOf(path: string | undefined): string | undefined {
  return path?.startsWith("/") === true ? path.slice(0, path.lastIndexOf("/")) : undefined;
}

/** Returns weir's folder for state that outlives a run, or undefined without a home. */
function stateFolder(env: Runtime["env"]): string | undefined {
  const named = env("XDG_STATE_HOME");
  if (named?.startsWith("/") === true) return `${named}/weir`;
  const home = env("HOME");
  return home?.startsWith("/") === true ? `${home}/.local/state/weir` : undefined;
}

/** Where the audit file is, and the key of its chain. */
export interface AuditPlace {
  readonly path: string;
  readonly key: Awaited<ReturnType<typeof resolveReference>> | undefined;
}

/**
 * Returns where the audit file of a configuration is, undefined when auditing is switched off.
 *
 * @throws {WeirError} CONFIG_INVALID without a home, SECRET_* for a key that has no value
 */
export async function auditPlace(
  { config }: Pick<AgentPolicy, "config">,
  runtime: Pick<AgentRuntime, "env" | "files">,
): Promise<AuditPlace | undefined> {
  const settings = config.section("audit") ?? {};
  if (settings.enabled === false) return undefined;
  const reference = settings.key;
  const place = { path: ["audit", "key"], isBareAllowed: config.isPrivate };
  const ports = { ...runtime, folder: folderOf(config.path) };
  const key =
    reference === undefined
      ? undefined
      : await placed(config, HINT, () => resolveReference(reference, place, ports));
  return { path: auditPath(settings.path, runtime.env), key };
}

function auditPath(typed: string | undefined, env: Runtime["env"]): string {
  const home = env("HOME");
  if (typed !== undefined) {
    const path = typed.startsWith("~/") && home !== undefined ? home + typed.slice(1) : typed;
    if (path.startsWith("/")) return path;
    throw new WeirError("CONFIG_INVALID", `Audit path ${typed} is not absolute`, {
      hint: 'Write it from the root or from home, such as path = "~/.local/state/weir/audit.jsonl"',
    });
  }
  const folder = stateFolder(env);
  if (folder !== undefined) return `${folder}/audit.jsonl`;
  throw new WeirError("CONFIG_INVALID", "There is no home folder to keep the audit file in", {
    hint: "Set HOME, or name a file with [audit] path",
  });
}

interface OpenAudit {
  readonly sink: AuditSink;
  close(): Promise<void>;
}

async function openAudit(read: AgentPolicy, runtime: AgentRuntime): Promise<OpenAudit> {
  const place = await auditPlace(read, runtime);
  if (place === undefined) {
    return { sink: { append: () => Promise.resolve() }, close: () => Promise.resolve() };
  }
  const settings = read.config.section("audit");
  const session = newId(runtime.clock, runtime.random);
  const log = await openAuditLog(
    {
      ...place,
      session,
      maxBytes: settings?.max_bytes,
      keep: settings?.keep,
      redactor: read.redactor,
    },
    runtime,
  );
  return { sink: log, close: () => log.close() };
}

function openQuota({ limits }: CompiledPolicy, { files, clock, env }: AgentRuntime): QuotaStore {
  if (Object.values(limits.quota).every((limit) => limit === undefined)) return noQuota;
  const folder = stateFolder(env);
  if (folder === undefined) {
    throw new WeirError("CONFIG_INVALID", "There is no home folder to count the quota in", {
      hint: "Set HOME or XDG_STATE_HOME",
    });
  }
  return quotaFile({ path: `${folder}/agent/quota.json`, limits: limits.quota, files, clock });
}

async function dialOptions(
  config: AgentConfig,
  policy: CompiledPolicy,
  authorities: string | undefined,
): Promise<Omit<DialOptions, "judge">> {
  const proxy = await placed(config, HINT, () => proxyRule(config));
  return {
    // Named, so that NODE_EXTRA_CA_CERTS and its like add nothing to them.
    tls: { isVerified: true, authorities: authorities ?? (await bundledAuthorities()) },
    proxyFor: proxy,
    isTunnelled: true,
    isPinned: !policy.isProxyTrusted,
  };
}

function proxyRule(config: AgentConfig): DialOptions["proxyFor"] {
  const settings = config.section("proxy");
  if (settings?.enabled !== true) return undefined;
  const read = (key: "http_proxy" | "https_proxy" | "all_proxy"): Proxy | undefined => {
    const text = settings[key];
    if (text === undefined) return undefined;
    try {
      return parseProxy(text);
    } catch (error) {
      const { message, hint } = toWeirError(error);
      const code: ErrorCode = "CONFIG_INVALID";
      throw new WeirError(code, message, { hint, details: { path: ["proxy", key] } });
    }
  };
  return proxyRules({
    http: read("http_proxy"),
    https: read("https_proxy"),
    all: read("all_proxy"),
    exempt: settings.no_proxy?.join(","),
  });
}
