import type { Search } from "./spin.js";

/** A search that finds nothing wrong. */
export interface Proof extends Pick<Search, "switches" | "slots"> {
  /** As in the table of the model's description. */
  readonly name: string;
}

/** Searches that visit every state and find nothing wrong; the longest first. */
export const PROOFS: readonly Proof[] = [
  { name: "two workers, one crashes", slots: 24, switches: ["LOSSES=0"] },
  { name: "two workers, a call fails", slots: 24, switches: ["CRASHES=0"] },
  {
    name: "two records, two workers, pages of one",
    slots: 23,
    switches: ["RECORDS=2", "PAGE=1", "LOCAL_EDITS=1", "CLOUD_EDITS=1"],
  },
  { name: "it ends", slots: 23, switches: ["LIVENESS", "WORKERS=1"] },
  {
    name: "it ends, two workers",
    slots: 22,
    switches: ["LIVENESS", "LOCAL_EDITS=1", "CLOUD_EDITS=1", "LOSSES=0"],
  },
  { name: "two records", slots: 23, switches: ["RECORDS=2", "WORKERS=1"] },
  { name: "two workers, one edit in the cloud", slots: 22, switches: ["CLOUD_EDITS=1"] },
  {
    name: "no lost answers",
    slots: 23,
    switches: ["RECORDS=2", "WORKERS=1", "LOCAL_EDITS=3", "CRASHES=0", "LOSSES=0", "NOTHING_LOST"],
  },
  { name: "two workers, one edit here", slots: 22, switches: ["LOCAL_EDITS=1"] },
  { name: "a deletion, two workers", slots: 21, switches: ["DELETIONS", "LOCAL_EDITS=1", "CRASHES=0"] },
  {
    name: "it ends, two records",
    slots: 21,
    switches: ["LIVENESS", "RECORDS=2", "WORKERS=1", "LOCAL_EDITS=1", "CLOUD_EDITS=1"],
  },
  { name: "a deletion", slots: 21, switches: ["DELETIONS", "WORKERS=1"] },
];

/** A naive variant, put into the model by the switch `MUTANT_` and its name. */
export interface Mutant {
  readonly name: string;
  /** Part of what the search must find: the assertion, as SPIN spells it, or the cycle. */
  readonly finds: string;
  /** Switches of the search beyond its own. */
  readonly switches: readonly string[];
}

const OVERWRITTEN_HERE = "(hub[i].now& ~((its_body[i]|hub[i].conflicts)))==0";
const OVERWRITTEN_THERE = "(t_old& ~((body[0]|hub[0].conflicts)))==0";
const CONFIRMED_UNSEEN = "(hub[i].g_added[j]& ~((cloud[i].g_ever|hub[i].conflicts)))==0";
const BEHIND_THE_CURSOR = "(cloud[i].rev>cursor))||(hub[i].rev==cloud[i].rev)";
const OWN_TAKEN_FOR_THEIRS = "((t_q& ~(t_l))!=0)||((cloud[i].g_unheard!=0)&&(cloud[i].g_unheard<its_rev[i]))";
const NEWER_TAKEN_FOR_CONFLICT = "(t_l& ~(t_q))!=0";
const NO_END = "acceptance cycle";

/** Each must be found. */
export const MUTANTS: readonly Mutant[] = [
  { name: "CONFIRMS_CURRENT", finds: CONFIRMED_UNSEEN, switches: [] },
  { name: "READS_TWICE", finds: CONFIRMED_UNSEEN, switches: [] },
  { name: "FORGETS_UNANSWERED", finds: OWN_TAKEN_FOR_THEIRS, switches: [] },
  { name: "PUSHES_BLINDLY", finds: OVERWRITTEN_THERE, switches: [] },
  { name: "CURSOR_FIRST", finds: BEHIND_THE_CURSOR, switches: [] },
  { name: "CHECKS_THEN_WRITES", finds: OVERWRITTEN_HERE, switches: [] },
  { name: "OVERWRITES", finds: OVERWRITTEN_HERE, switches: [] },
  { name: "ROLLS_BACK_FOR_EVER", finds: NO_END, switches: ["LIVENESS", "WORKERS=1"] },
  { name: "PUSHES_OWN_COPY", finds: OVERWRITTEN_THERE, switches: [] },
  { name: "NO_FENCE", finds: "fence==lease_fence", switches: [] },
  { name: "NO_FENCE_UNWATCHED", finds: BEHIND_THE_CURSOR, switches: [] },
  { name: "SLEEPS_THROUGH", finds: NO_END, switches: ["LIVENESS", "WORKERS=1"] },
  { name: "FORGETS_KEPT", finds: OWN_TAKEN_FOR_THEIRS, switches: [] },
  {
    name: "TRUSTS_HALF_PULL",
    finds: NEWER_TAKEN_FOR_CONFLICT,
    switches: ["RECORDS=2", "WORKERS=1", "LOCAL_EDITS=3", "CRASHES=0", "LOSSES=0", "NOTHING_LOST"],
  },
];

/** What the proofs must have met between them: a check that meets nothing proves nothing. */
export const SIGHTS: readonly string[] = [
  "a change made while its record was on the way stays unpushed",
  "a deletion is merged",
  "a deletion that met an edit goes on the list",
  "a field that both changed goes on the list",
  "a merge holds something of both sides",
  "a page comes after the lease was lost",
  "a page is rolled back",
  "a push of a worker that lost the lease is stored",
  "a record unchanged here takes the state of the cloud",
  "a state whose answer was lost is the base",
  "an answer comes after the lease was lost",
  "an own value below an edit in the cloud goes on the list",
  "both sides say the same unasked",
  "patience is over and both sides are merged in the page",
  "the cloud holds already what is pushed",
];
