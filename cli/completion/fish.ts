import type { FlagSpec } from "../flags/spec.ts";
import { choicesOf, type CompletionModel, isFile, isValued } from "./model.ts";

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function flagLine(flag: FlagSpec): string {
  const choices = choicesOf(flag);
  const value = isFile(flag) ? " -r -F" : isValued(flag) ? " -x" : "";
  return [
    "complete -c weir",
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
}: CompletionModel): string {
  const inItems = quote(
    `string match -q '*@*' -- (commandline -ct); and not __fish_seen_subcommand_from ${wordCommands.join(" ")}`,
  );
  return `# fish completion for weir. Made by: weir completion fish

complete -c weirs -w weir
complete -c weir -f
${flags.map(flagLine).join("\n")}

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
# A file behind the @ of name@file.
complete -c weir -n ${inItems} -a '(set -l at (string replace -r "@.*" "@" -- (commandline -ct)); for file in (__fish_complete_path (string replace -r ".*?@" "" -- (commandline -ct))); echo $at$file; end)'
`;
}
