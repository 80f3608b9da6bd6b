import { createInterface, type Interface } from "node:readline/promises";
import { Problem } from "../domain/problem.js";
import type { PairingStatus } from "../domain/status.js";
import { isOpen, type PairingReply } from "../hub/pairing-desk.js";
import type { Cli } from "./cli.js";

/** How often a pairing is asked how it goes, milliseconds. */
const ASK_EVERY_MS = 200;

/** Who carries a pairing out: the running hub, or this process. */
export interface PairingCarrier {
  start(port: string): Promise<PairingStatus>;
  status(id: string): Promise<PairingStatus>;
  answer(id: string, reply: PairingReply): Promise<unknown>;
}

/**
 * Carries one pairing from its beginning to its end: shows each question, reads the answer as a line of standard input.
 * Throws PAIRING_FAILED with what went wrong, and TRANSPORT_CANCELED when it is interrupted or nobody answers.
 */
export async function talkPairing(cli: Cli, port: string, carrier: PairingCarrier): Promise<PairingStatus> {
  const { clock, stdin, stderr } = cli.io;
  const signal = cli.io.interruption();
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    let status = await carrier.start(port);
    let told = "";
    while (isOpen(status)) {
      const { state, digits, detail } = status;
      const said = `${state} ${digits ?? ""}`;
      if (said !== told) {
        told = said;
        const reply = await askPerson(lines, status, signal, (line) => cli.out.note(line));
        if (reply !== null) {
          try {
            await carrier.answer(status.pairing, reply);
          } catch (error) {
            // Wrongly typed: asked once more. Where the question is over, the status says how it ended.
            if (error instanceof Problem && error.code === "REQUEST_INVALID") told = "";
            else if (!(error instanceof Problem && error.code === "PAIRING_NOT_FOUND")) throw error;
            cli.out.note(detail);
          }
        }
      }
      await clock.sleep(ASK_EVERY_MS, signal);
      status = await carrier.status(status.pairing);
    }
    if (status.state === "failed") throw new Problem("PAIRING_FAILED", status.detail);
    return status;
  } catch (error) {
    if (signal.aborted) throw new Problem("TRANSPORT_CANCELED");
    throw error;
  } finally {
    lines.close();
  }
}

/** The answer to what is asked now; null where nothing is. */
async function askPerson(
  lines: Interface,
  { state, digits, detail }: PairingStatus,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<PairingReply | null> {
  switch (state) {
    case "passkey":
      return { digits: (await lines.question(`${detail} `, { signal })).replace(/\s/g, "") };
    case "confirm": {
      const shown = digits === null ? "" : ` ${digits}`;
      const said = await lines.question(`${detail}${shown} [y/N] `, { signal });
      return { yes: /^y(es)?$/i.test(said.trim()) };
    }
    case "shown":
      note(`${detail} ${digits ?? ""}`);
      return null;
    default:
      note(detail);
      return null;
  }
}
