import type { Intent, Journal } from "./journal.ts";

/** A journal that ends with this process, and so keeps only what is under way. */
export interface MemoryJournal extends Journal {
  /** Returns the requests that were sent and not answered yet, the oldest first. */
  open(): readonly Intent[];
}

const DONE: Promise<void> = Promise.resolve();

/** Returns a journal in memory; it stays as small as what is in flight, however long the run is. */
export function createMemoryJournal(): MemoryJournal {
  const intents = new Map<number, Intent>();
  let count = 0;
  return {
    intent(intent) {
      count += 1;
      intents.set(count, intent);
      return count;
    },
    complete(intent) {
      intents.delete(intent);
      return undefined;
    },
    page: () => DONE,
    // Nobody will ask for the value a second time: a name is used once in a process.
    value: (_, make) => make(),
    iteration: () => DONE,
    open: () => [...intents.values()],
  };
}
