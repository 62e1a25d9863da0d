import { describe, expect, test } from "bun:test";
import { openWorld, type Play, type World, type WorldOptions } from "../support/agent-world.ts";
import { httpAnswer } from "../support/ssrf-server.ts";

// Seed 003 as printed: configuration, calls, layout of the output, what the audit holds.

const CONFIG = `[http_request]
enabled = true
allowed_domains = [
"api.github.com",
"api.openai.com",
"api.anthropic.com",
"httpbin.org"
]
max_response_size = 1000000 # Maximum response body size in bytes (1 MB)
timeout_secs = 30 # Request timeout in seconds
`;

const SUPERVISED = `[security.tool_policy.tools]
http_request = "supervised"
`;

const PROXY = `[proxy]
enabled = true
https_proxy = "socks5://127.0.0.1:1080"
no_proxy = ["localhost", "127.0.0.1"]
`;

const GET = `{
"name": "http_request",
"arguments": {
"method": "GET",
"url": "https://api.github.com/repos/openprx/prx/releases/latest",
"headers": {
"Accept": "application/vnd.github+json",
"Authorization": "Bearer ghp_xxxxxxxxxxxx"
}
}
}`;

const POST = `{
"name": "http_request",
"arguments": {
"method": "POST",
"url": "https://api.example.com/webhooks",
"headers": {
"Content-Type": "application/json"
},
"body": "{\\"event\\": \\"task_completed\\", \\"data\\": {\\"task_id\\": 42}}"
}
}`;

const PUT = `{
"name": "http_request",
"arguments": {
"method": "PUT",
"url": "https://api.example.com/config/settings",
"headers": {
"Content-Type": "application/json",
"Authorization": "Bearer token-here"
},
"body": "{\\"theme\\": \\"dark\\", \\"language\\": \\"en\\"}"
}
}`;

const DELETE = `{
"name": "http_request",
"arguments": {
"method": "DELETE",
"url": "https://api.example.com/items/42",
"headers": {
"Authorization": "Bearer token-here"
}
}
}`;

const RELEASE = `{
"name": "prx",
"version": "0.8.0"
}`;

/** Answers with a Content-Type and nothing else, as the seed shows it. */
const release: Play = (_arrival, responder) => {
  responder.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n${RELEASE}`);
  responder.end();
};

const NAMES = {
  "api.github.com": [["140.82.112.5"]],
  "api.example.com": [["203.0.114.7"]],
  "api.openai.com": [["203.0.114.8"]],
};

function seedWorld(options: Partial<WorldOptions> = {}): Promise<World> {
  return openWorld({ config: CONFIG, names: NAMES, play: release, ...options });
}

const withExample = CONFIG.replace('"httpbin.org"', '"httpbin.org", "api.example.com"');

test("PX11 PX12 PX14 PX22 the GET of the seed, and its answer in the layout of the seed", async () => {
  await using world = await seedWorld();
  const answer = await world.agent.call(JSON.parse(GET));
  expect(answer).toEqual({
    id: null,
    success: true,
    output: `Status: 200 OK\nContent-Type: application/json\n\n${RELEASE}`,
    error: null,
    meta: {
      status: 200,
      reason: "OK",
      headers: { "content-type": "application/json" },
      bytes: RELEASE.length,
      truncated: false,
      content_type: "application/json",
      final_url: "https://api.github.com/repos/openprx/prx/releases/latest",
      redirects: 0,
      result: null,
      duration_ms: expect.any(Number),
      decision_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
    },
  });
  const [arrival] = world.arrivals;
  expect(arrival).toMatchObject({ method: "GET", isTls: true, host: "api.github.com", body: "" });
  expect(arrival?.target).toBe("/repos/openprx/prx/releases/latest");
  expect(Object.fromEntries(arrival?.headers ?? [])).toEqual({
    host: ["api.github.com"],
    "user-agent": ["weir-test/1"],
    "accept-encoding": ["gzip, deflate, br, zstd"],
    accept: ["application/vnd.github+json"],
    authorization: ["Bearer ghp_xxxxxxxxxxxx"],
  });
});

test.each([
  {
    name: "POST",
    call: POST,
    target: "/webhooks",
    body: '{"event": "task_completed", "data": {"task_id": 42}}',
    headers: { "content-type": ["application/json"], "content-length": ["52"] },
  },
  {
    name: "PUT",
    call: PUT,
    target: "/config/settings",
    body: '{"theme": "dark", "language": "en"}',
    headers: { "content-type": ["application/json"], authorization: ["Bearer token-here"] },
  },
  {
    name: "DELETE",
    call: DELETE,
    target: "/items/42",
    body: "",
    headers: { authorization: ["Bearer token-here"] },
  },
])("PX10 the $name of the seed, once its host is allowed", async (row) => {
  await using world = await seedWorld({ config: withExample });
  expect(await world.agent.call(JSON.parse(row.call))).toMatchObject({ success: true });
  expect(world.arrivals).toHaveLength(1);
  const [arrival] = world.arrivals;
  expect(arrival).toMatchObject({ method: row.name, target: row.target, body: row.body });
  expect(Object.fromEntries(arrival?.headers ?? [])).toMatchObject(row.headers);
});

test("PX2 PX21 the calls of the seed to a host that its list does not name are refused", async () => {
  await using world = await seedWorld();
  for (const call of [POST, PUT, DELETE]) {
    expect(await world.agent.call(JSON.parse(call))).toMatchObject({
      success: false,
      output: "",
      code: "POLICY_DENIED",
      rule: "http_request.allowed_domains",
      error: "The policy does not allow https://api.example.com on port 443",
      hint: expect.stringContaining("This is final"),
    });
  }
  expect([world.lookups, world.dialled]).toEqual([[], []]);
  expect(world.audit().filter(({ kind }) => kind === "intent")).toHaveLength(3);
});

describe("PX26 the audit of the seed's calls", () => {
  test("has method, URL, masked headers, status, size and success", async () => {
    await using world = await seedWorld();
    const answer = await world.agent.call(JSON.parse(GET));
    const id = answer.success ? answer.meta.decision_id : "";
    expect(world.audit()).toMatchObject([
      {
        kind: "intent",
        id,
        tool: "http_request",
        decision: "allow",
        rule: "http_request.allowed_domains[0]",
        method: "GET",
        url: "https://api.github.com/repos/openprx/prx/releases/latest",
        request_headers: [
          ["Accept", "application/vnd.github+json"],
          ["Authorization", "[redacted]"],
        ],
      },
      {
        kind: "outcome",
        id,
        status: 200,
        bytes: RELEASE.length,
        truncated: false,
        success: true,
        address: "140.82.112.5",
        duration_ms: expect.any(Number),
      },
    ]);
    expect(world.auditText()).not.toContain("ghp_xxxxxxxxxxxx");
  });

  test("has a refusal too", async () => {
    await using world = await seedWorld();
    await world.agent.call(JSON.parse(POST));
    expect(world.audit()).toMatchObject([
      { kind: "intent", decision: "deny", code: "POLICY_DENIED", method: "POST" },
      { kind: "outcome", success: false, code: "POLICY_DENIED" },
    ]);
  });
});

test("PX12 a status that is no success is a call that succeeded", async () => {
  await using world = await seedWorld({ play: () => httpAnswer("404 Not Found", {}, "no") });
  const answer = await world.agent.call(JSON.parse(GET));
  expect(answer).toMatchObject({ success: true, meta: { status: 404, reason: "Not Found" } });
  expect(answer.output).toStartWith("Status: 404 Not Found\n");
});

test("PX23 a supervised tool is refused while nobody can be asked", async () => {
  await using world = await seedWorld({ config: CONFIG + SUPERVISED });
  const answer = await world.agent.call(JSON.parse(GET));
  expect(answer).toMatchObject({
    success: false,
    code: "POLICY_APPROVAL",
    rule: "security.tool_policy.tools.http_request",
  });
  expect([world.lookups, world.dialled]).toEqual([[], []]);
  expect(world.audit()).toMatchObject([
    { kind: "intent", decision: "deny", code: "POLICY_APPROVAL" },
    { kind: "outcome", success: false },
  ]);
});

describe("the [proxy] of the seed", () => {
  test("https goes to the proxy, and nowhere else when that is none", async () => {
    const dialled = new Set(["140.82.112.5"]);
    await using world = await seedWorld({
      config: CONFIG + PROXY,
      // What answers in the proxy's place speaks HTTP and no SOCKS.
      isReachable: (address) => dialled.has(address),
    });
    expect(await world.agent.call(JSON.parse(GET))).toMatchObject({ code: "NET_PROXY" });
    const places = world.dialled.map(({ address, port }) => `${address}:${port}`);
    expect([...new Set(places)]).toEqual(["127.0.0.1:1080"]);
    expect(world.arrivals).toEqual([]);
    expect(world.lookups).toEqual(["api.github.com"]);
  });

  test("WEAK17 a target that may not be reached is refused before the proxy hears of it", async () => {
    await using world = await seedWorld({
      config: CONFIG + PROXY,
      names: { "api.github.com": [["10.0.0.1"]] },
      isReachable: () => false,
    });
    expect(await world.agent.call(JSON.parse(GET))).toMatchObject({ code: "POLICY_ADDRESS" });
    expect([world.dialled, world.forbidden()]).toEqual([[], 0]);
  });
});

describe("PX1 PX2 the switches of the seed", () => {
  test.each([
    { name: "without the table", config: "", code: "POLICY_DISABLED" },
    {
      name: "without enabled",
      config: CONFIG.replace("enabled = true\n", ""),
      code: "POLICY_DISABLED",
    },
    {
      name: "with an empty list",
      config: "[http_request]\nenabled = true\nallowed_domains = []\n",
      code: "POLICY_DENIED",
    },
  ])("$name nothing is reached", async ({ config, code }) => {
    await using world = await seedWorld({ config });
    const answer = await world.agent.call(JSON.parse(GET));
    expect(answer).toMatchObject({ success: false, code });
    // The operator learns from the message which key to set.
    expect(answer.error).toContain("http_request.");
    expect([world.lookups, world.dialled]).toEqual([[], []]);
  });
});

describe("PX30 the patterns of the seed", () => {
  const config = CONFIG.replace('"httpbin.org"', '"hooks.example.com", "data.example.com"');
  const names = {
    ...NAMES,
    "hooks.example.com": [["203.0.114.10"]],
    "data.example.com": [["203.0.114.11"]],
  };

  test("the checks of a pull request are read", async () => {
    const play: Play = () =>
      httpAnswer("200 OK", { "Content-Type": "application/json" }, '{"state":"success"}');
    await using world = await seedWorld({ config, names, play });
    const url = "https://api.github.com/repos/owner/repo/pulls/42/checks";
    const answer = await world.call("http_get", { url, select: "$.state" });
    expect(answer).toMatchObject({ success: true, meta: { result: "success" } });
  });

  test("a webhook gets its text", async () => {
    await using world = await seedWorld({ config, names });
    const body = { text: "Task #42 completed successfully" };
    await world.get("https://hooks.example.com/services/T.1/B.2/xxx", { method: "POST", body });
    expect(world.arrivals[0]?.body).toBe(JSON.stringify(body));
    expect(world.arrivals[0]?.headers.get("content-type")).toEqual(["application/json"]);
  });

  test("the data of a package are fetched", async () => {
    const json = { crate: { max_version: "1.40.0", downloads: 7 } };
    const play: Play = () =>
      httpAnswer("200 OK", { "Content-Type": "application/json" }, JSON.stringify(json));
    await using world = await seedWorld({ config, names, play });
    const answer = await world.get("https://data.example.com/api/v1/crates/tokio");
    expect(answer.output).toEndWith(`\n\n${JSON.stringify(json)}`);
  });
});
