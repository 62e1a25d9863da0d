import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { type CompletionModel, completionModel } from "./model.ts";
import { powershellScript } from "./powershell.ts";
import { zshScript } from "./zsh.ts";

/** Every shell that is completed in. A new one is a file and a row here. */
const SHELLS: readonly {
  readonly name: string;
  readonly write: (model: CompletionModel) => string;
}[] = [
  { name: "bash", write: bashScript },
  { name: "zsh", write: zshScript },
  { name: "fish", write: fishScript },
  { name: "powershell", write: powershellScript },
];

/** Names of the shells. */
export const SHELL_NAMES: readonly string[] = SHELLS.map(({ name }) => name);

/** Returns the script that completes weir in `shell`, undefined for a shell that is not known. */
export function completionScript(shell: string): string | undefined {
  return SHELLS.find(({ name }) => name === shell)?.write(completionModel(SHELL_NAMES));
}
