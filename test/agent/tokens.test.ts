import { describe, expect, test } from "bun:test";
import { openWorld, type Play, stringsIn, type World } from "../support/agent-world.ts";
import { httpAnswer } from "../support/ssrf-server.ts";

// Tokens that the operator's keychain fetches for a rule: who gets them, what a model and the audit
// file see of them, and what happens when there is none.

const NAMES = {
  "api.example.com": [["203.0.114.7"]],
  "other.example.com": [["203.0.114.8"]],
};
const ENV = { CLIENT_SECRET: "cl13nt-s3cret" };
const API = "https://api.example.com/v1";

const OAUTH2 = `[http_request]
enabled = true
[[http_request.rule]]
host = "api.example.com"
credential = "partner"
[keychain.partner]
kind = "oauth2"
endpoint = "https://other.example.com/token"
client_id = "abc"
client_secret = "env:CLIENT_SECRET"
hosts = ["api.example.com"]
`;

function json(status: string, value: unknown): Uint8Array {
  return httpAnswer(status, { "Content-Type": "application/json" }, JSON.stringify(value));
}

/** Plays both hosts: a token endpoint, and an API that knows the last token only. */
function issuer(state: { count: number; status?: string }): Play {
  return ({ host, headers }) => {
    if (host === "other.example.com") {
      if (state.status !== undefined) return httpAnswer(state.status, {}, "LEAK");
      state.count += 1;
      return json("200 OK", { access_token: `tok-r3al-${state.count}`, expires_in: 3600 });
    }
    const isKnown = headers.get("authorization")?.[0] === `Bearer tok-r3al-${state.count}`;
    return httpAnswer(isKnown ? "200 OK" : "401 Unauthorized", {}, "ok");
  };
}

function worldOf(config: string, play: Play, more: object = {}): Promise<World> {
  return openWorld({ config, names: NAMES, env: { ...ENV, ...more }, play });
}

function hostsOf(world: World): readonly string[] {
  return world.arrivals.map(({ host }) => host);
}

describe("NO51 NO53 a rule whose credential is fetched", () => {
  test("dresses calls with one token, and leaves no secret in answers and records", async () => {
    await using world = await worldOf(OAUTH2, issuer({ count: 0 }));
    const answers = [await world.get(API), await world.get(API)];
    expect(answers.map(({ success }) => success)).toEqual([true, true]);
    expect(hostsOf(world)).toEqual(["other.example.com", "api.example.com", "api.example.com"]);
    const shown = [...answers.flatMap(stringsIn), world.auditText()].join("\n");
    expect(shown).not.toContain("tok-r3al");
    expect(shown).not.toContain(ENV.CLIENT_SECRET);
    const records = world
      .audit()
      .filter((record) => "tool" in record && record.tool === "keychain");
    expect(records.map(({ kind }) => kind)).toEqual(["intent", "outcome"]);
    expect(records[0]).toMatchObject({ url: "https://other.example.com/token", method: "POST" });
  });

  test("is renewed once after a 401", async () => {
    const state = { count: 0 };
    await using world = await worldOf(OAUTH2, issuer(state));
    await world.get(API);
    state.count += 1;
    expect(await world.get(API)).toMatchObject({ success: true, meta: { status: 200 } });
    expect(hostsOf(world).filter((host) => host === "other.example.com")).toHaveLength(2);
  });

  test.each(["401 Unauthorized", "503 Service Unavailable", "302 Found"])(
    "that brings no token (%s) fails the call before it is sent, and names no endpoint",
    async (status) => {
      await using world = await worldOf(OAUTH2, issuer({ count: 0, status }));
      const answer = await world.get(API);
      expect(answer.success).toBe(false);
      expect(hostsOf(world)).toEqual(["other.example.com"]);
      const shown = stringsIn(answer).join("\n");
      for (const text of ["other.example.com", "partner", "LEAK", ENV.CLIENT_SECRET]) {
        expect(shown).not.toContain(text);
      }
      expect(world.auditText()).not.toContain("LEAK");
    },
  );
});

describe("NO51 a command of the keychain", () => {
  const command = (allowed: string): string => `[http_request]
enabled = true
[[http_request.rule]]
host = "api.example.com"
credential = "own"
${allowed}
[keychain.own]
kind = "command"
command = ["printf", "from-a-command"]
hosts = ["api.example.com"]
`;
  const ok: Play = () => httpAnswer("200 OK", {}, "ok");

  test("is not run for an agent, and the call is not sent without it", async () => {
    await using world = await worldOf(command(""), ok);
    expect(await world.get(API)).toMatchObject({ success: false, code: "SECRET_UNRESOLVED" });
    expect(world.arrivals).toEqual([]);
  });

  test("is run when the operator says so", async () => {
    await using world = await worldOf(command("[security]\nkeychain_commands = true"), ok);
    expect(await world.get(API)).toMatchObject({ success: true });
    expect(world.arrivals[0]?.headers.get("authorization")).toEqual(["Bearer from-a-command"]);
  });
});
