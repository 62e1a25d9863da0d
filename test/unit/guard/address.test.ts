import { expect, test } from "bun:test";
import { classifyAddress, parseResolved, type AddressClass } from "../../../lib/guard/address.ts";
import { isInRange, isOverlapping, parseIp, parseRange, type Ip } from "../../../lib/guard/ip.ts";

function ipOf(text: string): Ip {
  const ip = parseResolved(text);
  if (ip === undefined) throw new Error(`${text} is not an address`);
  return ip;
}

function classOf(text: string, own: readonly string[] = []): AddressClass {
  return classifyAddress(ipOf(text), own.map(ipOf)).class;
}

test.each([
  { name: "dotted decimal", text: "192.0.2.1", want: [192, 0, 2, 1] },
  { name: "all zeros", text: "::", want: Array.from({ length: 16 }, () => 0) },
  {
    name: "a gap in the middle",
    text: "2001:DB8::1",
    want: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  },
  {
    name: "IPv4 at the end",
    text: "::ffff:10.0.0.1",
    want: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1],
  },
  {
    name: "a gap for one group",
    text: "1:2:3:4:5:6:7::",
    want: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0],
  },
])("PX19 parseIp() reads $name", ({ text, want }) => {
  expect(parseIp(text)?.bytes).toEqual(want);
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "01.2.3.4",
  "1.2.3.256",
  "1.2.3.-1",
  "0x7f.0.0.1",
  "1.2.3.4 ",
  "127.1",
  ":",
  ":::",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "::g",
  "::1.2.3",
  "::1.2.3.4.5",
  "1.2.3.4::",
  "::1%eth0",
  "[::1]",
  "::ffff:01.2.3.4",
])("PX19 parseIp() refuses %p", (text) => {
  expect(parseIp(text)).toBeUndefined();
});

test.each(["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10/8", "::1/0", "fd00::/129"])(
  "parseRange() refuses %p",
  (text) => {
    expect(parseRange(text)).toBeUndefined();
  },
);

/** The IANA special-purpose registries, read 2026-11: range, first and last address. */
const REGISTRY: readonly (readonly [string, string, string, AddressClass])[] = [
  ["0.0.0.0/8", "0.0.0.0", "0.255.255.255", "unspecified"],
  ["10.0.0.0/8", "10.0.0.0", "10.255.255.255", "private"],
  ["100.64.0.0/10", "100.64.0.0", "100.127.255.255", "shared"],
  ["127.0.0.0/8", "127.0.0.0", "127.255.255.255", "loopback"],
  ["169.254.0.0/16", "169.254.0.0", "169.254.255.255", "link-local"],
  ["172.16.0.0/12", "172.16.0.0", "172.31.255.255", "private"],
  ["192.0.0.0/24", "192.0.0.0", "192.0.0.255", "reserved"],
  ["192.0.0.0/29", "192.0.0.0", "192.0.0.7", "reserved"],
  ["192.0.0.8/32", "192.0.0.8", "192.0.0.8", "reserved"],
  ["192.0.0.9/32, reachable, but no HTTP", "192.0.0.9", "192.0.0.10", "reserved"],
  ["192.0.0.170/31", "192.0.0.170", "192.0.0.171", "reserved"],
  ["192.0.2.0/24", "192.0.2.0", "192.0.2.255", "documentation"],
  ["192.31.196.0/24, reachable", "192.31.196.0", "192.31.196.255", "public"],
  ["192.52.193.0/24, reachable", "192.52.193.0", "192.52.193.255", "public"],
  ["192.88.99.0/24", "192.88.99.0", "192.88.99.255", "transition"],
  ["192.168.0.0/16", "192.168.0.0", "192.168.255.255", "private"],
  ["192.175.48.0/24, reachable", "192.175.48.0", "192.175.48.255", "public"],
  ["198.18.0.0/15", "198.18.0.0", "198.19.255.255", "benchmark"],
  ["198.51.100.0/24", "198.51.100.0", "198.51.100.255", "documentation"],
  ["203.0.113.0/24", "203.0.113.0", "203.0.113.255", "documentation"],
  ["224.0.0.0/4", "224.0.0.0", "239.255.255.255", "multicast"],
  ["240.0.0.0/4", "240.0.0.0", "255.255.255.254", "reserved"],
  ["255.255.255.255/32", "255.255.255.255", "255.255.255.255", "broadcast"],
  ["::1/128", "::1", "::1", "loopback"],
  ["::/128", "::", "::", "unspecified"],
  ["::/96", "::2", "::ffff:ffff", "transition"],
  ["::ffff:0:0:0/96", "::ffff:0:0:0", "::ffff:0:ffff:ffff", "transition"],
  ["64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "transition"],
  ["100::/64", "100::", "100::ffff:ffff:ffff:ffff", "reserved"],
  ["100:0:0:1::/64", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "reserved"],
  ["2001::/23", "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"],
  ["2001::/32", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "transition"],
  ["2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmark"],
  ["2001:20::/28, reachable, but no HTTP", "2001:20::", "2001:2f::1", "reserved"],
  ["2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"],
  ["2002::/16", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "transition"],
  ["2620:4f:8000::/48, reachable", "2620:4f:8000::", "2620:4f:8000:ffff::1", "public"],
  ["3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"],
  ["5f00::/16", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"],
  ["fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"],
  ["fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"],
  ["fec0::/10, once site-local", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"],
  ["ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"],
];

test.each(REGISTRY)("PX19 classifyAddress() knows %s", (_, first, last, want) => {
  expect([classOf(first), classOf(last)]).toEqual([want, want]);
});

test.each([
  "1.0.0.0",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.0.3.0",
  "192.88.98.255",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "203.0.112.255",
  "203.0.114.0",
  "223.255.255.255",
  "2000::",
  "2001:200::",
  "2001:db7:ffff::",
  "2001:db9::",
  "2003::",
  "3ffe:ffff::",
  "3fff:1000::",
])("PX19 classifyAddress() takes %s, beside a special range, for public", (text) => {
  expect(classOf(text)).toBe("public");
});

test.each([
  { name: "mapped loopback", text: "::ffff:127.0.0.1", want: "loopback" },
  { name: "mapped private", text: "::ffff:a00:1", want: "private" },
  { name: "mapped metadata", text: "::ffff:169.254.169.254", want: "metadata" },
  { name: "mapped public", text: "::ffff:8.8.8.8", want: "public" },
  { name: "NAT64 of loopback", text: "64:ff9b::7f00:1", want: "loopback" },
  { name: "NAT64 of metadata", text: "64:ff9b::a9fe:a9fe", want: "metadata" },
  { name: "NAT64 of multicast", text: "64:ff9b::224.0.0.1", want: "multicast" },
  { name: "NAT64 of a public address", text: "64:ff9b::808:808", want: "public" },
  { name: "6to4 of a public address", text: "2002:808:808::1", want: "transition" },
  { name: "compatible loopback", text: "::127.0.0.1", want: "transition" },
  { name: "translated loopback", text: "::ffff:0:127.0.0.1", want: "transition" },
  { name: "ISATAP below a public prefix", text: "2600::200:5efe:7f00:1", want: "transition" },
  { name: "ISATAP on the link", text: "fe80::5efe:127.0.0.1", want: "transition" },
  { name: "a zone", text: "fe80::1%eth0", want: "link-local" },
] as const)("PX19 classifyAddress() sees through $name", ({ text, want }) => {
  expect(classOf(text)).toBe(want);
});

test.each([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "169.254.0.23",
  "169.254.10.10",
  "169.254.42.42",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
  "fd00:c1::a9fe:a9fe",
  "fd00:42::42",
  "fd00:a9fe:a9fe::1",
  "fd00:100::100:200",
  "fe80::a9fe:a9fe",
])("PX19 classifyAddress() knows that %s serves metadata", (text) => {
  expect(classOf(text)).toBe("metadata");
});

test.each([
  { name: "a public address", text: "203.0.114.7", own: ["203.0.114.7"] },
  { name: "a private address", text: "10.1.2.3", own: ["10.1.2.3"] },
  { name: "its mapped form", text: "::ffff:10.1.2.3", own: ["10.1.2.3"] },
  { name: "its NAT64 form", text: "64:ff9b::10.1.2.3", own: ["10.1.2.3"] },
  { name: "a link-local address with a zone", text: "fe80::7", own: ["fe80::7%eth0"] },
])("PX19 classifyAddress() knows $name of this machine", ({ text, own }) => {
  expect(classOf(text, own)).toBe("own");
});

test("isInRange() never mixes families", () => {
  const range = parseRange("::ffff:0:0/96");
  expect(range !== undefined && isInRange(ipOf("8.8.8.8"), range)).toBe(false);
});

test("isOverlapping() sees a range inside the other, either way round", () => {
  const [wide, narrow, beside] = ["10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8"].map(parseRange);
  if (wide === undefined || narrow === undefined || beside === undefined) throw new Error("range");
  expect(isOverlapping(wide, narrow)).toBe(true);
  expect(isOverlapping(narrow, wide)).toBe(true);
  expect(isOverlapping(narrow, beside)).toBe(false);
});
