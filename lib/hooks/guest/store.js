// ctx.store, kept for the run, and ctx.storage, kept across runs.
(function store({ host, operate, parse, stringify, settings }) {
  function textOf(value, what) {
    const text = stringify(value);
    if (text === undefined) throw new TypeError(`${what} holds JSON values only`);
    return text;
  }

  // As many characters as the host keeps: what it would refuse must not look kept.
  const CAP = 256 * 1024;
  let held;
  let size = 0;

  // Not before the plugin is loaded, which is when the host says what it held.
  function all() {
    if (held !== undefined) return held;
    held = new Map(Object.entries(settings().store));
    for (const key of held.keys()) size += sizeOf(key);
    return held;
  }

  function sizeOf(key) {
    return held.has(key) ? key.length + held.get(key).length : 0;
  }

  class Store {
    get(key) {
      const text = all().get(String(key));
      return text === undefined ? undefined : parse(text);
    }

    has(key) {
      return all().has(String(key));
    }

    set(name, value) {
      const key = String(name);
      const text = textOf(value, "ctx.store");
      const texts = all();
      const next = size - sizeOf(key) + key.length + text.length;
      if (next > CAP) throw new RangeError("ctx.store is full: it holds 256 Ki characters");
      host("store", 0, stringify([key, text]));
      texts.set(key, text);
      size = next;
    }

    delete(name) {
      const key = String(name);
      const texts = all();
      host("store", 0, stringify([key]));
      size -= sizeOf(key);
      return texts.delete(key);
    }

    keys() {
      return [...all().keys()];
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
