import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Authority, type Issued, makeAuthority } from "../support/authority.ts";
import { type LoggedRequest, type Nginx, startNginx } from "../support/nginx.ts";
import { type CliOptions, type CliResult, runCli } from "../support/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

// The compiled binary against nginx from Debian: a server nobody here wrote. Proves RQ67.

const HELLO = '{"hello":"world","n":1.0}\n';
const TEXT = "the same words over and over again\n".repeat(200);
/** Bytes that no text decoding survives. */
const BIG = Buffer.from(
  Uint8Array.from({ length: 3 * 1024 * 1024 }, (_, at) => (at * 31 + (at >> 9)) & 255),
);

let keys: TemporaryFolder;
let authority: Authority;
let client: Issued;
let nginx: Nginx;
let folder: TemporaryFolder;

function servers(right: Issued, wrong: Issued): string {
  const tls = (issued: Issued): string =>
    `ssl_certificate ${issued.certificate}; ssl_certificate_key ${issued.key};`;
  return `
  server {
    listen 127.0.0.1:{plain};
    client_max_body_size 0;
    location /packed/ { alias ${keys.path}/pages/; gzip on; gzip_min_length 1; gzip_types application/json text/plain; gzip_http_version 1.0; }
    location /put/ { dav_methods PUT DELETE; create_full_put_path on; }
    location /old { return 302 /hello.json; }
    location /elsewhere { return 307 http://localhost:{plain}/put/moved; }
    location /drip/ { alias ${keys.path}/pages/; limit_rate 1; }
    location /slow/ { alias ${keys.path}/pages/; limit_rate 4k; }
    location /echo { default_type text/plain; return 200 "$request_method|$args|$http_x_a|$http_authorization|$http_host\\n"; }
    location /gone { return 410 "gone\\n"; }
    location /cut { default_type text/plain; return 444; }
  }
  server { listen 127.0.0.1:{tls} ssl; ${tls(right)} }
  server { listen 127.0.0.1:{wrong} ssl; ${tls(wrong)} }
  server { listen 127.0.0.1:{old} ssl; ${tls(right)} ssl_protocols TLSv1.2; }
  server {
    listen 127.0.0.1:{client} ssl; ${tls(right)}
    ssl_client_certificate ${authority.certificate};
    ssl_verify_client on;
    location / { default_type text/plain; return 200 "$ssl_client_s_dn\\n"; }
  }`;
}

beforeAll(async () => {
  keys = temporaryFolder();
  authority = await makeAuthority(keys.path);
  const right = await authority.issue("right", "DNS:localhost,IP:127.0.0.1", "serverAuth");
  const wrong = await authority.issue("wrong", "DNS:other.test", "serverAuth");
  client = await authority.issue("client", "DNS:client.test", "clientAuth");
  const pages = join(keys.path, "pages");
  mkdirSync(pages);
  writeFileSync(join(pages, "text.txt"), TEXT);
  writeFileSync(join(pages, "hello.json"), HELLO);
  nginx = await startNginx(servers(right, wrong));
  writeFileSync(join(nginx.root, "hello.json"), HELLO);
  writeFileSync(join(nginx.root, "big.bin"), BIG);
  writeFileSync(join(nginx.root, "empty.txt"), "");
});

afterAll(async () => {
  await nginx[Symbol.asyncDispose]();
  keys[Symbol.dispose]();
});

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  folder[Symbol.dispose]();
});

function weir(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runCli(argv, { target: "binary", cwd: folder.path, ...options });
}

function plain(path: string): string {
  return `http://127.0.0.1:${nginx.port("plain")}${path}`;
}

function secure(port: "tls" | "wrong" | "old" | "client", path = "/hello.json"): string {
  return `https://127.0.0.1:${nginx.port(port)}${path}`;
}

/** The requests for one target; every test has targets of its own. */
function logged(target: string): readonly LoggedRequest[] {
  return nginx.requests().filter((one) => one.target === target);
}

describe("plain HTTP", () => {
  test("get hands the body to a pipe unchanged", async () => {
    const result = await weir(["get", plain("/hello.json")]);
    expect(result).toMatchObject({ stdout: HELLO, stderr: "", exit: 0 });
  });

  test("get of 3 MiB of bytes is exact", async () => {
    const result = await weir(["get", plain("/big.bin")]);
    expect(Buffer.compare(result.stdoutBytes, BIG)).toBe(0);
  });

  test.each([
    { name: "an empty file", argv: ["get", "/empty.txt"], stdout: "", exit: 0 },
    { name: "a missing file", argv: ["-h", "get", "/none"], stdout: /^HTTP\/1\.1 404 /, exit: 4 },
    { name: "410 with its body", argv: ["get", "/gone"], stdout: "gone\n", exit: 4 },
    {
      name: "a redirect not followed",
      argv: ["-h", "get", "/old"],
      stdout: /\nLocation: /,
      exit: 3,
    },
    { name: "a redirect followed", argv: ["-F", "get", "/old"], stdout: HELLO, exit: 0 },
    {
      name: "HEAD",
      argv: ["-h", "head", "/big.bin"],
      stdout: /\nContent-Length: 3145728\r?\n/,
      exit: 0,
    },
    {
      name: "a method nginx refuses",
      argv: ["-h", "PATCH", "/hello.json"],
      stdout: / 405 /,
      exit: 4,
    },
    {
      name: "query, header and credentials",
      argv: ["-a", "u:p", "/echo", "q==a b", "X-A:1"],
      stdout: /^GET\|q=a(?:\+|%20)b\|1\|Basic dTpw\|127\.0\.0\.1:\d+\n$/,
      exit: 0,
    },
  ])("$name", async ({ argv, stdout, exit }) => {
    const words = argv.map((word) => (word.startsWith("/") ? plain(word) : word));
    const result = await weir(words);
    expect(result.exit).toBe(exit);
    expect(result.stdout).toMatch(
      stdout instanceof RegExp ? stdout : new RegExp(`^${RegExp.escape(stdout)}$`),
    );
  });

  test("a server that closes without an answer is a network error", async () => {
    expect(await weir(["get", plain("/cut")])).toMatchObject({ stdout: "", exit: 69 });
  });

  test("plain HTTP to the TLS port says so", async () => {
    const url = secure("tls").replace("https", "http");
    const result = await weir(["get", url]);
    expect(result.stdout).toContain("plain HTTP request was sent to HTTPS port");
    expect(result.exit).toBe(4);
  });

  test("TLS to the plain port is a network error", async () => {
    const url = plain("/hello.json").replace("http:", "https:");
    expect(await weir(["get", url])).toMatchObject({ stdout: "", exit: 69 });
  });
});

describe("content coding", () => {
  test("gzip is asked for and decoded", async () => {
    const url = plain("/packed/text.txt");
    expect(await weir(["get", url])).toMatchObject({ stdout: TEXT, exit: 0 });
    expect((await weir(["-h", "get", url])).stdout).toMatch(/\nContent-Encoding: gzip\r?\n/);
  });

  test("identity is honoured", async () => {
    const argv = ["-h", "get", plain("/packed/text.txt"), "Accept-Encoding:identity"];
    expect((await weir(argv)).stdout).not.toContain("Content-Encoding");
  });
});

describe("TLS", () => {
  test("--verify with the authority's file accepts the server", async () => {
    const result = await weir([`--verify=${authority.certificate}`, "get", secure("tls")]);
    expect(result).toMatchObject({ stdout: HELLO, stderr: "", exit: 0 });
  });

  test.each([
    { name: "an unknown authority", port: "tls" as const, flags: () => [] },
    {
      name: "a name that is not in the certificate",
      port: "wrong" as const,
      flags: () => [`--verify=${authority.certificate}`],
    },
    {
      name: "a server without TLS 1.3 when it is asked for",
      port: "old" as const,
      flags: () => [`--verify=${authority.certificate}`, "--ssl=tls1.3"],
    },
  ])("refuses $name and sends nothing", async ({ port, flags }) => {
    const target = `/hello.json?refused-${port}`;
    const result = await weir([...flags(), "get", secure(port, target)]);
    expect(result).toMatchObject({ stdout: "", exit: 69 });
    expect(result.stderr).toMatch(/TLS|certificate/);
    expect(logged(target)).toEqual([]);
  });

  test("--verify=no accepts a wrong name", async () => {
    expect(await weir(["--verify=no", "get", secure("wrong")])).toMatchObject({
      stdout: HELLO,
      exit: 0,
    });
  });

  test("TLS 1.2 still works", async () => {
    const argv = [`--verify=${authority.certificate}`, "get", secure("old")];
    expect(await weir(argv)).toMatchObject({ stdout: HELLO, exit: 0 });
  });

  test("a client certificate is shown to a server that wants one", async () => {
    const keys = [`--cert=${client.certificate}`, `--cert-key=${client.key}`];
    const argv = [`--verify=${authority.certificate}`, ...keys, "get", secure("client", "/")];
    expect(await weir(argv)).toMatchObject({ stdout: "CN=client\n", exit: 0 });
  });

  test("without one the server's 400 is the answer", async () => {
    const argv = [`--verify=${authority.certificate}`, "get", secure("client", "/")];
    const result = await weir(argv);
    expect(result.stdout).toContain("No required SSL certificate was sent");
    expect(result.exit).toBe(4);
  });
});

describe("download", () => {
  const saved = (name: string): Buffer => readFileSync(join(folder.path, name));

  test("-d names the file after the URL", async () => {
    // As with HTTPie: redirected output gets the body instead, so this is for terminals.
    const result = await weir(["-d", "get", plain("/big.bin")], { tty: true });
    expect(result.exit).toBe(0);
    expect(readdirSync(folder.path)).toEqual(["big.bin"]);
    expect(Buffer.compare(saved("big.bin"), BIG)).toBe(0);
  });

  test("-d -o names it as told", async () => {
    expect((await weir(["-d", "-o", "here.bin", "get", plain("/big.bin")])).exit).toBe(0);
    expect(Buffer.compare(saved("here.bin"), BIG)).toBe(0);
  });

  test("-o saves the decoded body", async () => {
    expect((await weir(["-o", "t.txt", "get", plain("/packed/text.txt")])).exit).toBe(0);
    expect(saved("t.txt").toString()).toBe(TEXT);
  });

  test("-d -c fetches only the rest", async () => {
    const target = "/big.bin?rest";
    writeFileSync(join(folder.path, "part.bin"), BIG.subarray(0, 1_000_000));
    const result = await weir(["-d", "-c", "-o", "part.bin", "get", plain(target)]);
    expect(result.exit).toBe(0);
    expect(Buffer.compare(saved("part.bin"), BIG)).toBe(0);
    expect(logged(target)).toMatchObject([{ status: 206, range: "bytes=1000000-" }]);
  });

  test("-d -c of a finished file is done", async () => {
    const target = "/big.bin?finished";
    writeFileSync(join(folder.path, "all.bin"), BIG);
    const result = await weir(["-d", "-c", "-o", "all.bin", "get", plain(target)]);
    expect(result.exit).toBe(0);
    expect(Buffer.compare(saved("all.bin"), BIG)).toBe(0);
    expect(logged(target)).toMatchObject([{ status: 416 }]);
  });

  test("an error status leaves no file", async () => {
    expect((await weir(["-d", "-o", "none.bin", "get", plain("/none")])).exit).toBe(4);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("at 4 KiB a second all of it arrives", async () => {
    const result = await weir(["-d", "-o", "slow.txt", "get", plain("/slow/text.txt")]);
    expect(result.exit).toBe(0);
    expect(saved("slow.txt").toString()).toBe(TEXT);
  });
});

describe("upload", () => {
  const stored = (name: string): Buffer => readFileSync(join(nginx.root, "put", name));

  test("a pipe of unknown length is sent chunked", async () => {
    const result = await weir(["put", plain("/put/piped")], { stdin: { pipe: BIG } });
    expect(result).toMatchObject({ stdout: "", exit: 0 });
    expect(Buffer.compare(stored("piped"), BIG)).toBe(0);
    expect(logged("/put/piped")).toMatchObject([
      { status: 201, transferEncoding: "chunked", contentLength: "" },
    ]);
  });

  test("a pipe that pauses loses nothing", async () => {
    const stdin = { chunks: ["one ", "two ", "three"], gapMs: 60 };
    expect((await weir(["put", plain("/put/paused")], { stdin })).exit).toBe(0);
    expect(stored("paused").toString()).toBe("one two three");
  });

  test("a redirected file is sent with its length", async () => {
    const result = await weir(["put", plain("/put/redirected")], { stdin: { file: BIG } });
    expect(result.exit).toBe(0);
    expect(Buffer.compare(stored("redirected"), BIG)).toBe(0);
    expect(logged("/put/redirected")).toMatchObject([
      { transferEncoding: "", contentLength: String(BIG.byteLength) },
    ]);
  });

  test("a file named as an item is sent with its length", async () => {
    writeFileSync(join(folder.path, "up.bin"), BIG);
    expect((await weir(["put", plain("/put/named"), "@up.bin"])).exit).toBe(0);
    expect(Buffer.compare(stored("named"), BIG)).toBe(0);
    expect(logged("/put/named")).toMatchObject([{ contentLength: String(BIG.byteLength) }]);
  });

  test("--chunked sends a known body chunked", async () => {
    expect((await weir(["--chunked", "put", plain("/put/chunked"), "a=1"])).exit).toBe(0);
    expect(logged("/put/chunked")).toMatchObject([{ transferEncoding: "chunked" }]);
    expect(stored("chunked").toString()).toBe('{"a":"1"}');
  });

  test("a 307 repeats the body", async () => {
    expect((await weir(["-F", "put", plain("/elsewhere"), "a=1"])).exit).toBe(0);
    expect(stored("moved").toString()).toBe('{"a":"1"}');
  });

  test("an empty standard input is no body", async () => {
    expect((await weir(["put", plain("/put/empty")], { stdin: "null" })).exit).toBe(0);
    expect(statSync(join(nginx.root, "put", "empty")).size).toBe(0);
    expect((await weir(["delete", plain("/put/empty")])).exit).toBe(0);
    expect(existsSync(join(nginx.root, "put", "empty"))).toBe(false);
  });
});

describe("a byte a second", () => {
  test.each([
    { name: "--read-timeout, between two bytes", flag: "--read-timeout=0.4" },
    { name: "--timeout, for the whole", flag: "--timeout=0.6" },
  ])("ends by $name", async ({ flag }) => {
    const result = await weir([flag, "get", plain("/drip/hello.json")]);
    expect(result.exit).toBe(2);
    expect(result.durationMs).toBeLessThan(3000);
  });

  test("a read timeout above the pauses lets it come", async () => {
    const argv = ["--read-timeout=5", "--timeout=20", "get", plain("/slow/text.txt")];
    expect(await weir(argv)).toMatchObject({ stdout: TEXT, exit: 0 });
  });
});
