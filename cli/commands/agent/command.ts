import type { Io } from "../../io.ts";
import type { AgentFlag, AgentLine } from "./options.ts";

/** One word after `weir agent`. */
export interface AgentCommand {
  readonly name: string;
  /** One line for the help; no final period. */
  readonly summary: string;
  readonly usage: string;
  readonly flags: readonly AgentFlag[];
  /** How many words it takes. */
  readonly wordLimits: readonly [least: number, most: number];
  readonly run: (line: AgentLine, io: Io) => Promise<number>;
}
