import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { changeAtCloud } from "./at-cloud.js";
import { changeAtHub } from "./at-hub.js";
import { type Bulk, setApart } from "./bulk.js";
import { type Evidence, findFaults, type Gap, sizeOf } from "./check.js";
import { CLOUD_TOKEN, CloudUnderTest } from "./cloud-under-test.js";
import { readCloud, readHub } from "./facts.js";
import type { FaultKind } from "./fault-plan.js";
import { HubUnderTest, needsPerson } from "./hub-under-test.js";
import { Ledger } from "./ledger.js";
import { goOn, type Person } from "./person.js";
import type { Counts, Scene } from "./scenario.js";
import { settled } from "./settled.js";
import { passTime } from "./until.js";

/** How often a hub rings by itself in the soak, milliseconds. */
export const EVERY_MS = 500;
/** How much of what a hub printed last is told with a failure. */
const LAST_WORDS = 3_000;
/** How many broken promises are told in words. */
const MOST_TOLD = 12;

/** Who writes how fast. */
export interface Crowd {
  readonly atEachHub: number;
  readonly atCloud: number;
  /** Longest pause between two changes of one person, milliseconds. */
  readonly pauseMs: number;
}

/** Hubs, their cloud, and people who write on both sides and remember what they were answered. */
export class World {
  readonly hubs: readonly HubUnderTest[];
  readonly cloud: CloudUnderTest;
  readonly ledger = new Ledger();
  /** Times in which what one side did went down with its file. */
  readonly gaps: Gap[] = [];
  /** Ids of records that people know of. */
  readonly known: string[] = [];
  /** Records beyond number that are compared where they are; null where there are none. */
  readonly bulk: Bulk | null;
  readonly #scene: Scene;
  #people: { readonly leave: AbortController; readonly left: Promise<unknown> } | null = null;
  #crowds = 0;
  /** What was found sound, as long as nobody has written since. */
  #sound: Evidence | null = null;

  private constructor(scene: Scene, hubs: readonly HubUnderTest[], cloud: CloudUnderTest, bulk: Bulk | null) {
    this.#scene = scene;
    this.bulk = bulk;
    this.hubs = hubs;
    this.cloud = cloud;
  }

  /** Opens a world whose cloud runs and whose hubs do not yet. */
  static async open(
    scene: Scene,
    names: readonly string[] = ["hub-a"],
    env: Readonly<Record<string, string>> = {},
    bulk: Bulk | null = null,
  ): Promise<World> {
    mkdirSync(join(scene.folder, "cloud"), { recursive: true });
    const cloud = new CloudUnderTest(join(scene.folder, "cloud/cloud.db"), scene.seed);
    await cloud.start();
    const settings = {
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: cloud.url,
      GLUCOHUB_CLOUD_TOKEN: CLOUD_TOKEN,
      GLUCOHUB_SYNC_EVERY_MS: String(EVERY_MS),
      GLUCOHUB_ZONE: "Europe/London",
      GLUCOHUB_INBOX: "off",
      ...env,
    };
    const hubs = names.map((name) => {
      const data = join(scene.folder, name);
      mkdirSync(data, { recursive: true, mode: 0o700 });
      return new HubUnderTest(name, data, settings);
    });
    return new World(scene, hubs, cloud, bulk);
  }

  /** The only hub of a world of one. */
  get hub(): HubUnderTest {
    const [hub] = this.hubs;
    if (hub === undefined) throw new Error("this world has no hub");
    return hub;
  }

  /** Lets people write until `quietDown`; and lets one ring again at a hub whose token was refused. */
  crowd({ atEachHub, atCloud, pauseMs }: Crowd): void {
    if (this.#people !== null) throw new Error("people write already");
    this.#crowds += 1;
    this.#sound = null;
    const leave = new AbortController();
    const { ledger, known } = this;
    const { random } = this.#scene;
    const person = (name: string): Person => ({
      name,
      ledger,
      known,
      pauseMs,
      signal: leave.signal,
      random: random.for(`${name} ${this.#crowds}`),
    });
    const lives = [
      ...this.hubs.flatMap((hub) =>
        range(atEachHub).map((index) => goOn({ ...person(`${hub.name}.${index}`), hub }, changeAtHub)),
      ),
      ...range(atCloud).map((index) => goOn({ ...person(`doctor.${index}`), cloud: this.cloud }, changeAtCloud)),
      this.#attend(leave.signal),
    ];
    this.#people = { leave, left: Promise.allSettled(lives) };
  }

  /** People stop writing; resolves when the last answer is there. */
  async quietDown(): Promise<void> {
    this.#people?.leave.abort();
    await this.#people?.left;
    this.#people = null;
  }

  /** No fault any more: waits until nothing is left to do and both sides hold the same. Throws if that does not come. */
  async settle(): Promise<void> {
    await this.quietDown();
    await this.cloud.calm();
    await settled(this);
  }

  /** What both sides' files say now. */
  async evidence(): Promise<Evidence> {
    const apart = await setApart(this);
    const hubs = await Promise.all(this.hubs.map((hub) => readHub(hub.name, hub.path, apart)));
    const cloud = await readCloud(this.cloud.path, apart);
    return { hubs, cloud, ledger: this.ledger, gaps: this.gaps };
  }

  /** Settles and throws with every promise that was broken. */
  async check(): Promise<Evidence> {
    await this.settle();
    const evidence = await this.evidence();
    demandNone(findFaults(evidence));
    for (const hub of this.hubs) {
      const { status, stdout, stderr } = await hub.command("verify");
      if (status !== 0) throw new Error(`glucohub verify at ${hub.name} ended with ${status}:\n${stdout}${stderr}`);
    }
    this.#sound = evidence;
    return evidence;
  }

  /** Checks for the last time, ends all and makes sure that nothing of it is left. What it came to. */
  async finish(cycles: number, more: string): Promise<Counts> {
    const evidence = this.#sound ?? (await this.check());
    for (const hub of this.hubs) await hub.leaveNothing();
    await this.cloud.stop();
    return this.counts(cycles, more, evidence);
  }

  /** The counts of a scenario that ends with this evidence. */
  counts(cycles: number, more: string, evidence: Evidence): Counts {
    const { ledger, cloud } = this;
    return {
      cycles,
      more,
      ...sizeOf(evidence),
      atHubs: ledger.count(),
      atCloud: ledger.count("cloud"),
      unanswered: ledger.unanswered,
      refused: ledger.refusedBy(),
      faults: new Map<FaultKind, number>(cloud.faults),
    };
  }

  /** Ends whatever runs still, however the scenario went. */
  async close(): Promise<void> {
    this.#people?.leave.abort();
    for (const hub of this.hubs) {
      this.#scene.story.tell(`the last words of ${hub.name}: ${hub.output.slice(-LAST_WORDS)}`);
      hub.signal("SIGCONT");
      await hub.end("SIGKILL");
    }
    this.cloud.kill();
    await this.#people?.left;
  }

  async #attend(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const hub of this.hubs)
        await hub
          .sync()
          .then((status) => (needsPerson(status) ? hub.ring() : undefined))
          .catch(() => undefined);
      await passTime(1_000, signal);
    }
  }
}

/** Throws with the faults in words, if there are any. */
export function demandNone(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const told = faults.slice(0, MOST_TOLD).map((fault) => `  - ${fault}`);
  const rest = faults.length - told.length;
  throw new Error(`${faults.length} broken promises:\n${told.join("\n")}${rest > 0 ? `\n  … and ${rest} more` : ""}`);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
