import variant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime,
} from "quickjs-emscripten";
import { readAsset } from "../../runtime/assets.ts";

/** A fresh QuickJS with memory of its own. */
export interface Engine {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
}

/** Bytes of native stack. With 64 KiB deeply nested source broke out into a host error. */
const STACK_BYTES = 32 * 1024;

/** Pages of 64 KiB the engine needs to start. */
const FIRST_PAGES = 256;
const PAGES_PER_MB = 16;

let compiled: WebAssembly.Module | undefined;

/**
 * Returns an engine whose whole memory is capped.
 *
 * The cap is that of `WebAssembly.Memory`: the engine's own limit bounds single allocations only.
 */
export async function createEngine(memoryMb: number): Promise<Engine> {
  compiled ??= new WebAssembly.Module(readAsset("quickjs.wasm"));
  const wasmMemory = new WebAssembly.Memory({
    initial: FIRST_PAGES,
    maximum: Math.max(FIRST_PAGES, memoryMb * PAGES_PER_MB),
  });
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(variant, { wasmModule: compiled, wasmMemory }),
  );
  const runtime = quickjs.newRuntime();
  runtime.setMaxStackSize(STACK_BYTES);
  const context = runtime.newContext();
  hasten(context);
  return { runtime, context };
}

const encoder = new TextEncoder();

/**
 * quickjs-emscripten 0.32: text goes into the engine letter by letter in JavaScript, 40 ms for 10 MB.
 * The platform takes 4. Drop when the package calls encodeInto itself.
 */
function hasten(context: QuickJSContext): void {
  const module = context["module"];
  module.lengthBytesUTF8 = (text) => Buffer.byteLength(text);
  module.stringToUTF8 = (text, pointer, capBytes = 0) => {
    const end = Math.max(pointer, pointer + capBytes - 1);
    const { written } = encoder.encodeInto(text, module.HEAPU8.subarray(pointer, end));
    module.HEAPU8[pointer + written] = 0;
  };
}
