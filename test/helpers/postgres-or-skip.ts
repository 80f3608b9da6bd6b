import { beforeEach } from "vitest";
import { postgresPrograms } from "./postgres-server.js";

const available = postgresPrograms() !== null;

beforeEach(({ skip }) => {
  skip(!available, "there is no PostgreSQL on this machine");
});
