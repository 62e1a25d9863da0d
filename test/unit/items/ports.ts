import { utf8 } from "../../../lib/base/bytes.ts";
import type { ItemPorts } from "../../../lib/items/item-files.ts";

function missing(path: string): Error {
  return Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
}

/** Ports over files in memory; HOME is /home/u, random bytes are 0xab. */
export function memoryPorts(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  stdin = "",
): ItemPorts {
  const all = new Map(Object.entries(files));
  const read = (path: string): Uint8Array => {
    const content = all.get(path);
    if (content === undefined) throw missing(path);
    return typeof content === "string" ? utf8(content) : content;
  };
  return {
    env: (name) => (name === "HOME" ? "/home/u" : undefined),
    random: (count) => new Uint8Array(count).fill(0xab),
    stdin: {
      sizeBytes: () => undefined,
      async *chunks() {
        yield utf8(stdin);
      },
    },
    files: {
      read: (path) => Promise.resolve().then(() => read(path)),
      async *chunks(path, start = 0) {
        yield read(path).subarray(start);
      },
      stat: (path) =>
        Promise.resolve(
          all.has(path)
            ? {
                isFile: true,
                isDirectory: false,
                sizeBytes: read(path).byteLength,
                mode: 0o644,
                modifiedMs: 0,
                identity: path,
                isOwn: true,
              }
            : undefined,
        ),
    },
  };
}
