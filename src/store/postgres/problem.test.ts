import { describe, expect, test } from "vitest";
import { Problem } from "../../domain/problem.js";
import { addressText, clientConfig, loadLibrary } from "./connect.js";
import { isAway, postgresProblem } from "./problem.js";

const failure = (code: string | null, message: string): Error =>
  Object.assign(new Error(message), code === null ? {} : { code });

describe("an error of the database", () => {
  const known: [what: string, error: Error, code: string][] = [
    ["a lock that was not had in time", failure("55P03", "canceling statement due to lock timeout"), "STORE_BUSY"],
    ["a statement that took too long", failure("57014", "canceling statement due to timeout"), "STORE_BUSY"],
    ["a deadlock", failure("40P01", "deadlock detected"), "STORE_BUSY"],
    ["a full disk", failure("53100", "could not extend file"), "STORE_FULL"],
    ["a rule of ours", failure("P0001", "glucohub rule: history never changes"), "STORE_RULE"],
    ["a lost lease", failure("P0001", "glucohub rule: another sync worker holds the lease"), "LEASE_LOST"],
    ["a right that is missing", failure("42501", "permission denied for table records"), "STORE_RULE"],
    ["a constraint", failure("23514", "violates check constraint"), "STORE_RULE"],
    ["too many connections", failure("53300", "sorry, too many clients already"), "STORE_UNREACHABLE"],
    ["a shutdown", failure("57P01", "terminating connection due to administrator command"), "STORE_UNREACHABLE"],
    ["a server that starts", failure("57P03", "the database system is starting up"), "STORE_UNREACHABLE"],
    ["a hub that stood still", failure("25P03", "terminating connection due to idle"), "STORE_UNREACHABLE"],
    ["nobody there", failure("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:5432"), "STORE_UNREACHABLE"],
    ["a pipe that broke", failure("EPIPE", "write EPIPE"), "STORE_UNREACHABLE"],
    ["a connection that ended", failure(null, "Connection terminated unexpectedly"), "STORE_UNREACHABLE"],
    ["no answer", failure(null, "Query read timeout"), "STORE_UNREACHABLE"],
    ["a wrong password", failure("28P01", "password authentication failed"), "STORE_UNUSABLE"],
    ["no such database", failure("3D000", 'database "x" does not exist'), "STORE_UNUSABLE"],
  ];
  test.each(known)("that says %s", (_what, error, code) => {
    expect(postgresProblem(error, "there")).toMatchObject({ code, cause: { message: error.message } });
    expect(isAway(error)).toBe(code === "STORE_UNREACHABLE");
  });

  test("stays what it is where it is none, or a problem already", () => {
    expect(known.length).toBe(18);
    for (const error of [new Problem("RECORD_STALE"), new TypeError("x"), failure("ERR_OTHER", "x")])
      expect(postgresProblem(error, "there")).toBe(error);
  });

  test("keeps neither the connection nor the row's content that the library hangs on it", () => {
    const error = Object.assign(failure("23514", "violates"), { client: {}, detail: "Failing row contains (7.1)" });
    const problem = postgresProblem(error, "there") as Problem;
    expect(Object.keys(problem.cause as object)).toEqual(["code"]);
  });

  test("tells the first reason where a host has several addresses", () => {
    const both = Object.assign(new AggregateError([failure(null, "connect to ::1")]), { code: "ECONNREFUSED" });
    expect(postgresProblem(both, "there")).toMatchObject({ message: expect.stringContaining("connect to ::1") });
  });
});

describe("an address", () => {
  test("is shown without user and password", () => {
    expect(addressText("postgres://me:s3cret@db:5433/clinic?sslmode=require")).toBe("postgres://db:5433/clinic");
    expect(addressText("postgres:///clinic?host=/run/postgresql")).toBe("postgres:///run/postgresql/clinic");
  });

  test("keeps its own options, and ours win", async () => {
    const url = "postgres://me@db/clinic?options=-c%20work_mem%3D8MB&connect_timeout=3";
    const { connectionString, options } = clientConfig(await loadLibrary(), url, "sync");
    expect(connectionString).toBe("postgres://me@db/clinic?connect_timeout=3");
    expect(options).toMatch(/^-c work_mem=8MB -c .* -c role=glucohub_sync$/);
  });

  test("gives whole numbers as such, and refuses those that JavaScript can't keep", async () => {
    const { types } = clientConfig(await loadLibrary(), "postgres://db/x", "reader");
    const parse = types?.getTypeParser(20, "text");
    expect(parse?.("9007199254740991")).toBe(9_007_199_254_740_991);
    expect(() => parse?.("9007199254740993")).toThrow(RangeError);
  });
});
