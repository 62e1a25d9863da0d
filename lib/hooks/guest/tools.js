// oq.* (data formats), log.*, print and console.*.
(function tools(internals) {
  const { host, parse, stringify } = internals;
  const { freeze } = Object;

  function ask(action, ...args) {
    return parse(host("oq", 0, stringify([action, ...args])));
  }

  function print(value) {
    if (typeof value === "string") return value;
    // The stack of this engine does not begin with the message.
    if (value instanceof Error) return `${value}\n${value.stack ?? ""}`.trim();
    try {
      return stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }

  const say =
    (level) =>
    (...values) =>
      void host("log", level, values.map(print).join(" "));

  const oq = freeze({
    parse(text) {
      if (typeof text !== "string") throw new TypeError("oq.parse() takes text");
      try {
        // JSON by far most often, and the engine's own parser needs no way out of the sandbox.
        return parse(text);
      } catch {
        return ask("parse", text);
      }
    },
    parse_as: (text, format) => ask("parse_as", String(text), String(format)),
    detect: (text) => ask("detect", String(text)),
    json: (value) => stringify(value),
    json_pretty: (value) => stringify(value, null, 2),
    yaml: (value) => ask("write", value, "yaml"),
    toml: (value) => ask("write", value, "toml"),
    convert: (value, format) =>
      typeof value === "string"
        ? ask("convert", value, String(format))
        : ask("write", value, String(format)),
    query: (value, path) => ask("query", value, String(path)),
    null: null,
  });
  const log = freeze({ debug: say(0), info: say(1), warn: say(2), error: say(3) });
  return {
    oq,
    log,
    print: say(1),
    console: freeze({ debug: say(0), log: say(1), info: say(1), warn: say(2), error: say(3) }),
  };
});
