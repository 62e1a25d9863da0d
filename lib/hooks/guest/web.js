// Parts of the web platform that the engine lacks; parsing and coding is the host's.
(function web(internals) {
  const { host, operate, part, parse, stringify } = internals;
  const { bytesOf, bodyOf } = part("body");
  const { freeze } = Object;

  class URLSearchParams {
    #pairs;
    #changed;

    constructor(init = "", changed = () => undefined) {
      this.#changed = changed;
      if (typeof init === "string") this.#pairs = parse(host("query", 0, init));
      else if (Symbol.iterator in init) {
        this.#pairs = [...init].map(([name, value]) => [String(name), String(value)]);
      } else this.#pairs = Object.entries(init).map(([name, value]) => [name, String(value)]);
    }

    get size() {
      return this.#pairs.length;
    }

    append(name, value) {
      this.#pairs.push([String(name), String(value)]);
      this.#changed(this.toString());
    }

    delete(name) {
      this.#pairs = this.#pairs.filter(([one]) => one !== String(name));
      this.#changed(this.toString());
    }

    get(name) {
      return this.#pairs.find(([one]) => one === String(name))?.[1] ?? null;
    }

    getAll(name) {
      return this.#pairs.filter(([one]) => one === String(name)).map(([, value]) => value);
    }

    has(name) {
      return this.#pairs.some(([one]) => one === String(name));
    }

    set(name, value) {
      const at = this.#pairs.findIndex(([one]) => one === String(name));
      const rest = this.#pairs.filter(([one]) => one !== String(name));
      rest.splice(at < 0 ? rest.length : at, 0, [String(name), String(value)]);
      this.#pairs = rest;
      this.#changed(this.toString());
    }

    sort() {
      this.#pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
      this.#changed(this.toString());
    }

    forEach(task, self) {
      for (const [name, value] of this.#pairs) task.call(self, value, name, this);
    }

    *entries() {
      for (const [name, value] of this.#pairs) yield [name, value];
    }

    *keys() {
      for (const [name] of this.#pairs) yield name;
    }

    *values() {
      for (const [, value] of this.#pairs) yield value;
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    toString() {
      return host("form", 0, stringify(this.#pairs));
    }
  }

  class URL {
    #parts;
    #params;

    constructor(url, base) {
      const args = base === undefined ? [String(url)] : [String(url), String(base)];
      this.#take(host("url", 0, stringify(args)));
    }

    static canParse(url, base) {
      return URL.parse(url, base) !== null;
    }

    static parse(url, base) {
      try {
        return new URL(url, base);
      } catch {
        return null;
      }
    }

    #take(text) {
      if (text === undefined) throw new TypeError("Invalid URL");
      this.#parts = parse(text);
    }

    #put(name, value) {
      this.#take(host("url-set", 0, stringify([this.#parts.href, name, String(value)])));
      if (name === "search" || name === "href") this.#params = undefined;
    }

    static {
      const names = [
        "href",
        "protocol",
        "username",
        "password",
        "host",
        "hostname",
        "port",
        "pathname",
        "search",
        "hash",
      ];
      for (const name of names) {
        Object.defineProperty(URL.prototype, name, {
          enumerable: true,
          get() {
            return this.#parts[name];
          },
          set(value) {
            this.#put(name, value);
          },
        });
      }
    }

    get origin() {
      return this.#parts.origin;
    }

    get searchParams() {
      this.#params ??= new URLSearchParams(this.#parts.search, (text) => {
        this.#take(host("url-set", 0, stringify([this.#parts.href, "search", text])));
      });
      return this.#params;
    }

    toString() {
      return this.#parts.href;
    }

    toJSON() {
      return this.#parts.href;
    }
  }
  class TextEncoder {
    get encoding() {
      return "utf-8";
    }

    encode(text = "") {
      return new Uint8Array(host("utf8", 0, "", String(text)));
    }
  }

  class TextDecoder {
    #isFatal;

    constructor(label = "utf-8", { fatal = false } = {}) {
      if (!/^utf-?8$/i.test(label)) throw new RangeError("TextDecoder knows utf-8 only");
      this.#isFatal = fatal;
    }

    get encoding() {
      return "utf-8";
    }

    decode(value = new ArrayBuffer(0)) {
      const bytes = bytesOf(value);
      if (bytes === undefined) throw new TypeError("TextDecoder takes bytes");
      const text = host("text", this.#isFatal ? 1 : 0, "", bytes);
      if (text === undefined) throw new TypeError("The bytes are not UTF-8");
      return text;
    }
  }

  function copy(value, seen) {
    if (typeof value === "function" || typeof value === "symbol") {
      throw new TypeError(`A ${typeof value} cannot be cloned`);
    }
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (made) => {
      seen.set(value, made);
      return made;
    };
    if (value instanceof Date) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (value instanceof ArrayBuffer) return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) return keep(new value.constructor(value));
    if (value instanceof Error) return keep(new value.constructor(value.message));
    if (value instanceof Map) {
      const made = keep(new Map());
      for (const [key, item] of value) made.set(copy(key, seen), copy(item, seen));
      return made;
    }
    if (value instanceof Set) {
      const made = keep(new Set());
      for (const item of value) made.add(copy(item, seen));
      return made;
    }
    const made = keep(Array.isArray(value) ? [] : {});
    for (const key of Object.keys(value)) made[key] = copy(value[key], seen);
    return made;
  }

  const timers = new Set();
  let lastTimer = 0;

  function setTimeout(task, delayMs = 0, ...args) {
    if (typeof task !== "function") throw new TypeError("setTimeout() takes a function");
    const id = ++lastTimer;
    timers.add(id);
    const fire = () => {
      if (timers.delete(id)) task(...args);
    };
    operate("timer", { delayMs: Number(delayMs) || 0 })
      .then(fire)
      .catch((thrown) => {
        const { message, stack } = Object(thrown);
        host("log", 3, `setTimeout: ${message}\n${stack}`);
      });
    return id;
  }

  function clearTimeout(id) {
    timers.delete(id);
  }

  /** Digests through the host; keys and data are text or bytes, answers are hex or base64. */
  async function digest(name, args, data, key) {
    const { kind, content } = bodyOf(data);
    if (kind === "none") throw new TypeError("There is nothing to digest");
    const bytes = kind === "bytes" ? content : host("utf8", 0, "", content);
    const keyBytes = bytesOf(key);
    const keyText = keyBytes === undefined ? key : host("to-base64", 0, "", keyBytes);
    const keyKind = keyBytes === undefined ? "text" : "base64";
    const given = key === undefined ? {} : { key: String(keyText), keyKind };
    return (await operate(name, { ...args, ...given }, bytes)).value;
  }

  const crypto = freeze({
    randomUUID: () => host("uuid", 0, ""),
    hash: (algorithm, data, encoding = "hex") => digest("hash", { algorithm, encoding }, data),
    hmac: (algorithm, key, data, encoding = "hex") =>
      digest("hmac", { algorithm, encoding }, data, key),
  });

  return {
    URL,
    URLSearchParams,
    TextEncoder,
    TextDecoder,
    setTimeout,
    clearTimeout,
    crypto,
    structuredClone: (value) => copy(value, new Map()),
    queueMicrotask: (task) => void Promise.resolve().then(task),
    btoa: (text) => host("btoa", 0, "", String(text)),
    atob: (text) => host("atob", 0, String(text)),
  };
});
