import { type BusAnswer, type BusLine, DONE } from "./bus-line.js";

const PATH = "/lab/display";
const REFUSED: BusAnswer = { error: "org.bluez.Error.Rejected", text: "a display can't answer" };

/** The meters' displays: they show six digits, and have no keys. */
export class DisplayAgent {
  readonly #line: BusLine;
  readonly #shown = new Map<string, string>();

  constructor(line: BusLine) {
    this.#line = line;
    line.serve(({ path, member, args }) => {
      if (path !== PATH) return null;
      if (member === "DisplayPasskey") this.#show(args[0], String(args[1]).padStart(6, "0"));
      else if (member === "DisplayPinCode") this.#show(args[0], String(args[1]));
      else if (member !== "Release" && member !== "Cancel") return REFUSED;
      return DONE;
    });
  }

  /** Takes the place of the agent that BlueZ asks where a pairing was begun by the other side. */
  async takeOver(): Promise<void> {
    const manager = ["/org/bluez", "org.bluez.AgentManager1"] as const;
    await this.#line.call(...manager, "RegisterAgent", "os", [PATH, "DisplayOnly"]).catch(() => undefined);
    await this.#line.call(...manager, "RequestDefaultAgent", "o", [PATH]);
  }

  /** What a meter's display shows since it was last blanked; null if nothing. */
  shows(adapter: string): string | null {
    return this.#shown.get(adapter) ?? null;
  }

  blank(adapter: string): void {
    this.#shown.delete(adapter);
  }

  /** @param device `/org/bluez/hci1/dev_00_AA_01_00_00_42`: the hub as the meter sees it */
  #show(device: unknown, digits: string): void {
    this.#shown.set(String(device).replace(/\/dev_.*$/, ""), digits);
  }
}
