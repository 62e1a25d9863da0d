import { artifactKind } from "./artifact.ts";
import { httpKind } from "./http.ts";
import type { TaskKind } from "./kind.ts";
import { noopKind } from "./noop.ts";
import { scriptKind } from "./script.ts";
import { transformKind } from "./transform.ts";
import { writeKind } from "./write.ts";

/** What may stand behind `kind:` of a task, in the order of the manual. */
export const TASK_KINDS: readonly TaskKind[] = [
  httpKind,
  transformKind,
  scriptKind,
  writeKind,
  artifactKind,
  noopKind,
];

const LATER = "It is not available in this version";
const SCRIPT = "Use kind: script, which runs JavaScript in a sandbox";
const DATABASE = "Write the rows with kind: write, and load them with the database's own tool";

/** Kinds of other runners, and of later versions, with the nearest way. */
export const OTHER_KINDS: Readonly<Record<string, string>> = {
  tool: LATER,
  pipeline: LATER,
  playbook: "Running another file is not available in this version",
  workbook: "Write the tasks in the step that uses them",
  python: SCRIPT,
  javascript: SCRIPT,
  js: SCRIPT,
  rhai: SCRIPT,
  shell: "Run the command before or after weir; kind: script runs JavaScript in a sandbox",
  container: "Run the container before or after weir",
  postgres: DATABASE,
  duckdb: DATABASE,
  sqlite: DATABASE,
  snowflake: DATABASE,
  mysql: DATABASE,
  ducklake: DATABASE,
  gcs: "Write a file with kind: write, and upload it with an http task",
  s3: "Write a file with kind: write, and upload it with an http task",
  secrets: "Declare the secret under keychain and write {{ keychain.NAME }}",
  result: "Use kind: artifact, which reads a stored result",
  graphql: "Use kind: http with method: POST and body: { query: … }",
  rest: "Use kind: http",
  request: "Use kind: http",
};
