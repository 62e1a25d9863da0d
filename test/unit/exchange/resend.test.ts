import { expect, test } from "bun:test";
import { WeirError } from "../../../lib/base/errors.ts";
import { arrivalOf, maySendAgain, type ResendTerms } from "../../../lib/exchange/resend.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import { exchangeOf } from "../../support/drafts.ts";

const fails = (details: Readonly<Record<string, unknown>>): WeirError =>
  new WeirError("NET_CLOSED", "It failed", { details });

test.each([
  { name: "a response", result: exchangeOf(500), want: "answered" },
  { name: "what was never sent", result: fails({ arrival: "never" }), want: "never" },
  { name: "what may have been", result: fails({ arrival: "unknown" }), want: "unknown" },
  { name: "a failure after the head", result: fails({ arrival: "answered" }), want: "answered" },
  { name: "a failure of the body", result: fails({ phase: "body" }), want: "answered" },
  { name: "a failure nobody says more of", result: fails({}), want: "unknown" },
  { name: "a fact that is none", result: fails({ arrival: true }), want: "unknown" },
] as const)("arrivalOf() takes $name for $want", ({ result, want }) => {
  expect(arrivalOf(result)).toBe(want);
});

const TERMS: ResendTerms = {
  method: "POST",
  hasIdempotencyKey: false,
  isExplicit: false,
  isUnsafeAllowed: false,
};
const AFTER: HeaderList = [["Retry-After", "1"]];
const NEVER = fails({ arrival: "never" });
const UNKNOWN = fails({ arrival: "unknown" });

test.each([
  ...["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].map((method) => ({
    name: `${method} always, RFC 9110 9.2.2`,
    terms: { method },
    result: UNKNOWN,
    want: true,
  })),
  { name: "POST that was never sent", terms: {}, result: NEVER, want: true },
  { name: "POST that may have arrived", terms: {}, result: UNKNOWN, want: false },
  { name: "PATCH that may have", terms: { method: "PATCH" }, result: UNKNOWN, want: false },
  { name: "a method nobody knows", terms: { method: "BREW" }, result: UNKNOWN, want: false },
  { name: "POST with a key", terms: { hasIdempotencyKey: true }, result: UNKNOWN, want: true },
  {
    name: "POST whose user said so",
    terms: { isUnsafeAllowed: true },
    result: UNKNOWN,
    want: true,
  },
  { name: "POST by a rule, unknown", terms: { isExplicit: true }, result: UNKNOWN, want: false },
  { name: "POST by a rule, 500", terms: { isExplicit: true }, result: exchangeOf(500), want: true },
  { name: "POST after 500", terms: {}, result: exchangeOf(500), want: false },
  { name: "POST after 429", terms: {}, result: exchangeOf(429), want: false },
  { name: "POST after 429 with a time", terms: {}, result: exchangeOf(429, AFTER), want: true },
  { name: "POST after 503 with a time", terms: {}, result: exchangeOf(503, AFTER), want: true },
  { name: "POST after 500 with a time", terms: {}, result: exchangeOf(500, AFTER), want: false },
  {
    name: "POST after 503 with a time nobody can read",
    terms: {},
    result: exchangeOf(503, [["Retry-After", "soon"]]),
    want: false,
  },
  {
    name: "POST after a body that broke",
    terms: {},
    result: fails({ phase: "body" }),
    want: false,
  },
])("maySendAgain() on $name: $want", ({ terms, result, want }) => {
  const resend = maySendAgain({ ...TERMS, ...terms }, result);
  expect(resend.allowed).toBe(want);
  if (!resend.allowed) expect(resend.reason).toContain(terms.method ?? "POST");
});
