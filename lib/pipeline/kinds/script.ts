import { z } from "zod";
import { parseDuration } from "../../base/duration.ts";
import { codeOf, WeirError } from "../../base/errors.ts";
import type { RunPorts } from "../ports.ts";
import type { KeyPath, Source } from "../source.ts";
import { compileValue } from "../values.ts";
import { pathIn } from "../files.ts";
import type { TaskKind } from "./kind.ts";
import { workOnce } from "./once.ts";

/** Bytes of a script file. */
const FILE_CAP_BYTES = 4 * 1024 * 1024;

/** How long a script may take when its task does not say. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Runs JavaScript or TypeScript in the sandbox; what it returns is the data. */
export const scriptKind: TaskKind = {
  name: "script",
  summary: "Runs JavaScript in the sandbox",
  keys: {
    file: z.string().optional().describe("A .js or .ts file whose default export is run"),
    code: z.string().optional().describe("The script itself: a module, or the body of a function"),
    args: z.unknown().optional().describe("The first parameter of the script"),
    timeout: z
      .union([z.number(), z.string()])
      .optional()
      .describe("Longest it may take: seconds, or a duration such as 500ms. Default 30"),
    net: z.array(z.string()).optional().describe("Hosts it may reach; none when left out"),
  },
  specKeys: {},
  specDefaults: {},
  compile({ fields, path, source }) {
    const { file, code, args = {}, net } = fields;
    const isFile = typeof file === "string";
    if (isFile === (typeof code === "string")) {
      throw source.error(isFile ? [...path, "code"] : path, {
        part: isFile ? "key" : "value",
        message: isFile ? "file and code exclude each other" : "A script needs file or code",
        hint: "Write code: | and the script below it, or file: NAME.js",
      });
    }
    if (isFile && !/\.[jt]s$/.test(file)) {
      throw source.error([...path, "file"], {
        message: `${file} is no script: its name ends in .js or .ts`,
        hint: "Name a JavaScript or TypeScript file",
      });
    }
    const given = compileValue(args, [...path, "args"], source);
    const timeoutMs = timeoutOf(fields["timeout"], [...path, "timeout"], source);
    const hosts = Array.isArray(net) ? net.map(String) : [];
    const read = isFile ? fileReader(file) : inlineReader(String(code), [...path, "code"], source);
    return workOnce(
      async ({ ports, scope, signal }) => {
        const { name, text } = await read(ports);
        const call = { name, code: text, args: given.evaluate(scope), timeoutMs, net: hosts };
        return { data: await ports.scripts.run({ ...call, signal }) };
      },
      { plan: () => [isFile ? `run ${file}` : "run a script"] },
    );
  },
};

function timeoutOf(value: unknown, path: KeyPath, source: Source): number {
  if (typeof value !== "number" && typeof value !== "string") return DEFAULT_TIMEOUT_MS;
  try {
    return parseDuration(value, "PIPELINE_INVALID");
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    throw source.error(path, { message: error.message, hint: error.hint ?? "Write 10 or 10s" });
  }
}

interface ScriptText {
  readonly name: string;
  readonly text: string;
}

/** Line numbers of errors are those of the pipeline file. */
function inlineReader(code: string, path: KeyPath, source: Source): () => Promise<ScriptText> {
  const { line } = source.templateAt(path);
  const text = "\n".repeat(Math.max(0, (line ?? 1) - 1)) + code;
  const name = `${source.file.replace(/^.*\//s, "")}.js`;
  return () => Promise.resolve({ name, text });
}

/** A file is read once a run: what it is at the first call counts. */
function fileReader(file: string): (ports: RunPorts) => Promise<ScriptText> {
  const read = new WeakMap<RunPorts, Promise<ScriptText>>();
  return (ports) => {
    const known = read.get(ports) ?? readScript(file, ports);
    read.set(ports, known);
    return known;
  };
}

async function readScript(file: string, ports: RunPorts): Promise<ScriptText> {
  const { files } = ports;
  const path = await pathIn(ports, file);
  const name = file.replace(/^.*\//s, "");
  try {
    const facts = await files.stat(path);
    if (facts !== undefined && facts.sizeBytes > FILE_CAP_BYTES) throw new RangeError("too large");
    const bytes = await files.read(path);
    return { name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    const reason = codeOf(error) === "ENOENT" ? "it does not exist" : "it cannot be read as text";
    throw new WeirError("IO_READ", `Cannot read the script ${path}: ${reason}`, {
      hint: "Its path begins at the folder of the pipeline file; it has at most 4 MiB",
      details: { path },
      cause: error,
    });
  }
}
