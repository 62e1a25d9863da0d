import { compileExpression, compileTemplate } from "../../lib/template/render.ts";

// Prints how long compiled templates take, with a small and a large context: the time must not
// grow with the context. Numbers to read, not a gate. Usage: bun test/bench/template.ts

const RUNS = 200;
const BATCH = 500;

function contextWith(rows: number): Readonly<Record<string, unknown>> {
  const items = Array.from({ length: rows }, (_, id) => ({ id, name: `item ${id}`, ok: true }));
  return {
    workload: { api: "https://api.example.test", limit: 50 },
    iter: { page: 3 },
    outcome: {
      status: "error",
      http: { status: 503, headers: { "retry-after": "2" } },
      result: { data: { items, paging: { hasMore: true, next: "abc==" } } },
    },
  };
}

/** Returns the median of the batches, in microseconds a call. */
function medianUs(task: () => unknown): number {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const before = performance.now();
    for (let at = 0; at < BATCH; at += 1) task();
    times.push(((performance.now() - before) * 1000) / BATCH);
  }
  return times.sort((left, right) => left - right)[RUNS / 2] ?? 0;
}

const WHEN = "{{ outcome.status == 'error' and outcome.http.status in [429, 500, 502, 503, 504] }}";
const SOURCES = {
  when: compileExpression(WHEN),
  path: compileExpression("outcome.result.data.paging.next"),
  filter: compileExpression("outcome.http.headers['retry-after'] | int > 1"),
  method: compileExpression("outcome.http.headers.get('x', 'none').upper()"),
  text: compileTemplate("{{ workload.api }}/items?page={{ iter.page }}&limit={{ workload.limit }}"),
  loop: compileTemplate("{% for x in range(10) %}{{ x }},{% endfor %}"),
};

console.log("expression   3 rows us   100,000 rows us");
const [small, large] = [contextWith(3), contextWith(100_000)];
for (const [name, compiled] of Object.entries(SOURCES)) {
  const few = medianUs(() => compiled.evaluate(small));
  const many = medianUs(() => compiled.evaluate(large));
  console.log(`${name.padEnd(10)} ${few.toFixed(2).padStart(11)} ${many.toFixed(2).padStart(17)}`);
}
console.log(
  `compile    ${medianUs(() => compileExpression(WHEN))
    .toFixed(2)
    .padStart(11)}`,
);
