import { sanitizeLine } from "../lib/base/sanitize.ts";
import type { PluginLog } from "../lib/hooks/index.ts";

/** Returns what a plugin logged, for a person, its name before each line; undefined for debugging. */
export function logLine({ plugin, level, text }: PluginLog): string | undefined {
  if (level === "debug") return undefined;
  const word = level === "info" ? "" : `${level === "warn" ? "warning" : level}: `;
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => `${plugin}: ${word}${sanitizeLine(line)}`).join("\n");
}
