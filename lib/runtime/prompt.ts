import process from "node:process";

const ENTER = new Set(["\r", "\n", "\u0004"]);
const BACKSPACE = new Set(["\u007f", "\b"]);

/**
 * Writes `question` to standard error and returns the line typed, which is not shown.
 *
 * Standard input has to be a terminal. Returns undefined after Ctrl-C.
 */
export async function askSecret(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  try {
    return await readHidden();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

function readHidden(): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed = "";
    const decoder = new TextDecoder();
    const listener = (chunk: Uint8Array): void => {
      for (const character of decoder.decode(chunk, { stream: true })) {
        if (ENTER.has(character) || character === "\u0003") {
          process.stdin.off("data", listener);
          resolve(character === "\u0003" ? undefined : typed);
          return;
        }
        typed = BACKSPACE.has(character) ? typed.slice(0, -1) : typed + character;
      }
    };
    process.stdin.on("data", listener);
  });
}
