import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLines } from "../../../lib/secrets/lines.ts";
import { Opening } from "../../../lib/secrets/opener.ts";
import { refusalOf } from "../../support/audit.ts";
import { openKeychain } from "../../support/keychain.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const API = new URL("https://api.example.test/");
const ENV = { TOKEN: "ghp_REALVALUE", OTHER: "other-REALVALUE" };
const GITHUB = { kind: "bearer", token: "env:TOKEN", hosts: ["api.example.test"] };

test.each([
  { name: "a list", playbook: [{ name: "own", kind: "env", variable: "OTHER" }] },
  { name: "a map", playbook: { own: { kind: "env", name: "OTHER" } } },
])("NO50 readPlaybookKeychain() reads $name over the entries of the user", async ({ playbook }) => {
  const { keychain } = openKeychain({ entries: { github: GITHUB }, playbook, env: ENV });
  const valueOf = async (name: string) =>
    openLines((await keychain.credentialFor(name, API)).headers)[0]?.[1];
  expect(await valueOf("own")).toBe("Bearer other-REALVALUE");
  expect(await valueOf("github")).toBe("Bearer ghp_REALVALUE");
});

test("readPlaybookKeychain() of no keychain is the user's own", () => {
  for (const playbook of [undefined, null, []]) {
    const { keychain } = openKeychain({ entries: { github: GITHUB }, playbook });
    expect([...keychain.hosts.keys()]).toEqual(["github"]);
  }
});

test.each([
  {
    name: "bearer with value",
    entry: { kind: "bearer", value: "env:TOKEN" },
    want: "Authorization",
  },
  {
    name: "api_key with header_name",
    entry: { kind: "api_key", api_key: "env:TOKEN", header_name: "X-K" },
    want: "X-K",
  },
  {
    name: "basic with username",
    entry: { kind: "basic", username: "ada", password: "env:TOKEN" },
    want: "Authorization",
  },
  { name: "header with map", entry: { kind: "header", map: { "X-A": "env:TOKEN" } }, want: "X-A" },
])("NO19 an entry may be written as other tools do: $name", async ({ entry, want }) => {
  const { keychain } = openKeychain({ playbook: [{ name: "own", ...entry }], env: ENV });
  const { headers } = await keychain.credentialFor("own", API);
  expect(headers.map(([name]) => name)).toEqual([want]);
});

test.each([
  { name: "no list", playbook: "x", path: ["keychain"] },
  { name: "a text in the list", playbook: ["x"], path: ["keychain", 0] },
  { name: "an entry without name", playbook: [{ kind: "env" }], path: ["keychain", 0, "name"] },
  { name: "a name that is a number", playbook: [{ name: 3 }], path: ["keychain", 0, "name"] },
  {
    name: "a name that is used twice",
    playbook: [
      { name: "a", kind: "env", variable: "TOKEN" },
      { name: "a", kind: "env", variable: "TOKEN" },
    ],
    path: ["keychain", 1, "name"],
  },
  {
    name: "the name of an entry of the user, though it is the same",
    playbook: [{ name: "github", ...GITHUB }],
    path: ["keychain", 0, "name"],
  },
  {
    name: "the name of an entry of the user, in a map",
    playbook: { github: GITHUB },
    path: ["keychain", "github"],
  },
  {
    name: "no variable",
    playbook: [{ name: "a", kind: "env" }],
    path: ["keychain", 0, "variable"],
  },
  {
    name: "two words for one key",
    playbook: [{ name: "a", kind: "bearer", token: "env:TOKEN", value: "env:TOKEN" }],
    path: ["keychain", 0, "value"],
  },
  {
    name: "an expression that is no entry",
    playbook: [{ name: "a", kind: "bearer", token: "{{ workload.token }}" }],
    path: ["keychain", 0, "token"],
  },
  {
    name: "an entry with two values, without a field",
    playbook: [
      { name: "a", kind: "bearer", token: "{{ keychain.b }}" },
      { name: "b", kind: "static", map: { x: "env:TOKEN", y: "env:TOKEN" } },
    ],
    path: ["keychain", 0, "token"],
  },
])("NO50 readPlaybookKeychain() refuses $name", ({ playbook, path }) => {
  expect(() => openKeychain({ entries: { github: GITHUB }, playbook })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", details: { path } }),
  );
});

// NO54: found when the file is read, before anything is sent.
test.each([
  {
    name: "an entry that is not there",
    playbook: [{ name: "a", kind: "bearer", token: "{{ keychain.githb }}" }],
    path: ["keychain", 0, "token"],
    says: "githb",
    hint: "github",
  },
  {
    name: "a field that is not there",
    playbook: [{ name: "a", kind: "bearer", token: "x {{ keychain.github.tokn }}" }],
    path: ["keychain", 0, "token"],
    says: "github.tokn",
    hint: "token",
  },
  {
    name: "an entry that is not there, as auth",
    playbook: [{ name: "a", kind: "http", endpoint: "https://a.test", auth: "nobody" }],
    path: ["keychain", 0, "auth"],
    says: "nobody",
    hint: "nobody",
  },
  {
    name: "itself",
    playbook: [{ name: "a", kind: "bearer", token: "{{ keychain.a }}" }],
    path: ["keychain", 0, "token"],
    says: "a -> a",
    hint: "",
  },
  {
    name: "a circle of three",
    playbook: [
      { name: "start", kind: "bearer", token: "{{ keychain.a }}" },
      { name: "a", kind: "http", endpoint: "https://a.test", auth: "b" },
      { name: "b", kind: "bearer", token: "{{ keychain.c.token }}" },
      { name: "c", kind: "header", headers: { "X-A": "{{keychain.a}}", token: "env:TOKEN" } },
    ],
    path: ["keychain", 3, "headers", "X-A"],
    says: "a -> b -> c -> a",
    hint: "",
  },
])("NO54 readPlaybookKeychain() refuses a reference to $name", ({ playbook, path, says, hint }) => {
  expect(() => openKeychain({ entries: { github: GITHUB }, playbook })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      details: { path },
      message: expect.stringContaining(says),
      hint: expect.stringContaining(hint),
    }),
  );
});

// A file from elsewhere must neither run commands nor read files.
test.each([
  { name: "a command", entry: { kind: "command", command: ["touch", "/tmp/x"] }, key: "command" },
  { name: "a file", entry: { kind: "file", path: "/etc/hosts" }, key: "path" },
  { name: "cmd:", entry: { kind: "bearer", token: 'cmd:["id"]' }, key: "token" },
  { name: "file:", entry: { kind: "bearer", token: "file:/etc/hosts" }, key: "token" },
  {
    name: "file: deep in a body",
    entry: { kind: "http", endpoint: "https://a.test", json: { a: [{ b: "file:/etc/hosts" }] } },
    key: "json",
  },
  {
    name: "file: as the name of a user",
    entry: { kind: "basic", user: "file:/etc/hosts", password: "env:TOKEN" },
    key: "user",
  },
])("NO50 readPlaybookKeychain() refuses $name without --trust", ({ entry, key }) => {
  const playbook = [{ name: "mine", ...entry }];
  expect(() => openKeychain({ playbook })).toThrow(
    expect.objectContaining({
      code: "SECRET_UNTRUSTED",
      message: expect.stringContaining("mine"),
      hint: expect.stringContaining("--trust"),
      details: { path: expect.arrayContaining(["keychain", 0, key]) },
    }),
  );
  expect(() => openKeychain({ playbook, isTrusted: true })).not.toThrow();
});

test("an entry of the user that reads a file may be referred to without --trust", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "token");
  writeFileSync(path, "from-a-file", { mode: 0o600 });
  const entries = { kept: { kind: "file", path } };
  const playbook = [{ name: "own", kind: "bearer", token: "{{ keychain.kept }}" }];
  const { keychain } = openKeychain({ entries, playbook });
  const { headers } = await keychain.credentialFor("own", API);
  expect(openLines(headers)[0]?.[1]).toBe("Bearer from-a-file");
});

test("a trusted pipeline file reads files beside it, not beside the configuration", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "token"), "beside-the-file", { mode: 0o600 });
  const playbook = [{ name: "own", kind: "file", path: "token" }];
  const { keychain } = openKeychain({ playbook, isTrusted: true, folder: folder.path });
  expect((await keychain.valueOf("own")).open()).toBe("beside-the-file");
});

// The way a hostile file would go: wrap an entry of the user, and send the wrapper elsewhere.
test.each([
  { name: "its value", token: "{{ keychain.github }}" },
  { name: "a field", token: "x{{ keychain.github.token }}" },
  { name: "a wrapper of a wrapper", token: "{{ keychain.between }}" },
])("NO54 an entry does not lend its hosts: $name goes to no other host", async ({ token }) => {
  const playbook = [
    { name: "evil", kind: "bearer", token, hosts: ["evil.test", "api.example.test"] },
    { name: "between", kind: "bearer", token: "{{ keychain.github }}" },
  ];
  const { keychain } = openKeychain({ entries: { github: GITHUB }, playbook, env: ENV });
  const evil = new URL("https://evil.test/");
  expect(await refusalOf(keychain.credentialFor("evil", evil))).toMatchObject({
    code: "SECRET_UNBOUND",
    details: { name: "github", origin: "https://evil.test" },
  });
  expect((await keychain.credentialFor("evil", API)).headers).toHaveLength(1);
});

test.each([
  { name: "in its body", more: { data: { a: "{{ keychain.github }}" } } },
  { name: "in a header", more: { headers: { "X-A": "{{ keychain.github }}" } } },
  { name: "as its auth", more: { auth: "github" } },
])("NO54 a token request takes no entry to a host it is not for, $name", async ({ more }) => {
  let asked = 0;
  const playbook = [{ name: "evil", kind: "http", endpoint: "https://evil.test/token", ...more }];
  const { keychain } = openKeychain({
    entries: { github: GITHUB },
    playbook,
    env: ENV,
    request() {
      asked += 1;
      throw new Error("never");
    },
  });
  expect(await refusalOf(keychain.credentialFor("evil", API))).toMatchObject({
    code: "SECRET_UNBOUND",
    details: { name: "github" },
  });
  expect(asked).toBe(0);
});

test("NO54 text around an entry stays, and only what is secret is masked", async () => {
  const playbook = [
    { name: "login", kind: "basic", user: "administrator", password: "env:TOKEN" },
    { name: "text", kind: "static", map: { who: "{{ keychain.login.user }}" } },
    { name: "both", kind: "bearer", token: "{{ keychain.text.who }}+{{keychain['login']}}" },
  ];
  const { keychain, redactor } = openKeychain({ playbook, env: ENV });
  const valueOf = async (entry: string, field?: string) =>
    (await keychain.valueFor({ entry, field }, new Opening(API))).open();
  expect(await valueOf("text", "who")).toBe("administrator");
  expect(redactor.redactText("the administrator")).toBe("the administrator");
  expect(await valueOf("both")).toBe("administrator+ghp_REALVALUE");
  expect(redactor.redactText("administrator+ghp_REALVALUE")).toBe("[redacted]");
});

test("readPlaybookKeychain() takes names of Object.prototype for what they are", () => {
  const playbook = [{ name: "constructor", kind: "bearer", token: "{{ keychain.toString }}" }];
  expect(() => openKeychain({ playbook })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});
