import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary-folder.ts";

// Linux namespaces: a network with nothing in it but what a test puts there, and files of /etc that
// nobody else sees. There the compiled binary uses the system's resolver, as it does everywhere.

/** Set in the environment of a test file that runs inside. */
export const INSIDE = "WEIR_TEST_INSIDE";

/** Ways to get the rights: as this user where the kernel lets him, else through sudo. */
const WAYS = [
  ["unshare", "-r"],
  ["sudo", "-n", "-E", "unshare"],
] as const;

/**
 * Returns the words that run a program with mounts of its own, and a network of its own when `net`
 * says so; undefined where it may not.
 */
export function namespaceWords(net: "own network" | "same network"): readonly string[] | undefined {
  const flags = net === "own network" ? ["-m", "-n"] : ["-m"];
  const trial = "mount -t tmpfs none /mnt && ip link show lo";
  return WAYS.map((way) => [...way, ...flags]).find((words) => {
    if (Bun.which(words[0] ?? "") === null || Bun.which("ip") === null) return false;
    const tried = Bun.spawnSync([...words, "sh", "-c", trial], { stdout: "ignore" });
    return tried.exitCode === 0;
  });
}

/** What is there inside. */
export interface Inside {
  /** Ranges whose every address is this machine, without being one of an interface. */
  readonly ranges: readonly string[];
  /** Addresses of the loopback interface. */
  readonly own: readonly string[];
}

/** Runs this test file inside namespaces, whose resolver asks 127.0.0.1; returns what it printed. */
export async function runInside(
  words: readonly string[],
  file: string,
  { ranges, own }: Inside,
): Promise<{ readonly exit: number; readonly output: string }> {
  using folder = temporaryFolder();
  const files = {
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    "nsswitch.conf": "hosts: files dns\n",
    hosts: "127.0.0.1 localhost\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  const script = [
    "set -e",
    "ip link set lo up",
    ...ranges.map((range) => `ip route add local ${range} dev lo`),
    ...own.map((address) => `ip address add ${address} dev lo`),
    ...Object.keys(files).map((name) => `mount --bind '${join(folder.path, name)}' /etc/${name}`),
    'exec "$@"',
  ].join("\n");
  const test = [process.execPath, "test", "--timeout", "30000", file];
  const child = Bun.spawn([...words, "sh", "-c", script, "sh", ...test], {
    env: { ...process.env, [INSIDE]: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const parts = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exit: await child.exited, output: parts.join("") };
}
