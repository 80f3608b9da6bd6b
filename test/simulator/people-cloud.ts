import type { CloudAct, Item } from "./plan.js";
import { BROKEN_VALUE, instantOf, isBrokenContent, typedInCloud } from "./readings.js";
import type { World } from "./world.js";

const MEALS = ["before", "after", "fasting", "bedtime", "casual"] as const;

/** Somebody in the cloud does something. */
export async function actInCloud(world: World, item: Item): Promise<void> {
  const { number } = item;
  if (item.act === "cloud creates") {
    const { id, fields } = typedInCloud(number);
    world.name(id, `c${number}`);
    world.cloudEdits += 1;
    world.cloud.edit(id, "glucose", false, { ...fields }, "doctor");
    world.tell("doctor", `makes c${number}`);
    world.coverage.count("act cloud creates");
    return;
  }
  const states = [...world.cloud.records.values()];
  const state = states[item.record % Math.max(1, states.length)];
  if (state === undefined) return;
  if (item.act === "cloud insists") return insist(world, state.id, number);
  // Whoever touches a record that is none puts it right.
  const repair = isBrokenContent(state) ? { value: 99 + number } : {};
  const { patch, deleted } = CHANGES[item.act as SingleAct](item);
  world.cloudEdit(state.id, { ...repair, ...patch }, deleted, "doctor");
  world.coverage.count(`act ${item.act}`);
}

type SingleAct = Exclude<CloudAct, "cloud creates" | "cloud insists">;

/** Sets a value, and sets it again whenever a hub has put its own in its place; gives up after some times. */
async function insist(world: World, id: string, number: number): Promise<void> {
  const value = 300 + number;
  for (let times = 0; times < 6 && !world.calm; times += 1) {
    if (world.cloud.records.get(id)?.fields["value"] !== value) world.cloudEdit(id, { value }, null, "doctor");
    const { scheduler } = world;
    const ready = (): boolean => world.cloud.records.get(id)?.fields["value"] !== value;
    await scheduler.wait(null, "insists", { ready, latestMs: scheduler.nowMs + 3_000 });
  }
  world.coverage.count("act cloud insists");
}

interface Change {
  readonly patch: Readonly<Record<string, unknown>>;
  readonly deleted: boolean | null;
}

const CHANGES: Readonly<Record<SingleAct, (item: Item) => Change>> = {
  "cloud edits": (item) => ({ patch: patchOf(item), deleted: null }),
  "cloud edits two fields": (item) => ({ patch: { ...patchOf(item), note: `d${item.number}` }, deleted: null }),
  "cloud clears": () => ({ patch: { note: null }, deleted: null }),
  "cloud deletes": () => ({ patch: {}, deleted: true }),
  "cloud undeletes": () => ({ patch: {}, deleted: false }),
  "cloud changes a value": (item) => ({ patch: { value: 200 + item.number }, deleted: null }),
  "cloud breaks a record": () => ({ patch: { value: BROKEN_VALUE }, deleted: null }),
  "cloud adds a field": (item) => ({ patch: { mood: `mood ${item.number}` }, deleted: null }),
  "cloud touches": () => ({ patch: {}, deleted: null }),
};

function patchOf({ number, detail }: Item): Readonly<Record<string, unknown>> {
  if (detail < 0.4) return { note: `d${number}` };
  if (detail < 0.6) return { patient: `dp${number}` };
  if (detail < 0.8) return { time: instantOf(number) };
  return { meal: MEALS[number % MEALS.length] };
}
