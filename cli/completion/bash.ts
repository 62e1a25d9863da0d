import type { FlagSpec } from "../flags/spec.ts";
import {
  choicesOf,
  type CompletionModel,
  everyFlag,
  isFile,
  isValued,
  spellings,
} from "./model.ts";

const HELPERS = `# bash completion for weir. Made by: weir completion bash

_weir_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_weir_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}

_weir_words_or_files() {
  _weir_files
  COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}`;

/** Returns the script for bash 3.2 and later; it needs no bash-completion. */
export function bashScript(model: CompletionModel): string {
  const valued = everyFlag(model).filter(isValued);
  return `${HELPERS}

_weir() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local before=$prev command="" at
  COMPREPLY=()
  if ((COMP_CWORD > 1)); then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  # readline splits --flag=value and name@file: the sign is a word of its own.
  if [[ $cur == "@" ]]; then prev="@" cur=""
  elif [[ $cur == "=" ]]; then cur=""
  elif [[ $prev == "=" ]]; then prev=$before; fi

  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      --) break ;;
      ${pattern(valued)})
        ((at++))
        if [[ \${COMP_WORDS[at]} == "=" ]]; then ((at++)); fi ;;
      -*) ;;
      *) command=\${COMP_WORDS[at]}; break ;;
    esac
  done

  case $prev in
${choiceCases(valued)}
    @|${pattern(valued.filter(isFile))}) _weir_files; return ;;
    ${pattern(valued)}) return ;;
  esac

  case $command/$cur in
${wordCases(model)}
  esac
}

complete -F _weir weir weirs
`;
}

function pattern(flags: readonly FlagSpec[]): string {
  return flags.flatMap(spellings).join("|");
}

function choiceCases(flags: readonly FlagSpec[]): string {
  const cases = flags.flatMap((flag) => {
    const choices = choicesOf(flag);
    if (choices === undefined) return [];
    return [`    ${pattern([flag])}) _weir_words "${choices.join(" ")}"; return ;;`];
  });
  return cases.join("\n");
}

/** What may be typed, by the command before it and how the word itself begins. */
function wordCases({
  commands,
  wordCommands,
  topics,
  shells,
  flags,
  own,
}: CompletionModel): string {
  const common = flags.filter((flag) => flag.isCommon === true);
  const ownRows = own.flatMap((one): (readonly [string, readonly string[]])[] => [
    [`${one.command}/--no-*`, one.flags.map((flag) => `--no-${flag.name}`)],
    [`${one.command}/-*`, one.flags.flatMap(spellings)],
  ]);
  const rows: readonly (readonly [pattern: string, words: readonly string[]])[] = [
    ...ownRows,
    [wordCommands.map((name) => `${name}/-*`).join("|"), common.flatMap(spellings)],
    ["*/--no-*", flags.map((flag) => `--no-${flag.name}`)],
    ["*/-*", flags.flatMap(spellings)],
    ["/*", commands.map(({ name }) => name)],
    ["help/*", topics.map(({ name }) => name)],
    ["completion/*", shells],
  ];
  const lines = rows.map(([glob, words]) => `    ${glob}) _weir_words "${words.join(" ")}" ;;`);
  const files = own.map(
    ({ command, words }) => `    ${command}/*) _weir_words_or_files "${words.join(" ")}" ;;`,
  );
  return [...lines, ...files].join("\n");
}
