import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isUp } from "./daemon.ts";
import { closedPort } from "./loopback-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** One request as nginx logged it. */
export interface LoggedRequest {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly range: string;
  readonly transferEncoding: string;
  readonly contentLength: string;
  /** True on a connection that carried a request before. */
  readonly isReused: boolean;
}

/** An nginx of its own folder and ports. */
export interface Nginx extends AsyncDisposable {
  /** Folder of the files it serves; `put` takes uploads below `put/`. */
  readonly root: string;
  /** The port that took the place of `{name}` in the configuration. */
  port(name: string): number;
  /** Returns all requests so far. */
  requests(): readonly LoggedRequest[];
}

const LOG_FORMAT =
  '{"method":"$request_method","target":"$request_uri","status":$status,"range":"$http_range",' +
  '"transferEncoding":"$http_transfer_encoding","contentLength":"$http_content_length",' +
  '"requests":$connection_requests}';

function configuration(folder: string, servers: string): string {
  // Started by root, the workers would run as somebody who may not enter a private folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `
${user}
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 64; }
http {
  log_format facts escape=json '${LOG_FORMAT}';
  access_log ${folder}/access.log facts;
  types { application/json json; text/plain txt; text/html html; }
  default_type application/octet-stream;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  root ${folder}/root;
  ${servers}
}
`;
}

async function allocate(template: string): Promise<ReadonlyMap<string, number>> {
  const names = new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name));
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await closedPort());
  return ports;
}

/**
 * Starts nginx with `servers`, the server blocks of a configuration in which `{name}` stands for a
 * free port of 127.0.0.1, to be asked for with `port(name)`.
 *
 * nginx cannot choose ports itself, so another program may take one first: then it tries again.
 */
export async function startNginx(servers: string, triesLeft = 3): Promise<Nginx> {
  const folder = temporaryFolder();
  const root = join(folder.path, "root");
  mkdirSync(join(root, "put"), { recursive: true });
  const ports = await allocate(servers);
  const filled = servers.replace(/\{(\w+)\}/g, (_, name) => String(ports.get(name)));
  const file = join(folder.path, "nginx.conf");
  const errors = join(folder.path, "error.log");
  writeFileSync(file, configuration(folder.path, filled));
  const child = Bun.spawn(["nginx", "-p", folder.path, "-e", errors, "-c", file], {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "ignore",
  });
  const [first = 0] = ports.values();
  if (!(await isUp(child, first))) {
    child.kill("SIGKILL");
    await child.exited;
    const said = readFileSync(errors, "utf8");
    folder[Symbol.dispose]();
    if (triesLeft > 1 && said.includes("Address already in use")) {
      return startNginx(servers, triesLeft - 1);
    }
    throw new Error(`nginx did not start: ${said}`);
  }
  return {
    root,
    port: (name) => ports.get(name) ?? 0,
    requests() {
      const lines = readFileSync(join(folder.path, "access.log"), "utf8").trim().split("\n");
      return lines.flatMap((line) => {
        if (line === "") return [];
        // The log format above is the schema.
        const { requests, ...rest } = JSON.parse(line) as LoggedRequest & { requests: number };
        return [{ ...rest, isReused: requests > 1 }];
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}
