import { type CredentialStore, noCredentials } from "../../../lib/auth/bound.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import type { PluginRequest } from "../../../lib/hooks/resolve.ts";
import { hasHeader, withHeader } from "../../../lib/http/headers.ts";
import type { Mask } from "../../../lib/render/head.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
import type { CommandSecrets } from "../../keychain.ts";
import { USER_AGENT } from "../../version.ts";
import type { RequestInvocation } from "../command.ts";
import { applyConfig } from "./configured.ts";
import { requestCredential } from "./credential.ts";
import { buildDraft } from "./draft.ts";
import { dialOptions } from "./network.ts";
import type { ResumePoint } from "./resume.ts";
import { findResumePoint } from "./resume.ts";
import type { OpenSession } from "./session.ts";

/** A command line, read whole: what to send, as whom, and what to do with the answer. */
export interface TypedRequest {
  readonly draft: Draft;
  readonly credentials: CredentialStore;
  /** Flags of the command line over those of the configuration. */
  readonly flags: Flags;
  /** Where an earlier download stopped. */
  readonly resume: ResumePoint | undefined;
  readonly session: OpenSession | undefined;
  /** Hides what the keychain gave; undefined: nothing came from it. */
  readonly mask: Mask | undefined;
  /** Plugins of the configuration; those of the command line stand in its flags. */
  readonly plugins: readonly PluginRequest[];
}

/**
 * Reads a command line, and the configuration below it.
 *
 * @throws {WeirError} USAGE_*, CONFIG_*, IO_READ, DATA_*, AUTH_INVALID
 */
export async function readRequest(invocation: RequestInvocation, io: Io): Promise<TypedRequest> {
  const { runtime } = io;
  const { flags, url, headers, query, plugins } = await applyConfig(invocation, io);
  checkDownloadFlags(flags);
  const line = {
    method: invocation.method,
    url,
    items: invocation.items,
    flags,
    defaultScheme: defaultScheme(flags, io.programName),
    userAgent: USER_AGENT,
    configured: { headers, query },
  };
  const built = await buildDraft(line, { runtime, notice: (text) => io.warn(text) });
  const session = await openNamedSession(built.draft, flags, io);
  const draft = session?.draft ?? built.draft;
  // What is typed wins over what is kept: an Authorization item over a session's or an alias's.
  const isTyped = invocation.flags.text("auth") !== undefined || built.userinfo !== undefined;
  let secrets: CommandSecrets | undefined;
  const credentials =
    !isTyped && hasHeader(draft.headers, "authorization")
      ? noCredentials
      : await requestCredential({
          flags: session?.flags ?? flags,
          userinfo: built.userinfo,
          origin: draft.url.origin,
          stdin: runtime.stdin,
          keychain: async () => {
            secrets = await openKeychain(flags, io);
            return await secrets.credentials();
          },
        });
  const resume = await resumePoint(flags, io);
  const mask: Mask | undefined = secrets && maskOf(secrets);
  return { draft: resumed(draft, resume), credentials, flags, resume, session, plugins, mask };
}

/** Returns what hides in a printed request the values that were opened for it. */
function maskOf({ redactor }: CommandSecrets): Mask {
  return (_name, text) => redactor.redactText(text);
}

/** Opens the keychain for `--auth @NAME`. */
async function openKeychain(flags: Flags, io: Io): Promise<CommandSecrets> {
  const { commandSecrets, refuseOffline } = await import("../../keychain.ts");
  const configPath = flags.text("config");
  if (flags.isSet("offline")) return commandSecrets({ io, configPath, dial: refuseOffline });
  return commandSecrets({ io, configPath, dial: () => dialOptions(flags, io.runtime) });
}

async function openNamedSession(
  draft: Draft,
  flags: Flags,
  io: Io,
): Promise<OpenSession | undefined> {
  if (!flags.isGiven("session") && !flags.isGiven("session-read-only")) return undefined;
  return await (await import("./session.ts")).openSession(draft, flags, io);
}

function defaultScheme(flags: Flags, programName: string): "http" | "https" {
  if (flags.isSet("https")) return "https";
  return flags.text("default-scheme") ?? (programName === "weirs" ? "https" : "http");
}

function checkDownloadFlags(flags: Flags): void {
  if (!flags.isSet("continue")) return;
  if (flags.isSet("download") && flags.text("output") !== undefined) return;
  throw new WeirError("USAGE_CONFLICT", "--continue needs --download and --output FILE", {
    hint: "Write --download --continue --output FILE, FILE being the one to go on with",
  });
}

async function resumePoint(flags: Flags, io: Io): Promise<ResumePoint | undefined> {
  const output = flags.text("output");
  if (!flags.isSet("continue") || output === undefined) return undefined;
  return await findResumePoint(io.runtime.files, output);
}

function resumed(draft: Draft, resume: ResumePoint | undefined): Draft {
  const headers = (resume?.headers ?? []).reduce(
    (list, [name, value]) => withHeader(list, name, value),
    draft.headers,
  );
  return { ...draft, headers };
}
