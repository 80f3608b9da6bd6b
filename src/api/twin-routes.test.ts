import { describe, expect, test } from "vitest";
import { type FakeHub, fakeHub, NOW } from "../../test/api/fake-hub.js";
import { reading } from "../../test/helpers/ingest.js";
import { importIn, readIn, sample } from "../../test/helpers/twins.js";
import type { Statistics } from "../store/statistics.js";
import type { TwinsPage } from "../store/twins.js";
import { statisticsAnswer, twinsAnswer } from "./schemas.js";

/** A hub that has read a meter of three readings and imported an app's copies of two. */
async function hubWithTwins(): Promise<FakeHub> {
  const hub = await fakeHub();
  await readIn(
    hub.store,
    [101, 142, 250].map((value, hour) => reading({ deviceTime: `2024-03-05T0${hour + 5}:00:00`, value })),
  );
  await importIn(hub.store, [sample("2024-03-05T05:00:10Z", 101), sample("2024-03-05T06:00:10Z", 142)]);
  return hub;
}

const twins = async (hub: FakeHub, query = ""): Promise<TwinsPage> =>
  (await (await hub.call("GET", `/api/v1/twins${query}`)).json()) as TwinsPage;
const statistics = async (hub: FakeHub, query = ""): Promise<Statistics> =>
  (await (await hub.call("GET", `/api/v1/statistics${query}`)).json()) as Statistics;

describe("twins over HTTP", () => {
  test("are listed as described, page by page", async () => {
    const hub = await hubWithTwins();
    const all = await twins(hub);
    expect(twinsAnswer.parse(all)).toEqual(all);
    expect(all.twins.map(({ meter, copy, holds }) => [meter.value, copy.value, holds])).toEqual([
      [142, 142, true],
      [101, 101, true],
    ]);
    const first = await twins(hub, "?limit=1");
    const second = await twins(hub, `?limit=1&after=${first.next}`);
    expect([...first.twins, ...second.twins]).toEqual(all.twins);
    expect(second.next).toBeNull();
    for (const query of ["?limit=0", "?limit=1001", "?after=nonsense", "?other=1"])
      expect([query, (await hub.call("GET", `/api/v1/twins${query}`)).status]).toEqual([query, 400]);
  });

  test("are undone by the id of either record, once, under the name of the token", async () => {
    const hub = await hubWithTwins();
    const [one, two] = (await twins(hub)).twins;
    expect((await hub.call("DELETE", `/api/v1/twins/${one?.meter.id}`)).status).toBe(204);
    expect((await hub.call("DELETE", `/api/v1/twins/${two?.copy.id}`)).status).toBe(204);
    expect((await twins(hub)).twins).toEqual([]);
    const rows = await hub.store.read.selectFrom("twins").select(["undone_at", "undone_by"]).execute();
    expect(rows).toEqual([
      { undone_at: NOW, undone_by: "api" },
      { undone_at: NOW, undone_by: "api" },
    ]);
    const again = await hub.call("DELETE", `/api/v1/twins/${one?.meter.id}`);
    expect([again.status, await again.json()]).toMatchObject([404, { code: "RECORD_NOT_FOUND" }]);
    expect((await hub.call("DELETE", "/api/v1/twins/none")).status).toBe(404);
  });
});

describe("statistics over HTTP", () => {
  test("count each measurement once, until its link is undone", async () => {
    const hub = await hubWithTwins();
    const before = await statistics(hub);
    expect(statisticsAnswer.parse(before)).toEqual(before);
    expect(before.kinds).toEqual([{ kind: "glucose", count: 3, controls: 0, copies: 2 }]);
    expect(before.glucose).toMatchObject({ measured: 3, within: { count: 2 }, above: { count: 1 } });
    await hub.call("DELETE", `/api/v1/twins/${(await twins(hub)).twins[0]?.copy.id}`);
    expect((await statistics(hub)).kinds).toEqual([{ kind: "glucose", count: 4, controls: 0, copies: 1 }]);
  });

  test("take a span of time and a patient, and refuse what is none", async () => {
    const hub = await hubWithTwins();
    const span = "?since=2024-03-05T06:30:00%2B01:00&until=2024-03-05T06:30:00Z";
    expect((await statistics(hub, span)).kinds).toEqual([{ kind: "glucose", count: 1, controls: 0, copies: 1 }]);
    expect((await statistics(hub, "?patient=ann")).kinds).toEqual([]);
    for (const query of ["?since=yesterday", "?kind=glucose"])
      expect([query, (await hub.call("GET", `/api/v1/statistics${query}`)).status]).toEqual([query, 400]);
  });
});
