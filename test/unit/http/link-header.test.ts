import { expect, test } from "bun:test";
import { findLink, parseLinks } from "../../../lib/http/link-header.ts";

const BASE = new URL("https://api.test/repos/?page=2");

test.each([
  {
    name: "an absolute target",
    value: '<https://h/a>; rel="next"',
    want: [["https://h/a", ["next"]]],
  },
  {
    name: "a relative target",
    value: "<?page=3>; rel=next",
    want: [["https://api.test/repos/?page=3", ["next"]]],
  },
  {
    name: "a comma and a semicolon in a target",
    value: "</a,b;c>; rel=next",
    want: [["https://api.test/a,b;c", ["next"]]],
  },
  {
    name: "several links",
    value: '<a>; rel=prev, <b>; rel="next"',
    want: [
      ["https://api.test/repos/a", ["prev"]],
      ["https://api.test/repos/b", ["next"]],
    ],
  },
  {
    name: "several relations in any case",
    value: '<a>; REL="Next  last"',
    want: [["https://api.test/repos/a", ["next", "last"]]],
  },
  {
    name: "the first rel of two",
    value: "<a>; rel=next; rel=prev",
    want: [["https://api.test/repos/a", ["next"]]],
  },
  {
    name: "empty elements",
    value: ", ,<a>;;rel=next;,,<b>,",
    want: [
      ["https://api.test/repos/a", ["next"]],
      ["https://api.test/repos/b", []],
    ],
  },
  {
    name: "white space everywhere",
    value: " <a>  ;  rel = next ",
    want: [["https://api.test/repos/a", ["next"]]],
  },
  {
    name: "quotes and commas in a string",
    value: '<a>; title="x, \\"y\\""; rel=next',
    want: [["https://api.test/repos/a", ["next"]]],
  },
  { name: "no target", value: "rel=next", want: [] },
  { name: "a target that does not end", value: "<a; rel=next", want: [] },
  {
    name: "a target that does not resolve",
    value: "<http://[>; rel=next, <b>",
    want: [["https://api.test/repos/b", []]],
  },
  {
    name: "what comes before junk",
    value: "<a>; rel=next junk <b>",
    want: [["https://api.test/repos/a", ["next"]]],
  },
])("parseLinks() reads $name", ({ value, want }) => {
  const read = parseLinks([value], BASE).map((link) => [link.url.href, link.relations]);
  expect<unknown>(read).toEqual(want);
});

test("parseLinks() keeps other parameters and decodes extended ones", () => {
  const [link] = parseLinks(["<a>; title=plain; hreflang=de; title*=UTF-8'en'%e2%82%ac"], BASE);
  expect(Object.fromEntries(link?.parameters ?? [])).toEqual({ title: "€", hreflang: "de" });
});

test("parseLinks() keeps an extended parameter that is broken as it came", () => {
  const [link] = parseLinks(["<a>; title*=UTF-8''%zz"], BASE);
  expect(link?.parameters.get("title")).toBe("UTF-8''%zz");
});

test("findLink() finds the next page over several lines", () => {
  const links = parseLinks(["<a>; rel=first", "<b>; rel=next"], BASE);
  expect(findLink(links, "NEXT")?.href).toBe("https://api.test/repos/b");
  expect(findLink(links, "last")).toBeUndefined();
});

test("findLink() passes over a link about another resource", () => {
  const links = parseLinks(['<x>; rel=next; anchor="/other", <y>; rel=next'], BASE);
  expect(findLink(links, "next")?.href).toBe("https://api.test/repos/y");
});

test("parseLinks() is linear in hostile values", () => {
  for (const piece of [",", ";", " ", "<a>;", "<a>,", '"', "\\", '<a>;x="\\a']) {
    parseLinks([`<a>${piece.repeat(60_000)}`], BASE);
  }
}, 5_000);
