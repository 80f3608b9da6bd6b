import { systemClock } from "../../../../src/kit/system-clock.js";
import { fullUuid } from "../../../../src/transports/bluez/uuid.js";
import type { Gate } from "../cable.js";
import { until } from "../until.js";
import type { Air } from "./air.js";
import { BusError } from "./bus-line.js";
import { ProbeClient } from "./probe-client.js";
import { RadioMeter } from "./radio-meter.js";
import { CONTROL, DECLINED, MAKER, MEASUREMENT, packet, REPORT_ALL, REPORTED, standInBle } from "./stand-in-ble.js";

const COUNT = 60;
const BYTES = 17;
/** So many packets, and the link is lost. */
const CUT_AFTER = 20;
const LIMIT_MS = 60_000;
const open: Gate = async () => undefined;

/**
 * Reads the stand-in with a client of the lab's own: heard, refused without a bond and with wrong digits, paired with those
 * that it shows, read whole, cut off in the middle, read whole again. Throws an Error that says what was wrong; returns how
 * many packets were alike.
 */
export async function readProbe(
  { radio, display }: Air,
  right: (step: string, node?: string) => void,
): Promise<number> {
  const adapter = radio.freeAdapter();
  const stand = (): ReturnType<typeof standInBle> => standInBle(COUNT, BYTES);
  const meter = await RadioMeter.make(radio.line, adapter, stand());
  const client = await ProbeClient.open(meter.address);
  try {
    await display.takeOver();
    await meter.comeNear(stand(), open);
    const { name, services, paired } = await client.hear();
    if (name !== stand().name || paired !== false) throw new Error(`heard as ${name}, paired: ${paired}`);
    if (!Array.isArray(services) || !services.includes(fullUuid("1808"))) throw new Error(`it advertises ${services}`);
    await client.connect();
    if (new TextDecoder().decode(await client.read(MAKER)) !== "Glucohub") throw new Error("the maker is another one");
    await refused("asking without a bond", () => client.write(CONTROL, REPORT_ALL));
    if (client.waiting > 0) throw new Error("it told readings without a bond");
    right("refused without a bond", `ble:${meter.address}`);

    const shown = (): Promise<string> =>
      until("six digits on its display", LIMIT_MS, systemClock, async () => display.shows(adapter));
    await refused("pairing with wrong digits", () => client.pair(async () => wrong(await shown())));
    if (await client.isPaired()) throw new Error("wrong digits paired it");
    right("refused with wrong digits");
    display.blank(adapter);
    await client.connect();
    await client.pair(shown);
    if (!(await client.isPaired())) throw new Error("it is not paired");
    right("paired with the digits shown");

    const first = await whole(client);
    await refused(
      "what it does not know",
      () => client.write(CONTROL, Uint8Array.of(9, 9)),
      `0x${DECLINED.toString(16)}`,
    );
    right(`whole: ${first}`);
    await meter.goAway();
    await until("the end of the link", LIMIT_MS, systemClock, async () => ((await client.isConnected()) ? null : true));

    let sent = 0;
    await meter.comeNear(stand(), async () => {
      sent += 1;
      if (sent === CUT_AFTER) await meter.goAway();
    });
    await client.hear();
    await client.connect();
    await ask(client);
    await until("the loss of the link", LIMIT_MS, systemClock, async () =>
      (await client.isConnected()) ? null : true,
    );
    const part = await client.take();
    if (part.length >= CUT_AFTER) throw new Error(`${part.length} packets came through a link that was lost before`);
    for (const [number, { bytes }] of part.entries()) demandPacket(number, bytes);
    right(`cut after ${part.length} of ${COUNT}`);

    await meter.comeNear(stand(), open);
    await client.hear();
    await client.connect();
    const second = await whole(client);
    right(`again: ${second}`);
    await client.disconnect();
    return first + part.length + second;
  } finally {
    await client.close();
    await meter.forgetBonds();
    await meter.end();
  }
}

async function ask(client: ProbeClient): Promise<void> {
  await client.subscribe(MEASUREMENT);
  await client.subscribe(CONTROL);
  await client.write(CONTROL, REPORT_ALL);
}

/** Asks for all and demands each packet once, in order, and the end; how many. */
async function whole(client: ProbeClient): Promise<number> {
  await ask(client);
  await until(`${COUNT} packets and the end`, LIMIT_MS, systemClock, async () =>
    client.waiting > COUNT ? true : null,
  );
  const came = await client.take();
  if (came.length !== COUNT + 1) throw new Error(`${came.length} notices came instead of ${COUNT + 1}`);
  for (const [number, { characteristic, bytes }] of came.entries()) {
    if (number < COUNT && characteristic === fullUuid(MEASUREMENT.characteristic)) demandPacket(number, bytes);
    else if (number < COUNT || !Buffer.from(bytes).equals(REPORTED)) throw new Error(`notice ${number} is another one`);
  }
  return COUNT;
}

function demandPacket(number: number, bytes: Uint8Array): void {
  if (!Buffer.from(bytes).equals(packet(number, BYTES))) throw new Error(`packet ${number} is not what was sent`);
}

/** Demands that BlueZ declines. */
async function refused(what: string, act: () => Promise<unknown>, text = ""): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof BusError && error.message.includes(text)) return;
    throw error;
  }
  throw new Error(`${what} was not refused`);
}

function wrong(digits: string): string {
  return digits === "123456" ? "654321" : "123456";
}
