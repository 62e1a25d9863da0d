import type { FlagSpec } from "../flags/spec.ts";
import { choicesOf, type CompletionModel, isFile, isValued, type Named } from "./model.ts";

/** Makes text fit into a quoted spec of _arguments and _describe. */
function escape(text: string): string {
  return text.replace(/[\\[\]:$`]/g, "\\$&").replaceAll("'", "'\\''");
}

function valueSpec(flag: FlagSpec): string {
  if (!("label" in flag)) return "";
  const choices = choicesOf(flag);
  const action = choices === undefined ? (isFile(flag) ? "_files" : " ") : `(${choices.join(" ")})`;
  return `:${escape(flag.label)}:${action}`;
}

/** One argument of _arguments: which spellings exclude each other, text, value. */
function argumentSpec(flag: FlagSpec): string {
  const isRepeatable = flag.kind === "count" || flag.kind === "list";
  const text = `'[${escape(flag.help)}]${valueSpec(flag)}'`;
  const long = `--${flag.name}${isValued(flag) ? "=" : ""}`;
  const short = flag.short === undefined ? undefined : `-${flag.short}${isValued(flag) ? "+" : ""}`;
  const before = isRepeatable
    ? "'*'"
    : short === undefined
      ? ""
      : `'(-${flag.short} --${flag.name})'`;
  return short === undefined ? `${before}${long}${text}` : `${before}{${short},${long}}${text}`;
}

function described(rows: readonly Named[]): string {
  return rows.map(({ name, summary }) => `    '${name}:${escape(summary)}'`).join("\n");
}

/** A case that sets the flags of the command in front of the cursor. */
function flagArray(pattern: string, flags: readonly FlagSpec[]): string {
  const rows = flags.map((flag) => `      ${argumentSpec(flag)}`).join("\n");
  return `    ${pattern}) flags=(\n${rows}\n    ) ;;`;
}

/** Returns the script for zsh. */
export function zshScript({
  commands,
  wordCommands,
  topics,
  shells,
  flags,
  own,
}: CompletionModel): string {
  return `#compdef weir weirs
# zsh completion for weir. Made by: weir completion zsh

_weir() {
  local curcontext=$curcontext state line
  local -a commands topics
  commands=(
${described(commands)}
  )
  topics=(
${described(topics)}
  )

  local -a flags
  case $words[2] in
${own.map(({ command, flags: rows }) => flagArray(command, rows)).join("\n")}
${flagArray("*", flags)}
  esac
  _arguments -C -s -S $flags '1: :->first' '*: :->rest'

  case $state in
    first) _describe -t commands 'command' commands ;;
    rest)
      case $line[1] in
        help) _describe -t topics 'page, command or flag' topics ;;
${own
  .map(
    ({ command, words }) =>
      `        ${command}) ${words.length === 0 ? "" : `compadd ${words.join(" ")}; `}_files ;;`,
  )
  .join("\n")}
        completion) compadd ${shells.join(" ")} ;;
        ${wordCommands.filter((name) => !["help", "completion", ...own.map(({ command }) => command)].includes(name)).join("|")}) ;;
        *) compset -P '*@' && _files ;;
      esac ;;
  esac
}

if [[ $funcstack[1] == _weir ]]; then _weir "$@"; else compdef _weir weir weirs; fi
`;
}
