import { expect, test } from "bun:test";
import { downloadName, safeFileName } from "../../../lib/http/file-name.ts";

test.each([
  { name: "a plain name", text: "report.csv", want: "report.csv" },
  { name: "a path, of which the end stays", text: "../../etc/passwd", want: "passwd" },
  { name: "a Windows path", text: "C:\\temp\\x.txt", want: "x.txt" },
  { name: "leading dots", text: "..bashrc", want: "bashrc" },
  { name: "nothing but dots", text: "...", want: undefined },
  { name: "control characters", text: "a\u0000b\nc\u001b[31m", want: "a_b_c_[31m" },
  { name: "bidi and zero-width characters", text: "a\u202egpj.exe\u200b", want: "a_gpj.exe_" },
  { name: "a device name", text: "CON.txt", want: "_CON.txt" },
  { name: "trailing dots and spaces", text: "x. . ", want: "x" },
  {
    name: "a name of 300 bytes, whose extension stays",
    text: `${"é".repeat(150)}.tar`,
    want: `${"é".repeat(125)}.tar`,
  },
])("safeFileName() makes safe $name", ({ text, want }) => {
  expect(safeFileName(text)).toBe(want);
});

test.each([
  {
    name: "filename of Content-Disposition",
    path: "/r",
    header: "attachment; filename=report.csv",
    want: "report.csv",
  },
  {
    name: "filename* first",
    path: "/r",
    header: "attachment; filename=a; filename*=UTF-8''%e2%82%ac.txt",
    want: "€.txt",
  },
  {
    name: "a quoted filename with a path",
    path: "/r",
    header: 'attachment; filename="../../x.sh"',
    want: "x.sh",
  },
  {
    name: "the URL when the header names nothing",
    path: "/dir/page.html",
    header: "attachment",
    want: "page.html",
  },
  {
    name: "the URL when the header is junk",
    path: "/dir/page.html",
    header: ';;;="',
    want: "page.html",
  },
])("downloadName() takes $name", async ({ path, header, want }) => {
  const url = new URL(path, "http://one.test");
  expect(await downloadName(url, [["Content-Disposition", header]])).toBe(want);
});

test.each([
  {
    name: "an extension by type",
    path: "/dir/page",
    type: "text/html; charset=utf-8",
    want: "page.html",
  },
  { name: "no extension for an unknown type", path: "/dir/page", type: "x/y", want: "page" },
  { name: "index for a bare host", path: "/", type: "text/html", want: "index.html" },
  { name: "a decoded segment", path: "/a%20b", type: "text/plain", want: "a b.txt" },
  {
    name: "an encoded path that is no path",
    path: "/..%2F..%2Fetc%2Fpasswd",
    type: "x/y",
    want: "passwd",
  },
  { name: "a stray percent sign", path: "/100%", type: "text/plain", want: "100%.txt" },
])("downloadName() gives $name", async ({ path, type, want }) => {
  expect(await downloadName(new URL(path, "http://one.test"), [["content-type", type]])).toBe(want);
});
