import { WeirError } from "../lib/base/errors.ts";
import { nearestName } from "../lib/base/nearest.ts";
import type {
  Command,
  Invocation,
  RequestCommand,
  RequestInvocation,
  WordsCommand,
  WordsInvocation,
} from "./commands/command.ts";
import {
  COMMANDS,
  DEFAULT_COMMAND,
  findCommand,
  HELP_COMMAND,
  usageOf,
  VERSION_COMMAND,
} from "./commands/index.ts";
import { Flags, REQUEST_FLAGS } from "./flags.ts";
import type { FlagTable } from "./flags/table.ts";
import { type Tokens, tokenize } from "./tokenizer.ts";

/** A word of letters: a method, a command, or a host such as `localhost`. */
const WORD = /^[A-Za-z]+$/;
/** A method in capitals may have digits and hyphens, as M-SEARCH has. */
const CAPITALS = /^[A-Z][A-Z0-9_-]*$/;

/**
 * Returns what a command line asks for.
 *
 * The first word is a command if one has that name, else a method if something like a URL follows,
 * else a URL.
 *
 * @throws {WeirError} USAGE_* when it cannot be read
 */
export function resolveInvocation(argv: readonly string[]): Invocation {
  const own = findCommand(argv[0] ?? "");
  if (own?.takes === "words" && own.hasOwnFlags === true) {
    return { takes: "words", command: own, words: argv.slice(1), flags: new Flags() };
  }
  if (own?.takes === "words" && own.flags !== undefined) {
    return tabledInvocation(own, own.flags, argv.slice(1));
  }
  const { flags, words, plainCount }: Tokens = tokenize(argv);
  const [first, ...rest] = words;
  const command = plainCount > 0 ? findCommand(first ?? "") : undefined;
  if (flags.isSet("help")) return helpOn(command, flags);
  if (flags.isSet("version")) {
    return { takes: "words", command: VERSION_COMMAND, words: [], flags };
  }
  const hasUrl = command?.takes === "request" ? rest.length > 0 : words.length > 0;
  // -h belongs to --headers, which has no meaning here.
  const isHelp = flags.isSet("headers") && (!hasUrl || command?.takes === "words");
  if (isHelp) return helpOn(command, flags);
  if (command?.takes === "words") return wordsInvocation(command, rest, flags);
  if (command !== undefined) return commandRequest(command, rest, flags);
  if (plainCount > 0) refuseMisspelled(words);
  return plainRequest(words, flags);
}

/** A command whose flags are rows of its own table: `run`, `eval`. */
function tabledInvocation(
  command: WordsCommand,
  table: FlagTable,
  argv: readonly string[],
): Invocation {
  const end = argv.indexOf("--");
  const isShortHelp = argv.slice(0, end < 0 ? undefined : end).includes("-h");
  if (isShortHelp) return helpOn(command, new Flags(new Map([["headers", true]])));
  const { flags, words } = tokenize(argv, table);
  if (flags.isSet("help")) return helpOn(command, flags);
  if (flags.isSet("version")) {
    return { takes: "words", command: VERSION_COMMAND, words: [], flags };
  }
  return countedInvocation(command, words, flags);
}

function helpOn(command: Command | undefined, flags: Flags): Invocation {
  const words = command === undefined ? [] : [command.name];
  return { takes: "words", command: HELP_COMMAND, words, flags };
}

function wordsInvocation(
  command: WordsCommand,
  words: readonly string[],
  flags: Flags,
): Invocation {
  const foreign = flags.names().find((name) => REQUEST_FLAGS.find(name)?.isCommon !== true);
  if (foreign === undefined) return countedInvocation(command, words, flags);
  const isTaken = command.flags?.find(foreign) !== undefined;
  const usage = `Usage: ${usageOf(command)}`;
  throw new WeirError(
    "USAGE_UNKNOWN_FLAG",
    isTaken
      ? `Flag --${foreign} stands before the command ${command.name}`
      : `Command ${command.name} has no flag --${foreign}`,
    {
      hint: isTaken
        ? `Write it behind: weir ${command.name} … --${foreign}`
        : command === HELP_COMMAND
          ? `For the help on a flag write weir help ${foreign}`
          : usage,
      details: { flag: foreign },
    },
  );
}

function countedInvocation(
  command: WordsCommand,
  words: readonly string[],
  flags: Flags,
): WordsInvocation {
  const [least, most] = command.wordLimits;
  const hint = `Usage: ${usageOf(command)}`;
  if (words.length < least) {
    throw new WeirError("USAGE_MISSING_VALUE", `Command ${command.name} lacks a word`, {
      hint,
    });
  }
  const extra = words[most];
  if (extra === undefined) return { takes: "words", command, words, flags };
  throw new WeirError(
    "USAGE_BAD_VALUE",
    `Command ${command.name} has no use for ${JSON.stringify(extra)}`,
    { hint },
  );
}

/** A request by a named command: `get <url>` or `request <method> <url>`. */
function commandRequest(
  command: RequestCommand,
  words: readonly string[],
  flags: Flags,
): RequestInvocation {
  const [typed = "", ...rest] = words;
  const isTyped = command.method === undefined;
  const method = command.method ?? typed.toUpperCase();
  const [url, ...items] = isTyped ? rest : words;
  return { takes: "request", command, method, url: checkUrl(url, command), items, flags };
}

/** A request without a command: `[method] <url> [item ...]`. */
function plainRequest(words: readonly string[], flags: Flags): RequestInvocation {
  const command = DEFAULT_COMMAND;
  const [first, second, ...rest] = words;
  if (first !== undefined && isMethod(first, second)) {
    const url = checkUrl(second, command);
    return { takes: "request", command, method: first.toUpperCase(), url, items: rest, flags };
  }
  const url = checkUrl(first, command);
  return { takes: "request", command, method: undefined, url, items: words.slice(1), flags };
}

/** Says whether `word` is a method, judged by itself and by what follows it. */
function isMethod(word: string, following: string | undefined): boolean {
  if (following === undefined) {
    return CAPITALS.test(word) && COMMANDS.some((one) => "method" in one && one.method === word);
  }
  if (CAPITALS.test(word)) return true;
  // HTTPie and xh take the host of `localhost name=value` for a method.
  return WORD.test(word) && word !== "localhost" && !isItemLike(following);
}

/**
 * Says whether `text` reads as a request item rather than as a URL.
 *
 * Only what stands before the path counts: `host/a=b` is a URL, and so is `host:8080`.
 */
function isItemLike(text: string): boolean {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) || /^\[[0-9A-Fa-f.]*:/.test(text)) return false;
  const [head = ""] = text.split(/[/?#]/, 1);
  return /[=@;]/.test(head) || /.:(?!\d*$)/.test(head) || /^[^/?#]+:$/.test(text);
}

/** Throws when a word that would be a host is more likely a command that was misspelled. */
function refuseMisspelled(words: readonly string[]): void {
  const [word = "", following] = words;
  const isHost = following === undefined || isItemLike(following) || WORD.test(following);
  if (!isHost || !/^[a-z]+$/.test(word) || word === "localhost") return;
  const near = nearestName(
    word.slice(0, 40),
    COMMANDS.map((command) => command.name),
  );
  if (near === undefined) return;
  throw new WeirError("USAGE_UNKNOWN_COMMAND", `Unknown command ${word}`, {
    hint: `Did you mean weir ${near}? For a host of that name write ${word}/, for a method ${word.toUpperCase()}`,
    details: { command: word, nearest: near },
  });
}

function checkUrl(url: string | undefined, command: RequestCommand): string {
  const hint = `Usage: ${usageOf(command)}; weir help lists more`;
  if (url === undefined || url === "") {
    const message = url === "" ? "The URL is empty" : "No URL given";
    throw new WeirError("USAGE_MISSING_VALUE", message, { hint });
  }
  const isUrl = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(url) || !/^[^/?#]*=/.test(url);
  if (isUrl) return url;
  throw new WeirError("USAGE_MISSING_VALUE", `No URL given: ${url} is a request item`, { hint });
}
