import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeterSimulator } from "../../../src/kit/driver.js";
import type { Cable, Gate } from "./cable.js";
import type { UsbNames } from "./gadget.js";
import { gated, StreamEnd } from "./stream-end.js";

const DEVICES = "/sys/bus/usb/devices";
const CHARACTERS = "/sys/class/virtio-ports";
const FAR_END = "lab.far-end";

/**
 * A meter on QEMU's serial cable with an FTDI chip. It can't be pulled out of the machine: its permission to be used is
 * taken away, upon which the kernel lets its drivers go as if it had been.
 */
export class FtdiCable implements Cable<MeterSimulator> {
  readonly #permission: string;
  #meter: MeterSimulator | null = null;
  #send: (bytes: Uint8Array) => void = () => undefined;
  readonly #end: StreamEnd;

  /** Finds it and pulls it out. Throws an Error if this machine has none. */
  constructor() {
    const device = readdirSync(DEVICES).find((name) =>
      fact(join(DEVICES, name, "product")).includes("QEMU USB SERIAL"),
    );
    const line = readdirSync(CHARACTERS).find((name) => fact(join(CHARACTERS, name, "name")) === FAR_END);
    if (device === undefined || line === undefined) throw new Error("this machine has no FTDI cable");
    this.#permission = join(DEVICES, device, "authorized");
    this.unplug();
    this.#end = new StreamEnd(join("/dev", line), (bytes) => this.#meter?.receive(bytes, this.#send));
  }

  plug(_names: UsbNames, meter: MeterSimulator, gate: Gate): void {
    this.#meter = meter;
    this.#send = gated(gate, () => this.#meter === meter, this.#end);
    writeFileSync(this.#permission, "1");
    meter.start?.(this.#send);
  }

  switchOn(): void {
    this.#meter?.start?.(this.#send);
  }

  unplug(): void {
    this.#meter = null;
    writeFileSync(this.#permission, "0");
  }
}

function fact(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}
