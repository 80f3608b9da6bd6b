import type { Clock, Log } from "../domain/clock.js";
import { asProblem, Problem } from "../domain/problem.js";
import type { MeterStatus } from "../domain/status.js";
import type { Driver, MeterDriver } from "../kit/driver.js";
import { listMeters } from "../store/meters.js";
import type { Store } from "../store/store.js";
import type { Attachment } from "../transports/attachments.js";
import { type Claim, claim } from "./attachment.js";
import { attachedStatus } from "./meter-status.js";
import type { OwnerOf } from "./owner.js";
import { doneSentence, failureSentence, sentence } from "./port-sentences.js";
import { type OpenMeter, type ReadMeterReport, readMeter } from "./read-meter.js";
import { type Patience, recognise } from "./recognise.js";
import { isQuiet, lookPause, retryPause } from "./retry.js";
import type { SessionProgress } from "./session-report.js";

/** What every port's loop works with. */
export interface PortLoopOptions {
  readonly drivers: readonly Driver[];
  readonly store: Store;
  readonly openMeter: OpenMeter;
  /** Secret keys by name, where the user has a key file. */
  readonly keys?: ReadonlyMap<string, Uint8Array> | undefined;
  readonly clock: Clock;
  readonly ownerOf: OwnerOf;
  /** The hub's zone. */
  readonly zone: string;
  readonly log: Log;
  readonly onStatus: (status: MeterStatus) => void;
  /** New readings are durable. */
  readonly onStored: () => void;
  /** A meter that was read is read again after that many milliseconds (the demo); null: not until it is plugged in again. */
  readonly rereadEveryMs: number | null;
}

/** How long an unplugged meter's session may take to notice by itself, milliseconds: it then knows what came last. */
const DETACH_GRACE_MS = 2_500;

/** One attached port from plugging in to unplugging: tries, reads, waits. */
export class PortLoop {
  readonly attachment: Attachment;
  /** Resolves when the loop has ended; never rejects. */
  readonly ended: Promise<void>;
  readonly #options: PortLoopOptions;
  readonly #claim: Claim;
  readonly #abort = new AbortController();
  #pause = new AbortController();
  #leaving = false;
  #reading = false;
  /** Id of the driver that was answered at this port last. */
  #remembered: string | null = null;
  /** On a shared cable: serial number of the meter that was read and may hang there still. */
  #here: string | null = null;
  /** How often the meter that was read was found to be there still, with nothing new, in a row. */
  #looks = 0;
  #status: MeterStatus;

  constructor(attachment: Attachment, options: PortLoopOptions) {
    this.attachment = attachment;
    this.#options = options;
    this.#claim = claim(options.drivers, attachment);
    this.#status = attachedStatus(attachment, this.#claim);
    this.ended = this.#run().catch((error: unknown) => {
      this.#tell({ state: "failed", detail: sentence(asProblem(error)) });
      options.log.error({ port: attachment.port, code: asProblem(error).code }, "a port's loop broke off");
    });
  }

  get status(): MeterStatus {
    return this.#status;
  }

  /** Ends a pause, so that the port is read now; false if no driver claims it. */
  readAgain(): boolean {
    if (this.#claim.drivers.length === 0 || !this.#claim.readable) return false;
    this.#here = null;
    this.#pause.abort();
    return true;
  }

  /** The device was unplugged: lets its session notice that, and ends it if it does not. */
  async detach(): Promise<void> {
    this.#leave();
    const grace = new AbortController();
    if (this.#reading) {
      this.#options.clock.sleep(DETACH_GRACE_MS, grace.signal).then(
        () => this.#abort.abort(new Problem("TRANSPORT_GONE")),
        () => undefined,
      );
    }
    await this.ended;
    grace.abort();
  }

  /** Ends whatever goes on; what was told is stored. */
  async stop(): Promise<void> {
    this.#leave();
    this.#abort.abort(new Problem("TRANSPORT_CANCELED"));
    await this.ended;
  }

  #leave(): void {
    this.#leaving = true;
    this.#pause.abort();
  }

  async #run(): Promise<void> {
    this.#tell({});
    this.#remembered = await this.#lastAnswered();
    let failures = 0;
    while (!this.#leaving && this.#claim.drivers.length > 0 && this.#claim.readable) {
      this.#pause = new AbortController();
      const report = await this.#tryDrivers();
      failures = report.problem === null ? 0 : failures + 1;
      if (this.#leaving) return;
      const pauseMs = this.#nextPause(report, failures);
      const heard = report.identity === null && pauseMs !== null ? await this.#listen(pauseMs) : null;
      if (heard === null) await this.#wait(pauseMs, this.#pause.signal);
      else if (heard.identity !== null) {
        failures = 0;
        await this.#wait(this.#nextPause(heard, failures), this.#pause.signal);
      }
    }
  }

  /**
   * Spends a pause on a shared cable listening for a meter that speaks when it is switched on; a meter that spoke was
   * read to its end. Null, at once, if there is no such driver.
   */
  async #listen(pauseMs: number): Promise<ReadMeterReport | null> {
    const listener = this.#claim.drivers.find(({ probe }) => probe.listens === true);
    if (listener === undefined || !this.#claim.shared) return null;
    const over = new AbortController();
    const stop = (): void => over.abort(new Problem("TRANSPORT_CANCELED"));
    this.#pause.signal.addEventListener("abort", stop, { once: true });
    if (this.#pause.signal.aborted) stop();
    const spoke = new AbortController();
    const alarm = this.#options.clock.sleep(pauseMs, spoke.signal).then(stop, () => undefined);
    const report = await this.#read(listener, "full", {
      signal: AbortSignal.any([this.#abort.signal, over.signal]),
      onIdentity: () => spoke.abort(),
    });
    spoke.abort();
    await alarm;
    if (report.identity !== null) this.#met(listener, report);
    // Where listening ends at once (the port is not to be had), the pause is kept all the same.
    else if (!over.signal.aborted) await this.#wait(pauseMs, this.#pause.signal);
    return report;
  }

  /** The driver of the meter that was read at this port last: asked first, as it is likeliest to be answered again. */
  async #lastAnswered(): Promise<string | null> {
    if (this.#claim.drivers.length < 2) return null;
    const known = await listMeters(this.#options.store).catch(() => []);
    return known.find(({ port }) => port === this.attachment.port)?.driver ?? null;
  }

  /** Milliseconds until the port is looked at again; null: not until it is plugged in again or a person asks. */
  #nextPause({ problem, identity }: ReadMeterReport, failures: number): number | null {
    const { rereadEveryMs } = this.#options;
    if (problem === null && rereadEveryMs !== null) return rereadEveryMs;
    // A meter on the radio may stay in reach for hours: a test that was taken meanwhile shows only by asking.
    if (this.attachment.ble && problem === null) return lookPause(this.#looks, 0);
    // Nobody sees a jack being pulled: on a shared cable the next meter shows only by answering.
    if (this.#claim.shared && (problem === null || identity === null)) return lookPause(this.#looks, failures);
    return problem === null ? null : retryPause(problem, failures);
  }

  /** Tries the port's drivers in turn until a meter answers one of them. */
  async #tryDrivers(): Promise<ReadMeterReport> {
    const read = (driver: MeterDriver, patience: Patience): Promise<ReadMeterReport> => this.#read(driver, patience);
    const result = await recognise(this.#claim.drivers, this.#remembered, read, () => this.#leaving);
    if (result === null) throw new Problem("DRIVER_NO_MATCH");
    this.#met(result.driver, result.report);
    return result.report;
  }

  /** Takes what became of a port: which meter answered, and what is told of it. */
  #met(driver: MeterDriver, report: ReadMeterReport): void {
    if (report.identity !== null) this.#remembered = driver.id;
    if (report.left) {
      this.#looks += 1;
      return;
    }
    this.#looks = this.attachment.ble && report.problem === null && report.new === 0 ? this.#looks + 1 : 0;
    // A meter that was read and went quiet was switched off or taken away: what was told of it stays on show.
    const wentQuiet = this.#status.state === "done" && report.identity === null && this.#claim.shared;
    this.#here = report.problem === null ? (report.identity?.serial ?? null) : null;
    if (!wentQuiet) this.#tellEnd(report);
  }

  async #read(
    driver: MeterDriver,
    patience: Patience,
    { signal = this.#abort.signal, onIdentity = (): void => undefined } = {},
  ): Promise<ReadMeterReport> {
    const { usb, port, virtual } = this.attachment;
    const here = this.#here;
    const leaves = this.#claim.shared && here !== null && this.#options.rereadEveryMs === null;
    let told = 0;
    this.#reading = true;
    try {
      return await readMeter({
        ...this.#options,
        port,
        virtual,
        driver,
        patience,
        usb: usb === null ? null : `${usb.vendorId}:${usb.productId}`,
        signal,
        captureUnchanged: this.#options.rereadEveryMs === null && !this.attachment.ble,
        leaveIf: leaves ? (identity) => identity.serial === here : undefined,
        onProgress: (progress) => {
          if (progress.identity !== null) {
            onIdentity();
            this.#tellProgress(driver, progress);
          }
          if (progress.new > told) this.#options.onStored();
          told = progress.new;
        },
      });
    } finally {
      this.#reading = false;
    }
  }

  #tellProgress(driver: MeterDriver, { identity, clockErrorMs, read, expected, new: fresh }: SessionProgress): void {
    this.#tell({
      state: "reading",
      driver: driver.id,
      manufacturer: identity?.manufacturer ?? null,
      model: identity?.model ?? null,
      serial: identity?.serial ?? null,
      clockErrorMs,
      progress: { read, expected, new: fresh },
      detail: this.#claim.why,
    });
  }

  #tellEnd(report: ReadMeterReport): void {
    const { problem, identity, clockErrorMs } = report;
    const { log, clock } = this.#options;
    const facts = { port: this.attachment.port, outcome: report.outcome, new: report.new, known: report.known };
    if (problem === null) log.info(facts, "a meter was read");
    else if (isQuiet(problem)) log.debug(facts, "no meter could be read at a port");
    else log.warn(facts, "a meter was not read to the end");
    const quiet = problem !== null && isQuiet(problem) && problem.code !== "TRANSPORT_OPEN";
    this.#tell({
      state: problem === null ? "done" : quiet ? "waiting" : "failed",
      detail: problem === null ? doneSentence(report) : failureSentence(report, problem, this.#claim.why, quiet),
      ...(identity === null ? {} : { lastRead: new Date(clock.now()).toISOString(), clockErrorMs }),
    });
  }

  async #wait(ms: number | null, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const woken = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    if (ms === null) return woken;
    await Promise.race([woken, this.#options.clock.sleep(ms, signal).catch(() => undefined)]);
  }

  #tell(change: Partial<MeterStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onStatus(this.#status);
  }
}
