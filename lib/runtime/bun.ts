import {
  isStdinReady,
  isTerminalFd,
  nodeParts,
  sizeOfFd,
  streamKind,
  terminalColumns,
} from "./node.ts";
import type { Output, Runtime } from "./runtime.ts";

function output(fd: 1 | 2): Output {
  const file = fd === 1 ? Bun.stdout : Bun.stderr;
  return {
    isTerminal: () => isTerminalFd(fd),
    columns: () => terminalColumns(fd),
    async write(data) {
      // process.stdout would load node's stream layer: 18 ms on the path of a plain request.
      await Bun.write(file, data);
    },
  };
}

/** The runtime under Bun, from source and in the compiled binary. */
export const bunRuntime: Runtime = {
  ...nodeParts,
  name: "bun",
  version: Bun.version,
  stdin: {
    kind: () => streamKind(0),
    sizeBytes: () => sizeOfFd(0),
    isReady: isStdinReady,
    askSecret: async (question) => (await import("./prompt.ts")).askSecret(question),
    // bun 1.4: piping process.stdin into a ClientRequest stalls; the web stream does not.
    chunks: () => Bun.stdin.stream(),
  },
  stdout: output(1),
  stderr: output(2),
};
