import { detectRuntime } from "../lib/runtime/detect.ts";

const runtime = await detectRuntime();
await runtime.stdout.write("weir\n");
