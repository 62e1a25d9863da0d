// Runs inside the sandbox before the plugin, as an expression: a function of `host`, the only way
// out, and of the settings of this plugin. What a plugin does to the globals afterwards reaches
// nothing but itself: the other side takes every word from here for an attacker's.
(function bootstrap(host, settingsText) {
  "use strict";
  const { parse, stringify } = JSON;
  const { defineProperty, freeze, keys } = Object;
  const isView = (value) => ArrayBuffer.isView(value);
  const settings = parse(settingsText);
  const waiting = new Map();
  const handlers = [];
  const hooks = [];
  let isLoading = true;
  let exported;

  /** Returns an object as JSON, also where somebody gave every object a toJSON of his own. */
  function wrap(fields) {
    return stringify({ __proto__: null, ...fields });
  }

  /** Says where in the plugin's own files the caller stands: "file:line:column". */
  function whereOf(stack) {
    const lines = String(stack).split("\n");
    const own = lines.find((line) => /:\d+\)?$/.test(line) && !line.includes("weir:"));
    const found = /(?:^|[\s(])([^\s():<>]+:\d+(?::\d+)?)\)?$/.exec(own ?? "");
    return found === null ? "" : found[1];
  }

  /** Returns what describes a thrown value, whatever it is. */
  function describe(thrown) {
    try {
      if (typeof thrown !== "object" || thrown === null) return { message: String(thrown) };
      const { name, message, stack, code } = thrown;
      return {
        name: String(name),
        message: String(message),
        stack: String(stack).slice(0, 4000),
        ...(typeof code === "string" ? { code } : {}),
      };
    } catch {
      return { message: "a value that cannot be described" };
    }
  }

  /** Returns the bytes of a body as an ArrayBuffer of its own, or undefined when it holds none. */
  function bytesOf(value) {
    if (value instanceof ArrayBuffer) return value;
    if (!isView(value)) return undefined;
    return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
  }

  function bytesWithNul(text) {
    const parts = text.split("\0").map((part) => new Uint8Array(host("utf8", 0, part)));
    const size = parts.reduce((sum, part) => sum + part.byteLength + 1, -1);
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.byteLength + 1;
    }
    return whole.buffer;
  }

  /** Returns kind and content of a body: text, bytes, or anything else as JSON. */
  function bodyOf(value) {
    if (value === undefined || value === null) return { kind: "none" };
    // The engine hands text to its host up to the first NUL.
    if (typeof value === "string" && value.includes("\0")) {
      return { kind: "bytes", content: bytesWithNul(value) };
    }
    if (typeof value === "string") return { kind: "text", content: value };
    const bytes = bytesOf(value);
    if (bytes !== undefined) return { kind: "bytes", content: bytes };
    const text = stringify(value);
    if (text === undefined) throw new TypeError("The body is neither text, bytes nor JSON");
    return { kind: "json", content: text };
  }

  /** Asks the host for something that takes time. */
  function operate(name, args, body) {
    return new Promise((resolve, reject) => {
      const id = host("op", 0, wrap({ name, args }), body);
      waiting.set(id, { resolve, reject });
    });
  }

  /** Called by the host with the answer to an operation. */
  function deliver(id, isGood, text, body) {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter === undefined) return;
    const value = parse(text);
    if (isGood) return void waiter.resolve({ value, body });
    const error = new Error(value.message);
    if (value.code !== undefined) error.code = value.code;
    waiter.reject(error);
  }

  function on(type, options, handler) {
    const run = handler === undefined ? options : handler;
    const { pattern, priority = 100, ...others } = handler === undefined ? {} : options;
    if (!isLoading) throw new Error("weir.on() works only while the plugin is loaded");
    if (typeof type !== "string" || !settings.events.includes(type)) {
      throw new TypeError(host("event", 0, String(type)));
    }
    if (typeof run !== "function") throw new TypeError(`The handler of ${type} is not a function`);
    if (pattern !== undefined && typeof pattern !== "string") {
      throw new TypeError("The option pattern is text with * and **");
    }
    if (typeof priority !== "number" || priority !== priority) {
      throw new TypeError("The option priority is a number; lower runs first");
    }
    const [unknown] = keys(others);
    if (unknown !== undefined) {
      throw new TypeError(`weir.on() has no option ${unknown}; it has pattern and priority`);
    }
    handlers.push(run);
    hooks.push({ type, pattern, priority, where: whereOf(new Error().stack) });
  }

  /** What a handler gets: plain fields, and a body that is fetched when somebody reads it. */
  class HookEvent {
    #call;
    #assigned;

    constructor(fields, call) {
      for (const name of keys(fields)) this[name] = fields[name];
      this.#call = call;
    }

    get body() {
      return this.#assigned;
    }

    set body(value) {
      this.#assigned = value;
    }

    async text() {
      const { kind, content } = bodyOf(this.#assigned);
      if (kind === "bytes") return host("text", 0, "", content);
      return kind === "none" ? this.#read("text") : content;
    }

    async bytes() {
      const { kind, content } = bodyOf(this.#assigned);
      if (kind === "none") return new Uint8Array(await this.#read("bytes"));
      return new Uint8Array(kind === "bytes" ? content : host("utf8", 0, content));
    }

    async json() {
      return parse(await this.text());
    }

    async #read(as) {
      const near = host("call-body", this.#call, as);
      if (near !== undefined) return near;
      return (await operate("body", { call: this.#call, as })).body;
    }
  }

  class Store {
    #held = new Map(Object.entries(settings.store));

    get(key) {
      const text = this.#held.get(String(key));
      return text === undefined ? undefined : parse(text);
    }

    has(key) {
      return this.#held.has(String(key));
    }

    set(key, value) {
      const text = stringify(value);
      if (text === undefined) throw new TypeError("ctx.store holds JSON values only");
      host("store", 0, stringify([String(key), text]));
      this.#held.set(String(key), text);
    }

    delete(key) {
      host("store", 0, stringify([String(key)]));
      return this.#held.delete(String(key));
    }

    keys() {
      return [...this.#held.keys()];
    }
  }

  const storage = freeze({
    get: async (key) => {
      const { value } = await operate("storage", { action: "get", key: String(key) });
      return value === null ? undefined : parse(value);
    },
    set: async (key, value) => {
      const text = stringify(value);
      if (text === undefined) throw new TypeError("ctx.storage holds JSON values only");
      await operate("storage", { action: "set", key: String(key), value: text });
    },
    delete: async (key) => (await operate("storage", { action: "delete", key: String(key) })).value,
    keys: async () => (await operate("storage", { action: "keys" })).value,
  });
  const store = new Store();

  function contextOf(fields) {
    return { ...fields, store, storage };
  }

  /** Tells the host what a handler returned; the host reads it as an attacker's. */
  function sendResult(call, value) {
    if (value === undefined || value === null) return void host("result", call, '{"kind":"none"}');
    if (typeof value !== "object") {
      return void host("result", call, wrap({ kind: "scalar", type: typeof value }));
    }
    const isReplacement = "type" in value;
    const answer = isReplacement ? undefined : value.respond;
    const isAnswer = typeof answer === "object" && answer !== null;
    const { kind, content } = bodyOf(isAnswer ? answer.body : value.body);
    const fields = isAnswer
      ? { __proto__: null, ...value, respond: { ...answer, body: undefined } }
      : { __proto__: null, ...value, body: undefined };
    host("result", call, wrap({ kind: "object", fields, body: kind }), content);
  }

  async function dispatch(call, at, eventText, contextText) {
    try {
      const event = new HookEvent(parse(eventText), call);
      sendResult(call, await handlers[at](event, contextOf(parse(contextText))));
    } catch (thrown) {
      host("failure", call, wrap(describe(thrown)));
    }
  }

  /** Loads the main module; its handlers are known when this ends. */
  async function load(call, main) {
    try {
      exported = await import(main);
      isLoading = false;
      const { plugin = null, default: status = null } = exported;
      const fields = { __proto__: null, manifest: plugin, hooks, status };
      host("result", call, wrap({ kind: "object", fields, body: "none" }));
    } catch (thrown) {
      host("failure", call, wrap(describe(thrown)));
    }
  }

  // Written for every plugin and used by few: their sources are read on first use.
  const internals = { host, operate, bodyOf, bytesOf, whereOf, describe, settings, on };
  const parts = new Map();
  function part(file) {
    if (!parts.has(file)) parts.set(file, host("part", 0, file)(internals, part));
    return parts.get(file);
  }
  function lazily(file, names) {
    for (const name of names) {
      defineProperty(globalThis, name, {
        configurable: true,
        get: () => part(file)[name],
        set: (value) =>
          void defineProperty(globalThis, name, { value, writable: true, configurable: true }),
      });
    }
  }
  lazily("http", ["http", "core"]);
  lazily("web", [
    "URL",
    "URLSearchParams",
    "TextEncoder",
    "TextDecoder",
    "atob",
    "btoa",
    "crypto",
    "structuredClone",
    "setTimeout",
    "clearTimeout",
    "queueMicrotask",
  ]);
  lazily("tools", ["oq", "log", "print", "console"]);
  const weir = freeze({
    on,
    secret: (name) => host("secret", 0, String(name)),
  });
  for (const name of ["weir", "crucible"]) defineProperty(globalThis, name, { value: weir });
  if (settings.args !== undefined) globalThis.args = freeze(settings.args);
  return { load, dispatch, deliver };
});
