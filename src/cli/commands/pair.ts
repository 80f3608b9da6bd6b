import type { Command } from "commander";
import { DRIVERS } from "../../../drivers/index.js";
import { Problem } from "../../domain/problem.js";
import type { MeterStatus, PairingStatus } from "../../domain/status.js";
import { PairingDesk } from "../../hub/pairing-desk.js";
import { claim } from "../../ingest/attachment.js";
import { attachedStatus } from "../../ingest/meter-status.js";
import type { Settings } from "../../settings/settings.js";
import { type Attachment, nameAt } from "../../transports/attachments.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { findHub, type HubClient } from "../hub-client.js";
import { type PairingCarrier, talkPairing } from "../pair-talk.js";
import { openRadio } from "../radio.js";

/** How long a meter that is not there yet is waited for, milliseconds: pairing mode has to be found in its menus. */
const WAIT_MS = 90_000;
const LOOK_EVERY_MS = 500;

/** Meters in reach, and who pairs with them. */
interface Radio extends PairingCarrier {
  meters(): Promise<readonly MeterStatus[]>;
  forget(port: string): Promise<void>;
  close(): Promise<void>;
}

/** `pair` and `unpair`: which Bluetooth meters this hub reads. */
export function addPair(program: Command, cli: Cli): void {
  const pair = program
    .command("pair")
    .description("Pair with a Bluetooth meter; from then on it is read whenever it is in reach.")
    .argument("[meter]", "its port or its name (default: the only meter in reach that is not paired)")
    .option("--again", "also where it is paired already: that pairing is removed first")
    .option("--json", "one JSON object: how it ended")
    .action((meter: string | undefined, options: { json?: boolean; again?: boolean }) =>
      withRadio(cli, async (radio) => {
        const port = await chooseMeter(cli, radio, meter);
        if (options.again !== true) await demandUnpaired(radio, port);
        const status = await talkPairing(cli, port, radio);
        if (options.json === true) await cli.out.json(status);
        else await cli.out.print(`${status.name ?? status.port}: ${status.detail}`);
      }),
    );
  withExample(pair, "pair", "pair ble:C0:FF:EE:00:00:01");

  const unpair = program
    .command("unpair")
    .description("Forget a Bluetooth meter: it is not read any more. Its records stay.")
    .argument("<port>", "its port, as `glucohub meters` shows it")
    .action((port: string) =>
      withRadio(cli, async (radio) => {
        await radio.forget(port);
        await cli.out.print(`${port} is forgotten. Remove this hub from the meter's own list as well, if it has one.`);
      }),
    );
  withExample(unpair, "unpair ble:C0:FF:EE:00:00:01");
}

/** Waits for the meter to show itself. Throws USAGE where several may be meant, TRANSPORT_OPEN if none comes. */
async function chooseMeter(cli: Cli, radio: Radio, named: string | undefined): Promise<string> {
  if (named?.startsWith("ble:") === true) return named;
  const { clock } = cli.io;
  const signal = cli.io.interruption();
  const began = clock.now();
  let waited = false;
  for (;;) {
    const waiting = (await radio.meters()).filter(({ state }) => state === "unpaired");
    const fitting = named === undefined ? waiting : waiting.filter(({ detail }) => detail.includes(named));
    const [first, ...others] = fitting;
    if (others.length > 0) {
      const list = fitting.map(({ port, detail }) => `\n${port}: ${detail}`).join("");
      throw new Problem("USAGE", `Several meters are in reach; name one by its port:${list}`);
    }
    if (first?.port != null) return first.port;
    if (clock.now() - began > WAIT_MS) {
      const who = named === undefined ? "No meter that is not paired" : `No meter "${named}"`;
      throw new Problem("TRANSPORT_OPEN", `${who} came into reach: switch its Bluetooth on, in pairing mode.`);
    }
    if (!waited) cli.out.note("Waiting for a meter: put it into pairing mode, within two metres. Ctrl-C ends this.");
    waited = true;
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {
      throw new Problem("TRANSPORT_CANCELED");
    });
  }
}

/** Throws USAGE for a meter that is paired: pairing anew would end what works. */
async function demandUnpaired(radio: Radio, port: string): Promise<void> {
  const found = (await radio.meters()).find((meter) => meter.port === port);
  if (found !== undefined && found.state !== "unpaired")
    throw new Problem("USAGE", `${port} is paired with this hub already; --again removes that and pairs anew.`);
}

async function withRadio(cli: Cli, work: (radio: Radio) => Promise<void>): Promise<void> {
  const settings = cli.settings();
  const hub = await findHub(settings);
  if (hub.running && hub.client === null)
    throw new Problem("HUB_RUNNING", "A hub runs on this data folder but does not answer: it may be starting.");
  const radio = hub.running && hub.client !== null ? throughHub(hub.client) : await byOurselves(cli, settings);
  try {
    await work(radio);
  } finally {
    await radio.close();
  }
}

function throughHub(client: HubClient): Radio {
  return {
    meters: async () => (await client.get<{ meters: MeterStatus[] }>("/api/v1/meters")).meters,
    start: (port) => client.post<PairingStatus>("/api/v1/pairings", { port }),
    status: (id) => client.get<PairingStatus>(`/api/v1/pairings/${id}`),
    answer: (id, reply) => client.post(`/api/v1/pairings/${id}`, reply),
    forget: (port) => client.delete(`/api/v1/pairings?port=${encodeURIComponent(port)}`),
    close: async () => undefined,
  };
}

async function byOurselves(cli: Cli, settings: Settings): Promise<Radio> {
  const log = cli.quietLog(settings);
  // Without one, a meter that can't be heard would be waited for.
  const bluetooth = await openRadio(cli, settings);
  const ending = new AbortController();
  let there: readonly Attachment[] = [];
  const watching = bluetooth
    .watch((attached) => {
      there = attached;
    }, ending.signal)
    .catch(() => undefined);
  const nameOf = (port: string): string | null => nameAt(there, port);
  const desk = new PairingDesk({ bluetooth, log, nameOf, onStatus: () => undefined });
  return {
    meters: async () => there.map((one) => attachedStatus(one, claim(DRIVERS, one))),
    start: async (port) => desk.start(port),
    async status(id) {
      const status = desk.status(id);
      if (status === null) throw new Problem("PAIRING_NOT_FOUND");
      return status;
    },
    answer: async (id, reply) => desk.answer(id, reply),
    forget: (port) => bluetooth.forget(port),
    async close() {
      desk.stop();
      ending.abort();
      await watching;
      await bluetooth.close();
    },
  };
}
