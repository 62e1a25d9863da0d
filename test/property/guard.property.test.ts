import { expect, test } from "bun:test";
import fc from "fast-check";
import { classifyAddress, parseResolved, type AddressClass } from "../../lib/guard/address.ts";
import { createGuard, judgeCall } from "../../lib/guard/deny-by-default.ts";
import { readEntry } from "../../lib/guard/entry.ts";
import { readPath } from "../../lib/guard/path.ts";
import { judgeLocation, judgeUrlText } from "../../lib/guard/lexis.ts";
import { compilePolicy, type HttpRequestInput } from "../../lib/guard/policy.ts";
import type { RuleInput } from "../../lib/guard/rule-input.ts";
import { NO_BODY } from "../../lib/http/body.ts";
import { callOf, judgeUrl } from "../unit/guard/support.ts";

/** Runs of each property: short here, a million by `WEIR_FUZZ_RUNS=1000000`. */
const numRuns = Number(process.env["WEIR_FUZZ_RUNS"] ?? 1500);
const FACTS = { ownAddresses: ["203.0.114.7", "10.0.0.7"] };

// The address classes, told a second time: numbers instead of bytes, one flat table in which the
// longest prefix wins, and the platform's own URL parser to read IPv6.

const RANGES: readonly (readonly [string, number, AddressClass | "embedded"])[] = [
  ["0.0.0.0", 8, "unspecified"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "shared"],
  ["100.100.100.200", 32, "metadata"],
  ["127.0.0.0", 8, "loopback"],
  ["168.63.129.16", 32, "metadata"],
  ["169.254.0.0", 16, "link-local"],
  ["169.254.0.23", 32, "metadata"],
  ["169.254.10.10", 32, "metadata"],
  ["169.254.42.42", 32, "metadata"],
  ["169.254.169.254", 32, "metadata"],
  ["169.254.170.2", 32, "metadata"],
  ["169.254.170.23", 32, "metadata"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.0.192", 32, "metadata"],
  ["192.0.2.0", 24, "documentation"],
  ["192.88.99.0", 24, "transition"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "benchmark"],
  ["198.51.100.0", 24, "documentation"],
  ["203.0.113.0", 24, "documentation"],
  ["203.0.114.7", 32, "own"],
  ["10.0.0.7", 32, "own"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
  ["255.255.255.255", 32, "broadcast"],
  ["::", 96, "transition"],
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["::ffff:0:0", 96, "embedded"],
  ["::ffff:0:0:0", 96, "transition"],
  ["64:ff9b::", 96, "embedded"],
  ["64:ff9b:1::", 48, "transition"],
  ["2000::", 3, "public"],
  ["2001::", 23, "reserved"],
  ["2001::", 32, "transition"],
  ["2001:2::", 48, "benchmark"],
  ["2001:db8::", 32, "documentation"],
  ["2002::", 16, "transition"],
  ["3fff::", 20, "documentation"],
  ["fc00::", 7, "private"],
  ["fd00:ec2::", 32, "metadata"],
  ["fd20:ce::254", 128, "metadata"],
  ["fd00:c1::a9fe:a9fe", 128, "metadata"],
  ["fd00:42::42", 128, "metadata"],
  ["fd00:a9fe:a9fe::1", 128, "metadata"],
  ["fd00:100::100:200", 128, "metadata"],
  ["fe80::", 10, "link-local"],
  ["fe80::a9fe:a9fe", 128, "metadata"],
  ["ff00::", 8, "multicast"],
];

interface BigIp {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

function bigIpOf(text: string): BigIp {
  if (!text.includes(":")) {
    const value = text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { bits: 32, value };
  }
  const plain = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const left = head.split(":").filter((group) => group !== "");
  const right = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  const groups = [...left, ...zeros, ...right];
  const value = groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
  return { bits: 128, value };
}

const BIG_RANGES = RANGES.map(([base, prefix, kind]) => ({ ip: bigIpOf(base), prefix, kind }));

function isInBigRange(ip: BigIp, { ip: base, prefix }: { ip: BigIp; prefix: number }): boolean {
  const shift = BigInt(ip.bits - prefix);
  return ip.bits === base.bits && ip.value >> shift === base.value >> shift;
}

function referenceClass(ip: BigIp): AddressClass {
  const [longest] = BIG_RANGES.filter((range) => isInBigRange(ip, range)).toSorted(
    (left, right) => right.prefix - left.prefix,
  );
  if (longest?.kind === "embedded") {
    return referenceClass({ bits: 32, value: ip.value & 0xffff_ffffn });
  }
  const kind = longest?.kind ?? (ip.bits === 32 ? "public" : "reserved");
  const isIsatap = ip.bits === 128 && ((ip.value >> 32n) & 0xfdff_ffffn) === 0x0000_5efen;
  return isIsatap && kind !== "metadata" ? "transition" : kind;
}

function textOf({ bits, value }: BigIp): string {
  const size = bits === 32 ? 8n : 16n;
  const count = bits === 32 ? 4 : 8;
  const parts = Array.from({ length: count }, (_, at) => {
    const part = (value >> (size * BigInt(count - 1 - at))) & ((1n << size) - 1n);
    return part.toString(bits === 32 ? 10 : 16);
  });
  return parts.join(bits === 32 ? "." : ":");
}

/** Addresses near the edges of the ranges, and anywhere. */
const addresses: fc.Arbitrary<BigIp> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...BIG_RANGES), fc.bigInt(-2n, 2n), fc.boolean())
    .map(([{ ip, prefix }, step, isEnd]) => {
      const size = 1n << BigInt(ip.bits - prefix);
      const value = ip.value + (isEnd ? size : 0n) + step;
      return { bits: ip.bits, value: value & ((1n << BigInt(ip.bits)) - 1n) };
    }),
  fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ bits: 32 as const, value })),
  fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ bits: 128 as const, value })),
  fc
    .tuple(fc.constantFrom("::ffff:0:0", "64:ff9b::", "::"), fc.bigInt(0n, (1n << 32n) - 1n))
    .map(([base, value]) => ({ bits: 128 as const, value: bigIpOf(base).value | value })),
);

test("PX19 classifyAddress() agrees with a second telling of the ranges", () => {
  const own = FACTS.ownAddresses.flatMap((text) => parseResolved(text) ?? []);
  fc.assert(
    fc.property(addresses, (ip) => {
      const parsed = parseResolved(textOf(ip));
      if (parsed === undefined) return false;
      return classifyAddress(parsed, own).class === referenceClass(ip);
    }),
    { numRuns },
  );
});

// The decision, told a second time: patterns become regular expressions over "host:port", paths
// regular expressions over text, and the order of the rules plain sentences.

const HOSTS = ["a.test", "b.a.test", "c.b.a.test", "xa.test", "other.test", "10.0.0.5", "8.8.8.8"];
const ENTRIES = [
  ...HOSTS,
  "A.Test.",
  "*.a.test",
  "*.b.a.test",
  "10.0.0.0/8",
  "10.0.0.0/24:8080",
  "8.8.8.8:*",
  "a.test:8080",
  "*.a.test:*",
  "other.test:443",
];
const PATTERNS = ["/", "/a", "/a/*", "/a/**", "/**", "/a*", "/*/b", "/a/**/c"];
const PATHS = ["/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/x/b", "/%61/b", "/a/%2e%2e/x", "/A"];
const METHODS = ["GET", "POST", "DELETE"];

function hostPattern(entry: string): RegExp {
  const host = entry
    .toLowerCase()
    .replace(/:[^:]*$/, "")
    .replace(/\.$/, "");
  if (host === "10.0.0.0/8") return /^10\.\d+\.\d+\.\d+$/;
  if (host === "10.0.0.0/24") return /^10\.0\.0\.\d+$/;
  const escaped = host.replace(/\./g, "\\.").replace(/^\*/, ".+");
  return new RegExp(`^${escaped}$`);
}

function portOf(entry: string): string | undefined {
  return /:([^:]*)$/.exec(entry)?.[1];
}

function hasPort(entry: string, url: URL): boolean {
  const port = portOf(entry);
  const asked = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (port === undefined) return url.port === "";
  return port === "*" || port === asked;
}

function pathPattern(pattern: string): RegExp {
  const inner = pattern
    .replaceAll("/**", "\u0001")
    .replaceAll("*", "\u0002")
    .replaceAll("\u0002", "[^/]*")
    .replaceAll("\u0001", "(?:/[^/]*)*");
  return new RegExp(`^${inner}$`);
}

function hasPath(patterns: readonly string[] | undefined, path: string): boolean {
  return patterns === undefined || patterns.some((pattern) => pathPattern(pattern).test(path));
}

/** A `*` that is a whole segment stands for at least one character. */
function isEmptyStar(patterns: readonly string[] | undefined, path: string): boolean {
  return path.endsWith("/") && (patterns ?? []).some((pattern) => pattern.endsWith("/*"));
}

function referenceVerdict(table: HttpRequestInput, url: URL, method: string): string {
  const path = decodeURIComponent(url.pathname);
  const rules = (table.rule ?? []).filter(
    ({ host }) =>
      hostPattern(host).test(url.hostname) && (portOf(host) === undefined || hasPort(host, url)),
  );
  const speaks = (rule: RuleInput, text: string): boolean =>
    (rule.methods?.includes(method) ?? true) &&
    (rule.schemes?.includes(url.protocol.slice(0, -1)) ?? true) &&
    hasPath(rule.paths, text);
  const bare = path.length > 1 ? path.replace(/\/$/, "") : path;
  const isDenied = rules.some(
    (rule) => rule.action === "deny" && (speaks(rule, path) || speaks(rule, bare)),
  );
  if (isDenied) return "deny";
  const first = rules.find(
    (rule) => rule.action !== "deny" && hasPort(rule.host, url) && speaks(rule, path),
  );
  if (first !== undefined) return first.action === "supervised" ? "ask" : "allow";
  if (rules.length > 0) return "deny";
  const isListed = (table.allowed_domains ?? []).some(
    (entry) => hostPattern(entry).test(url.hostname) && hasPort(entry, url),
  );
  return isListed ? "allow" : "deny";
}

const some = <T>(values: readonly T[]): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), {
    nil: undefined,
  });

const rules: fc.Arbitrary<RuleInput> = fc.record({
  host: fc.constantFrom(...ENTRIES),
  methods: some(METHODS),
  paths: some(PATTERNS),
  schemes: some(["http", "https"]),
  action: fc.constantFrom("allow", "deny", "supervised"),
});

const tables: fc.Arbitrary<HttpRequestInput> = fc.record({
  enabled: fc.constant(true),
  allowed_domains: fc.array(fc.constantFrom(...ENTRIES), { maxLength: 4 }),
  rule: fc.array(rules, { maxLength: 4 }),
});

const urls = fc
  .tuple(
    fc.constantFrom("http", "https"),
    fc.constantFrom(...HOSTS),
    fc.constantFrom("", ":8080", ":443", ":80"),
    fc.constantFrom(...PATHS),
  )
  .map(([scheme, host, port, path]) => `${scheme}://${host}${port}${path}`);

test("PX2 PX3 PX4 PX5 the decision agrees with a second telling of the rules", async () => {
  await fc.assert(
    fc.asyncProperty(tables, urls, fc.constantFrom(...METHODS), async (table, text, method) => {
      const policy = await compilePolicy({ http_request: table }, { keychain: new Map() });
      const url = new URL(text);
      const patterns = (table.rule ?? []).flatMap((rule) => rule.paths ?? []);
      fc.pre(!isEmptyStar(patterns, decodeURIComponent(url.pathname)));
      const { decision } = judgeCall(policy, FACTS, callOf(text, { method }));
      // A rule alone opens a literal, so the address rules never speak here.
      expect<string>(decision.verdict).toBe(referenceVerdict(table, url, method));
    }),
    { numRuns },
  );
});

test("PX19 PX20 one bad address refuses a name, whatever stands beside it", async () => {
  const table = { enabled: true, allowed_domains: ["x.test"], allowed_private: ["10.0.0.0/24"] };
  const policy = await compilePolicy({ http_request: table }, { keychain: new Map() });
  const guard = createGuard(policy, FACTS);
  fc.assert(
    fc.property(fc.array(addresses, { minLength: 1, maxLength: 4 }), (ips) => {
      const isGood = (ip: BigIp): boolean => {
        const kind = referenceClass(ip);
        const last = textOf({ bits: 32, value: ip.value & 0xffff_ffffn });
        return (
          kind === "public" || (kind === "private" && /^10\.0\.0\.\d+$/.test(last) && isV4(ip))
        );
      };
      const { verdict } = judgeUrl(guard, "http://x.test/", ...ips.map(textOf));
      return (verdict === "allow") === ips.every(isGood);
    }),
    { numRuns },
  );
});

/** Says whether the address is IPv4, or carries one that is judged. */
function isV4(ip: BigIp): boolean {
  if (ip.bits === 32) return true;
  const head = ip.value >> 32n;
  return ["::ffff:0:0", "64:ff9b::"].some((base) => head === bigIpOf(base).value >> 32n);
}

// Fuzzing: text that nearly is a URL, and text that is not.

const PIECES = [
  ["http", "https", "HTTPS", "ftp", "file", ":", "/", "//", "\\", "@", "?", "#", "%", "[", "]"],
  ["a.test", "x.a.test", "A.TEST", "evil.test", "127.0.0.1", "2130706433", "0x7f.1", "::1"],
  [".", "..", ":80", ":443", ":0", ":99999", "%2e", "%00", "%2f", "*", "|", "{{secret:x}}"],
  ["\t", "\n", " ", "\0", "\u00ad", "\u200b", "\u3002", "\uff0e", "\u24d0", "\u212a", "ü", "ß"],
  ["\ud800", "\u202e", "xn--", "xn--bcher-kva", "64:ff9b::", "::ffff:8.8.8.8", "😀", "\u0130"],
].flat();
const nearUrls = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 12 })
  .map((parts) => parts.join(""));
const texts = fc.oneof(
  nearUrls,
  nearUrls.map((text) => `https://${text}`),
  nearUrls.map((text) => `https://a.test${text}`),
  fc.string({ unit: "binary" }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
);

test("PX17 no text makes the guard throw, and what it admits is on the list", async () => {
  const table = { enabled: true, allowed_domains: ["a.test", "*.a.test", "8.8.8.8:*"] };
  const policy = await compilePolicy({ http_request: table }, { keychain: new Map() });
  fc.assert(
    fc.property(texts, (text) => {
      const { decision, url } = judgeCall(policy, FACTS, callOf(text));
      if (decision.verdict !== "allow" || url === undefined) return decision.verdict === "deny";
      const isListed = /^(?:.+\.)?a\.test$/.test(url.hostname) && url.port === "";
      const isWhole = url.href === new URL(url.href).href && url.hash + url.username === "";
      return isWhole && (isListed || url.hostname === "8.8.8.8");
    }),
    { numRuns },
  );
});

test("PX6 no text makes the reading of entries throw, and a name that is read is a host", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const reading = readEntry(text);
      if ("problem" in reading) return reading.problem !== "" && reading.hint !== "";
      const { entry } = reading;
      return entry.kind === "range" || /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(entry.name);
    }),
    { numRuns },
  );
});

test("D18 no path makes the reading of paths throw, and none that is read hides a slash", () => {
  const pieces = [
    "/",
    "a",
    ".",
    "%2e",
    "%2f",
    "%5c",
    "%25",
    "%",
    "2f",
    ";",
    "%00",
    "%ff",
    "ä",
    "*",
  ];
  const paths = fc.array(fc.constantFrom(...pieces), { maxLength: 10 });
  fc.assert(
    fc.property(paths, (parts) => {
      const path = new URL(`https://a.test/${parts.join("")}`).pathname;
      const reading = readPath(path);
      if ("problem" in reading) return true;
      // What a server that decodes again, or merges, or cuts would see is the same path.
      const twice = reading.segments.map((segment) => segment.replace(/%(?=[0-9a-f]{2})/gi, "\0"));
      const isPlain = !/\/\/|;|\0|[\\]/.test(`/${twice.join("/")}`);
      return isPlain && reading.segments.every((segment) => segment !== "." && segment !== "..");
    }),
    { numRuns },
  );
});

test("PX17 the host of a URL that passes is the host that its text shows", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const reading = judgeUrlText(text);
      if ("denial" in reading || reading.isUnicode) return true;
      const shown = /^https?:\/\/(?:(\[[^\]]*\])|([^:/?#]+))/i.exec(text);
      const name = (shown?.[2] ?? "").toLowerCase().replace(/\.$/, "");
      return shown?.[1] === undefined
        ? name === reading.url.hostname
        : bigIpOf(shown[1].slice(1, -1)).value === bigIpOf(reading.url.hostname.slice(1, -1)).value;
    }),
    { numRuns },
  );
});

test("PX18 no Location makes the guard throw, and a relative one stays on its host", () => {
  const from = new URL("https://a.test/x/y");
  fc.assert(
    fc.property(texts, (text) => {
      const reading = judgeLocation(text, from);
      if ("denial" in reading) return true;
      const isAbsolute = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(text);
      return isAbsolute || reading.url.origin === from.origin;
    }),
    { numRuns },
  );
});

/** Ways to write a name that end at the same host in some parser. */
const disguises: readonly ((name: string) => string)[] = [
  (name) => name.toUpperCase(),
  (name) => `${name}.`,
  (name) => `${name}..`,
  (name) => name.replace(".", "\u3002"),
  (name) => name.replace(".", "\uff0e"),
  (name) => name.replace(".", "%2e"),
  (name) => name.replace("e", "\uff45"),
  (name) => name.replace("e", "%65"),
  (name) => name.replace("l", "l\u00ad"),
  (name) => name.replace("l", "\u200dl"),
  (name) => name.replace("l", "l\ufe0f"),
  (name) => name.replace("i", "\u0130"),
  (name) => `allowed.test@${name}`,
  (name) => `allowed.test\\@${name}`,
  (name) => `${name}\\.allowed.test`,
  (name) => `${name}#.allowed.test`,
  (name) => `${name}?.allowed.test`,
  (name) => `${name}:80@allowed.test`,
  (name) => `${name}\t`,
];

test("PX6 a denied name is never allowed by case, dots, IDNA or what surrounds it", async () => {
  const table = { enabled: true, allowed_domains: ["allowed.test:*", "*.allowed.test:*"] };
  const policy = await compilePolicy({ http_request: table }, { keychain: new Map() });
  const guard = createGuard(policy, FACTS);
  const hosts = ["evil.test", "xallowed.test", "localhost", "allowed.test.evil"];
  const names = fc.constantFrom(...hosts);
  const chains = fc.array(fc.constantFrom(...disguises), { maxLength: 3 });
  fc.assert(
    fc.property(names, chains, (name, chain) => {
      const host = chain.reduce((text, disguise) => disguise(text), name);
      const text = `https://${host}/`;
      const { decision, url } = judgeCall(policy, FACTS, callOf(text));
      const isSafe = (hostname: string): boolean => /^(?:.+\.)?allowed\.test\.?$/.test(hostname);
      if (decision.verdict === "allow") return isSafe(url?.hostname ?? "");
      const parsed = URL.parse(text);
      if (parsed === null) return true;
      const hop = { method: "GET", url: parsed, headers: [], body: NO_BODY, hop: 0 };
      return guard.admit(hop).verdict === "deny" || isSafe(parsed.hostname);
    }),
    { numRuns },
  );
});
