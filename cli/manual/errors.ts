import { ERRORS } from "../../lib/base/errors.ts";
import { fillText } from "../layout.ts";
import intro from "./errors.md" with { type: "text" };

/** Returns the page on errors: what one looks like, then every code by exit status. */
export function errorsPage(): string {
  const kinds = Object.entries(ERRORS);
  const statuses = [...new Set(kinds.map(([, { exit }]) => exit))].sort((a, b) => a - b);
  const groups = statuses.map((status) => {
    const rows = kinds.filter(([, { exit }]) => exit === status);
    const lines = rows.map(([code, { summary, retryable }]) => {
      const again = retryable ? " (may pass when sent again)" : "";
      return `${code}\n${fillText(`${summary}${again}`, 4)}`;
    });
    return `## Exit status ${status}\n\n${lines.join("\n")}`;
  });
  return `${intro}\n${groups.join("\n\n")}\n`;
}
