import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "@kiln/testkit";
import { parse, stringify } from "yaml";

const DEPLOY = join(import.meta.dirname, "..", "..", "..", "deploy", "prometheus");
const WAIT_MS = 60_000;
const RETRY_MS = 250;

/** What `prometheus.yml` of deploy/ has, as far as a test changes it. */
interface Config {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: {
    authorization: { credentials_file: string };
    tls_config: { ca_file: string };
    static_configs: { targets: string[] }[];
  }[];
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Of an instant. */
  readonly value?: readonly [number, string];
  /** Of a range. */
  readonly values?: readonly (readonly [number, string])[];
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

/** A real Prometheus with the committed configuration and rules, on one farm, scraping every second. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.#url = url;
    this.#stop = stop;
  }

  /** `url`: of the coordinator; `authority`: path of the farm's certificate; `token`: a viewer's. */
  static async start(
    folder: string,
    { url, authority, token }: { readonly url: string; readonly authority: string; readonly token: string },
  ): Promise<Prometheus> {
    mkdirSync(folder, { recursive: true });
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const config = parse(readFileSync(join(DEPLOY, "prometheus.yml"), "utf8")) as Config;
    config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
    config.rule_files = config.rule_files.map((file) => join(DEPLOY, file));
    for (const scraped of config.scrape_configs) {
      scraped.authorization.credentials_file = tokenFile;
      scraped.tls_config.ca_file = authority;
      scraped.static_configs = [{ targets: [new URL(url).host] }];
    }
    const file = join(folder, "prometheus.yml");
    writeFileSync(file, stringify(config));
    const listen = `127.0.0.1:${await freePort()}`;
    const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, "data")}`];
    const child = spawn("prometheus", [...args, `--web.listen-address=${listen}`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exited = once(child, "exit");
    const said: string[] = [];
    const ready = new Promise<boolean>((resolve) => {
      createInterface(child.stderr).on("line", (line) => {
        said.push(line);
        if (line.includes("ready to receive web requests")) resolve(true);
      });
      void exited.then(() => resolve(false));
    });
    if (!(await ready)) throw new Error(`prometheus ended:\n${said.slice(-20).join("\n")}`);
    return new Prometheus(`http://${listen}`, async () => {
      child.kill("SIGKILL");
      await exited;
    });
  }

  /** Finite values, of now. Throws for what is no query. */
  async now(query: string): Promise<readonly Sample[]> {
    const found = await this.#get<{ readonly result: readonly Sample[] }>("query", { query });
    return found.result.filter(({ value }) => value && Number.isFinite(Number(value[1])));
  }

  /** Series with a finite value within the last so many seconds. */
  async lately(query: string, seconds: number): Promise<readonly Sample[]> {
    const end = Date.now() / 1_000;
    const range = { query, start: String(end - seconds), end: String(end), step: "1" };
    const found = await this.#get<{ readonly result: readonly Sample[] }>("query_range", range);
    return found.result.filter(({ values = [] }) => values.some(([, value]) => Number.isFinite(Number(value))));
  }

  labelValues(label: string, match: string): Promise<readonly string[]> {
    return this.#get(`label/${label}/values`, { "match[]": match });
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.#get<{ readonly alerts: readonly Alert[] }>("alerts", {})).alerts;
  }

  /** Asks until `look` finds something; throws with the last answer when it does not. */
  async until<T>(look: () => Promise<T | null>, otherwise: () => string): Promise<T> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new Error(otherwise());
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #get<T>(path: string, params: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(params).toString()}`);
    const answer = (await response.json()) as { readonly data: T; readonly error?: string };
    if (!response.ok) throw new Error(`${params["query"] ?? path}: ${answer.error}`);
    return answer.data;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}
