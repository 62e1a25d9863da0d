import type { FlagSpec } from "./spec.ts";

/** Flags that say who is asking. */
export const AUTH_FLAGS = [
  {
    name: "auth",
    short: "a",
    kind: "value",
    label: "USER[:PASS]",
    group: "Authentication",
    help: "User and password, a token, or @KEYCHAIN-NAME",
    long: `Sent to the host of the URL only: a redirect to another host goes without it. It takes the place of a user and password in the URL. @NAME is an entry of the keychain in the configuration (weir help auth).

When the password is left out and weir runs on a terminal, it asks for it; USER: with a colon means an empty one. Other programs of this machine can read command lines, so prefer the question for a password of worth.`,
    example: "weir -a ada:secret example.test/private",
    isConfigurable: false,
  },
  {
    name: "auth-type",
    short: "A",
    kind: "value",
    label: "SCHEME",
    choices: ["basic", "bearer", "digest"],
    group: "Authentication",
    help: "How --auth is sent: basic, bearer, digest",
    long: `basic sends user and password, bearer sends --auth as a token, digest answers the server's challenge without sending the password.`,
    example: "weir -A bearer -a TOKEN example.test/private",
    default: "basic",
  },
  {
    name: "session",
    kind: "value",
    label: "NAME|PATH",
    group: "Authentication",
    help: "Keep headers, --auth and cookies for later",
    long: `What is typed as headers (but Content-* and If-*) and --auth, and the cookies that come back, are kept and used by the next request of the same session to the same scheme, host and port. A name stands for another session at each host; a path with a slash for the file itself. The file can be read by you alone.`,
    example: "weir --session ada -a ada:secret example.test/login",
  },
  {
    name: "session-read-only",
    kind: "value",
    label: "NAME|PATH",
    group: "Authentication",
    help: "Use a session and change nothing in it",
    long: `As --session, but what is typed and what comes back is not kept.`,
    example: "weir --session-read-only ada example.test/me",
  },
] as const satisfies readonly FlagSpec[];
