/**
 * What a caller may do about a problem: try at once, try later with growing pauses, never try the same again,
 * or wait for a person to change something.
 */
export type Retry = "now" | "later" | "never" | "user";

interface ProblemKind {
  /** One sentence for a person: what is wrong. */
  readonly title: string;
  /** One sentence for a person: what to do about it. */
  readonly remedy: string;
  readonly retry: Retry;
  /** Status of an HTTP answer that carries the problem. */
  readonly http: number;
  /** Exit code of a command that ends with it (interfaces: 1 failed, 2 wrong usage or settings, 3 read in part). */
  readonly exit: 1 | 2 | 3;
}

function kind(retry: Retry, http: number, exit: 1 | 2 | 3, title: string, remedy: string): ProblemKind {
  return { title, remedy, retry, http, exit };
}

/** Every problem that Glucohub names, by its permanent code. `docs/errors.md` is made from this table. */
export const PROBLEMS = {
  TRANSPORT_GONE: kind(
    "later",
    502,
    3,
    "The device went away during the conversation.",
    "Check the cable, plug the meter in again; what was read so far is kept.",
  ),
  TRANSPORT_CANCELED: kind("user", 499, 1, "The conversation was cancelled.", "Start it again when you want to."),
  TRANSPORT_OPEN: kind(
    "later",
    502,
    1,
    "The port could not be opened.",
    "Check that it exists, that no other program uses it, and that this user may open it (group dialout).",
  ),
  TRANSPORT_LIBRARY: kind(
    "user",
    501,
    1,
    "A library that this transport needs is missing on this machine.",
    "Install the package that the message names.",
  ),
  TRANSPORT_REPLAY: kind(
    "never",
    422,
    1,
    "The driver and the transcript disagree.",
    "Compare the first difference shown with the protocol.",
  ),
  TRANSCRIPT_MALFORMED: kind(
    "never",
    422,
    1,
    "The file is no transcript that can be read.",
    "Correct the line that the message names.",
  ),
  FRAME_TRUNCATED: kind(
    "now",
    502,
    3,
    "The meter's answer stopped in the middle of a message.",
    "Read the meter again; what was complete is kept.",
  ),
  FRAME_CHECKSUM: kind(
    "now",
    502,
    3,
    "A message from the meter arrived damaged.",
    "Check the cable and read the meter again.",
  ),
  FRAME_MALFORMED: kind(
    "never",
    502,
    3,
    "A message from the meter does not fit its protocol.",
    "Record the session with --record and send us the transcript.",
  ),
  METER_TIMEOUT: kind(
    "later",
    504,
    1,
    "No meter answers at this port.",
    "Switch the meter off, plug the cable in until it clicks, and try again.",
  ),
  METER_STALLED: kind(
    "later",
    504,
    3,
    "The meter stopped answering before the end.",
    "Plug the meter in again; what was read so far is kept.",
  ),
  METER_REFUSED: kind(
    "user",
    502,
    1,
    "The meter refused the request.",
    "Switch it off and on, leave its menus, and try again.",
  ),
  METER_NOT_READY: kind(
    "user",
    502,
    1,
    "The cable answers, but the meter does not.",
    "Switch the meter off before plugging it in: the cable wakes it.",
  ),
  METER_CHANGED: kind(
    "now",
    502,
    3,
    "Another meter answered in the middle of the conversation.",
    "Leave one meter plugged in and read it again; nothing was taken for the wrong one.",
  ),
  METER_UNSUPPORTED: kind(
    "never",
    422,
    1,
    "A meter answers, but it is not a model that this driver knows.",
    "See `glucohub drivers` for what is supported.",
  ),
  DRIVER_UNKNOWN: kind("user", 404, 2, "There is no driver of that name.", "`glucohub drivers` lists them."),
  DRIVER_NO_MATCH: kind(
    "user",
    422,
    1,
    "No driver claims this device.",
    "Name one with --driver; `glucohub drivers` lists them.",
  ),
  IMPORT_UNKNOWN_FORMAT: kind(
    "never",
    415,
    1,
    "This file is no health export that Glucohub knows.",
    "Drop the file as the app exported it; see the README for the supported kinds.",
  ),
  IMPORT_NOT_A_ZIP: kind(
    "never",
    422,
    1,
    "The file is named or shaped like a zip archive, but it is not a readable one.",
    "Export or copy it again: it may have been cut short.",
  ),
  IMPORT_MALFORMED: kind(
    "never",
    422,
    3,
    "The export is damaged.",
    "Export it again; what could be read before the damage is kept.",
  ),
  IMPORT_TRUNCATED: kind(
    "never",
    422,
    3,
    "The export ends in the middle: part of it is missing.",
    "Export or copy it again and import the whole file; what could be read is kept.",
  ),
  FILE_NOT_FOUND: kind("user", 404, 1, "The file does not exist or can't be read.", "Check its path and permissions."),
  RECORD_NOT_FOUND: kind("never", 404, 1, "There is no record with this id.", "`glucohub records` lists them."),
  RECORD_INVALID: kind("never", 422, 2, "The record does not fit its kind.", "Correct what the message names."),
  RECORD_FIELD_FIXED: kind(
    "never",
    422,
    2,
    "What a device or an export measured can't be edited.",
    "Edit the note, meal, patient or time, or remove the record.",
  ),
  RECORD_STALE: kind(
    "never",
    412,
    1,
    "The record was changed in the meantime.",
    "Read it again and repeat the change.",
  ),
  RECORD_STATE_UNKNOWN: kind(
    "never",
    404,
    1,
    "The record has no such earlier state.",
    "`glucohub history` lists its states.",
  ),
  CONFLICT_NOT_FOUND: kind(
    "never",
    404,
    1,
    "There is no open conflict with this id.",
    "`glucohub conflicts` lists them.",
  ),
  CAPTURE_NOT_FOUND: kind("never", 404, 1, "There is no capture with this id.", "Check the id."),
  IMPORT_NOT_FOUND: kind("never", 404, 1, "There is no import with this id.", "Check the id."),
  STORE_BUSY: kind("now", 503, 1, "The store is busy.", "Try again in a moment."),
  STORE_FULL: kind(
    "user",
    507,
    1,
    "The disk is full: nothing more can be stored.",
    "Free some space; nothing that was stored before is affected.",
  ),
  STORE_RULE: kind(
    "never",
    500,
    1,
    "The store refused a write that breaks its rules.",
    "This is a defect: please report it with the message.",
  ),
  STORE_UNUSABLE: kind(
    "user",
    500,
    1,
    "The store can't be opened.",
    "Check the data folder's permissions; `glucohub doctor` says more.",
  ),
  STORE_NEWER: kind(
    "user",
    500,
    1,
    "The store was written by a newer Glucohub.",
    "Update this Glucohub before starting it.",
  ),
  HUB_RUNNING: kind(
    "user",
    409,
    1,
    "Another hub is running on this data folder.",
    "Stop it first, or set GLUCOHUB_DATA to another folder.",
  ),
  HUB_PORT_TAKEN: kind(
    "user",
    409,
    1,
    "Another program listens on the hub's address.",
    "Stop it, or set GLUCOHUB_HTTP_PORT to another port.",
  ),
  LEASE_LOST: kind(
    "later",
    409,
    1,
    "Another sync worker holds the lease.",
    "Nothing to do: only one works at a time, and it is working.",
  ),
  SYNC_UNREACHABLE: kind(
    "later",
    503,
    1,
    "The cloud can't be reached.",
    "Nothing to do: the hub keeps everything and tries again.",
  ),
  SYNC_BAD_ANSWER: kind(
    "later",
    502,
    1,
    "The cloud's answer is not of its protocol.",
    "Check the cloud's address; the hub keeps everything and tries again.",
  ),
  SYNC_UNAUTHORIZED: kind(
    "user",
    502,
    1,
    "The cloud does not accept this hub's token.",
    "Set GLUCOHUB_CLOUD_TOKEN to a valid token.",
  ),
  SYNC_REJECTED: kind(
    "never",
    422,
    1,
    "The cloud refuses a record as it stands.",
    "Correct the record; it is kept and not sent again until it changes.",
  ),
  SYNC_TOO_LARGE: kind("now", 413, 1, "The cloud wants smaller batches.", "Nothing to do: the hub halves them."),
  SYNC_CURSOR_LOST: kind(
    "now",
    410,
    1,
    "The cloud no longer knows the place up to which this hub has read.",
    "Nothing to do: the hub reads from the beginning; nothing is lost.",
  ),
  SYNC_MALFORMED: kind(
    "never",
    400,
    1,
    "The cloud can't read the hub's request.",
    "This is a defect: please report it with the message.",
  ),
  SETTINGS_INVALID: kind("user", 500, 2, "A setting is wrong.", "Correct what the message names."),
  USAGE: kind("user", 400, 2, "The command was called with wrong words.", "See its --help."),
  TOKEN_INVALID: kind(
    "user",
    401,
    1,
    "The request carries no valid token.",
    "Send `Authorization: Bearer <token>`; `glucohub token create` makes one.",
  ),
  HOST_REFUSED: kind(
    "user",
    421,
    1,
    "The hub does not answer to this host name.",
    "Use the address it printed, or add the name to http.hosts in the settings.",
  ),
  REQUEST_INVALID: kind(
    "never",
    400,
    2,
    "The request is malformed.",
    "Correct what the message names; /openapi.json describes every call.",
  ),
  REQUEST_TOO_LARGE: kind(
    "never",
    413,
    2,
    "The request is larger than this call takes.",
    "Send a health export to /api/v1/imports: it takes files of any size.",
  ),
  REQUEST_NOT_JSON: kind(
    "never",
    415,
    2,
    "This call takes JSON only.",
    "Send the body as JSON with `Content-Type: application/json`.",
  ),
  ROUTE_NOT_FOUND: kind("never", 404, 2, "There is no such call.", "/openapi.json lists every call."),
  REDIS_MISSING: kind(
    "user",
    503,
    1,
    "No Redis server was found.",
    "Install redis-server or set GLUCOHUB_REDIS_URL; until then the hub rings itself by a timer.",
  ),
  INTERNAL: kind(
    "later",
    500,
    1,
    "Something unexpected went wrong.",
    "This is a defect: please report it with the message.",
  ),
} as const satisfies Record<string, ProblemKind>;
