import process from "node:process";
import { SANDBOX_WORD } from "../lib/runtime/sandbox-word.ts";

// The only file that ends the process. Everything printed has been awaited before it does, so that
// nothing is cut; ending by itself would wait for a read of standard input that nobody wants.

const argv = process.argv.slice(2);
const [word, memoryMb] = argv;
if (word === SANDBOX_WORD) {
  // The child of a first hook is waited for: it loads nothing that is not its own.
  await (await import("../lib/hooks/child/serve.ts")).serveSandbox(Number(memoryMb));
  // oxlint-disable-next-line unicorn/no-process-exit -- the one place that ends the process
  process.exit(0);
}
// oxlint-disable-next-line unicorn/no-process-exit -- the one place that ends the process
await (await import("./start.ts")).start(argv, (status) => process.exit(status));
