// Runs inside the sandbox before the plugin, as an expression: a function of `host`, the only way
// out. What a plugin does to the globals afterwards reaches nothing but itself: the other side takes
// every word from here for an attacker's.
//
// What a plain hook does not need stands in parts, which the binary has in its snapshot. From source an
// engine that has just started reads all of it, some 2 ms a kilobyte, in the path of a first request.
(function bootstrap(host) {
  "use strict";
  const { parse, stringify } = JSON;
  const { assign, defineProperty, freeze, keys } = Object;
  const waiting = new Map();
  const handlers = [];
  const hooks = [];
  const parts = new Map();
  let settings;
  let isLoading = true;

  function part(file) {
    if (!parts.has(file)) parts.set(file, host("part", 0, file)(internals));
    return parts.get(file);
  }

  // Makes the parts before the plugin is there, which could put something of its own in their way.
  function prepare(files) {
    for (const file of files.split(" ")) part(file);
  }

  // Returns an object as JSON, also where somebody gave every object a toJSON of his own.
  function wrap(fields) {
    return stringify({ __proto__: null, ...fields });
  }

  // Asks the host for something that takes time.
  function operate(name, args, body) {
    return new Promise((resolve, reject) => {
      waiting.set(host("op", 0, wrap({ name, args }), body), { resolve, reject });
    });
  }

  // Called by the host with the answer to an operation.
  function deliver(id, isGood, text, body) {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter === undefined) return;
    const value = parse(text);
    if (isGood) waiter.resolve({ value, body });
    else waiter.reject(Object.assign(new Error(value.message), value));
  }

  function on(type, options, handler) {
    const run = handler ?? options;
    const { pattern, priority = 100, ...others } = handler === undefined ? {} : options;
    const isGood =
      isLoading &&
      settings.events.includes(type) &&
      typeof run === "function" &&
      typeof (pattern ?? "") === "string" &&
      Number.isFinite(priority) &&
      keys(others).length === 0;
    if (!isGood) part("failure").refuse({ type, run, pattern, priority, others, isLoading });
    handlers.push(run);
    hooks.push({ type, pattern, priority, stack: new Error().stack });
  }

  // Defines a property that is made when somebody reads it first.
  function lazily(target, name, enumerable, make) {
    const set = (value) =>
      void defineProperty(target, name, { value, writable: true, configurable: true, enumerable });
    const get = () => {
      const value = make();
      set(value);
      return value;
    };
    defineProperty(target, name, { get, set, configurable: true, enumerable });
  }

  // Gives a request the lists of its headers.
  function showLists(request) {
    const { headers, repeated } = request;
    delete request.repeated;
    lazily(request, "headers_all", true, () => part("lists")(headers, repeated));
  }

  // What a handler gets: plain fields, and what is fetched or made when somebody reads it.
  class HookEvent {
    #source;
    #call;
    #text;
    #lists;
    #body;

    constructor(fields, source, call, text) {
      assign(this, fields);
      this.#source = source;
      this.#call = call;
      this.#text = text;
      if (fields.repeated !== undefined) delete this.repeated;
      if (fields.request !== undefined) showLists(fields.request);
    }

    // Returns the lists of headers of an event, if somebody read or set them, and what it was made
    // of; undefined for what is no event.
    static traceOf(value) {
      if (!(#lists in value)) return undefined;
      const source = value.#source;
      return { lists: value.#lists, before: () => parse(source)[2] };
    }

    get headers_all() {
      if (this.#lists === undefined) {
        // As they came: those of the event may have been changed since.
        const [, , { headers, repeated }] = parse(this.#source);
        this.#lists = part("lists")(headers, repeated);
      }
      return this.#lists;
    }

    set headers_all(value) {
      this.#lists = value;
    }

    get body() {
      return this.#body;
    }

    set body(value) {
      this.#body = value;
    }

    async text() {
      if (this.#text !== undefined && this.#body === undefined) return this.#text;
      return part("body").read(this.#body, this.#call, "text");
    }

    async bytes() {
      if (this.#text === "" && this.#body === undefined) return new Uint8Array();
      return new Uint8Array(await part("body").read(this.#body, this.#call, "bytes"));
    }

    async json() {
      return parse(await this.text());
    }
  }

  function contextOf(fields) {
    return {
      ...fields,
      get store() {
        return part("store").store;
      },
      get storage() {
        return part("store").storage;
      },
    };
  }

  // Tells the host a failure, which ends the call: what is returned for it is not read.
  function fail(call, thrown) {
    host("failure", call, wrap(part("failure").describe(thrown)));
    return "";
  }

  // Returns what the handler returned, as the host reads it.
  async function dispatch(call, text, body) {
    try {
      const [, at, fields, context, isEmpty] = parse(text);
      const event = new HookEvent(fields, text, call, isEmpty ? "" : body);
      const value = await handlers[at](event, contextOf(context));
      return value === undefined || value === null ? "" : part("result").textOf(call, value);
    } catch (thrown) {
      return fail(call, thrown);
    }
  }

  // Loads the main module; its handlers are known when this ends.
  async function load(call, main, settingsText) {
    settings = parse(settingsText);
    if (settings.args !== undefined) globalThis.args = freeze(settings.args);
    try {
      const { plugin = null, default: status = null } = await import(main);
      isLoading = false;
      // JSON leaves a function out, and then a script that exports its main one would have done well.
      const said = typeof status === "function" ? "function" : status;
      const fields = { __proto__: null, manifest: plugin, hooks, status: said };
      return wrap({ kind: "object", fields, body: "none" });
    } catch (thrown) {
      return fail(call, thrown);
    }
  }

  const traceOf = (value) => HookEvent.traceOf(value);
  // With the JSON of the engine: the plugin may put its own in the place.
  const internals = { host, operate, part, parse, stringify, traceOf, settings: () => settings };
  const lazy = {
    http: "http core",
    web: "URL URLSearchParams TextEncoder TextDecoder atob btoa crypto structuredClone setTimeout clearTimeout queueMicrotask",
    tools: "oq log print console",
  };
  for (const file of keys(lazy)) {
    for (const name of lazy[file].split(" ")) {
      lazily(globalThis, name, false, () => part(file)[name]);
    }
  }
  const weir = freeze({ on, secret: (name) => host("secret", 0, String(name)) });
  for (const name of ["weir", "crucible"]) defineProperty(globalThis, name, { value: weir });
  return { load, dispatch, deliver, prepare };
});
