import type { FlagSpec } from "../flags/spec.ts";
import { choicesOf, type CompletionModel, isFile, isValued } from "./model.ts";

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/** @param command the one command that takes the flag; undefined for those of a request */
function flagLine(flag: FlagSpec, command?: string): string {
  const choices = choicesOf(flag);
  const value = isFile(flag) ? " -r -F" : isValued(flag) ? " -x" : "";
  return [
    "complete -c weir",
    command === undefined ? "" : ` -n '__fish_seen_subcommand_from ${command}'`,
    flag.short === undefined ? "" : ` -s ${flag.short}`,
    ` -l ${flag.name}${value}`,
    choices === undefined ? "" : ` -a ${quote(choices.join(" "))}`,
    ` -d ${quote(flag.help)}`,
  ].join("");
}

/** Returns the script for fish 3 and later. */
export function fishScript({
  commands,
  wordCommands,
  topics,
  shells,
  flags,
  own,
}: CompletionModel): string {
  const inItems = quote(
    `string match -q '*@*' -- (commandline -ct); and not __fish_seen_subcommand_from ${wordCommands.join(" ")}`,
  );
  return `# fish completion for weir. Made by: weir completion fish

complete -c weirs -w weir
complete -c weir -f
${flags.map((flag) => flagLine(flag)).join("\n")}
${own.flatMap((one) => one.flags.map((flag) => flagLine(flag, one.command))).join("\n")}

${commands
  .map(
    ({ name, summary }) =>
      `complete -c weir -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
  )
  .join("\n")}
${topics
  .map(
    ({ name, summary }) =>
      `complete -c weir -n '__fish_seen_subcommand_from help' -a ${name} -d ${quote(summary)}`,
  )
  .join("\n")}
complete -c weir -n '__fish_seen_subcommand_from completion' -a ${quote(shells.join(" "))}
${own
  .map(
    ({ command, words }) =>
      `complete -c weir -n '__fish_seen_subcommand_from ${command}' -F -a ${quote(words.join(" "))}`,
  )
  .join("\n")}
# A file behind the @ of name@file.
complete -c weir -n ${inItems} -a '(set -l at (string replace -r "@.*" "@" -- (commandline -ct)); for file in (__fish_complete_path (string replace -r ".*?@" "" -- (commandline -ct))); echo $at$file; end)'
`;
}
