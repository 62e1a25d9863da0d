import { sanitizeLine } from "../base/sanitize.ts";
import type { Exchange, Hop } from "../http/exchange.ts";
import type { Painter } from "./color.ts";
import { type Mask, showAsIs } from "./head.ts";
import { formatBytes } from "./size.ts";

/** How metadata is printed. */
export interface MetaOptions {
  readonly painter: Painter;
  /** Milliseconds since the start of the exchange. */
  readonly elapsedMs: number;
  readonly mask?: Mask | undefined;
}

/** A line of metadata: what, and how much. */
type Fact = readonly [label: string, value: string];

/** Returns the metadata of an exchange and of its last hop; earlier hops take a line each. */
export function renderMeta(exchange: Exchange, options: MetaOptions): string {
  const last = exchange.hops.at(-1);
  const isSynthetic = exchange.isSynthetic === true;
  const { wireBytes, decodedBytes } = exchange.body.counts();
  // A body that was not read was not decoded either.
  const decoded = decodedBytes === 0 ? "" : `, ${formatBytes(decodedBytes)} decoded`;
  return print(
    [
      ["Elapsed time", elapsed(options.elapsedMs)],
      ...factsOfEarlier(exchange, options.mask),
      ...(last === undefined || isSynthetic ? [] : factsOfHop(last)),
      ...(isSynthetic ? [["Answered by", "a plugin, not the server"] as const] : []),
      ["Received", `${formatBytes(wireBytes)} of body${decoded}`],
    ],
    options.painter,
  );
}

/** Returns the metadata of one hop that was not the last. */
export function renderHopMeta(hop: Hop, painter: Painter): string {
  return print(
    [["Elapsed time", elapsed(hop.timings.firstByteMs ?? 0)], ...factsOfHop(hop)],
    painter,
  );
}

function factsOfHop({ timings, connection, response }: Hop): Fact[] {
  const { address, port, isReused, tlsVersion } = connection;
  return [
    ...phases(timings),
    ["Address", `${address.includes(":") ? `[${address}]` : address}:${port}`],
    ["Connection", isReused ? "reused" : "new"],
    ...(tlsVersion === undefined ? [] : [["TLS version", tlsVersion] as const]),
    ["HTTP version", response.httpVersion],
  ];
}

function phases({ dnsMs, connectMs, tlsMs, firstByteMs }: Hop["timings"]): Fact[] {
  const all = [
    ["DNS", dnsMs],
    ["Connect", connectMs],
    ["TLS", tlsMs],
    ["First byte", firstByteMs],
  ] as const;
  return all.flatMap(([label, ms]) =>
    ms === undefined ? [] : [[label, `${ms.toFixed(1)} ms`] as const],
  );
}

function factsOfEarlier({ hops }: Exchange, mask: Mask = showAsIs): Fact[] {
  if (hops.length < 2) return [];
  const earlier = hops.slice(0, -1).map(({ request, response, timings }, at): Fact => {
    const url = request.url.origin + mask(":path", request.url.pathname + request.url.search);
    const spent = phases(timings).map(([label, value]) => `, ${label} ${value}`);
    return [`Hop ${at + 1}`, `${request.method} ${url} ${response.status}${spent.join("")}`];
  });
  return [["Hops", String(hops.length)], ...earlier];
}

/** As HTTPie prints it, so that scripts find it. */
function elapsed(ms: number): string {
  return `${(ms / 1000).toFixed(6)}s`;
}

function print(facts: readonly Fact[], painter: Painter): string {
  return facts
    .map(([label, value]) => `${painter.paint("label", label)}: ${sanitizeLine(value)}\n`)
    .join("");
}
