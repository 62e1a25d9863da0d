import { parseSize } from "../../../lib/base/sizes.ts";
import { parseCharset } from "../../../lib/render/charset.ts";
import { parseStyle } from "../../../lib/render/color.ts";
import type { RenderOptions } from "../../../lib/render/options.ts";
import {
  DEFAULT_FORMAT_OPTIONS,
  defaultPretty,
  parseFormatOptions,
  parsePretty,
} from "../../../lib/render/pretty.ts";
import { defaultPrint, parsePrint, type PrintParts } from "../../../lib/render/print.ts";
import type { Flags } from "../../flags.ts";

/** Where the output of a request goes. */
export interface OutputFacts {
  /** False when a file or a pipe gets it. */
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
}

/**
 * Returns how an exchange is printed, as the flags say.
 *
 * @throws {WeirError} USAGE_BAD_VALUE
 */
export function renderOptions(flags: Flags, facts: OutputFacts): RenderOptions {
  const charset = flags.text("response-charset");
  const pretty = flags.text("pretty");
  return {
    print: printParts(flags, facts.isTerminal),
    pretty:
      pretty === undefined
        ? defaultPretty({
            isTerminal: facts.isTerminal,
            color: facts.isColoured ? "always" : "never",
          })
        : parsePretty(pretty),
    style: parseStyle(flags.text("style")),
    formatOptions: flags
      .list("format-options")
      .reduce((options, text) => parseFormatOptions(text, options), DEFAULT_FORMAT_OPTIONS),
    isTerminal: facts.isTerminal,
    responseCharset: charset === undefined ? undefined : parseCharset(charset),
    responseMime: flags.text("response-mime"),
    isStreamed: flags.isSet("stream"),
    showAll: flags.isSet("all") || flags.count("verbose") > 0,
    maxBodyBytes: parseSize(flags.text("max-body"), "USAGE_BAD_VALUE"),
  };
}

function printParts(flags: Flags, isTerminal: boolean): PrintParts {
  if (flags.count("quiet") > 0) return parsePrint("");
  const typed = flags.text("print");
  if (typed !== undefined) return parsePrint(typed);
  return defaultPrint({
    isTerminal,
    isOffline: flags.isSet("offline"),
    verbosity: flags.count("verbose"),
    only: onlyPart(flags),
  });
}

function onlyPart(flags: Flags): "headers" | "body" | "meta" | undefined {
  if (flags.isSet("headers")) return "headers";
  if (flags.isSet("body")) return "body";
  return flags.isSet("meta") ? "meta" : undefined;
}
