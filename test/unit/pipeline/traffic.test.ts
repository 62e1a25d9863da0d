import { expect, test } from "bun:test";
import { noCredentials } from "../../../lib/auth/bound.ts";
import { WeirError } from "../../../lib/base/errors.ts";
import { NO_BODY } from "../../../lib/http/body.ts";
import type { HopRequest } from "../../../lib/http/exchange.ts";
import { Traffic } from "../../../lib/pipeline/traffic.ts";
import { codeOfRejection } from "../../support/results.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const refusal = (): WeirError => new WeirError("SECRET_UNBOUND", "No");

function request(): HopRequest {
  const url = new URL("https://a.test/");
  return { method: "GET", url, headers: [], body: NO_BODY, hop: 0 };
}

test.each([
  {
    name: "that cannot be dressed",
    make: (clock = fakeClock()) => new Traffic({ clock }),
    store: { ...noCredentials, dress: () => Promise.reject(refusal()) },
  },
  {
    name: "that is refused as it stands",
    make: (clock = fakeClock()) =>
      new Traffic({
        clock,
        check: () => {
          throw refusal();
        },
      }),
    store: noCredentials,
  },
])("Traffic frees the turn of a request $name", async ({ make, store }) => {
  const traffic = make();
  traffic.rates.declare("a.test", { maxInFlight: 1 });
  for (let count = 0; count < 3; count += 1) {
    const one = request();
    await traffic.quota(one);
    expect(await codeOfRejection(Promise.try(() => traffic.around(store).dress(one)))).toBe(
      "SECRET_UNBOUND",
    );
  }
  expect(traffic.count).toBe(0);
});

test("Traffic frees the turn of a request that cannot be recorded", async () => {
  const record = { intent: () => Promise.reject(refusal()), outcome: () => Promise.resolve() };
  const traffic = new Traffic({ clock: fakeClock(), record });
  traffic.rates.declare("a.test", { maxInFlight: 1 });
  for (let count = 0; count < 3; count += 1) {
    const one = request();
    await traffic.quota(one);
    const intent = traffic.record.intent(one, { verdict: "allow", rule: "all" });
    expect(await codeOfRejection(Promise.resolve(intent))).toBe("SECRET_UNBOUND");
  }
});

test("NO47 Traffic takes bytes up to its cap, and throws at each one more", () => {
  const traffic = new Traffic({ clock: fakeClock() });
  traffic.received(1e12);
  traffic.cap(1e12 + 10, refusal);
  traffic.received(10);
  expect(() => traffic.received(1)).toThrow("No");
  expect(() => traffic.received(1)).toThrow("No");
});
