import {
  answerCapture,
  answerChanges,
  answerDigest,
  answerPush,
  type CloudAnswer,
  type CloudRequest,
  failure,
} from "./cloud-http.js";
import { type Fault, faultOf } from "./faults.js";
import { CLOUD_URL, hubIdOf } from "./names.js";
import type { Process } from "./process.js";

import { Violation } from "./violation.js";
import type { World } from "./world.js";

/** How long the native cloud's client waits for an answer, virtual milliseconds. */
const PATIENCE_MS = 30_000;

/** What the client needs of an answer. */
type LightResponse = Pick<Response, "status" | "text"> & { readonly headers: Pick<Headers, "get"> };

interface Request extends CloudRequest {
  readonly number: number;
  readonly fault: Fault | null;
}

/**
 * A worker's way to the cloud: each request travels for a while, arrives or not, is answered or not, as the run's faults
 * will have it. What is on its way goes on when the worker dies.
 */
export function fetchFor(world: World, process: Process): typeof fetch {
  return async (input, init) => {
    process.point("before a request is sent");
    const number = world.nextRequest();
    const method = init?.method ?? "GET";
    const fault = world.calm ? null : faultOf(world.plan.seed, world.plan.faults, number, method);
    const path = String(input).slice(CLOUD_URL.length);
    const body = typeof init?.body === "string" ? init.body : null;
    const request: Request = { hub: hubIdOf(process.hub.index), number, method, path, body, fault };
    if (fault !== null) world.coverage.count(`fault ${fault}`);
    world.coverage.count(`request ${method}`);
    world.tell(process.name, `asks ${describe(world, request)}${fault === null ? "" : ` [${fault}]`}`);
    const answer = await exchange(world, process, request, init?.signal ?? undefined);
    process.point("before the answer is read");
    world.tell(process.name, `reads ${answer.status} to ${number}`);
    const isPage = path.startsWith("/v1/changes") && !path.includes("wait=");
    if (isPage && fault === null && answer.status === 200 && !answer.text.startsWith('{"changes":[]'))
      process.hub.workers.find((worker) => worker.process === process)?.toldAfter(path);
    const response: LightResponse = {
      status: answer.status,
      headers: { get: (name) => (name === "retry-after" ? answer.retryAfter : null) },
      text: async () => {
        if (fault === "cut-answer") throw broken("ECONNRESET");
        return answer.text;
      },
    };
    return response as Response;
  };
}

async function exchange(
  world: World,
  process: Process,
  request: Request,
  signal: AbortSignal | undefined,
): Promise<CloudAnswer> {
  const { scheduler } = world;
  const options = signal === undefined ? {} : { signal };
  const { fault } = request;
  const unreached = withoutCloud(world, fault);
  if (unreached !== null) {
    await scheduler.wait(process, "is answered", { ...options, dueMs: scheduler.nowMs + world.travel() });
    if (unreached === "refused") throw broken("ECONNREFUSED");
    return unreached;
  }
  if (fault === "lost-request" || fault === "late-request") {
    if (fault === "late-request") {
      const late = Math.floor(PATIENCE_MS * (0.1 + 2 * world.number("late")));
      world.launch(() => arrive(world, process, request, late).then(() => undefined));
    }
    await scheduler.wait(process, "waits in vain", { ...options, dueMs: scheduler.nowMs + PATIENCE_MS });
    throw new DOMException("The operation was aborted due to timeout", "TimeoutError");
  }
  const box: { answer: CloudAnswer | "broken" | null } = { answer: null };
  world.launch(async () => {
    const answer = await arrive(world, process, request, world.travel());
    const extra = fault === "slow" ? Math.floor(PATIENCE_MS * 0.9 * world.number("slow")) : 0;
    await scheduler.wait(null, "answers", { dueMs: scheduler.nowMs + extra + world.travel() });
    box.answer = answer ?? "broken";
    // A question that is held open is no end.
  }, false);
  if (fault === "duplicate") {
    const late = Math.floor(40_000 * world.number("duplicate") ** 3) + world.travel();
    world.launch(() => arrive(world, process, { ...request, fault: null }, late).then(() => undefined));
  }
  await scheduler.wait(process, "is answered", { ...options, ready: () => box.answer !== null });
  const { answer } = box;
  if (answer === null || answer === "broken" || fault === "lost-answer") throw broken("ECONNRESET");
  return spoilt(world, fault, answer);
}

/** An answer that comes from somebody else than the cloud; null where the cloud is reached. */
function withoutCloud(world: World, fault: Fault | null): CloudAnswer | "refused" | null {
  const { nowMs } = world.scheduler;
  if (fault === "outage") world.outageUntil = nowMs + Math.floor(40_000 * world.number("outage"));
  if (fault === "unauthorised") world.lockedUntil = nowMs + Math.floor(400_000 * world.number("locked") ** 2);
  if (world.calm) return null;
  if (fault === "refuse" || nowMs < world.outageUntil) return "refused";
  if (nowMs < world.lockedUntil)
    return world.chance("403", 0.5) ? failure(403, "forbidden", "not yours") : failure(401, "unauthorized", "who?");
  if (fault === "throttled")
    return failure(429, "slow_down", "too many requests", String(1 + world.below("retry", 20)));
  if (fault === "server-error") {
    const status = [500, 502, 503][world.below("status", 3)] ?? 500;
    return status === 502
      ? { status, text: "<html>Bad Gateway</html>", retryAfter: null }
      : failure(status, "down", "down");
  }
  if (fault === "html")
    return { status: 200, text: "<!doctype html><title>Welcome to our hotel</title>", retryAfter: null };
  if (fault === "empty") return { status: 200, text: "", retryAfter: null };
  return null;
}

/** The request reaches the cloud after that time, and is carried out. Null: the cloud broke off. */
async function arrive(world: World, process: Process, request: Request, afterMs: number): Promise<CloudAnswer | null> {
  const { scheduler, cloud, plan } = world;
  await scheduler.wait(null, `request ${request.number} arrives`, { dueMs: scheduler.nowMs + afterMs });
  const { fault, method, path } = request;
  if (fault === "edit-before") world.editSomewhere(request.body);
  let answer: CloudAnswer | null;
  if (method === "POST") {
    const breakOff = fault === "partial" ? world.below("partial", 3) : Number.POSITIVE_INFINITY;
    answer = answerPush(cloud, plan, request, {
      before(index, id) {
        if (fault === "edit-within" && world.chance("within", 0.5)) world.editSomewhere(id);
        return index < breakOff;
      },
    });
  } else if (method === "PUT") answer = answerCapture(cloud, plan, request);
  else if (path === "/v1/digest") answer = answerDigest(cloud, plan, request);
  else {
    process.hub.questions += 1;
    const kept = world.keptAnswers.get(request.hub + path);
    if (fault === "stale" && plan.late === "free" && kept !== undefined && !kept.text.includes("cursor_expired")) {
      world.oddAnswers += 1;
      answer = kept;
    } else {
      await held(world, request);
      answer = answerChanges(cloud, plan, request, fault === "told-twice");
      if (kept === undefined || world.chance("keep", 0.3)) world.keptAnswers.set(request.hub + path, answer);
    }
  }
  world.coverage.count(`answer ${answer?.status ?? "broken off"}`);
  if (fault === "edit-after") world.editSomewhere(request.body);
  world.tell("cloud", `answers ${request.number}: ${answer === null ? "breaks off" : answerText(world, answer)}`);
  if (!process.dead && method !== "GET") world.guard(() => afterCloud(process));
  return answer;
}

/** A worker may die while the cloud has its request already. */
function afterCloud(process: Process): void {
  try {
    process.point("the cloud has its request");
  } catch {
    // It died; whoever waits for the answer was told.
  }
}

/** A question that asks to be held open is answered when there is something to tell. */
async function held(world: World, request: Request): Promise<void> {
  const query = new URLSearchParams(request.path.split("?")[1] ?? "");
  const wait = Number(query.get("wait") ?? "0");
  if (!(wait >= 0 && wait <= 30)) throw new Violation("PROTOCOL", `a wait of ${wait} s`);
  if (wait === 0) return;
  const { scheduler, cloud } = world;
  const after = query.get("after");
  const ready = (): boolean => world.calm || (cloud.page(request.hub, after, 1)?.changes.length ?? 1) > 0;
  await scheduler.wait(null, "is held", { ready, latestMs: scheduler.nowMs + wait * 1_000 });
}

function spoilt(world: World, fault: Fault | null, answer: CloudAnswer): CloudAnswer {
  if (fault === "error-after") return { status: 502, text: "<html>Bad Gateway</html>", retryAfter: null };
  if (answer.status !== 200) return answer;
  if (fault === "truncated") return { ...answer, text: answer.text.slice(0, world.below("cut", answer.text.length)) };
  if (fault === "other-shape") return { ...answer, text: '{"ok":true}' };
  if (fault !== "wrong-results") return answer;
  const { results } = JSON.parse(answer.text) as { results: { id: string }[] };
  if (results.length > 1 && world.chance("order", 0.5)) results.reverse();
  else results.pop();
  return { ...answer, text: JSON.stringify({ results }) };
}

function broken(code: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
}

function describe(world: World, request: Request): string {
  const { number, method, path, body } = request;
  if (method !== "POST") return `${number}: ${method} ${path}`;
  const { changes } = JSON.parse(body ?? "{}") as { changes: { id: string; base: string | null; deleted: boolean }[] };
  const told = changes.map(({ id, base, deleted }) => `${world.nameOf(id)} on ${base}${deleted ? " deleted" : ""}`);
  return `${number}: POST ${told.join(", ")}`;
}

function answerText(world: World, answer: CloudAnswer): string {
  if (answer.status !== 200 || !answer.text.startsWith("{")) return String(answer.status);
  const { results, changes, cursor, more } = JSON.parse(answer.text) as {
    results?: { id: string; status: string; rev?: string }[];
    changes?: { id: string; rev: string }[];
    cursor?: string;
    more?: boolean;
  };
  if (results !== undefined)
    return results.map(({ id, status, rev }) => `${world.nameOf(id)} ${status} ${rev ?? ""}`).join(", ");
  if (changes === undefined) return String(answer.status);
  const told = changes.map(({ id, rev }) => `${world.nameOf(id)} ${rev}`);
  return `${told.join(", ")} cursor ${cursor}${more === true ? ", more" : ""}`;
}
