import { isAscii, isUtf8 } from "node:buffer";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type BorrowedHeapCharPointer,
  type ContextOptions,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
} from "quickjs-emscripten";
import { readAsset } from "../../runtime/assets.ts";
import { restore, type Snapshot } from "./snapshot.ts";

/** A QuickJS with memory of its own. */
export interface Engine {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly memory: WebAssembly.Memory;
  /** What it goes on from; undefined when it has just started. */
  readonly snapshot: Snapshot | undefined;
}

/** Bytes of native stack. With 64 KiB deeply nested source broke out into a host error. */
const STACK_BYTES = 32 * 1024;

/** Pages of 64 KiB the engine needs to start. */
const FIRST_PAGES = 256;
const PAGES_PER_MB = 16;

/** Emscripten writes the path of the program into the memory, in front of all else. */
const PROGRAM: object = { thisProgram: "weir" };

let compiled: WebAssembly.Module | undefined;

/**
 * Returns an engine whose whole memory is capped.
 *
 * The cap is that of `WebAssembly.Memory`: the engine's own limit bounds single allocations only.
 *
 * @param snapshot what to go on from, where it fits; else the engine starts anew
 */
export async function createEngine(memoryMb: number, snapshot?: Snapshot): Promise<Engine> {
  compiled ??= new WebAssembly.Module(readAsset("quickjs.wasm"));
  const memory = new WebAssembly.Memory({
    initial: FIRST_PAGES,
    maximum: Math.max(FIRST_PAGES, memoryMb * PAGES_PER_MB),
  });
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(variant, { wasmModule: compiled, wasmMemory: memory, emscriptenModule: PROGRAM }),
  );
  const runtime = quickjs.newRuntime();
  runtime.setMaxStackSize(STACK_BYTES);
  // The same steps lead to the same place; what lies elsewhere cannot be gone on from.
  const fitting = runtime["rt"].value === snapshot?.pointers.runtime ? snapshot : undefined;
  if (fitting !== undefined) restore(fitting, memory);
  // The types of the package give a pointer to a context a brand of its own.
  const contextPointer = fitting?.pointers.context as ContextOptions["contextPointer"];
  const context = runtime.newContext(contextPointer === undefined ? {} : { contextPointer });
  hasten(context);
  return { runtime, context, memory, snapshot: fitting };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * quickjs-emscripten 0.32: text goes into the engine letter by letter in JavaScript, 40 ms for 10 MB.
 * The platform takes 4. Drop when the package calls encodeInto itself.
 */
function hasten(context: QuickJSContext): void {
  const module = context["module"];
  module.lengthBytesUTF8 = (text) => Buffer.byteLength(text);
  module.stringToUTF8 = (text, pointer, capBytes = 0) => {
    // Nothing allocates here but the engine, and its memory is the plugin's.
    if (pointer === 0) throw outOfMemory();
    const end = Math.max(pointer, pointer + capBytes - 1);
    const { written } = encoder.encodeInto(text, module.HEAPU8.subarray(pointer, end));
    module.HEAPU8[pointer + written] = 0;
  };
}

/** Marks text as UTF-8; the platform's decoder leaves it out. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** Returns UTF-8 as text of the engine; what is not UTF-8 in it is replaced. */
export function textIn(context: QuickJSContext, bytes: Uint8Array): QuickJSHandle {
  const isMarked = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte);
  const isPlain = !isMarked && isUtf8(bytes) && !bytes.includes(0);
  if (!isPlain) return newText(context, decoder.decode(bytes));
  return plainText(context, bytes);
}

/** Returns text as text of the engine, which takes it from its host up to the first NUL. */
export function newText(context: QuickJSContext, text: string): QuickJSHandle {
  if (!text.includes("\0")) return context.newString(text);
  return context.unwrapResult(context.evalCode(JSON.stringify(text), "weir:text"));
}

/** As newString() of the package, which wants a string: that takes three times as long. */
function plainText(context: QuickJSContext, bytes: Uint8Array): QuickJSHandle {
  const { module, ffi, ctx, memory } = internalsOf(context);
  // The types of the package give a pointer to text a brand of its own.
  const pointer = module._malloc(bytes.byteLength + 1) as BorrowedHeapCharPointer;
  if (pointer === 0) throw outOfMemory();
  module.HEAPU8.set(bytes, pointer);
  module.HEAPU8[pointer + bytes.byteLength] = 0;
  const handle = memory.heapValueHandle(ffi.QTS_NewString(ctx.value, pointer));
  module._free(pointer);
  if (context.typeof(handle) !== "string") throw outOfMemory();
  return handle;
}

/** Returns text of the engine, up to its first NUL; it has no memory to give it out when it throws. */
export function textOut(context: QuickJSContext, handle: QuickJSHandle): string {
  return decoder.decode(utf8Out(context, handle));
}

/** Returns the same as UTF-8, as the engine writes it: half of a character may be in it. */
export function utf8Out(context: QuickJSContext, handle: QuickJSHandle): Uint8Array {
  const { module, ffi, ctx } = internalsOf(context);
  const pointer = ffi.QTS_GetString(ctx.value, handle.value);
  // The package's getString() reads on, and finds no text there.
  if (pointer === 0) throw outOfMemory();
  const utf8 = module.HEAPU8.slice(pointer, module.HEAPU8.indexOf(0, pointer));
  ffi.QTS_FreeCString(ctx.value, pointer);
  return utf8;
}

/** Returns text of the engine as UTF-8; half of a character is replaced. */
export function bytesOut(context: QuickJSContext, handle: QuickJSHandle): Uint8Array {
  const { module, ffi, ctx } = internalsOf(context);
  const length = context.getProp(handle, "length").consume((one) => context.getNumber(one));
  const pointer = ffi.QTS_GetString(ctx.value, handle.value);
  if (pointer === 0) throw outOfMemory();
  const bytes = module.HEAPU8.slice(pointer, endOfText(module.HEAPU8, pointer, length));
  ffi.QTS_FreeCString(ctx.value, pointer);
  return isUtf8(bytes) ? bytes : encoder.encode(decoder.decode(bytes));
}

/** Returns where UTF-8 ends that begins at `start` and makes `length` units of UTF-16. */
function endOfText(heap: Uint8Array, start: number, length: number): number {
  // What is ASCII, as most large text is, needs no look at every byte here.
  if (isAscii(heap.subarray(start, start + length))) return start + length;
  let at = start;
  for (let left = length; left > 0; at += 1) {
    const byte = heap[at] ?? 0;
    if (byte >= 0xf0) left -= 2;
    else if (byte < 0x80 || byte >= 0xc0) left -= 1;
  }
  while (((heap[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}

/** Returns where an engine has its runtime, its context and these values. */
export function pointersOf(
  { runtime, context }: Engine,
  values: Readonly<Record<string, QuickJSHandle>>,
): Snapshot["pointers"] {
  return {
    runtime: runtime["rt"].value,
    context: context["ctx"].value,
    values: Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value])),
  };
}

/** Returns a value by where it lies, in an engine that went on from a snapshot. */
export function valueAt({ context }: Engine, pointer: number): QuickJSHandle {
  // As above: a brand of its own.
  const { memory } = internalsOf(context);
  return memory.heapValueHandle(pointer as Parameters<typeof memory.heapValueHandle>[0]);
}

/** What the package keeps from its users by its types alone; text of 10 MB is worth asking for it. */
function internalsOf(context: QuickJSContext) {
  return {
    module: context["module"],
    ffi: context["ffi"],
    ctx: context["ctx"],
    memory: context["memory"],
  };
}

/** Ends the instance as one that has no memory left. */
function outOfMemory(): Error {
  return new RangeError("out of memory");
}
