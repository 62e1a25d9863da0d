import { WeirError } from "../../../lib/base/errors.ts";
import type { Draft } from "../../../lib/http/draft.ts";
import { hasHeader } from "../../../lib/http/headers.ts";
import { MemoryJar } from "../../../lib/session/jar.ts";
import {
  keptHeaders,
  readSession,
  type Session,
  sessionPath,
  writeSession,
} from "../../../lib/session/store.ts";
import { Flags, type FlagValue } from "../../flags.ts";
import type { Io } from "../../io.ts";

/** A session that was opened for one request. */
export interface OpenSession {
  readonly jar: MemoryJar;
  /** The flags, with the credential of the session when none was typed. */
  readonly flags: Flags;
  /** The draft, with the headers of the session below those typed. */
  readonly draft: Draft;
  /** Keeps what the request brought; does nothing for `--session-read-only`. */
  readonly save: () => Promise<void>;
}

/**
 * Opens the session that the flags name, undefined when they name none.
 *
 * @throws {WeirError} USAGE_CONFLICT, USAGE_BAD_VALUE, IO_READ, DATA_BAD_SESSION
 */
export async function openSession(
  draft: Draft,
  flags: Flags,
  { runtime }: Io,
): Promise<OpenSession | undefined> {
  const written = flags.text("session");
  const readOnly = flags.text("session-read-only");
  const name = written ?? readOnly;
  if (name === undefined) return undefined;
  if (written !== undefined && readOnly !== undefined) {
    throw new WeirError("USAGE_CONFLICT", "--session and --session-read-only exclude each other", {
      hint: "Remove one of them",
    });
  }
  const { origin } = draft.url;
  const path = sessionPath(name, origin, (variable) => runtime.env(variable));
  const session = await readSession(runtime.files, path);
  const jar = new MemoryJar(session.cookies);
  const completed = withSession(draft, session);
  return {
    jar,
    draft: completed,
    flags: withCredential(flags, session, origin),
    async save() {
      if (written === undefined) return;
      const state = {
        headers: keptHeaders(completed.headers),
        auth: authOf(flags, session, origin),
      };
      const origins = { ...session.origins, [origin]: state };
      await writeSession(runtime.files, path, { origins, cookies: jar.save() });
    },
  };
}

function withSession(draft: Draft, { origins }: Session): Draft {
  const kept = origins[draft.url.origin]?.headers ?? [];
  const missing = kept.filter(
    ([name]) => !hasHeader(draft.headers, name) && !draft.unset.includes(name.toLowerCase()),
  );
  return { ...draft, headers: [...missing, ...draft.headers] };
}

function withCredential(flags: Flags, { origins }: Session, origin: string): Flags {
  const auth = origins[origin]?.auth;
  if (auth === undefined || flags.text("auth") !== undefined) return flags;
  const kept: [string, FlagValue][] = [
    ["auth", auth.value],
    ["auth-type", auth.type],
  ];
  return flags.over(new Flags(new Map(kept)));
}

function authOf(flags: Flags, { origins }: Session, origin: string) {
  const value = flags.text("auth");
  return value === undefined ? origins[origin]?.auth : { type: flags.text("auth-type"), value };
}
