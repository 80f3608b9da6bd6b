import type { Clock } from "../../../../src/domain/clock.js";
import type { MeterStatus, PairingStatus } from "../../../../src/domain/status.js";
import type { LabHub } from "../hub.js";
import { until } from "../until.js";

const LIMIT_MS = 120_000;

/** Who pairs, and what the meter shows. */
export interface PairingSide {
  readonly hub: Pick<LabHub, "meters" | "call">;
  readonly clock: Clock;
  /** The six digits on the meter's display; null while it shows none. */
  readonly shows: () => string | null;
  /** Makes the display the one that BlueZ asks where the hub began a pairing, and blanks it. */
  readonly watchDisplay: () => Promise<void>;
  readonly right: (step: string, node?: string) => void;
}

/**
 * Pairs the hub with the meter at a port as a person would: sees that it is shown as nobody's, types wrong digits, which must
 * fail, then those that the meter shows. Throws an Error that says what was wrong.
 */
export async function pairByHub(port: string, { hub, clock, shows, watchDisplay, right }: PairingSide): Promise<void> {
  let last = "nothing";
  const status = async (): Promise<MeterStatus | null> => {
    const found = (await hub.meters()).find((meter) => meter.port === port) ?? null;
    last = found === null ? "nothing of it" : `${found.state}: ${found.detail}`;
    return found;
  };
  const told = (): string => `The hub says: ${last}`;
  const nobodys = async (): Promise<true | null> => ((await status())?.state === "unpaired" ? true : null);

  const pair = async (digitsFor: (shown: string) => string): Promise<PairingStatus> => {
    await watchDisplay();
    const begun = await hub.call("POST", "/pairings", { port });
    if (begun.status !== 202)
      throw new Error(`pairing was answered with ${begun.status}: ${JSON.stringify(begun.body)}`);
    const path = `/pairings/${String(begun.body["pairing"])}`;
    let typed = false;
    return await until(
      "the end of the pairing",
      LIMIT_MS,
      clock,
      async () => {
        const pairing = (await hub.call("GET", path)).body as unknown as PairingStatus;
        last = `${pairing.state}: ${pairing.detail}`;
        const shown = shows();
        if (pairing.state === "passkey" && !typed && shown !== null) {
          typed = true;
          await hub.call("POST", path, { digits: digitsFor(shown) });
        }
        return pairing.state === "done" || pairing.state === "failed" ? pairing : null;
      },
      told,
    );
  };

  await until("being heard, as nobody's meter", LIMIT_MS, clock, nobodys, told);
  const refused = await pair(wrong);
  if (refused.state !== "failed") throw new Error("wrong digits paired it");
  await until("being nobody's still", LIMIT_MS, clock, nobodys, told);
  right("refused with wrong digits", port);
  const paired = await pair((shown) => shown);
  if (paired.state !== "done") throw new Error(`it was not paired: ${paired.detail}`);
  right("paired");
}

function wrong(digits: string): string {
  return digits === "123456" ? "654321" : "123456";
}
