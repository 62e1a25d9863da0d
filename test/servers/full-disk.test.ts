import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../support/loopback-server.ts";
import { namespaceWords } from "../support/namespace.ts";
import { auditLines, startServing } from "../support/serving.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const words = namespaceWords("same network");

test.skipIf(words === undefined)(
  "weir agent sends nothing that a full disk has no record of",
  async () => {
    using server = await startServer({ hits: "any", replies: [{ body: "fine" }] });
    using folder = temporaryFolder();
    const disk = join(folder.path, "disk");
    mkdirSync(disk);
    const mount = 'mount -t tmpfs -o size=24k none "$0" && exec "$@"';
    const path = join(disk, "audit.jsonl");
    await using agent = startServing({
      policy: `
[http_request]
enabled = true
allowed_domains = ["127.0.0.1:*"]
[audit]
path = "${path}"
`,
      prefix: [...(words ?? []), "sh", "-c", mount, disk],
    });
    // The disk is mounted for that process alone.
    const seen = (file: string): string => `/proc/${agent.pid}/root${file}`;
    const answers = [];
    for (let at = 0; at < 60; at++) answers.push(await agent.call(`${server.url}/${at}`));
    const failed = answers.filter(({ success }) => !success);
    expect(failed.length).toBeGreaterThan(5);
    expect([...new Set(failed.map((one) => (one.success ? "" : one.code)))]).toEqual([
      "AUDIT_WRITE",
    ]);
    const intents = auditLines(seen(path))
      .filter(({ kind }) => kind === "intent")
      .map(({ url = "" }) => new URL(url).pathname);
    expect(server.hits.map(({ target }) => target).filter((one) => !intents.includes(one))).toEqual(
      [],
    );
    const before = server.hits.length;
    expect(await agent.call(`${server.url}/full`)).toMatchObject({ code: "AUDIT_WRITE" });
    expect(server.hits.length).toBe(before);
    // A file somebody cuts is not room for more: the chain would go on behind what is gone.
    writeFileSync(seen(path), "");
    expect(await agent.call(`${server.url}/cut`)).toMatchObject({ code: "AUDIT_BROKEN" });
    expect(server.hits.length).toBe(before);
  },
);
