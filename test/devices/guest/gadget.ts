import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const GADGETS = "/sys/kernel/config/usb_gadget";
const ENGLISH = "strings/0x409";

/** How a device names itself on USB. */
export interface UsbNames {
  /** Four lower-case hex digits. */
  readonly vendorId: string;
  readonly productId: string;
  readonly maker: string;
  readonly product: string;
  readonly serial: string;
}

/** A USB device made of software, on a controller of its own. */
export class Gadget {
  readonly #folder: string;
  readonly #controller: string;
  #plugged = false;

  /**
   * Makes it, unplugged.
   *
   * @param number which controller
   * @param functionName the kind of function and its name: `acm.lab0`
   */
  constructor(number: number, functionName: string) {
    this.#folder = join(GADGETS, `lab${number}`);
    this.#controller = `dummy_udc.${number}`;
    for (const folder of [ENGLISH, `functions/${functionName}`, "configs/c.1"]) {
      mkdirSync(join(this.#folder, folder), { recursive: true });
    }
    this.#set("bcdUSB", "0x0200");
    this.#set("bcdDevice", "0x0100");
    symlinkSync(join(this.#folder, "functions", functionName), join(this.#folder, "configs/c.1", functionName));
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  /** Reads an attribute of its function: `acm.lab0/port_num`. */
  functionFact(path: string): string {
    return readFileSync(join(this.#folder, "functions", path), "utf8").trim();
  }

  /** What it is called from the next time on that it is plugged in. */
  name(names: UsbNames): void {
    this.#set("idVendor", `0x${names.vendorId}`);
    this.#set("idProduct", `0x${names.productId}`);
    this.#set(`${ENGLISH}/manufacturer`, names.maker);
    this.#set(`${ENGLISH}/product`, names.product);
    this.#set(`${ENGLISH}/serialnumber`, names.serial);
  }

  /** Plugs it in: the kernel sees a device come. */
  plug(): void {
    this.#set("UDC", this.#controller);
    this.#plugged = true;
  }

  /** Pulls it out, at this very moment. */
  unplug(): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#set("UDC", "\n");
  }

  #set(name: string, value: string): void {
    writeFileSync(join(this.#folder, name), value);
  }
}

/** True where the kernel has the controllers. */
export function hasControllers(): boolean {
  return existsSync(GADGETS) && existsSync("/sys/class/udc/dummy_udc.0");
}
