import { setTimeout as pause } from "node:timers/promises";
import type { MeterSimulator } from "../../../src/kit/driver.js";
import type { Cable, Gate } from "./cable.js";
import { FunctionFs } from "./functionfs.js";
import { Gadget, type UsbNames } from "./gadget.js";
import type { UsbInterface } from "./usb-descriptors.js";

const [IN, OUT] = [1, 2] as const;
const ROOM = 4_096;
const UNPLUGGED_MS = 20;
/** Of a maker's own class: no driver of the kernel takes it. */
const OWN = { class: 0xff, subclass: 0, protocol: 0 } as const;

/** A meter on two bulk endpoints, on the software controller of that number. */
export class BulkCable implements Cable<MeterSimulator> {
  readonly #gadget: Gadget;
  readonly #function: FunctionFs;
  #meter: MeterSimulator | null = null;
  #gate: Gate = async () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param interfaceNumber which interface has the endpoints; those before it have none */
  constructor(number: number, interfaceNumber: number) {
    const name = `lab${number}`;
    this.#gadget = new Gadget(number, `ffs.${name}`);
    const empty = Array.from({ length: interfaceNumber }, (): UsbInterface => ({ ...OWN, endpoints: [] }));
    const pair: UsbInterface = {
      ...OWN,
      endpoints: [
        { direction: "in", type: "bulk" },
        { direction: "out", type: "bulk" },
      ],
    };
    this.#function = new FunctionFs(name, {
      interfaces: [...empty, pair],
      onEnable: () => this.switchOn(),
    });
    void this.#listen();
  }

  plug(names: UsbNames, meter: MeterSimulator, gate: Gate): void {
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
      const bytes = await this.#function.receive(OUT, ROOM);
      if (bytes === null) await pause(UNPLUGGED_MS);
      else this.#meter?.receive(bytes, this.#sender());
    }
  }

  #sender(): (bytes: Uint8Array) => void {
    const meter = this.#meter;
    return (bytes) => {
      this.#last = this.#last.then(async () => {
        if (meter !== this.#meter) return;
        await this.#gate(bytes.length);
        if (meter === this.#meter) await this.#function.send(IN, bytes);
      });
    };
  }
}
