import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeFrame, type Frame, FrameReader } from "../../lib/hooks/frames.ts";
import { WeirError } from "../../lib/base/errors.ts";

const frame = fc.record({
  kind: fc.constantFrom("result", "error", "op", "body", "log"),
  id: fc.integer({ min: 0, max: 0xffff_ffff }),
  json: fc.string({ unit: "binary", maxLength: 200 }).map((text) => text.toWellFormed()),
  bytes: fc.uint8Array({ maxLength: 300 }),
});

/** Cuts `bytes` at `cuts`, which may be anywhere. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...cuts.map((at) => at % (bytes.length + 1)), 0, bytes.length];
  const sorted = places.toSorted((left, right) => left - right);
  return sorted.slice(1).map((end, at) => bytes.slice(sorted[at], end));
}

function plain({ kind, id, json, bytes }: Frame) {
  return { kind, id, json, bytes: [...bytes] };
}

test("FrameReader reads back what encodeFrame wrote, however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (all, cuts) => {
        const whole = Buffer.concat(all.map(encodeFrame));
        const reader = new FrameReader("child");
        const read = cut(whole, cuts).flatMap((piece) => [...reader.push(piece)]);
        expect(read.map(plain)).toEqual(all.map(plain));
      },
    ),
  );
});

test("FrameReader takes any bytes as frames or refuses them as a broken protocol", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), (pieces) => {
      const reader = new FrameReader("child");
      try {
        for (const piece of pieces)
          for (const one of reader.push(piece)) expect(one.kind).toBeString();
      } catch (error) {
        expect(error).toBeInstanceOf(WeirError);
        expect((error as WeirError).code).toBe("HOOK_SANDBOX");
      }
    }),
  );
});
