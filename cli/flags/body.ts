import type { FlagSpec } from "./spec.ts";

/** Flags that say how request items become a body. */
export const BODY_FLAGS = [
  {
    name: "json",
    short: "j",
    kind: "boolean",
    group: "Request body",
    help: "Send data items as a JSON object (default)",
    long: `This is how data items are sent when nothing else is said. Given without data items it still asks for JSON: Accept and Content-Type are set.

Numbers written with := are sent digit for digit, and keys keep their order.`,
    example: "weir --json example.test/users name=Ada age:=36",
    replaces: ["form", "multipart"],
  },
  {
    name: "form",
    short: "f",
    kind: "boolean",
    group: "Request body",
    help: "Send data items as form fields",
    long: `Content-Type is application/x-www-form-urlencoded, or multipart/form-data as soon as an item uploads a file (name@file).`,
    example: "weir --form example.test/login user=ada remember=on",
    replaces: ["json", "multipart"],
  },
  {
    name: "multipart",
    kind: "boolean",
    group: "Request body",
    help: "Send data items as multipart/form-data",
    long: `Like --form, for a server that takes only multipart, even without a file. Files are streamed from disk: their size does not matter.`,
    example: "weir --multipart example.test/upload note=hello photo@cat.jpg",
    replaces: ["json", "form"],
  },
  {
    name: "boundary",
    kind: "value",
    label: "TEXT",
    group: "Request body",
    help: "Boundary between the parts of a multipart",
    long: `Up to 70 letters, digits and '()+_,-./:=? characters. Useful when two runs have to give the same bytes.`,
    example: "weir --multipart --boundary part example.test/upload a=1",
    otherwise: "a random one",
  },
  {
    name: "raw",
    kind: "value",
    label: "TEXT",
    group: "Request body",
    help: "Send TEXT as the body, as it is",
    long: `Nothing is added to the text and nothing is escaped. Content-Type is application/json unless a header item or --form says otherwise. Data items cannot stand beside it.

To send a file use the item @FILE; to send standard input use a pipe, or the item @-.`,
    example: `weir --raw '{"name": "Ada"}' example.test/users`,
    isConfigurable: false,
  },
  {
    name: "compress",
    short: "x",
    kind: "count",
    group: "Request body",
    help: "Deflate the body; -xx even when it grows",
    long: `Sets Content-Encoding: deflate. Given once, a body that would not become smaller is sent as it is; given twice it is compressed all the same.`,
    example: "weir -x example.test/logs @today.log",
  },
  {
    name: "chunked",
    kind: "boolean",
    group: "Request body",
    help: "Send the body in chunks",
    long: `Uses Transfer-Encoding: chunked in place of Content-Length. A body whose length is not known, such as a pipe, is sent so without this flag.`,
    example: "weir --chunked example.test/logs @today.log",
  },
] as const satisfies readonly FlagSpec[];
