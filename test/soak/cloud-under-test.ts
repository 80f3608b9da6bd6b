import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../e2e/hub-program.js";
import type { Blow, CloudOrder, FromCloud, Moment } from "./cloud-messages.js";
import type { FaultKind } from "./fault-plan.js";

/** Token of the soak's cloud. */
export const CLOUD_TOKEN = "token-of-the-cloud";

/** The compiled programs of the soak's own that run as processes. */
export const soakProgram = (name: string): string => join(ROOT, "dist/test/soak", `${name}.js`);

/** A cloud with faults, as a process of its own that can be ended and started again on the same port. */
export class CloudUnderTest {
  /** The cloud's file. */
  readonly path: string;
  /** How often each fault was injected, since the first start. */
  readonly faults = new Map<FaultKind, number>();
  readonly #seed: number;
  #child: ChildProcess | null = null;
  #ready: { readonly url: string; readonly desk: string; readonly port: number } | null = null;
  #starts = 0;
  #orders = 0;
  readonly #done = new Map<number, (count: number) => void>();
  #struck: ((moment: Moment) => void) | null = null;

  constructor(path: string, seed: number) {
    this.path = path;
    this.#seed = seed;
  }

  /** Address for hubs; the same after each start. */
  get url(): string {
    return this.#ready?.url ?? "";
  }

  /** Address for people, past all faults; null while the cloud is away. */
  get desk(): string | null {
    return this.#child === null ? null : (this.#ready?.desk ?? null);
  }

  /** Starts it; `rate` and `kinds` of faults hold from the first request on. */
  async start(rate = 0, kinds: readonly FaultKind[] | null = null): Promise<void> {
    this.#starts += 1;
    const start = {
      path: this.path,
      token: CLOUD_TOKEN,
      port: this.#ready?.port ?? 0,
      seed: this.#seed + this.#starts * 1_000,
      rate,
      kinds,
    };
    const child = fork(soakProgram("cloud-process"), [JSON.stringify(start)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once("exit", () => {
        if (this.#child === child) this.#child = null;
        for (const done of this.#done.values()) done(0);
        this.#done.clear();
        reject(new Error("the cloud's process did not start"));
      });
      child.on("message", (message: FromCloud) => {
        if (message.type === "ready") {
          this.#ready = message;
          resolve();
        } else this.#hear(message);
      });
    });
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    this.#child = null;
    child.kill("SIGTERM");
    await gone;
  }

  /** Ends it at once, with whatever is going on. */
  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Sets how often something goes wrong, and what. */
  async setFaults(rate: number, kinds: readonly FaultKind[] | null = null): Promise<void> {
    await this.order({ type: "faults", rate, kinds });
  }

  /** No fault any more; resolves when nothing is on its way late. */
  async calm(): Promise<void> {
    await this.order({ type: "calm" });
  }

  /** Has a blow fall at a moment of a request; resolves once that is understood. `onStruck` hears when it has fallen. */
  async arm(blow: Blow | null, onStruck: (moment: Moment) => void = () => undefined): Promise<void> {
    this.#struck = onStruck;
    await this.order({ type: "arm", blow });
  }

  /** Gives an order to the process; what it counted. */
  order(order: CloudOrder): Promise<number> {
    const child = this.#child;
    if (child === null) return Promise.resolve(0);
    this.#orders += 1;
    const id = this.#orders;
    return new Promise((resolve) => {
      this.#done.set(id, resolve);
      child.send({ ...order, id });
    });
  }

  #hear(message: Exclude<FromCloud, { type: "ready" }>): void {
    if (message.type === "fault") this.faults.set(message.kind, (this.faults.get(message.kind) ?? 0) + 1);
    else if (message.type === "struck") this.#struck?.(message.moment);
    else {
      this.#done.get(message.id)?.(message.count);
      this.#done.delete(message.id);
    }
  }
}
