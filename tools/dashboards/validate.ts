import { readFile } from "node:fs/promises";
import { Ajv, type AnySchema } from "ajv";
import { dashboards } from "./dashboards.ts";

// node tools/dashboards/validate.ts dashboard.jsonschema.json
// holds the dashboards against the JSON schema that Grafana's foundation SDK publishes in its repository.

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("name the schema: node tools/dashboards/validate.ts dashboard.jsonschema.json");
const schema = JSON.parse(await readFile(path, "utf8")) as AnySchema;
// Its formats and unions are not all of the strict sort.
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const isValid = ajv.compile(schema);
for (const [file, dashboard] of dashboards()) {
  const ok = isValid(JSON.parse(JSON.stringify(dashboard)));
  process.stdout.write(`${file}: ${ok ? "valid" : "not valid"}\n`);
  for (const { instancePath, message } of isValid.errors ?? []) process.stdout.write(`  ${instancePath} ${message}\n`);
  if (!ok) process.exitCode = 1;
}
