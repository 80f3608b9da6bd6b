import { basename } from "node:path";
import { asProblem, Problem } from "../domain/problem.js";

/** An error of the zip library, of zlib or of the file system as the problem that it is. */
export function zipProblem(error: unknown, path: string): Problem {
  if (error instanceof Problem) return error;
  const message = asProblem(error).message;
  // A failed system call names itself; all else is about the archive's content.
  if (error instanceof Error && "syscall" in error) {
    return new Problem("FILE_NOT_FOUND", `${basename(path)} can't be read: ${message}`, {}, { cause: error });
  }
  return new Problem("IMPORT_NOT_A_ZIP", `${basename(path)} is no readable archive: ${message}`, {}, { cause: error });
}
