import { type CheckAnswer, type CheckResolver, checkRequest } from "../../../lib/agent/check.ts";
import { readPolicy } from "../../../lib/agent/open.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { sanitizeText } from "../../../lib/base/sanitize.ts";
import type { HeaderEntry } from "../../../lib/http/headers.ts";
import type { Address } from "../../../lib/runtime/runtime.ts";
import { parseOverrides } from "../../../lib/transport/overrides.ts";
import type { Io } from "../../io.ts";
import type { AgentCommand } from "./command.ts";
import type { AgentLine } from "./options.ts";
import { sourceOf } from "./source.ts";

/** Exit status of a request that is denied. */
const DENIED_STATUS = 77;

/** Says why a request would be allowed or denied; sends nothing. */
export const check: AgentCommand = {
  name: "check",
  summary: "Say why a request is allowed or denied",
  usage: "<url>",
  flags: [
    { name: "method", label: "METHOD", help: "Method of the request; GET when not given" },
    { name: "header", label: "NAME:VALUE", isRepeatable: true, help: "A header of the request" },
    { name: "body", label: "TEXT", help: "Body of the request" },
    {
      name: "resolve",
      label: "HOST:ADDR[,ADDR]",
      isRepeatable: true,
      help: "Judge these as addresses of HOST",
    },
    { name: "resolve-now", help: "Resolve the name and judge its addresses" },
    { name: "json", help: "Print the answer as JSON" },
  ],
  wordLimits: [1, 1],
  run: async (line, io) => {
    const { policy } = await readPolicy(sourceOf(line, io));
    const method = (line.text("method") ?? "GET").toUpperCase();
    const answer = await checkRequest(
      policy,
      {
        url: line.words[0] ?? "",
        method,
        headers: line.list("header").map(readHeader),
        body: line.text("body"),
      },
      { ownAddresses: io.runtime.network.ownAddresses(), tool: "http_request" },
      resolverOf(line, io),
    );
    await io.stdout.write(line.isSet("json") ? `${JSON.stringify(answer)}\n` : words(answer));
    return answer.allow ? 0 : DENIED_STATUS;
  },
};

function readHeader(text: string): HeaderEntry {
  const colon = text.indexOf(":");
  if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1).trim()];
  throw new WeirError("USAGE_BAD_VALUE", `Flag --header cannot be ${JSON.stringify(text)}`, {
    hint: "Write --header NAME:VALUE",
  });
}

function resolverOf(line: AgentLine, { runtime }: Io): CheckResolver {
  const overrides = parseOverrides(line.list("resolve"));
  return (host, port) => {
    const listed = overrides.get(`${host}:${port}`) ?? overrides.get(host);
    if (listed !== undefined) return Promise.resolve(listed.map(toAddress));
    if (!line.isSet("resolve-now")) return undefined;
    // Whatever goes wrong, a call would be refused: no address is what the guard is told.
    return runtime.network.resolve(host).catch(() => []);
  };
}

function toAddress(address: string): Address {
  return { address, family: address.includes(":") ? 6 : 4 };
}

function words({ allow, ask, rule, reason, hint }: CheckAnswer): string {
  const verdict = allow ? "allowed" : ask ? "needs an approval" : "denied";
  const lines = [`${verdict} by ${rule}`, ...(reason === null ? [] : [`reason: ${reason}`])];
  const all = hint === null ? lines : [...lines, `hint: ${hint}`];
  return `${all.map(sanitizeText).join("\n")}\n`;
}
