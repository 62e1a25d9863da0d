import type { FlagSpec } from "./spec.ts";

/** Flags that say who is asking. */
export const AUTH_FLAGS = [
  {
    name: "auth",
    short: "a",
    kind: "value",
    label: "USER[:PASS]",
    group: "Authentication",
    help: "User and password, or a token with -A bearer",
    long: `Sent to the host of the URL only: a redirect to another host goes without it. It takes the place of a user and password in the URL.

When the password is left out and weir runs on a terminal, it asks for it; USER: with a colon means an empty one. Other programs of this machine can read command lines, so prefer the question for a password of worth.`,
    example: "weir -a ada:secret example.test/private",
    isConfigurable: false,
  },
  {
    name: "auth-type",
    short: "A",
    kind: "value",
    label: "SCHEME",
    choices: ["basic", "bearer"],
    group: "Authentication",
    help: "How --auth is sent: basic or bearer",
    long: `basic sends user and password, bearer sends --auth as a token.`,
    example: "weir -A bearer -a TOKEN example.test/private",
    default: "basic",
  },
] as const satisfies readonly FlagSpec[];
