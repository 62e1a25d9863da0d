const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;

/** The three forms of RFC 9110 section 5.6.7; the last two are obsolete and still to be read. */
const FORMS = [
  new RegExp(String.raw`^${DAY}, (?<day>\d{2}) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`),
  new RegExp(String.raw`^${LONG_DAY}, (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} GMT$`),
  new RegExp(String.raw`^${DAY} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`),
];

/** A year of two digits that lies further ahead than this is of the century before. */
const AHEAD_YEARS = 50;

/**
 * Returns milliseconds since the Unix epoch for an HTTP-date, undefined when it is none.
 *
 * The day of the week is not compared with the date: servers get it wrong, and the date is what counts.
 *
 * @param nowMs gives the century to a year of two digits
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const fields = FORMS.map((form) => form.exec(text)?.groups).find(
    (groups) => groups !== undefined,
  );
  if (fields === undefined) return undefined;
  const { month = "", year = "" } = fields;
  const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((name) =>
    Number(fields[name]),
  );
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) {
    return undefined;
  }
  // 60 is a leap second; the date then names the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const whole = year.length === 2 ? fullYear(Number(year), nowMs) : Number(year);
  const at = MONTHS.indexOf(month);
  // Date.UTC reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(whole, at, day);
  if (date.getUTCMonth() !== at || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + AHEAD_YEARS ? year - 100 : year;
}
