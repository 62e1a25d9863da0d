import { Alias, type Document, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { WeirError } from "../base/errors.ts";
import type { Complaint } from "./source.ts";

/** Deeper than any file a person wrote. */
const DEPTH_LIMIT = 100;
/** Nodes that aliases may repeat in all: a small file must not become a large one. */
const REPEATED_LIMIT = 10_000;

type Refuse = (node: Node | undefined, complaint: Complaint) => WeirError;

/** Turns the nodes of one document into data. */
class Reader {
  readonly #document: Document;
  readonly #refuse: Refuse;
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #repeated = 0;

  constructor(document: Document, refuse: Refuse) {
    this.#document = document;
    this.#refuse = refuse;
  }

  read(node: Node | null | undefined): unknown {
    if (node === null || node === undefined) return null;
    if (node instanceof Alias) return this.#alias(node);
    this.#count(node);
    if (isScalar(node)) return this.#scalar(node, node.value, node.source);
    this.#open.add(node);
    if (this.#open.size > DEPTH_LIMIT)
      throw this.#refuse(node, {
        message: `The file nests deeper than ${DEPTH_LIMIT} levels`,
        hint: "Make it nest less deeply",
      });
    const data = this.#collection(node);
    this.#open.delete(node);
    return data;
  }

  #collection(node: Node): unknown {
    // Children of parsed collections are nodes or null, which the types do not say.
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null));
    if (isMap(node)) return Object.fromEntries(node.items.map((pair) => this.#entry(pair, node)));
    throw this.#refuse(node, {
      message: "This kind of YAML node has no meaning here",
      hint: "Write a map, a list, a text, a number, true, false or null",
    });
  }

  #entry({ key, value }: Pair, parent: Node): readonly [string, unknown] {
    // As above: keys and values of a parsed document are nodes or null.
    const node = key as Node | null;
    if (isMap(node) && node.flow === true)
      throw this.#refuse(parent, {
        message: "A template that is not quoted is read as a map by YAML",
        hint: 'Quote the template: "{{ … }}"',
      });
    const name = isScalar(node) ? node.value : undefined;
    if (name === "<<" && (value instanceof Alias || isMap(value) || isSeq(value)))
      throw this.#refuse(node ?? undefined, {
        message: "Merge keys (<<) are no part of YAML 1.2",
        hint: "Write the keys out",
      });
    if (typeof name !== "string" && typeof name !== "number" && typeof name !== "boolean")
      throw this.#refuse(node ?? undefined, {
        message: "The key of a map must be text",
        hint: "Write KEY: VALUE, the key in quotes when it has special characters",
      });
    return [String(name), this.read(value as Node | null)];
  }

  #alias(node: Alias): unknown {
    const target = node.resolve(this.#document);
    if (target === undefined)
      throw this.#refuse(node, {
        message: `No anchor before this is named ${node.source.slice(0, 60)}`,
        hint: `Write &${node.source.slice(0, 60)} before the value it stands for, or quote a text that begins with *`,
      });
    if (this.#open.has(target))
      throw this.#refuse(node, {
        message: `The anchor ${node.source.slice(0, 60)} contains itself`,
        hint: "Write the value out",
      });
    this.#aliasDepth += 1;
    const data = this.read(target);
    this.#aliasDepth -= 1;
    return data;
  }

  #count(node: Node): void {
    if (this.#aliasDepth === 0) return;
    this.#repeated += 1;
    if (this.#repeated > REPEATED_LIMIT)
      throw this.#refuse(node, {
        message: `Aliases repeat more than ${REPEATED_LIMIT} nodes`,
        hint: "Write the values out, or loop over them",
      });
  }

  #scalar(node: Node, value: unknown, source: string | undefined): unknown {
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value !== "number" || !Number.isFinite(value))
      throw this.#refuse(node, {
        message: "This value has no JSON form",
        hint: "Quote it if a text is meant",
      });
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source ?? ""))
      throw this.#refuse(node, {
        message: "This number has more digits than weir can keep",
        hint: "Quote it: as text it keeps all of them",
      });
    return value;
  }
}

/**
 * Returns the data of a document: maps have no prototype to look through, aliases are followed.
 *
 * @param refuse makes the error of a node
 * @throws what `refuse` returns
 */
export function plainData(document: Document, refuse: Refuse): unknown {
  return new Reader(document, refuse).read(document.contents);
}
