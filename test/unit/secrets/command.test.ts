import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { WeirError } from "../../../lib/base/errors.ts";
import { runCommand } from "../../../lib/runtime/run-command.ts";
import { readCommandOutput } from "../../../lib/secrets/command-output.ts";
import { refuseSecretCommand, runSecretCommand } from "../../../lib/secrets/command.ts";
import { openLines } from "../../../lib/secrets/lines.ts";
import { refusalOf } from "../../support/audit.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { openKeychain } from "../../support/keychain.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const API = new URL("https://api.example.test/");

test.each([
  { name: "a line", text: "abc def\n", want: { value: "abc def" } },
  { name: "JSON that is no object", text: '["a"]', want: { value: '["a"]' } },
  { name: "JSON without value", text: '{"key":"k"}\n', want: { value: '{"key":"k"}' } },
  { name: "what only begins like JSON", text: "{abc", want: { value: "{abc" } },
  { name: "JSON with value", text: '{"value":"v"}', want: { value: "v" } },
  {
    name: "a life in seconds",
    text: '{"value":"v","expires_in":"60"}',
    want: { value: "v", lifeMs: 60_000 },
  },
  {
    name: "an end as a date",
    text: '{"value":"v","expires_at":"2030-01-01T00:00:00Z"}',
    want: { value: "v", endsAtMs: Date.UTC(2030, 0, 1) },
  },
  {
    name: "an end as a number",
    text: '{"value":"v","expires_at":1893456000,"expires_in":null}',
    want: { value: "v", endsAtMs: Date.UTC(2030, 0, 1) },
  },
])("NO51 readCommandOutput() reads $name", ({ text, want }) => {
  expect(readCommandOutput(text)).toEqual(want);
});

test.each([
  { name: "nothing", text: "\n" },
  { name: "an empty value", text: '{"value":""}' },
  { name: "an end that is no time", text: '{"value":"LEAK","expires_at":"soon"}' },
  { name: "a life that is no number", text: '{"value":"LEAK","expires_in":{}}' },
])("readCommandOutput() refuses $name, and does not quote it", async ({ text }) => {
  const error = await refusalOf(Promise.resolve().then(() => readCommandOutput(text)));
  expect(error).toMatchObject({ code: "SECRET_UNRESOLVED" });
  expect(String(error)).not.toContain("LEAK");
});

test("NO51 a command gets its words as they are, the environment, no input, and no folder of others", async () => {
  const script = 'printf "%s|" "$@"; printf "%s|" "$HOME" "$(pwd)"; cat; echo noise >&2';
  const output = await runSecretCommand(["sh", "-c", script, "sh", "a b", "$(id)", "'"]);
  const { HOME = "" } = process.env;
  expect(output).toBe(`a b|$(id)|'|${HOME}|${HOME}|`);
});

test.each([
  { name: "fails", argv: ["sh", "-c", "echo LEAK; echo LEAK >&2; exit 3"], says: "ended with 3" },
  { name: "is not there", argv: ["weir-no-such-program", "LEAK"], says: "ENOENT" },
  { name: "kills itself", argv: ["sh", "-c", "kill -9 $$"], says: "was ended" },
  { name: "prints no text", argv: ["sh", "-c", "printf '\\377LEAK'"], says: "UTF-8" },
  { name: "prints without end", argv: ["sh", "-c", "yes LEAK"], says: "64 KiB" },
])("NO51 a command that $name is an error that does not quote it", async ({ argv, says }) => {
  const error = await refusalOf(runSecretCommand(argv));
  if (!(error instanceof WeirError)) throw new Error("it should have failed");
  expect(error.code).toBe("SECRET_UNRESOLVED");
  expect(error.message).toContain(says);
  expect(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`).not.toContain("LEAK");
});

test("runCommand() ends a program that takes too long, and waits for nothing it started", async () => {
  const argv = ["sh", "-c", "sleep 3 & sleep 600"];
  expect(await runCommand(argv, { timeoutMs: 50, capBytes: 1000 })).toEqual({ kind: "timeout" });
});

test("refuseSecretCommand() runs nothing and names the key of the operator", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "ran");
  expect(await refusalOf(refuseSecretCommand(["touch", file]))).toMatchObject({
    code: "SECRET_UNRESOLVED",
    hint: expect.stringContaining("keychain_commands"),
  });
  expect(existsSync(file)).toBe(false);
});

test("NO51 a command runs once for all who need it, and again before its value ends", async () => {
  using folder = temporaryFolder();
  const log = join(folder.path, "runs");
  const script = `echo x >> ${log}; n=$(wc -l < ${log}); echo '{"value":"value-'$n'","expires_in":100}'`;
  const clock = fakeClock();
  const entries = {
    kind: { kind: "command", command: ["sh", "-c", script] },
    word: { kind: "bearer", token: 'cmd:["printf","from a word"]' },
  };
  const { keychain, redactor } = openKeychain({ entries, clock });
  const valueOf = async (name: string) =>
    openLines((await keychain.credentialFor(name, API)).headers)[0]?.[1];
  const first = await Promise.all([valueOf("kind"), valueOf("kind")]);
  expect(first.map((value) => value?.replace(/ +/g, " "))).toEqual([
    "Bearer value-1",
    "Bearer value-1",
  ]);
  clock.advance(90_000);
  expect(await valueOf("kind")).toBe("Bearer value-2");
  expect(readFileSync(log, "utf8")).toBe("x\nx\n");
  expect(redactor.redactText("value-2")).toBe("[redacted]");
  expect(await valueOf("word")).toBe("Bearer from a word");
});
