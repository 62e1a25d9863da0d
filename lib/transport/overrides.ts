import { WeirError } from "../base/errors.ts";
import type { Target } from "../guard/decision.ts";
import { literalAddress } from "./host.ts";
import type { DialOptions, HostPort } from "./wire.ts";

const RESOLVE = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?:([^:].*)$/;
const CONNECT_TO = /^(\[[^\]]*\]|[^:[\]]*):(\d{0,5}):(\[[^\]]*\]|[^:[\]]*):(\d{0,5})$/;

/**
 * Returns the map that texts of the form `HOST[:PORT]:ADDRESS[,ADDRESS]` make (`--resolve`), for
 * `DialOptions.overrides`. A later text replaces an earlier one for the same host.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parseOverrides(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map(texts.map(parseOverride));
}

function parseOverride(text: string): readonly [key: string, addresses: readonly string[]] {
  const [, name = "", port, list = ""] = RESOLVE.exec(text) ?? [];
  const host = hostOf(name);
  const addresses = list.split(",").map((address) => address.trim().replace(/^\[|\]$/g, ""));
  if (host === "" || !addresses.every(isAddress) || !isPort(port)) {
    throw new WeirError("USAGE_BAD_VALUE", `${JSON.stringify(text)} is no override of DNS`, {
      hint: "--resolve wants HOST[:PORT]:ADDRESS[,ADDRESS], for example api.test:127.0.0.1",
    });
  }
  return [port === undefined ? host : `${host}:${port}`, addresses];
}

/** A URL spells an address in one way; a text that it spells otherwise is none, or not that one. */
function isAddress(text: string): boolean {
  const address = literalAddress(text);
  if (address === undefined) return false;
  const authority = address.family === 6 ? `[${text}]` : text;
  if (!URL.canParse(`http://${authority}`)) return false;
  return address.family === 6 || new URL(`http://${authority}`).hostname === text;
}

function isPort(text: string | undefined): boolean {
  return text === undefined || (Number(text) > 0 && Number(text) < 65_536);
}

/** Returns a host as `targetOf` spells it, "" when it is none. */
function hostOf(text: string): string {
  if (text === "" || !URL.canParse(`http://${text}`)) return "";
  return new URL(`http://${text}`).hostname.replace(/^\[|\]$/g, "");
}

/**
 * Returns the function that texts of the form `HOST1:PORT1:HOST2:PORT2` make (`--connect-to`), for
 * `DialOptions.connectTo`. An empty first part means any, an empty second one means the same.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function parseConnectTo(texts: readonly string[]): NonNullable<DialOptions["connectTo"]> {
  const rules = texts.map(parseRule);
  return (target) => rules.map((rule) => rule(target)).find((place) => place !== undefined);
}

function parseRule(text: string): (target: Target) => HostPort | undefined {
  const parts = CONNECT_TO.exec(text);
  const [, fromName = "", fromPort = "", toName = "", toPort = ""] = parts ?? [];
  const [from, to] = [hostOf(fromName), hostOf(toName)];
  const isBad =
    parts === null ||
    (fromName !== "" && from === "") ||
    (toName !== "" && to === "") ||
    ![fromPort, toPort].every((port) => port === "" || isPort(port));
  if (isBad) {
    throw new WeirError("USAGE_BAD_VALUE", `${JSON.stringify(text)} is no pair of places`, {
      hint: "--connect-to wants HOST1:PORT1:HOST2:PORT2, where parts may be empty",
    });
  }
  return ({ host, port }) => {
    if (from !== "" && from !== host) return undefined;
    if (fromPort !== "" && Number(fromPort) !== port) return undefined;
    return { host: to === "" ? host : to, port: toPort === "" ? port : Number(toPort) };
  };
}
