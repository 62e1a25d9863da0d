import { expect, test } from "bun:test";
import { parseConnectTo, parseOverrides } from "../../../lib/transport/overrides.ts";

test.each([
  { text: "api.test:127.0.0.1", key: "api.test", addresses: ["127.0.0.1"] },
  { text: "API.test:8443:127.0.0.1", key: "api.test:8443", addresses: ["127.0.0.1"] },
  { text: "api.test:127.0.0.1,127.0.0.2", key: "api.test", addresses: ["127.0.0.1", "127.0.0.2"] },
  { text: "api.test:443:[::1],10.0.0.1", key: "api.test:443", addresses: ["::1", "10.0.0.1"] },
  { text: "api.test:[fd00::1]", key: "api.test", addresses: ["fd00::1"] },
  { text: "bücher.test:10.0.0.1", key: "xn--bcher-kva.test", addresses: ["10.0.0.1"] },
])("parseOverrides() reads $text", ({ text, key, addresses }) => {
  expect([...parseOverrides([text])]).toEqual([[key, addresses]]);
});

test.each([
  { name: "a host alone", text: "api.test" },
  { name: "a port alone", text: "api.test:443" },
  { name: "a name for an address", text: "api.test:other.test" },
  { name: "a short address", text: "api.test:127.1" },
  { name: "an octal address", text: "api.test:0177.0.0.1" },
  { name: "an empty address", text: "api.test:127.0.0.1," },
  { name: "a port beyond all", text: "api.test:70000:127.0.0.1" },
  { name: "no host", text: ":443:127.0.0.1" },
])("parseOverrides() refuses $name", ({ text }) => {
  expect(() => parseOverrides([text])).toThrow(
    expect.objectContaining({ code: "USAGE_BAD_VALUE" }),
  );
});

const TARGET = { scheme: "https", host: "api.test", port: 443 } as const;

test.each([
  { text: "api.test:443:b.test:8443", want: { host: "b.test", port: 8443 } },
  { text: "API.TEST::b.test:", want: { host: "b.test", port: 443 } },
  { text: "::[::1]:81", want: { host: "::1", port: 81 } },
  { text: ":443::81", want: { host: "api.test", port: 81 } },
  { text: "other.test::b.test:", want: undefined },
  { text: "api.test:80:b.test:", want: undefined },
])("parseConnectTo() reads $text", ({ text, want }) => {
  expect(parseConnectTo([text])(TARGET)).toEqual(want);
});

test("parseConnectTo() takes the first that fits", () => {
  const connectTo = parseConnectTo(["other.test::x.test:", "api.test::b.test:", "::c.test:"]);
  expect(connectTo(TARGET)?.host).toBe("b.test");
});

test.each(["", "a.test", "a.test:1:b.test", "a.test:x:b.test:1", "a b:1:c:2", "a:1:b:99999"])(
  "parseConnectTo() refuses %j",
  (text) => {
    expect(() => parseConnectTo([text])).toThrow(
      expect.objectContaining({ code: "USAGE_BAD_VALUE" }),
    );
  },
);
