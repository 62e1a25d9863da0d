// Header lines as lists, for headers_all.
(function lists() {
  const { entries, fromEntries, hasOwn } = Object;

  // Returns a list a name; `repeated` holds those of more than one line.
  return function listsOf(headers, repeated = {}) {
    const listOf = (name, value) => (hasOwn(repeated, name) ? repeated[name] : [value]);
    return fromEntries(entries(headers).map(([name, value]) => [name, listOf(name, value)]));
  };
});
