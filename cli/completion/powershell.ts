import type { FlagSpec } from "../flags/spec.ts";
import {
  choicesOf,
  type CompletionModel,
  everyFlag,
  isValued,
  type Named,
  spellings,
} from "./model.ts";

const CHOOSE = `    $command = ''
    $previous = ''
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $text = $element.ToString()
        $isValue = $valued -ccontains $previous
        if ($command -eq '' -and $text -notlike '-*' -and -not $isValue) { $command = $text }
        $previous = $text
    }

    # Without rows PowerShell offers files, which is right for a flag that takes one.
    $rows = if ($valued -ccontains $previous) { $choices | Where-Object { $_[2] -ceq $previous } }
    elseif ($wordToComplete -like '-*' -and $own.ContainsKey($command)) { $own[$command] }
    elseif ($wordToComplete -like '-*') { $flags }
    elseif ($command -eq '') { $commands }
    elseif ($command -eq 'help') { $topics }
    elseif ($command -eq 'completion') { $shells }

    $rows | Where-Object { $_ -and $_[0].StartsWith($wordToComplete, 'Ordinal') } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }`;

/** Returns the script for PowerShell 5 and later. */
export function powershellScript(model: CompletionModel): string {
  const { commands, topics, shells, flags, own } = model;
  const valued = everyFlag(model).filter(isValued);
  const choices = valued.flatMap((flag) =>
    (choicesOf(flag) ?? []).flatMap((choice) =>
      spellings(flag).map((name) => [choice, flag.help, name]),
    ),
  );
  const ownTables = own.map((one) => `        ${one.command} = ${table(flagRows(one.flags))}`);
  return `# PowerShell completion for weir. Made by: weir completion powershell

Register-ArgumentCompleter -Native -CommandName weir, weirs -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $valued = ${list(valued.flatMap(spellings))}
    $choices = ${table(choices)}
    $flags = ${table(flagRows(flags))}
    $own = @{
${ownTables.join("\n")}
    }
    $commands = ${table(commands.map(rowOf))}
    $topics = ${table(topics.map(rowOf))}
    $shells = ${table(shells.map((shell) => [shell, shell]))}

${CHOOSE}
}
`;
}

function flagRows(flags: readonly FlagSpec[]): string[][] {
  return flags.flatMap((flag) => spellings(flag).map((name) => [name, flag.help]));
}

function rowOf({ name, summary }: Named): string[] {
  return [name, summary];
}

function table(rows: readonly (readonly string[])[]): string {
  return `@(\n${rows.map((row) => `        , ${list(row)}`).join("\n")}\n    )`;
}

function list(values: readonly string[]): string {
  return `@(${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ")})`;
}
