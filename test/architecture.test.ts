import { expect, test } from "bun:test";
import { dirname, join } from "node:path";

/** Rank of each room; a room may import lower ranks and itself. A file may be a room of its own. */
const RANK: Readonly<Record<string, number>> = {
  "lib/base": 0,
  "lib/runtime": 1,
  "lib/template": 1,
  "lib/http": 1,
  "lib/config": 2,
  "lib/secrets": 2,
  "lib/items": 2,
  "lib/results": 2,
  "lib/audit": 2,
  "lib/guard": 3,
  "lib/auth": 3,
  "lib/session": 3,
  "lib/render": 3,
  "lib/transport": 4,
  "lib/exchange": 5,
  "lib/hooks": 6,
  "lib/client.ts": 7,
  "lib/tools": 8,
  "lib/agent": 9,
  "lib/pipeline": 9,
  cli: 10,
};

const root = join(import.meta.dir, "..");
const transpiler = new Bun.Transpiler({ loader: "ts" });
const files = [...new Bun.Glob("{cli,lib}/**/*.ts").scanSync(root)]
  .filter((file) => !file.endsWith(".d.ts"))
  .sort();
const sources = new Map(
  await Promise.all(
    files.map(async (file) => [file, await Bun.file(join(root, file)).text()] as const),
  ),
);

/** Source without comments and string contents, so that words in prose do not count. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, " ");
}

function roomOf(path: string): string | undefined {
  return Object.keys(RANK).find((room) => path === room || path.startsWith(`${room}/`));
}

/** Static, re-exported, dynamic and type-only relative imports. */
function targets(file: string, text: string): string[] {
  const typed = [
    ...text.matchAll(/^\s*(?:import|export)\s+type\s[^;]*?from\s+"(\.[^"]+)"/gm),
    ...text.matchAll(/\bimport\("(\.[^"]+)"\)/g),
  ].map((match) => match[1] ?? "");
  const live = transpiler
    .scanImports(text)
    .map((item) => item.path)
    .filter((path) => path.startsWith("."));
  return [...typed, ...live].map((path) => join(dirname(file), path));
}

/** Files, other than those named, whose code matches `pattern`. */
function offenders(pattern: RegExp, allowed: (file: string) => boolean): string[] {
  return [...sources]
    .filter(([file, text]) => !allowed(file) && pattern.test(code(text)))
    .map(([file]) => file);
}

test("every file lives in a named room", () => {
  expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
});

test("imports point downhill, types and dynamic imports included", () => {
  const uphill: string[] = [];
  for (const [file, text] of sources) {
    for (const target of targets(file, text)) {
      if (target.startsWith("plugins/") || target.endsWith(".md") || target === "package.json")
        continue;
      const from = roomOf(file);
      const to = roomOf(target);
      if (from !== undefined && from === to) continue;
      if (from === undefined || to === undefined || (RANK[to] ?? 0) >= (RANK[from] ?? 0)) {
        uphill.push(`${file} -> ${target}`);
      }
    }
  }
  expect(uphill).toEqual([]);
});

test("only lib/runtime names a runtime", () => {
  expect(offenders(/\b(?:Bun|Deno)\./, (file) => file.startsWith("lib/runtime/"))).toEqual([]);
});

test("only cli/main.ts ends the process", () => {
  expect(offenders(/process\.exit(?:Code)?\b/, (file) => file === "cli/main.ts")).toEqual([]);
});

test("nothing but lib/runtime touches the process's streams and environment", () => {
  const pattern = /process\.(?:stdin|stdout|stderr|env)\b|\bconsole\./;
  expect(offenders(pattern, (file) => file.startsWith("lib/runtime/"))).toEqual([]);
});

test("only lib/transport makes HTTP connections", () => {
  const importers = [...sources]
    .filter(([, text]) =>
      /from "(?:node:https?|node:http2|ky)"|import\("(?:node:https?|ky)"\)/.test(text),
    )
    .map(([file]) => file);
  expect(importers.filter((file) => !file.startsWith("lib/transport/"))).toEqual([]);
});

test("files are at most 400 lines", () => {
  const long = [...sources]
    .filter(([, text]) => text.split("\n").length > 401)
    .map(([file]) => file);
  expect(long).toEqual([]);
});

test("every export has a doc comment", () => {
  const bare: string[] = [];
  const exported =
    /^export (?:async function|function\*?|async function\*|class|interface|type|const|abstract class) /;
  for (const [file, text] of sources) {
    const lines = text.split("\n");
    lines.forEach((line, at) => {
      if (exported.test(line) && !/\*\/\s*$/.test(lines[at - 1] ?? ""))
        bare.push(`${file}:${at + 1}`);
    });
  }
  expect(bare).toEqual([]);
});

test("lib/README.md lists every room and no other", async () => {
  const readme = await Bun.file(join(root, "lib/README.md")).text();
  const listed = [...readme.matchAll(/^\| `([a-z./]+)` \|/gm)].map((match) => `lib/${match[1]}`);
  const present = new Set(files.map(roomOf).filter((room) => room?.startsWith("lib/")));
  expect(listed.sort()).toEqual([...present].map(String).sort());
});
