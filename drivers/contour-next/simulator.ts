import type { HidSimulator, SimulatedReading, SimulatorOptions, UsbMatch } from "../../src/kit/driver.js";
import { simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";
import { settable } from "../shared/astm/simulated-clock.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { SimulatedRemote } from "../shared/astm/simulated-remote.js";
import { ReportSpeaker } from "../shared/hid/report-speaker.js";
import { asSent, digits, modelOfSeed, record, type SimulatedModel, TRAITS } from "./simulated-records.js";

/** One report of a full-speed device takes a millisecond. */
const REPORT_MS = 1;
const REPORT_BYTES = 64;
const PAYLOAD_BYTES = 60;
const [EOT, ENQ, ACK, NAK] = [4, 5, 6, 21];
/** A sender gives up after so many refusals of one frame. */
const REFUSALS = 6;

/**
 * A Contour with a USB plug as the protocol describes it: each ACK yields the next frame of its memory, oldest record
 * first, in reports of 64 bytes; EOT makes it show its header and ask for the line; NAK leads to remote commands.
 */
export function simulate(options: SimulatorOptions): HidSimulator {
  const { unit = "mg/dL", seed } = options;
  const model = modelOfSeed(seed);
  const serial = simulatedSerial(seed, model.serial);
  const memory = settable(simulatedMemory(options, { ...TRAITS, seconds: model.seconds }));
  const speaker = new ReportSpeaker(options.clock, REPORT_MS);
  let declines = options.declines ?? 0;
  let state: "idle" | "asking" | "sending" | "interrupted" | "remote" | "deaf" = "idle";
  let frames: readonly Uint8Array[] = [];
  let [at, refusals] = [0, 0];

  const records = (): readonly SimulatedReading[] =>
    [...memory.tests()].reverse().map((test) => asSent(test, unit, model.logbook));
  const shown = (): string => `${memory.clock().slice(0, 16)}:00`;

  const remote = new SimulatedRemote({
    read(letter) {
      if (letter === "D") return `D|${memory.clock().slice(2, 10).replaceAll("-", "")}|\u0006`;
      return letter === "T" ? `T|${memory.clock().slice(11, 16).replace(":", "")}|\u0006` : null;
    },
    write(letter, value) {
      if (model.pumpOwned) return false;
      const [day, time] = [memory.clock().slice(0, 10), memory.clock().slice(11, 16)];
      const wall =
        letter === "D"
          ? `20${value.replace(/^(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3")}T${time}:00`
          : `${day}T${value.replace(/^(\d\d)(\d\d)$/, "$1:$2")}:00`;
      if (Number.isNaN(Date.parse(`${wall}Z`))) return false;
      memory.set(wall);
      return true;
    },
  });

  function dump(): readonly Uint8Array[] {
    const all = records();
    const settings = `A=1^C=63^G=1^I=0200^R=0^S=1^U=${unit === "mmol/L" ? 1 : 0}^V=20600^Z=1`;
    const clock = digits(memory.clock(), model.seconds);
    const product = `${model.product}^01.10\\01.04\\20.30^${serial}^${serial.slice(0, 4)}-`;
    const texts = [
      `H|\\^&||k7Rf2p|${product}|${settings}|${all.length}||||||1|${clock}`,
      "P|1",
      ...all.map((reading, index) => record(index + 1, reading, model.seconds)),
      "L|1||N",
    ];
    return texts.map((text, index) => simulatedFrame(index + 1, text, index === texts.length - 1));
  }

  /** What it says to one byte; null for nothing. */
  function answer(byte: number): Uint8Array | null {
    if (state === "deaf") return null;
    if (state === "remote" && byte !== EOT && byte !== NAK) {
      const said = remote.take(byte);
      if (said === null) return null;
      declines -= said.declined ? 0 : 1;
      return declines >= 0 && !said.declined ? Uint8Array.of(NAK) : bytesOf(said.text);
    }
    if (byte === EOT) {
      if (model.shunsEot) {
        state = "deaf";
        return null;
      }
      state = "asking";
      return Uint8Array.of(EOT, ...(dump()[0] ?? []), ENQ);
    }
    if (byte === NAK && state === "sending" && refusals < REFUSALS) {
      refusals += 1;
      return frames[at] ?? null;
    }
    if (byte === NAK) {
      state = "interrupted";
      return Uint8Array.of(EOT);
    }
    if (byte === ENQ && state === "interrupted") {
      state = "remote";
      remote.begin();
      return Uint8Array.of(ACK);
    }
    return byte === ACK ? acknowledged() : null;
  }

  function acknowledged(): Uint8Array | null {
    if (state === "sending") {
      [at, refusals] = [at + 1, 0];
      if (at < frames.length) return frames[at] ?? null;
      state = "idle";
      return model.shunsEot ? null : Uint8Array.of(EOT);
    }
    declines -= 1;
    if (declines >= 0) return Uint8Array.of(NAK);
    if (state === "idle" && !model.shunsEot) {
      state = "asking";
      return Uint8Array.of(ENQ);
    }
    [state, frames, at, refusals] = ["sending", dump(), 0, 0];
    return frames[0] ?? null;
  }

  return {
    serial,
    usb: usbOf(model),
    reportBytes: REPORT_BYTES,
    clock: shown,
    get memory() {
      return records();
    },
    receive(report, send) {
      // The id, three bytes of filler, and the length stand before what is said.
      for (const byte of report.subarray(5, 5 + (report[4] ?? 0))) {
        const said = answer(byte);
        if (said !== null) void speaker.say(reportsOf(said), send);
      }
    },
  };
}

function usbOf({ productId }: SimulatedModel): UsbMatch {
  return { vendorId: "1a79", productId, ambiguous: false, source: "sheet a" };
}

function reportsOf(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / PAYLOAD_BYTES) }, (_, index) => {
    const payload = bytes.subarray(index * PAYLOAD_BYTES, (index + 1) * PAYLOAD_BYTES);
    return Uint8Array.of(0x41, 0x42, 0x43, payload.length, ...payload);
  });
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
