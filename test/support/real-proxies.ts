import { type Daemon, startDaemon } from "./daemon.ts";

// Proxies from Debian: programs nobody here wrote.

/** A proxy that says what it was asked for. */
export interface RealProxy extends AsyncDisposable {
  readonly port: number;
  /** What it was asked for so far: `CONNECT HOST:PORT`, `GET URL`, or of SOCKS `ADDRESS:PORT`. */
  asked(): readonly string[];
}

function reading(daemon: Daemon, line: RegExp, read = (found: string) => found): RealProxy {
  return {
    port: daemon.port,
    asked: () => [...daemon.output().matchAll(line)].map(([, found = ""]) => read(found)),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** Starts tinyproxy; with `credentials`, written `USER PASSWORD`, it asks for them. */
export async function startTinyproxy(credentials?: string): Promise<RealProxy> {
  const daemon = await startDaemon((port, folder) => ({
    words: ["tinyproxy", "-d", "-c", `${folder}/tinyproxy.conf`],
    files: {
      "tinyproxy.conf": [
        `Port ${port}`,
        "Listen 127.0.0.1",
        "LogLevel Connect",
        "MaxClients 50",
        "Allow 127.0.0.1",
        ...(credentials === undefined ? [] : [`BasicAuth ${credentials}`]),
        "",
      ].join("\n"),
    },
  }));
  return reading(daemon, /Request \(file descriptor \d+\): (\S+ \S+) HTTP/g);
}

/** Starts squid, which lets CONNECT through to any port. */
export async function startSquid(): Promise<RealProxy> {
  const daemon = await startDaemon((port, folder) => ({
    // A name of its own, because its shared memory is named after it.
    words: ["squid", "-N", "-n", `weir${port}`, "-d2", "-f", `${folder}/squid.conf`],
    files: {
      // Started by root it becomes another user, who may write nowhere here: so no file is a log,
      // and the heads of requests go to stderr.
      "squid.conf": `
http_port 127.0.0.1:${port}
http_access allow all
cache deny all
access_log none
cache_log /dev/null
debug_options ALL,1 11,2
pid_filename none
shutdown_lifetime 0 seconds
`,
    },
  }));
  return reading(daemon, /^((?:CONNECT|GET) [^/\s]\S+) HTTP\/1\.1$/gm);
}

/** Starts the SOCKS server of dante. */
export async function startDante(): Promise<RealProxy> {
  const users = process.getuid?.() === 0 ? "user.privileged: root\nuser.unprivileged: nobody" : "";
  const daemon = await startDaemon((port, folder) => ({
    words: ["danted", "-f", `${folder}/danted.conf`],
    files: {
      "danted.conf": `
logoutput: stderr
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
${users}
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect error }
`,
    },
  }));
  return reading(daemon, /tcp\/connect \[: \S+ \S+ -> \S+ ([\d.]+)/g, (found) =>
    // It writes 127.0.0.1.80.
    found.replace(/\.(\d+)$/, ":$1"),
  );
}
