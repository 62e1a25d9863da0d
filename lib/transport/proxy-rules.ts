import { WeirError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Target } from "../guard/decision.ts";
import { isExempt, parseExemptions } from "./no-proxy.ts";
import type { Proxy, ProxyCredentials } from "./wire.ts";

const SCHEMES: Readonly<Record<string, Proxy["scheme"]>> = {
  http: "http",
  https: "https",
  socks: "socks5",
  socks5: "socks5",
  socks5h: "socks5h",
};

const STANDARD_PORTS: Readonly<Record<Proxy["scheme"], number>> = {
  http: 80,
  https: 443,
  socks5: 1080,
  socks5h: 1080,
};

/** User and password of SOCKS5 have a length of one byte, RFC 1929. */
const SOCKS_TEXT_BYTES = 255;

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is;

/**
 * Returns the proxy that `text` names: `[SCHEME://][USER:PASSWORD@]HOST[:PORT]`, http when it names
 * no scheme.
 *
 * @throws {WeirError} USAGE_BAD_VALUE; it never prints the text, which may hold a password
 */
export function parseProxy(text: string): Proxy {
  const [, word = "http", rest = text] = SCHEME.exec(text.trim()) ?? [];
  const scheme = Object.hasOwn(SCHEMES, word.toLowerCase())
    ? SCHEMES[word.toLowerCase()]
    : undefined;
  if (scheme === undefined) throw badProxy(`names the scheme ${JSON.stringify(word)}`);
  const url = parseAs("http", rest);
  if (url === undefined || !/^\/?$/.test(url.pathname + url.search + url.hash)) {
    throw badProxy("is not SCHEME://[USER:PASSWORD@]HOST[:PORT]");
  }
  // A URL hides the standard port of its scheme; no port is standard for both.
  const port = url.port || parseAs("https", rest)?.port || STANDARD_PORTS[scheme];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { scheme, host, port: Number(port), credentials: credentialsOf(url, scheme) };
}

/** The value of `--proxy`: a proxy and what it is for. */
export interface ProxyFlag {
  readonly use: "http" | "https" | "all";
  readonly proxy: Proxy;
}

/**
 * Returns what `--proxy [http|https|all:]URL` says; without a word before it, it is for all.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parseProxyFlag(text: string): ProxyFlag {
  const [, use, rest = ""] = /^(http|https|all):(?!\/\/)(.*)$/is.exec(text) ?? [];
  const word = use?.toLowerCase();
  if (word === "http" || word === "https") return { use: word, proxy: parseProxy(rest) };
  return { use: "all", proxy: parseProxy(word === undefined ? text : rest) };
}

function parseAs(scheme: "http" | "https", rest: string): URL | undefined {
  const text = `${scheme}://${rest}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function credentialsOf(url: URL, scheme: Proxy["scheme"]): ProxyCredentials | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const user = decode(url.username);
  const password = decode(url.password);
  if (user.includes(":")) throw badProxy("has a colon in its user name");
  const isSocks = scheme === "socks5" || scheme === "socks5h";
  const longest = Math.max(...[user, password].map((one) => new Blob([one]).size));
  if (isSocks && longest > SOCKS_TEXT_BYTES) throw badProxy("has too long a user or password");
  return { user, password: new Secret(password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign stands for itself, as it does for curl.
    return text;
  }
}

function badProxy(problem: string): WeirError {
  return new WeirError("USAGE_BAD_VALUE", `The proxy URL ${problem}`, {
    hint: "A proxy is http, https, socks5 or socks5h://[USER:PASSWORD@]HOST[:PORT]",
  });
}

/** Which proxy is used for what. */
export interface ProxySettings {
  /** For http targets. */
  readonly http?: Proxy | undefined;
  /** For https targets. */
  readonly https?: Proxy | undefined;
  /** For targets of a scheme that names none of its own. */
  readonly all?: Proxy | undefined;
  /** Targets that are reached without a proxy, in the form of NO_PROXY. */
  readonly exempt?: string | undefined;
}

/** Returns the function that picks the proxy for a target, for `DialOptions.proxyFor`. */
export function proxyRules(settings: ProxySettings): (target: Target) => Proxy | undefined {
  const exemptions = parseExemptions(settings.exempt ?? "");
  return (target) => {
    const proxy = settings[target.scheme] ?? settings.all;
    return proxy === undefined || isExempt(exemptions, target) ? undefined : proxy;
  };
}

/**
 * Returns the settings that the environment makes: http_proxy, https_proxy, all_proxy, no_proxy.
 *
 * A name counts in both cases, the lower one first. An empty value is none.
 *
 * @throws {WeirError} USAGE_BAD_VALUE, naming the variable
 */
export function proxiesFromEnv(env: (name: string) => string | undefined): ProxySettings {
  const read = (name: string): [name: string, value: string] | undefined => {
    for (const one of [name, name.toUpperCase()]) {
      const value = env(one);
      if (value !== undefined && value !== "") return [one, value];
    }
    return undefined;
  };
  const proxy = (name: string): Proxy | undefined => {
    const found = read(name);
    return found === undefined ? undefined : parseVariable(...found);
  };
  return {
    http: proxy("http_proxy"),
    https: proxy("https_proxy"),
    all: proxy("all_proxy"),
    exempt: read("no_proxy")?.[1],
  };
}

function parseVariable(name: string, value: string): Proxy {
  try {
    return parseProxy(value);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    throw new WeirError(error.code, `${error.message} (variable ${name})`, {
      hint: `${error.hint}; --no-proxy goes without one`,
      details: { variable: name },
    });
  }
}
