import { errorsPage } from "./errors.ts";
import agent from "./agent.md" with { type: "text" };
import auth from "./auth.md" with { type: "text" };
import config from "./config.md" with { type: "text" };
import exitCodes from "./exit-codes.md" with { type: "text" };
import network from "./network.md" with { type: "text" };
import output from "./output.md" with { type: "text" };
import pipelines from "./pipelines.md" with { type: "text" };
import plugins from "./plugins.md" with { type: "text" };
import request from "./request.md" with { type: "text" };
import security from "./security.md" with { type: "text" };
import templates from "./templates.md" with { type: "text" };

/** A manual page. */
export interface Topic {
  readonly name: string;
  /** One line for lists of pages; no final period. */
  readonly summary: string;
  readonly text: () => string;
}

/** Every manual page, in the order of the list. A new one is a file and a row here. */
export const TOPICS: readonly Topic[] = [
  { name: "request", summary: "URL, items, method, standard input", text: () => request },
  { name: "output", summary: "What is printed, formats, downloads", text: () => output },
  {
    name: "network",
    summary: "Redirects, time limits, TLS, addresses, proxies",
    text: () => network,
  },
  { name: "auth", summary: "Passwords and tokens", text: () => auth },
  { name: "agent", summary: "Policy, calls, audit, proxies, secrets", text: () => agent },
  {
    name: "pipelines",
    summary: "Files that page, retry and store: weir run",
    text: () => pipelines,
  },
  { name: "templates", summary: "The language of {{ }} in pipelines", text: () => templates },
  { name: "plugins", summary: "Hooks and scripts in JavaScript, the sandbox", text: () => plugins },
  { name: "config", summary: "The configuration file, environment", text: () => config },
  { name: "errors", summary: "Every error code and its exit status", text: errorsPage },
  { name: "exit-codes", summary: "What the exit status says", text: () => exitCodes },
  { name: "security", summary: "What weir guards and what it cannot", text: () => security },
];

/** Returns the manual page called `name`, undefined when there is none. */
export function findTopic(name: string): Topic | undefined {
  return TOPICS.find((topic) => topic.name === name);
}
