import { expect, test } from "bun:test";
import { exactGuard } from "../../../lib/guard/exact.ts";
import { draftOf } from "../../support/drafts.ts";

const ENDPOINT = "https://auth.example.test/token?v=1";

test.each([
  { name: "its URL", url: ENDPOINT, hop: 0, want: "allow" },
  {
    name: "its URL with another query",
    url: "https://auth.example.test/token?key=x",
    hop: 0,
    want: "allow",
  },
  { name: "another path", url: "https://auth.example.test/token/x", hop: 0, want: "deny" },
  { name: "another host", url: "https://evil.test/token", hop: 0, want: "deny" },
  { name: "another port", url: "https://auth.example.test:8443/token", hop: 0, want: "deny" },
  { name: "another scheme", url: "http://auth.example.test/token", hop: 0, want: "deny" },
  { name: "its URL as a redirect", url: ENDPOINT, hop: 1, want: "deny" },
])("exactGuard() answers $want for $name", ({ url, hop, want }) => {
  const decision = exactGuard(new URL(ENDPOINT)).admit({ ...draftOf(url), hop });
  expect(decision.verdict as string).toBe(want);
});
