import { expect, test } from "bun:test";
import { parseHttpDate } from "../../../lib/http/http-date.ts";
import type { HeaderList } from "../../../lib/http/headers.ts";
import { readRetryAfter } from "../../../lib/http/retry-after.ts";

/** Sunday, 6 November 1994, 08:49:37, the date of RFC 9110 section 5.6.7. */
const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

test.each([
  { name: "IMF-fixdate", text: "Sun, 06 Nov 1994 08:49:37 GMT", want: EXAMPLE_MS },
  { name: "RFC 850", text: "Sunday, 06-Nov-94 08:49:37 GMT", want: EXAMPLE_MS },
  { name: "asctime", text: "Sun Nov  6 08:49:37 1994", want: EXAMPLE_MS },
  {
    name: "asctime with two digits of the day",
    text: "Wed Nov 16 08:49:37 1994",
    want: EXAMPLE_MS + 10 * 86_400_000,
  },
  {
    name: "a wrong day of the week",
    text: "Mon, 06 Nov 1994 08:49:37 GMT",
    want: EXAMPLE_MS,
  },
  {
    name: "a leap second",
    text: "Sat, 31 Dec 2016 23:59:60 GMT",
    want: Date.UTC(2017, 0, 1),
  },
  {
    name: "29 February of a leap year",
    text: "Thu, 29 Feb 2024 00:00:00 GMT",
    want: Date.UTC(2024, 1, 29),
  },
  { name: "29 February of another", text: "Wed, 29 Feb 2023 00:00:00 GMT", want: undefined },
  { name: "31 April", text: "Sun, 31 Apr 2023 00:00:00 GMT", want: undefined },
  { name: "day 0", text: "Sun, 00 Apr 2023 00:00:00 GMT", want: undefined },
  { name: "hour 24", text: "Sun, 06 Nov 1994 24:00:00 GMT", want: undefined },
  { name: "minute 60", text: "Sun, 06 Nov 1994 08:60:00 GMT", want: undefined },
  { name: "another zone", text: "Sun, 06 Nov 1994 08:49:37 +0100", want: undefined },
  { name: "no zone", text: "Sun, 06 Nov 1994 08:49:37", want: undefined },
  { name: "ISO 8601", text: "1994-11-06T08:49:37Z", want: undefined },
  { name: "text behind it", text: "Sun, 06 Nov 1994 08:49:37 GMT, 2", want: undefined },
  { name: "the year 70", text: "Sun, 06 Nov 0070 08:49:37 GMT", want: yearMs(70) },
  { name: "nothing", text: "", want: undefined },
])("parseHttpDate() reads $name", ({ text, want }) => {
  expect(parseHttpDate(text, EXAMPLE_MS)).toBe(want);
});

/** Date.UTC cannot say a year below 100. */
function yearMs(year: number): number {
  return new Date(EXAMPLE_MS).setUTCFullYear(year);
}

test.each([
  { now: 2026, year: "76", want: 2076 },
  { now: 2026, year: "77", want: 1977 },
  { now: 2026, year: "26", want: 2026 },
  { now: 1999, year: "00", want: 1900 },
  { now: 2051, year: "01", want: 2001 },
])("parseHttpDate() gives the year $year a century in $now", ({ now, year, want }) => {
  const ms = parseHttpDate(`Sunday, 06-Nov-${year} 08:49:37 GMT`, Date.UTC(now, 5, 1));
  expect(ms).toBe(Date.UTC(want, 10, 6, 8, 49, 37));
});

const NOW_MS = Date.UTC(2030, 0, 1);

function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

test.each<{ name: string; headers: HeaderList; want: number | undefined }>([
  { name: "seconds", headers: [["Retry-After", "2"]], want: 2000 },
  { name: "zero", headers: [["retry-after", "0"]], want: 0 },
  { name: "leading zeros", headers: [["Retry-After", "007"]], want: 7000 },
  { name: "ten digits", headers: [["Retry-After", "9999999999"]], want: 9_999_999_999_000 },
  { name: "eleven digits", headers: [["Retry-After", "99999999999"]], want: undefined },
  { name: "a negative number", headers: [["Retry-After", "-1"]], want: undefined },
  { name: "a sign", headers: [["Retry-After", "+1"]], want: undefined },
  { name: "a fraction", headers: [["Retry-After", "1.5"]], want: undefined },
  { name: "another base", headers: [["Retry-After", "0x10"]], want: undefined },
  { name: "digits of another script", headers: [["Retry-After", "٣"]], want: undefined },
  { name: "a word", headers: [["Retry-After", "soon"]], want: undefined },
  { name: "nothing", headers: [["Retry-After", ""]], want: undefined },
  { name: "no line", headers: [["Content-Length", "0"]], want: undefined },
  {
    name: "two lines",
    headers: [
      ["Retry-After", "1"],
      ["Retry-After", "2"],
    ],
    want: undefined,
  },
  {
    name: "a date without Date",
    headers: [["Retry-After", httpDate(NOW_MS + 3000)]],
    want: 3000,
  },
  {
    name: "a date against the clock of the server",
    headers: [
      ["Date", httpDate(NOW_MS - 3_600_000)],
      ["Retry-After", httpDate(NOW_MS - 3_600_000 + 4000)],
    ],
    want: 4000,
  },
  {
    name: "a date with a Date that cannot be read",
    headers: [
      ["Date", "yesterday"],
      ["Retry-After", httpDate(NOW_MS + 5000)],
    ],
    want: 5000,
  },
  {
    name: "a date in the past",
    headers: [["Retry-After", httpDate(NOW_MS - 60_000)]],
    want: 0,
  },
  {
    name: "an obsolete date",
    headers: [["Retry-After", "Tuesday, 01-Jan-30 00:00:09 GMT"]],
    want: 9000,
  },
])("NO35 readRetryAfter() reads $name", ({ headers, want }) => {
  expect(readRetryAfter(headers, NOW_MS)).toBe(want);
});
