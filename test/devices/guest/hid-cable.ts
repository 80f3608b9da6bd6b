import { setTimeout as pause } from "node:timers/promises";
import type { HidSimulator } from "../../../src/kit/driver.js";
import type { Cable, Gate } from "./cable.js";
import { FunctionFs, type Setup } from "./functionfs.js";
import { Gadget, type UsbNames } from "./gadget.js";
import { hidDescriptor, type UsbInterface, vendorReports } from "./usb-descriptors.js";

const [IN, OUT] = [1, 2] as const;
const [OUTPUT, FEATURE] = [2, 3] as const;
const UNPLUGGED_MS = 20;
const GET_DESCRIPTOR = 0x06;
const [GET_REPORT, GET_IDLE, SET_REPORT] = [0x01, 0x02, 0x09] as const;
const REPORT_DESCRIPTOR = 0x22;

/** A meter that speaks in HID reports, on the software controller of that number. */
export class HidCable implements Cable<HidSimulator> {
  readonly #gadget: Gadget;
  readonly #function: FunctionFs;
  readonly #bytes: number;
  readonly #descriptor: Uint8Array;
  readonly #numbered: boolean;
  #meter: HidSimulator | null = null;
  #gate: Gate = async () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param reportBytes length of its reports, each way
   * @param numbered whether they begin with their number
   */
  constructor(number: number, reportBytes: number, numbered: boolean) {
    this.#bytes = reportBytes;
    this.#numbered = numbered;
    this.#descriptor = vendorReports(reportBytes, numbered);
    const name = `lab${number}`;
    this.#gadget = new Gadget(number, `ffs.${name}`);
    this.#function = new FunctionFs(name, {
      interfaces: [hidInterface(this.#descriptor.length)],
      onEnable: () => this.switchOn(),
      onQuestion: (setup) => this.#answer(setup),
      onOrder: (setup, bytes) => this.#order(setup, bytes),
    });
    void this.#listen();
  }

  plug(names: UsbNames, meter: HidSimulator, gate: Gate): void {
    this.#meter = meter;
    this.#gate = gate;
    this.#gadget.name(names);
    this.#gadget.plug();
  }

  switchOn(): void {
    this.#meter?.start?.(this.#sender());
  }

  unplug(): void {
    this.#meter = null;
    this.#gadget.unplug();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const report = await this.#function.receive(OUT, this.#bytes);
      if (report === null) await pause(UNPLUGGED_MS);
      else this.#meter?.receive(this.#numbered ? report : Uint8Array.of(0, ...report), this.#sender());
    }
  }

  #sender(): (report: Uint8Array) => void {
    const meter = this.#meter;
    return (report) => {
      // Filled up: the kernel drops what is shorter than the descriptor says.
      const full = new Uint8Array(this.#bytes);
      full.set(report.subarray(0, this.#bytes));
      this.#last = this.#last.then(async () => {
        if (meter !== this.#meter) return;
        await this.#gate(1);
        if (meter === this.#meter) await this.#function.send(IN, full);
      });
    };
  }

  #answer({ request, value, length }: Setup): Uint8Array | null {
    if (request === GET_DESCRIPTOR && value >> 8 === REPORT_DESCRIPTOR) return this.#descriptor;
    if (request === GET_IDLE) return Uint8Array.of(0);
    if (request !== GET_REPORT || value >> 8 !== FEATURE) return null;
    const id = value & 0xff;
    const report = this.#meter?.getFeature?.(id, length);
    // On the cable a report without a number has none in front.
    return report === undefined ? null : report.subarray(id === 0 ? 1 : 0);
  }

  #order({ request, value }: Setup, bytes: Uint8Array): boolean {
    if (request !== SET_REPORT) return true;
    const report = (value & 0xff) === 0 ? Uint8Array.of(0, ...bytes) : bytes;
    if (value >> 8 === FEATURE) this.#meter?.setFeature?.(report);
    else if (value >> 8 === OUTPUT) this.#meter?.receive(report, this.#sender());
    return true;
  }
}

function hidInterface(descriptorBytes: number): UsbInterface {
  return {
    ...{ class: 3, subclass: 0, protocol: 0 },
    classDescriptor: hidDescriptor(descriptorBytes),
    endpoints: [
      { direction: "in", type: "interrupt" },
      { direction: "out", type: "interrupt" },
    ],
  };
}
