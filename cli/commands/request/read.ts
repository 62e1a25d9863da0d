import { type CredentialStore, noCredentials } from "../../../lib/auth/bound.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import type { PluginRequest } from "../../../lib/hooks/resolve.ts";
import { hasHeader, withHeader } from "../../../lib/http/headers.ts";
import type { KeychainCredentials } from "../../../lib/auth/keychain.ts";
import type { Flags } from "../../flags.ts";
import type { Io } from "../../io.ts";
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
  const credentials =
    !isTyped && hasHeader(draft.headers, "authorization")
      ? noCredentials
      : await requestCredential({
          flags: session?.flags ?? flags,
          userinfo: built.userinfo,
          origin: draft.url.origin,
          stdin: runtime.stdin,
          keychain: () => openKeychain(flags, io),
        });
  const resume = await resumePoint(flags, io);
  return { draft: resumed(draft, resume), credentials, flags, resume, session, plugins };
}

async function openKeychain(flags: Flags, io: Io): Promise<KeychainCredentials> {
  const { commandSecrets } = await import("../../keychain.ts");
  const dial = () => dialOptions(flags, io.runtime);
  return await commandSecrets({ io, configPath: flags.text("config"), dial }).credentials();
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
