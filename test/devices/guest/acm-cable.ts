import { execFileSync } from "node:child_process";
import type { MeterSimulator } from "../../../src/kit/driver.js";
import type { Cable, Gate } from "./cable.js";
import { Gadget, type UsbNames } from "./gadget.js";
import { gated, StreamEnd } from "./stream-end.js";

/** A meter on a USB serial port (CDC-ACM), on the software controller of that number. */
export class AcmCable implements Cable<MeterSimulator> {
  readonly #gadget: Gadget;
  readonly #line: string;
  #meter: MeterSimulator | null = null;
  #send: (bytes: Uint8Array) => void = () => undefined;

  constructor(number: number) {
    const name = `acm.lab${number}`;
    this.#gadget = new Gadget(number, name);
    this.#line = `/dev/ttyGS${this.#gadget.functionFact(`${name}/port_num`)}`;
  }

  plug(names: UsbNames, meter: MeterSimulator, gate: Gate): void {
    this.#meter = meter;
    this.#gadget.name(names);
    const end = new StreamEnd(this.#line, (bytes) => meter.receive(bytes, send));
    const send = gated(gate, () => this.#meter === meter, end);
    this.#send = send;
    // Before the first byte: a terminal would echo what comes.
    execFileSync("stty", ["-F", this.#line, "raw", "-echo"]);
    this.#gadget.plug();
    meter.start?.(send);
  }

  switchOn(): void {
    this.#meter?.start?.(this.#send);
  }

  unplug(): void {
    this.#meter = null;
    this.#gadget.unplug();
  }
}
