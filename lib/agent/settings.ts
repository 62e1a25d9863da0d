import { pluginShape } from "../hooks/settings.ts";
import { flag, integer, json, number, text } from "../config/scalars.ts";
import { list, map, optional, table } from "../config/combine.ts";

const rule = table({
  host: text(),
  methods: optional(list(text())),
  paths: optional(list(text())),
  schemes: optional(list(text())),
  action: optional(text()),
  reason: optional(text()),
  credential: optional(text()),
});

const quota = table({
  requests_per_minute: optional(integer()),
  requests: optional(integer()),
  bytes: optional(integer()),
  concurrent: optional(integer()),
});

/** The shape of `[http_request]`; ranges and entries are judged by the guard. */
const httpRequestShape = table({
  enabled: optional(flag()),
  allowed_domains: optional(list(text())),
  allowed_private: optional(list(text())),
  max_response_size: optional(integer()),
  timeout_secs: optional(number()),
  connect_timeout_secs: optional(number()),
  max_timeout_secs: optional(number()),
  max_redirects: optional(integer()),
  inline_max: optional(integer()),
  rule: optional(list(rule)),
  secrets: optional(map(text())),
  quota: optional(quota),
});

/** The shape of `[proxy]`. */
const proxyShape = table({
  enabled: optional(flag()),
  http_proxy: optional(text()),
  https_proxy: optional(text()),
  all_proxy: optional(text()),
  no_proxy: optional(list(text())),
  trusted: optional(flag()),
});

/** The shape of `[security]`. */
const securityShape = table({
  keychain_commands: optional(flag()),
  tool_policy: optional(table({ default: optional(text()), tools: optional(map(text())) })),
  approval: optional(
    table({
      timeout_secs: optional(number({ min: 0 })),
      on_timeout: optional(text({ choices: ["deny"] })),
      in_band: optional(flag()),
    }),
  ),
});

/** The shape of `[audit]`. */
const auditShape = table({
  enabled: optional(flag()),
  path: optional(text({ pattern: /./ })),
  max_bytes: optional(integer({ min: 1000 })),
  keep: optional(integer({ min: 1, max: 1000 })),
  key: optional(text({ pattern: /./ })),
});

/** The shape of `[identity]`. */
const identityShape = table({
  services: optional(list(text())),
  claims: optional(map(json())),
});

/** The sections an agent reads. */
export const AGENT_SECTIONS = {
  http_request: httpRequestShape,
  proxy: proxyShape,
  security: securityShape,
  audit: auditShape,
  identity: identityShape,
  keychain: map(json()),
  plugin: pluginShape,
} as const;
