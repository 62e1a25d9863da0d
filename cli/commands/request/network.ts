import { parseDuration } from "../../../lib/base/duration.ts";
import { codeOf, WeirError } from "../../../lib/base/errors.ts";
import { whyNotRead } from "../../../lib/base/file-reasons.ts";
import type { ExchangeOptions } from "../../../lib/exchange/ports.ts";
import type { Files, Runtime } from "../../../lib/runtime/runtime.ts";
import type { DialOptions, TlsOptions } from "../../../lib/transport/wire.ts";
import type { Flags } from "../../flags.ts";

/** Variables that name a proxy; looked for in both cases. */
const PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

const TLS_VERSIONS = { "tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3" } as const;

/**
 * Returns how connections are made, as the flags and the proxy variables of the environment say.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, IO_READ
 */
export async function dialOptions(
  flags: Flags,
  { files, env }: Pick<Runtime, "files" | "env">,
): Promise<Omit<DialOptions, "judge">> {
  const connectTo = flags.list("connect-to");
  return {
    tls: await tlsOptions(flags, files),
    family: flags.isSet("ipv4") ? 4 : flags.isSet("ipv6") ? 6 : undefined,
    overrides: await overrides(flags),
    connectTo:
      connectTo.length === 0
        ? undefined
        : (await import("../../../lib/transport/overrides.ts")).parseConnectTo(connectTo),
    localAddress: flags.text("interface"),
    unixSocket: flags.text("unix-socket"),
    proxyFor: await proxyRule(flags, env),
  };
}

async function overrides(flags: Flags): Promise<ReadonlyMap<string, readonly string[]>> {
  const texts = flags.list("resolve");
  if (texts.length === 0) return new Map();
  return (await import("../../../lib/transport/overrides.ts")).parseOverrides(texts);
}

/** `--proxy` wins over the environment, and `--no-proxy` over both. */
async function proxyRule(flags: Flags, env: Runtime["env"]): Promise<DialOptions["proxyFor"]> {
  const typed = flags.list("proxy");
  if (flags.isGiven("proxy") && typed.length === 0) return undefined;
  if (typed.length === 0 && !PROXY_VARIABLES.some((name) => (env(name) ?? "") !== "")) {
    return undefined;
  }
  const { parseProxyFlag, proxiesFromEnv, proxyRules } =
    await import("../../../lib/transport/proxy-rules.ts");
  if (typed.length === 0) return proxyRules(proxiesFromEnv(env));
  const flagged = typed.map(parseProxyFlag).map(({ use, proxy }) => [use, proxy]);
  return proxyRules({ ...Object.fromEntries(flagged), exempt: env("no_proxy") ?? env("NO_PROXY") });
}

/**
 * Returns the limits and the rule for redirects, as the flags say.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function exchangeOptions(flags: Flags): Omit<ExchangeOptions, "isDecoded"> {
  const maxRequests = flags.integer("max-redirects");
  if (maxRequests < 1) {
    throw new WeirError(
      "USAGE_BAD_VALUE",
      "Flag --max-redirects counts requests, so it is at least 1",
      {
        hint: "Leave --follow out to follow no redirect",
        details: { flag: "max-redirects" },
      },
    );
  }
  return {
    maxRequests: isFollowing(flags) ? maxRequests : undefined,
    limits: timeLimits(flags),
  };
}

/**
 * Returns how long a request may take, as the flags say.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function timeLimits(flags: Flags): ExchangeOptions["limits"] {
  return {
    totalTimeoutMs: duration(flags.text("timeout")),
    connectTimeoutMs: duration(flags.text("connect-timeout")),
    readTimeoutMs: duration(flags.text("read-timeout")),
  };
}

/** A redirect is nothing to save, so a download follows it unless told not to. */
function isFollowing(flags: Flags): boolean {
  return flags.isGiven("follow") ? flags.isSet("follow") : flags.isSet("download");
}

/** Returns milliseconds; 0 means no limit, as the peers have it. */
function duration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text, "USAGE_BAD_VALUE");
  return ms === 0 ? undefined : ms;
}

async function tlsOptions(flags: Flags, files: Files): Promise<TlsOptions> {
  const verify = flags.text("verify");
  const certificate = flags.text("cert");
  const key = flags.text("cert-key");
  const version = flags.text("ssl");
  const fixed = version === undefined ? undefined : TLS_VERSIONS[version];
  if (key !== undefined && certificate === undefined) {
    throw new WeirError("USAGE_CONFLICT", "Flag --cert-key needs --cert", {
      hint: "Name the certificate that belongs to the key with --cert FILE",
    });
  }
  const word = verify.toLowerCase();
  const isWord = ["yes", "true", "1", "no", "false", "0"].includes(word);
  return {
    isVerified: !["no", "false", "0"].includes(word),
    authorities: isWord ? undefined : await readText(files, verify, "--verify"),
    certificate:
      certificate === undefined ? undefined : await readText(files, certificate, "--cert"),
    // One PEM file may hold both.
    key:
      certificate === undefined
        ? undefined
        : await readText(files, key ?? certificate, "--cert-key"),
    passphrase: flags.text("cert-key-pass"),
    minVersion: fixed,
    maxVersion: fixed,
  };
}

async function readText(files: Files, path: string, flag: string): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new WeirError("IO_READ", `Cannot read ${path} for ${flag}: ${whyNotRead(error)}`, {
      hint: flag === "--verify" ? "Write --verify yes, no, or a PEM file that exists" : undefined,
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
}
