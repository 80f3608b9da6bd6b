import { compare, percentile } from "./compare.js";
import { floorEvents } from "./events-floor.js";
import { hubEvents } from "./events-hub.js";
import type { Bench } from "./figure.js";
import { filledStore } from "./filled-store.js";

/**
 * From the moment when a driver yields a reading to the moment when a client of the event stream, another process, has
 * it: one reading after the other, each when the one before it was seen. By then the reading is durable. Against frames
 * of the same size from a bare server, which keeps nothing.
 */
export const benchEvents: Bench = async (context) => {
  const store = await filledStore(context, "events");
  let runs = 0;
  const { ours, floor } = await compare(
    () => {
      runs += 1;
      return hubEvents(store, context.readings, `run-${runs}`);
    },
    () => floorEvents(context.readings),
    (latencies) => percentile(latencies, 0.95),
    context.say,
  );
  const figure = (name: string, share: number, atMost: number | null) => {
    const [mine, least] = [percentile(ours, share), percentile(floor, share)];
    return {
      name,
      unit: "ms" as const,
      ours: mine,
      floor: least,
      ratio: mine / least,
      target: atMost === null ? null : { of: "value" as const, atMost },
    };
  };
  return [
    figure(`reading to event, p95 of ${context.readings}`, 0.95, 50),
    figure("  p50", 0.5, null),
    figure("  longest", 1, null),
  ];
};
