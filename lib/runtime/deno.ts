import process from "node:process";
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
  const stream = fd === 1 ? process.stdout : process.stderr;
  return {
    isTerminal: () => isTerminalFd(fd),
    columns: () => terminalColumns(fd),
    write: (data) =>
      new Promise((resolve, reject) => {
        // A closed pipe comes as an event too, which would end the process when nobody listens.
        stream.once("error", reject);
        stream.write(data, (error) => {
          stream.off("error", reject);
          if (error) reject(error);
          else resolve();
        });
      }),
  };
}

/** The runtime under Deno, through its node: modules. */
export const denoRuntime: Runtime = {
  ...nodeParts,
  name: "deno",
  isHeldOpen: () => false,
  version: process.versions["deno"] ?? "",
  stdin: {
    kind: () => streamKind(0),
    sizeBytes: () => sizeOfFd(0),
    isReady: isStdinReady,
    askSecret: async (question) => (await import("./prompt.ts")).askSecret(question),
    chunks: () => process.stdin,
  },
  stdout: output(1),
  stderr: output(2),
};
