import { expect, test } from "bun:test";
import { sanitizeText } from "../../../lib/base/sanitize.ts";
import { painterOf, plainPainter } from "../../../lib/render/color.ts";
import type { FormatContext } from "../../../lib/render/format.ts";
import { parseFormatOptions } from "../../../lib/render/pretty.ts";
import { xmlFormat } from "../../../lib/render/xml.ts";

function formatted(
  text: string,
  { options = "", ...change }: Partial<Omit<FormatContext, "options">> & { options?: string } = {},
): string | undefined {
  const pieces = xmlFormat.format(text, {
    isFormatted: true,
    painter: plainPainter,
    clean: sanitizeText,
    ...change,
    options: parseFormatOptions(options),
  });
  return pieces === undefined ? undefined : [...pieces].join("");
}

test.each([
  {
    name: "elements on lines of their own",
    text: '<?xml version="1.0"?><a><b x="1"><c/></b><!-- d --><e></e></a>',
    want: '<?xml version="1.0"?>\n<a>\n  <b x="1">\n    <c/>\n  </b>\n  <!-- d -->\n  <e></e>\n</a>',
  },
  {
    name: "text, blank text and CDATA stay as written",
    text: "<a><b>t</b>\n\n\n<c> </c><d><![CDATA[x<y]]></d></a>\n",
    want: "<a>\n  <b>t</b>\n  <c> </c>\n  <d><![CDATA[x<y]]></d>\n</a>\n",
  },
  {
    name: "mixed content stays as written, at any depth",
    text: "<a><p>one <i><b>two</b> </i>three</p></a>",
    want: "<a>\n  <p>one <i><b>two</b> </i>three</p>\n</a>",
  },
  {
    name: "xml:space stays as written",
    text: "<a><b xml:space='preserve'> <c/> </b></a>",
    want: "<a>\n  <b xml:space='preserve'> <c/> </b>\n</a>",
  },
  {
    name: "entities and document type are not expanded",
    text: '<!DOCTYPE a [<!ENTITY x "a>]b"><!-- \' -->]><a><b>&x;</b></a>',
    want: '<!DOCTYPE a [<!ENTITY x "a>]b"><!-- \' -->]>\n<a>\n  <b>&x;</b>\n</a>',
  },
  { name: "attributes with > in them", text: '<a b=">"><c/></a>', want: '<a b=">">\n  <c/>\n</a>' },
])("xmlFormat lays out $name", ({ text, want }) => {
  expect(formatted(text)).toBe(want);
  expect(formatted(want)).toBe(want);
});

test.each([
  "<a>",
  "<a></b>",
  "<a/><b/>",
  "x<a/>",
  "<a/>x",
  "<a b=1/>",
  '<a b="x/>',
  "<a b='<'/>",
  "<a b='1'c='2'/>",
  "<a><!-- </a>",
  "<a><![CDATA[</a>",
  "<!DOCTYPE a [ <a/>",
  "<>",
  "</a>",
  "",
  "{}",
])("xmlFormat leaves %p as it is", (text) => {
  expect(formatted(text)).toBeUndefined();
});

test("xmlFormat obeys indent and format", () => {
  expect(formatted("<a><b/></a>", { options: "xml.indent:1" })).toBe("<a>\n <b/>\n</a>");
  expect(formatted("<a><b/></a>", { options: "xml.format:false" })).toBe("<a><b/></a>");
});

test("xmlFormat paints tags, attributes and comments and makes text safe first", () => {
  const text = '<a b="\u202e1"><!--\u001b-->\u009b</a>';
  expect(formatted(text, { isFormatted: false, painter: painterOf("auto") })).toBe(
    '\u001b[94m<a\u001b[0m \u001b[36mb\u001b[0m=\u001b[32m"\\u202e1"\u001b[0m\u001b[94m>\u001b[0m' +
      "\u001b[90m<!--\\x1b-->\u001b[0m\\x9b\u001b[94m</a>\u001b[0m",
  );
});

test.each([
  { name: "open tags", text: "<a>".repeat(300_000) },
  { name: "an open tag that never ends", text: `<a${" x='1'".repeat(200_000)}` },
  { name: "blanks in a tag", text: `<a${" ".repeat(1_000_000)}!` },
  { name: "comments in a document type", text: `<!DOCTYPE ${"<!--".repeat(200_000)}` },
  { name: "quotes in a document type", text: `<!DOCTYPE ${`"'`.repeat(200_000)}` },
  { name: "depth", text: "<a>".repeat(50_000) + "</a>".repeat(50_000) },
])(
  "xmlFormat gives up in time on hostile $name",
  ({ text }) => {
    expect(formatted(text)).toBeUndefined();
  },
  5000,
);
