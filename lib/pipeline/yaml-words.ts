import type { YAMLError } from "yaml";
import type { Complaint } from "./source.ts";

type Words = Pick<Complaint, "message" | "hint">;

/** What the codes of the YAML parser mean for a person; a code without a row keeps its own words. */
const WORDS: Readonly<Partial<Record<YAMLError["code"], Words>>> = {
  DUPLICATE_KEY: { message: "The key stands twice in this map", hint: "Remove one of the two" },
  TAB_AS_INDENT: { message: "A tab is used to indent", hint: "Indent with spaces" },
  MULTIPLE_DOCS: {
    message: "The file holds more than one YAML document",
    hint: "Keep each pipeline in a file of its own, without ---",
  },
  TAG_RESOLVE_FAILED: {
    message: "The tag is not known",
    hint: "Remove it, or quote a text that begins with !",
  },
  BAD_ALIAS: {
    message: "The alias cannot be read",
    hint: "Quote a text that begins with * or &",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "A map begins on the line of another key",
    hint: 'Quote a text that holds ": ", or begin the map on the next line',
  },
  BAD_INDENT: { message: "The indentation is wrong", hint: "Indent the keys of one map alike" },
  BAD_SCALAR_START: {
    message: "A text begins with a character that YAML keeps for itself",
    hint: "Quote the text",
  },
  MISSING_CHAR: {
    message: "A quote, bracket or comma is missing",
    hint: "Close what was opened before this line",
  },
  KEY_OVER_1024_CHARS: { message: "The key is longer than 1,024 characters", hint: "Shorten it" },
};

const QUOTE: Words = {
  message: "A template that is not quoted cannot be read as YAML",
  hint: 'Quote the whole text: "{{ … }}"',
};

/** Returns what is wrong with a file the YAML parser refused, and at which offset. */
export function yamlComplaint(
  { code, message, pos }: YAMLError,
  text: string,
): Words & { readonly offset: number } {
  const bare = bareTemplate(text, pos[0]);
  if (bare !== undefined) return { ...QUOTE, offset: bare };
  const tab = code === "UNEXPECTED_TOKEN" ? tabIndent(text, pos[0]) : undefined;
  const words = WORDS[tab === undefined ? code : "TAB_AS_INDENT"] ?? {
    message: `The YAML cannot be read: ${message.replace(/\.$/, "")}`,
    hint: "Check the indentation, and quote texts with special characters",
  };
  return { ...words, offset: tab ?? pos[0] };
}

/** Returns where the line of `offset` begins when it begins with a tab. */
function tabIndent(text: string, offset: number): number | undefined {
  const start = text.lastIndexOf("\n", Math.max(0, offset - 1)) + 1;
  const found = /^ *(?=\t)/.exec(text.slice(start, start + 200));
  return found === null ? undefined : start + found[0].length;
}

/** Returns where a value of the line of `offset` begins with the braces of a template. */
function bareTemplate(text: string, offset: number): number | undefined {
  const start = text.lastIndexOf("\n", Math.max(0, offset - 1)) + 1;
  const [line = ""] = text.slice(start, start + 2000).split("\n", 1);
  const found = /(?:^|[:[,-]\s*)(?=\{[{%])/.exec(line);
  return found === null ? undefined : start + found.index + found[0].length;
}
