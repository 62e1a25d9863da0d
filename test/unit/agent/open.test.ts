import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refusalOf } from "../../support/audit.ts";
import { openWorld, type World } from "../../support/agent-world.ts";
import { runCli } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NAMES = { "api.test": [["203.0.114.7"]] };
const LIST = '[http_request]\nenabled = true\nallowed_domains = ["api.test"]\n';

function worldOf(config: string): Promise<World> {
  return openWorld({ config, names: NAMES });
}

describe("PX6 ASK7 a configuration that is wrong is refused with file, line and column", () => {
  test.each([
    {
      name: "an entry with a scheme",
      config: '[http_request]\nallowed_domains = ["a.test", "https://b.test"]\n',
      at: "2:30",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "an entry of every host",
      config: '[http_request]\nallowed_domains = [\n  "a.test",\n  "*",\n]\n',
      at: "4:3",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a private range with loopback in it",
      config: '[http_request]\nallowed_private = ["127.0.0.0/8"]\n',
      at: "2:20",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a number out of its range",
      config: "[http_request]\nmax_redirects = 11\n",
      at: "2:17",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a number that is a text",
      config: '[http_request]\ntimeout_secs = "30"\n',
      at: "2:16",
      code: "CONFIG_INVALID",
    },
    {
      name: "a key nobody knows",
      config: "[http_request]\nallowed_domain = []\n",
      at: "2:1",
      code: "CONFIG_UNKNOWN_KEY",
    },
    {
      name: "a key of a rule nobody knows",
      config: '[[http_request.rule]]\nhost = "a.test"\npath = []\n',
      at: "3:1",
      code: "CONFIG_UNKNOWN_KEY",
    },
    {
      name: "a rule with an odd action",
      config: '[[http_request.rule]]\nhost = "a.test"\naction = "maybe"\n',
      at: "3:10",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a rule with a method that no call may use",
      config: '[[http_request.rule]]\nhost = "a.test"\nmethods = ["GET", "TRACE"]\n',
      at: "3:19",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a rule without a host",
      config: '[[http_request.rule]]\nmethods = ["GET"]\n',
      at: "1:",
      code: "CONFIG_INVALID",
    },
    {
      name: "a rule with a credential that is not there",
      config: '[[http_request.rule]]\nhost = "a.test"\ncredential = "gh"\n',
      at: "3:14",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "a secret that is bound to no host",
      config: '[http_request.secrets]\ngh = "k"\n[keychain.k]\nkind = "bearer"\ntoken = "env:T"\n',
      at: "2:6",
      code: "CONFIG_BAD_POLICY",
    },
    {
      name: "an entry of the keychain of no kind",
      config: '[keychain.k]\nkind = "bearr"\n',
      at: "2:8",
      code: "CONFIG_INVALID",
    },
    {
      name: "an entry of the keychain with a key nobody knows",
      config: '[keychain.k]\nkind = "bearer"\ntoken = "env:T"\nhost = ["a.test"]\n',
      at: "4:",
      code: "CONFIG_UNKNOWN_KEY",
    },
    {
      name: "an entry of the keychain for everybody's hosts",
      config: '[keychain.k]\nkind = "bearer"\ntoken = "env:T"\nhosts = ["*.com"]\n',
      at: "4:10",
      code: "CONFIG_INVALID",
    },
    {
      name: "a proxy of no scheme",
      config: '[proxy]\nenabled = true\nhttps_proxy = "gopher://a.test:1"\n',
      at: "3:15",
      code: "CONFIG_INVALID",
    },
    {
      name: "a quota of nothing",
      config: "[http_request.quota]\nrequests = 0\n",
      at: "2:12",
      code: "CONFIG_BAD_POLICY",
    },
    { name: "text that is no TOML", config: "[http_request\n", at: "1:", code: "CONFIG_INVALID" },
    {
      name: "a section nobody knows",
      config: "[http_requests]\nenabled = true\n",
      at: "1:2",
      code: "CONFIG_UNKNOWN_KEY",
    },
  ])("$name", async ({ config, at, code }) => {
    const refusal = await refusalOf(worldOf(config));
    expect(refusal).toMatchObject({ hint: expect.any(String) });
    expect(String(refusal)).toContain(`config.toml:${at}`);
    expect(refusal).toMatchObject({ code });
  });
});

describe("who may write the configuration", () => {
  test.each([0o620, 0o602, 0o666])("mode %o is refused", async (mode) => {
    using folder = temporaryFolder();
    const config = join(folder.path, "config.toml");
    writeFileSync(config, LIST);
    chmodSync(config, mode);
    const { exit, stderr } = await runCli([
      "agent",
      "check",
      "--config",
      config,
      "http://api.test/",
    ]);
    expect({ exit, isTold: stderr.includes(config) }).toEqual({ exit: 78, isTold: true });
  });

  test("the working directory has no say", async () => {
    using folder = temporaryFolder();
    for (const name of ["config.toml", "weir.toml", ".weir.toml"]) {
      writeFileSync(join(folder.path, name), LIST, { mode: 0o600 });
    }
    mkdirSync(join(folder.path, "weir"));
    writeFileSync(join(folder.path, "weir", "config.toml"), LIST, { mode: 0o600 });
    const { exit, stdout } = await runCli(["agent", "check", "--json", "http://api.test/"], {
      cwd: folder.path,
    });
    expect({ exit, answer: JSON.parse(stdout) as unknown }).toMatchObject({
      exit: 77,
      answer: { allow: false, code: "POLICY_DISABLED" },
    });
  });

  test("a value in a file that others can read is refused", async () => {
    const config = `${LIST}[keychain.k]\nkind = "bearer"\ntoken = "literal:value"\nhosts = ["api.test"]\n`;
    const refusal = await refusalOf(openWorld({ config, names: NAMES, mode: 0o644 }));
    expect(refusal).toMatchObject({ code: "SECRET_EXPOSED" });
    expect(String(refusal)).not.toContain("literal:value");
    await using _world = await openWorld({ config, names: NAMES, mode: 0o600 });
  });
});

describe("PX27 WEAK13 the audit file", () => {
  test("is not made when auditing is off, and calls are answered", async () => {
    await using world = await worldOf(`${LIST}[audit]\nenabled = false\n`);
    expect(await world.get("http://api.test/")).toMatchObject({ success: true });
    expect(world.auditText()).toBe("");
  });

  test("that cannot be made keeps the agent from opening", async () => {
    const refusal = await refusalOf(worldOf(`${LIST}[audit]\npath = "/dev/null/audit.jsonl"\n`));
    expect(refusal).toMatchObject({ code: "AUDIT_WRITE" });
  });

  test("whose path has no root keeps the agent from opening", async () => {
    const refusal = await refusalOf(worldOf(`${LIST}[audit]\npath = "audit.jsonl"\n`));
    expect(refusal).toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("that is found broken refuses every call, and nothing is sent", async () => {
    await using world = await worldOf(LIST);
    expect(await world.get("http://api.test/")).toMatchObject({ success: true });
    writeFileSync(world.auditPath, "not a record\n");
    for (const url of ["http://api.test/", "http://evil.test/"]) {
      const answer = await world.get(url);
      expect(answer).toMatchObject({ success: false });
      expect(answer.success ? "" : answer.code).toStartWith("AUDIT_");
    }
    expect(world.arrivals).toHaveLength(1);
  });

  test("is 0600, and so are the folder's other files", async () => {
    await using world = await worldOf(`${LIST}[http_request.quota]\nrequests = 5\n`);
    await world.get("http://api.test/");
    const state = join(world.folder, "state", "weir");
    const names = readdirSync(state, { recursive: true }).map(String);
    expect(names.toSorted((one, other) => one.localeCompare(other))).toContain("audit.jsonl");
    for (const name of names) {
      const { mode } = await import("node:fs").then((fs) => fs.statSync(join(state, name)));
      expect({ name, open: mode & 0o077 }).toEqual({ name, open: 0 });
    }
  });

  test("WEAK12 has no credential of a call, wherever it stands", async () => {
    await using world = await worldOf(LIST);
    const secret = "S3CR3TV4LUE";
    const url = `http://api.test/?X-Amz-Signature=${secret}&sig=${secret}&access_token=${secret}&page=2`;
    const names = ["Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-Hub-Signature-256"];
    const headers = Object.fromEntries(names.map((name) => [name, `Basic ${secret}`]));
    expect(await world.get(url, { headers })).toMatchObject({ success: true });
    expect(world.auditText()).not.toContain(secret);
    expect(world.auditText()).toContain("page=2");
    expect(world.arrivals[0]?.raw.split(secret)).toHaveLength(9);
  });

  test("PX26 has the rule and reason of an address that was refused after the intent", async () => {
    await using world = await openWorld({ config: LIST, names: { "api.test": [["10.0.0.1"]] } });
    await world.get("http://api.test/");
    expect(world.audit()).toMatchObject([
      { kind: "intent", decision: "allow" },
      {
        kind: "outcome",
        decision: "deny",
        rule: "address:private",
        reason: "api.test resolves to 10.0.0.1, a private address",
        code: "POLICY_ADDRESS",
        success: false,
      },
    ]);
  });
});

describe("ASK1 ASK2 WEAK16 names that lead to private addresses", () => {
  test.each([
    { name: "are refused", more: "", address: "10.0.0.1", isOpen: false },
    {
      name: "are opened by name",
      more: 'allowed_private = ["api.test"]\n',
      address: "10.0.0.1",
      isOpen: true,
    },
    {
      name: "are opened by name and port, on that port only",
      more: 'allowed_private = ["api.test:8080"]\n',
      address: "10.0.0.1",
      isOpen: false,
    },
    {
      name: "are opened by name and port, on that port",
      more: 'allowed_private = ["api.test:80"]\n',
      address: "10.0.0.1",
      isOpen: true,
    },
    {
      name: "are opened by range",
      more: 'allowed_private = ["198.18.0.0/15"]\n',
      address: "198.18.0.25",
      isOpen: true,
    },
    {
      name: "are refused outside the range",
      more: 'allowed_private = ["198.18.0.0/15"]\n',
      address: "10.0.0.1",
      isOpen: false,
    },
    {
      name: "are refused by a rule against the range",
      more: 'allowed_private = ["10.0.0.0/8"]\n[[http_request.rule]]\nhost = "10.0.0.0/24"\naction = "deny"\n',
      address: "10.0.0.1",
      isOpen: false,
    },
    {
      name: "of this machine stay refused",
      more: 'allowed_private = ["api.test"]\n',
      address: "127.0.0.1",
      isOpen: false,
    },
    {
      name: "of the cloud's metadata stay refused",
      more: 'allowed_private = ["api.test"]\n',
      address: "169.254.169.254",
      isOpen: false,
    },
  ])("$name", async ({ more, address, isOpen }) => {
    await using world = await openWorld({
      config: LIST + more,
      names: { "api.test": [[address]] },
      isReachable: () => isOpen,
    });
    const answer = await world.get("http://api.test/");
    expect(answer.success).toBe(isOpen);
    expect(world.dialled.map((one) => one.address)).toEqual(isOpen ? [address] : []);
    expect(world.forbidden()).toBe(0);
    if (!answer.success) expect(answer.error).toContain(address);
  });
});
