import { EVAL_TABLE, RUN_TABLE } from "../flags.ts";
import type { Command, RequestCommand, WordsCommand } from "./command.ts";

const loadRequest = () => import("./request.ts");

function methodCommand(method: string, summary: string, example: string): RequestCommand {
  const name = method.toLowerCase();
  return {
    name,
    summary,
    usage: "<url> [item ...]",
    examples: [example],
    takes: "request",
    method,
    load: loadRequest,
  };
}

/** The command that runs when no other is named: `weir [method] <url> [item ...]`. */
export const DEFAULT_COMMAND: RequestCommand = {
  name: "",
  summary: "Send a request: POST when there is a body, else GET",
  usage: "[method] <url> [item ...]",
  examples: [
    "weir example.test/users page==2",
    "weir example.test/users name=Ada age:=36",
    "weir :8080/health",
  ],
  takes: "request",
  load: loadRequest,
};

/** `weir help`, and what `--help` and a lone `-h` run. */
export const HELP_COMMAND: WordsCommand = {
  name: "help",
  summary: "Show help on weir, a topic, a command or a flag",
  usage: "[topic | command | flag]",
  examples: ["weir help request", "weir help post", "weir help verify"],
  takes: "words",
  wordLimits: [0, 1],
  load: () => import("./help.ts"),
};

/** `weir version`, and what `--version` runs. */
export const VERSION_COMMAND: WordsCommand = {
  name: "version",
  summary: "Show version, commit and runtime",
  usage: "",
  examples: ["weir version"],
  takes: "words",
  wordLimits: [0, 0],
  load: () => import("./version.ts"),
};

/** Every command by name, in the order of the help. A new one is a file and a row here. */
export const COMMANDS: readonly Command[] = [
  methodCommand("GET", "Send a GET request", "weir get example.test/users page==2"),
  methodCommand("POST", "Send a POST request", "weir post example.test/users name=Ada age:=36"),
  methodCommand("PUT", "Send a PUT request", "weir put example.test/users/1 name=Ada"),
  methodCommand("PATCH", "Send a PATCH request", "weir patch example.test/users/1 age:=37"),
  methodCommand("DELETE", "Send a DELETE request", "weir delete example.test/users/1"),
  methodCommand("HEAD", "Send a HEAD request", "weir head example.test/big.iso"),
  methodCommand("OPTIONS", "Send an OPTIONS request", "weir options example.test/users"),
  {
    name: "request",
    summary: "Send a request with any method",
    usage: "<method> <url> [item ...]",
    examples: ["weir request PURGE example.test/cached"],
    takes: "request",
    load: loadRequest,
  },
  {
    name: "agent",
    summary: "Answer the calls of a language model",
    usage: "{call | serve | tools | check | audit} [word ...]",
    examples: [
      "weir agent check --method POST https://api.github.com/user",
      "weir agent serve --config policy.toml",
      "weir agent audit verify",
    ],
    takes: "words",
    wordLimits: [1, 3],
    hasOwnFlags: true,
    load: () => import("./agent.ts"),
  },
  {
    name: "run",
    summary: "Run a pipeline file",
    usage: "[validate | plan | result | gc] [file | ref]",
    examples: [
      "weir run sync.yaml --set day=2026-11-28",
      "weir run validate sync.yaml",
      "weir run plan sync.yaml",
      "weir run result weir://run/ID/step/S/task/T/1 --raw",
      "weir run gc",
    ],
    takes: "words",
    wordLimits: [1, 2],
    flags: RUN_TABLE,
    firstWords: ["validate", "plan", "result", "gc"],
    page: "pipelines",
    load: () => import("./run.ts"),
  },
  {
    name: "eval",
    summary: "Print the value of a template",
    usage: "<template>",
    examples: ["weir eval '{{ [3, 4] | sum }}'"],
    takes: "words",
    wordLimits: [1, 1],
    flags: EVAL_TABLE,
    firstWords: [],
    page: "templates",
    load: () => import("./eval.ts"),
  },
  {
    name: "schema",
    summary: "Print the JSON Schema of a file format",
    usage: "{pipeline}",
    examples: ["weir schema pipeline > pipeline.schema.json"],
    takes: "words",
    wordLimits: [1, 1],
    firstWords: ["pipeline"],
    page: "pipelines",
    load: () => import("./schema.ts"),
  },
  {
    name: "exec",
    summary: "Run a script in the sandbox",
    usage: "[flag ...] <file> [argument ...]",
    examples: ["weir exec --allow-net api.example.test report.js 2026-11"],
    takes: "words",
    wordLimits: [1, 1],
    hasOwnFlags: true,
    load: () => import("./exec.ts"),
  },
  {
    name: "plugin",
    summary: "See, check and trust plugins",
    usage: "{list | check | show | trust | types} [file]",
    examples: ["weir plugin check ./sign.js", "weir plugin types > plugin.d.ts"],
    takes: "words",
    wordLimits: [1, 2],
    hasOwnFlags: true,
    load: () => import("./plugin.ts"),
  },
  HELP_COMMAND,
  VERSION_COMMAND,
  {
    name: "completion",
    summary: "Print the script that completes weir in a shell",
    usage: "{bash | zsh | fish | powershell}",
    examples: [
      "weir completion bash > ~/.local/share/bash-completion/completions/weir",
      "weir completion zsh > ~/.zsh/completions/_weir",
      "weir completion fish > ~/.config/fish/completions/weir.fish",
      "weir completion powershell >> $PROFILE",
    ],
    takes: "words",
    wordLimits: [1, 1],
    load: () => import("./completion.ts"),
  },
];

/** Returns the command called `name`, undefined when there is none. */
export function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}

/** Returns the usage line of a command: `weir get <url> [item ...]`. */
export function usageOf(command: Command): string {
  return ["weir", command.name, command.usage].filter((part) => part !== "").join(" ");
}
