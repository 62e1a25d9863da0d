// ctx.store, kept for the run, and ctx.storage, kept across runs.
(function store({ host, operate, parse, stringify, settings }) {
  function textOf(value, what) {
    const text = stringify(value);
    if (text === undefined) throw new TypeError(`${what} holds JSON values only`);
    return text;
  }

  // As many characters as the host keeps: what it would refuse must not look kept.
  const CAP = 256 * 1024;

  class Store {
    #held = new Map(Object.entries(settings().store));
    #size = [...this.#held].reduce((size, [key, text]) => size + key.length + text.length, 0);

    get(key) {
      const text = this.#held.get(String(key));
      return text === undefined ? undefined : parse(text);
    }

    has(key) {
      return this.#held.has(String(key));
    }

    #sizeOf(key) {
      return this.#held.has(key) ? key.length + this.#held.get(key).length : 0;
    }

    set(name, value) {
      const key = String(name);
      const text = textOf(value, "ctx.store");
      const size = this.#size - this.#sizeOf(key) + key.length + text.length;
      if (size > CAP) throw new RangeError("ctx.store is full: it holds 256 Ki characters");
      host("store", 0, stringify([key, text]));
      this.#held.set(key, text);
      this.#size = size;
    }

    delete(name) {
      const key = String(name);
      host("store", 0, stringify([key]));
      this.#size -= this.#sizeOf(key);
      return this.#held.delete(key);
    }

    keys() {
      return [...this.#held.keys()];
    }
  }

  const ask = async (action, args) => (await operate("storage", { action, ...args })).value;
  const storage = Object.freeze({
    get: async (key) => {
      const text = await ask("get", { key: String(key) });
      return text === null ? undefined : parse(text);
    },
    set: async (key, value) => {
      await ask("set", { key: String(key), value: textOf(value, "ctx.storage") });
    },
    delete: (key) => ask("delete", { key: String(key) }),
    keys: () => ask("keys", {}),
  });
  return { store: new Store(), storage };
});
