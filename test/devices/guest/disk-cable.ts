import { setTimeout as pause } from "node:timers/promises";
import type { BlockSimulator } from "../../../src/kit/driver.js";
import { BLOCK_BYTES } from "../../../src/kit/transport.js";
import type { Cable, Gate } from "./cable.js";
import { FunctionFs } from "./functionfs.js";
import { Gadget, type UsbNames } from "./gadget.js";
import { type Command, parseCommand, READ, ScsiDisk, statusWrapper } from "./scsi.js";
import type { UsbInterface } from "./usb-descriptors.js";

const [IN, OUT] = [1, 2] as const;
const WRAPPER_ROOM = 512;
const GET_MAX_LUN = 0xfe;
const UNPLUGGED_MS = 20;
/** Mass storage, SCSI commands, bulk only. */
const INTERFACE: UsbInterface = {
  ...{ class: 8, subclass: 6, protocol: 0x50 },
  endpoints: [
    { direction: "in", type: "bulk" },
    { direction: "out", type: "bulk" },
  ],
};

/** A meter that shows itself as a disk, on the software controller of that number: every command is answered here. */
export class DiskCable implements Cable<BlockSimulator> {
  readonly #gadget: Gadget;
  readonly #function: FunctionFs;
  #disk: ScsiDisk | null = null;
  #gate: Gate = async () => undefined;

  constructor(number: number) {
    const name = `lab${number}`;
    this.#gadget = new Gadget(number, `ffs.${name}`);
    this.#function = new FunctionFs(name, {
      interfaces: [INTERFACE],
      onEnable: () => undefined,
      onQuestion: ({ request }) => (request === GET_MAX_LUN ? Uint8Array.of(0) : null),
    });
    void this.#serve();
  }

  plug(names: UsbNames, meter: BlockSimulator, gate: Gate): void {
    this.#disk = new ScsiDisk(meter);
    this.#gate = gate;
    this.#gadget.name(names);
    this.#gadget.plug();
  }

  switchOn(): void {}

  unplug(): void {
    this.#disk = null;
    this.#gadget.unplug();
  }

  async #serve(): Promise<void> {
    for (;;) {
      const bytes = await this.#function.receive(OUT, WRAPPER_ROOM);
      const command = bytes === null ? null : parseCommand(bytes);
      if (command !== null) await this.#do(command);
      else if (bytes === null) await pause(UNPLUGGED_MS);
    }
  }

  async #do({ tag, length, toHost, bytes }: Command): Promise<void> {
    const sent = toHost || length === 0 ? new Uint8Array() : await this.#function.receive(OUT, length);
    const disk = this.#disk;
    if (sent === null || disk === null) return;
    const { ok, data } = disk.answer(bytes, sent);
    // Only blocks are what a meter says; the rest is the kernel's business.
    if (bytes[0] === READ) await this.#gate(Math.ceil(data.length / BLOCK_BYTES));
    if (disk !== this.#disk) return;
    const used = toHost ? Math.min(length, data.length) : ok ? sent.length : 0;
    if (toHost && length > 0) {
      // Filled up to what was wanted: then no endpoint needs to be halted, and the residue says how much is real.
      const full = new Uint8Array(length);
      full.set(data.subarray(0, used));
      if (!(await this.#function.send(IN, full))) return;
    }
    await this.#function.send(IN, statusWrapper(tag, length - used, ok));
  }
}
