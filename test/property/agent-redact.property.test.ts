import { expect, test } from "bun:test";
import fc from "fast-check";
import { envelopeLine } from "../../lib/agent/envelope.ts";
import { openWorld, type Play, stringsIn } from "../support/agent-world.ts";

// Random secrets, sent in random ways to a server that sends them back at random places, in random
// spellings and pieces: no output of agent mode may have them. WEIR_RUNS=10000 is the full series.
const RUNS = Number(process.env["WEIR_RUNS"] ?? 150);

/** Long enough not to turn up by chance; some cannot stand in a header. */
const secret = fc
  .oneof(
    fc.string({
      minLength: 8,
      maxLength: 40,
      unit: fc.constantFrom(...Array.from("abcXYZ019+/=_-.~%&\"'\\<> :;,{}")),
    }),
    fc.string({ minLength: 8, maxLength: 30, unit: "grapheme-ascii" }),
    fc.uint8Array({ minLength: 8, maxLength: 30 }).map((bytes) => `tok_${bytes.toBase64()}`),
    fc.string({
      minLength: 8,
      maxLength: 16,
      unit: fc.constantFrom(...Array.from("äöüß€日本😀abc123")),
    }),
  )
  .filter((text) => text.trim().length >= 8 && new Set(text).size >= 4 && !text.includes("{{"));

const hex = (text: string): string => Buffer.from(text).toString("hex");

/** How a server may write what it got, by name. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  base64: (text) => Buffer.from(text).toString("base64"),
  shiftedOnce: (text) => Buffer.from(`?${text}!`).toString("base64"),
  shiftedTwice: (text) => Buffer.from(`??${text}`).toString("base64"),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  hex,
  capitalHex: (text) => hex(text).toUpperCase(),
  percent: encodeURIComponent,
  everyPercent: (text) => hex(text).replace(/../g, "%$&"),
  form: (text) => new URLSearchParams({ "": text }).toString().slice(1),
  json: (text) => JSON.stringify(text),
};

/** Finds a secret in what was shown, with decoders rather than the encoders above. */
function isShown(shown: string, value: string): boolean {
  const bare = value.trim();
  if (shown.includes(bare)) return true;
  const bytes = Buffer.from(bare);
  if (shown.toLowerCase().includes(bytes.toString("hex"))) return true;
  for (const run of shown.match(/[\w+/-]{8,}/g) ?? []) {
    const letters = run.replaceAll("-", "+").replaceAll("_", "/");
    for (const skip of [0, 1, 2, 3]) {
      if (Buffer.from(letters.slice(skip), "base64").includes(bytes)) return true;
    }
  }
  return unescapings(shown).some((text) => text.includes(bare));
}

function unescapings(shown: string): readonly string[] {
  const percent = (text: string): string =>
    text.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      Buffer.from(run.replaceAll("%", ""), "hex").toString(),
    );
  const json = shown.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, code: string, one: string) =>
    code === undefined
      ? ({ n: "\n", r: "\r", t: "\t" }[one] ?? one)
      : String.fromCharCode(parseInt(code, 16)),
  );
  return [percent(shown), percent(shown.replaceAll("+", " ")), json];
}

interface Scene {
  readonly value: string;
  readonly way: "rule" | "header" | "json" | "form" | "text";
  readonly spelling: keyof typeof SPELLINGS;
  readonly place:
    | "body"
    | "jsonBody"
    | "header"
    | "reason"
    | "location"
    | "refusedLocation"
    | "broken"
    | "type";
  readonly sizes: readonly number[];
  readonly capBytes: number;
  readonly isSelected: boolean;
}

const scene: fc.Arbitrary<Scene> = fc.record({
  value: secret,
  way: fc.constantFrom("rule", "header", "json", "form", "text"),
  spelling: fc.constantFrom(...Object.keys(SPELLINGS)),
  place: fc.constantFrom(
    "body",
    "jsonBody",
    "header",
    "reason",
    "location",
    "refusedLocation",
    "broken",
    "type",
  ),
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
  capBytes: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(100_000)),
  isSelected: fc.boolean(),
});

function configOf({ way, capBytes }: Scene): string {
  const lists =
    way === "rule"
      ? '[[http_request.rule]]\nhost = "api.example.com"\ncredential = "one"\n'
      : '[http_request.secrets]\ngh = "one"\n';
  return `[http_request]
enabled = true
allowed_domains = ["api.example.com"]
max_response_size = ${capBytes}
${lists}
[keychain.one]
kind = "api_key"
key = "env:VALUE"
hosts = ["api.example.com"]
`;
}

function argumentsOf({ way, isSelected }: Scene): Readonly<Record<string, unknown>> {
  const select = isSelected ? { select: "$" } : {};
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const reference = "{{secret:gh}}";
  switch (way) {
    case "rule":
      return select;
    case "header":
      return { ...select, headers: { "X-Sent": `a ${reference}` } };
    case "json":
      return { ...select, method: "POST", body: { a: reference } };
    case "form":
      return { ...select, method: "POST", headers: form, body: `a=${reference}&b=1` };
    case "text":
      return { ...select, method: "POST", body: `a ${reference}` };
  }
}

/** Returns what the server of a scene does: it knows the value, as a server that got it does. */
function playOf({ value, spelling, place, sizes }: Scene): Play {
  const echo = SPELLINGS[spelling]?.(value) ?? value;
  const line = /^[\t -~]*$/.test(echo) ? echo : encodeURIComponent(value);
  const path = encodeURI(echo).replaceAll("#", "%23").replaceAll("?", "%3F");
  return async ({ target }, { socket }) => {
    const isMoved = place.toLowerCase().includes("location") && !target.includes("moved");
    const host = place === "refusedLocation" ? "https://evil.test" : "";
    const body =
      place === "jsonBody" ? JSON.stringify({ [echo]: [value, echo] }) : `before ${echo} after`;
    const whole = [
      `HTTP/1.1 ${isMoved ? 302 : 200} ${place === "reason" ? line : "OK"}`,
      `Content-Type: ${place === "type" ? `text/${line}` : place === "jsonBody" ? "application/json" : "text/plain"}`,
      ...(isMoved ? [`Location: ${host}/moved/${path}?x=${path}`] : []),
      ...(place === "header" ? [`X-Echo: ${line}`, `X-Again: a${line}b`] : []),
      `Content-Length: ${Buffer.byteLength(body) + (place === "broken" ? 5 : 0)}`,
      "",
      body,
    ].join("\r\n");
    const bytes = Buffer.from(whole);
    for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
      // The head comes at once, most often; the body in pieces.
      const size = at === 0 ? bytes.indexOf("\r\n\r\n") + 4 : (sizes[turn % sizes.length] ?? 1);
      socket.write(bytes.subarray(at, at + size));
      at += size;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (place === "broken") socket.end();
  };
}

test("ASK4 WEAK12 no output of agent mode shows a secret", async () => {
  let answered = 0;
  const property = fc.asyncProperty(scene, async (drawn) => {
    await using world = await openWorld({
      config: configOf(drawn),
      names: { "api.example.com": [["203.0.114.7"]] },
      play: playOf(drawn),
      env: { VALUE: drawn.value },
    });
    const answer = await world.get("https://api.example.com/", argumentsOf(drawn));
    if (world.arrivals.length === 0) return;
    answered += 1;
    // Base64 of a line break and the like is looked for in each string and in each line.
    const shown = [...stringsIn(answer), envelopeLine(answer), world.auditText()];
    const leaks = [...shown, ...world.audit().flatMap(stringsIn)].filter((one) =>
      isShown(one, drawn.value),
    );
    expect(leaks).toEqual([]);
  });
  await fc.assert(property, { numRuns: RUNS });
  // Most ways lead to the server; a value that no header can hold does not.
  expect(answered).toBeGreaterThan(RUNS / 2);
}, 7_200_000);
