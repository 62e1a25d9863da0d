import { parseDuration } from "../../../lib/base/duration.ts";
import { codeOf, messageOf, WeirError } from "../../../lib/base/errors.ts";
import type { ExchangeOptions } from "../../../lib/exchange/ports.ts";
import type { Files } from "../../../lib/runtime/runtime.ts";
import type { DialOptions, TlsOptions } from "../../../lib/transport/wire.ts";
import type { Flags } from "../../flags.ts";

const TLS_VERSIONS = { "tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3" } as const;

/**
 * Returns how connections are made, as the flags say.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, IO_READ
 */
export async function dialOptions(flags: Flags, files: Files): Promise<Omit<DialOptions, "judge">> {
  return {
    tls: await tlsOptions(flags, files),
    family: flags.isSet("ipv4") ? 4 : flags.isSet("ipv6") ? 6 : undefined,
    overrides: parseResolve(flags.list("resolve")),
  };
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
    maxRequests: flags.isSet("follow") ? maxRequests : undefined,
    limits: {
      totalTimeoutMs: duration(flags.text("timeout")),
      connectTimeoutMs: duration(flags.text("connect-timeout")),
      readTimeoutMs: duration(flags.text("read-timeout")),
    },
  };
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
    const reason = codeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new WeirError("IO_READ", `Cannot read ${path} for ${flag}: ${reason}`, {
      hint: flag === "--verify" ? "Write --verify yes, no, or a PEM file that exists" : undefined,
      details: { path, reason: codeOf(error) },
      cause: error,
    });
  }
}

/** Reads `HOST:ADDR[,ADDR]` and `HOST:PORT:ADDR[,ADDR]`; IPv6 addresses may stand in brackets. */
function parseResolve(values: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map(values.map(parseOverride));
}

function parseOverride(value: string): readonly [string, readonly string[]] {
  const found = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d+))?:(.+)$/.exec(value);
  const [, host = "", port, list = ""] = found ?? [];
  const addresses = list.split(",").map((address) => address.replace(/^\[(.*)\]$/, "$1"));
  if (
    found === null ||
    !addresses.every((address) => /^[\da-fA-F:.]+$/.test(address) && /[.:]/.test(address))
  ) {
    throw new WeirError("USAGE_BAD_VALUE", `Flag --resolve cannot be ${JSON.stringify(value)}`, {
      hint: "Write --resolve HOST:ADDRESS or --resolve HOST:PORT:ADDRESS, commas between addresses",
      details: { flag: "resolve" },
    });
  }
  const name = host.toLowerCase();
  return [port === undefined ? name : `${name}:${port}`, addresses];
}
