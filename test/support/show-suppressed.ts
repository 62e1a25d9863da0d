// bun 1.4 prints a SuppressedError as an empty line, so a failed assertion would be hidden by the
// complaint of a server that closes after it; drop when bun shows both.
Object.defineProperty(SuppressedError.prototype, "message", {
  configurable: true,
  get(this: SuppressedError): string {
    return `${Bun.inspect(this.error)}\nraised while this one was on its way:\n${Bun.inspect(this.suppressed)}`;
  },
});
