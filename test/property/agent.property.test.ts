import { expect, test } from "bun:test";
import fc from "fast-check";
import { envelopeLine } from "../../lib/agent/envelope.ts";
import { serveLines } from "../../lib/agent/serve.ts";
import { ERRORS } from "../../lib/base/errors.ts";
import { openWorld } from "../support/agent-world.ts";
import { SSRF_CASES } from "../support/ssrf-cases.ts";

// Whatever is sent as a call gets an answer, never a crash, and nothing but the allowed host is
// ever connected to. WEIR_RUNS=1000000 is the full series.
const RUNS = Number(process.env["WEIR_RUNS"] ?? 3000);

/** Calls that run side by side; the property is about each of them. */
const BATCH = 50;

const CONFIG = `[http_request]
enabled = true
allowed_domains = ["api.test"]
timeout_secs = 5
[audit]
enabled = false
`;

const NAMES = { "api.test": [["203.0.114.7"]], "evil.test": [["203.0.114.66"]] };

/** What a URL that may be connected to looks like, said apart from the guard. */
const ALLOWED = /^https?:\/\/api\.test\.?(?::(?:80|443))?(?:[/?#][!-[\]-~\u00a1-\uffff]*)?$/i;

/** What parsers of URLs disagree on, and what hosts may be called. */
const PIECES: readonly string[] = [
  ..."http https :// : / // \\ @ # ? % %00 %2e . .. 127.0.0.1 [::1] 0x7f.1 localhost xn--".split(
    " ",
  ),
  ..."api.test evil.test :80 :443 :0 {{secret:gh}}".split(" "),
  "\t",
  "\n",
  "\0",
  " ",
  "\u200b",
  "\u3002",
  "\u{1f600}",
  "\ud800",
];

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6, unit: "binary" }));

const url = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.array(piece, { maxLength: 4 }).map((pieces) => `http://api.test/${pieces.join("")}`),
  // A case of the corpus with something put into it.
  fc
    .record({ row: fc.constantFrom(...SSRF_CASES), at: fc.nat(60), extra: piece, gone: fc.nat(3) })
    .map(({ row, at, extra, gone }) => row.url.slice(0, at) + extra + row.url.slice(at + gone)),
);

const text = fc.oneof(fc.string({ maxLength: 20, unit: "binary" }), fc.constant("{{secret:x}}"));

const args = fc.record(
  {
    url: fc.oneof({ weight: 9, arbitrary: url }, { weight: 1, arbitrary: fc.jsonValue() }),
    method: fc.oneof(
      fc.constantFrom("GET", "get", "POST", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"),
      text,
      fc.jsonValue(),
    ),
    headers: fc.oneof(
      fc.dictionary(
        fc.oneof(fc.constantFrom("Host", "host", "Accept", "Content-Length", "TE", "Cookie"), text),
        fc.oneof(text, fc.constantFrom("api.test", "0", "chunked")),
        { maxKeys: 4 },
      ),
      fc.jsonValue(),
    ),
    body: fc.oneof(text, fc.jsonValue()),
    timeout_secs: fc.oneof(
      fc.double({ noNaN: false }),
      fc.constantFrom(0.001, 3, 1e300, "1", null),
    ),
    select: fc.oneof(fc.constantFrom("$", "$.a[*]", "$[?@.a]"), text, fc.jsonValue()),
  },
  { requiredKeys: [] },
);

const call = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
        name: fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom("http_request", "http_get") },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
        arguments: fc.oneof(
          { weight: 8, arbitrary: args },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
      },
      { requiredKeys: ["name"] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
);

/** Returns the URL a call names, "" when it names none. */
function urlOf(value: unknown): string {
  // True enough: what is not there is undefined, and then there is no URL.
  const given = (value as { arguments?: { url?: unknown } | null } | null)?.arguments?.url;
  return typeof given === "string" ? given : "";
}

test("WEAK9 agent.call() answers whatever it is given, and reaches nothing but what is allowed", async () => {
  await using world = await openWorld({
    config: CONFIG,
    names: NAMES,
    isReachable: (address) => address === "203.0.114.7",
  });
  // What is allowed can be reached: a short random series need not hold a call that is.
  expect(await world.get("http://api.test/")).toMatchObject({ success: true });
  const batch = fc.array(call, { minLength: BATCH, maxLength: BATCH });
  const property = fc.asyncProperty(batch, async (values) => {
    const answers = await Promise.all(values.map((value) => world.agent.call(value)));
    for (const [at, answer] of answers.entries()) {
      const line = envelopeLine(answer);
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(answer)));
      if (answer.success) {
        expect(urlOf(values[at])).toMatch(ALLOWED);
        continue;
      }
      expect(Object.keys(ERRORS)).toContain(answer.code);
      expect(`${answer.code} ${answer.error}`).not.toStartWith("INTERNAL");
      expect(answer.error.length).toBeLessThan(2000);
    }
    expect(world.forbidden()).toBe(0);
    expect(new Set(world.lookups).difference(new Set(["api.test"])).size).toBe(0);
  });
  await fc.assert(property, { numRuns: Math.ceil(RUNS / BATCH), endOnFailure: true });
  expect(world.dialled.every(({ address }) => address === "203.0.114.7")).toBe(true);
  expect(world.arrivals.length).toBeGreaterThan(0);
}, 7_200_000);

test("PX11 serveLines() answers every line once, whatever the bytes and their boundaries", async () => {
  await using world = await openWorld({ config: CONFIG, names: NAMES, isReachable: () => false });
  const line = fc.oneof(
    call.map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 10)),
  );
  const property = fc.asyncProperty(
    fc.array(line, { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
    async (lines, sizes) => {
      const input = Buffer.concat(lines.flatMap((one) => [one, Buffer.from("\n")]));
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let at = 0, turn = 0; at < input.byteLength; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          yield input.subarray(at, at + size);
          at += size;
        }
      }
      const written: string[] = [];
      const agent = { call: (value: unknown) => world.agent.call(value), close: () => undefined };
      await serveLines(agent, {
        input: chunks(),
        write: (one) => Promise.resolve(void written.push(one)),
        signal: new AbortController().signal,
      });
      const whole = lines.filter((one) => new TextDecoder().decode(one).trim() !== "");
      expect(written).toHaveLength(whole.length);
      for (const one of written) expect(JSON.parse(one)).toHaveProperty("success");
    },
  );
  await fc.assert(property, { numRuns: Math.max(50, Math.ceil(RUNS / 30)) });
}, 7_200_000);
