/** How long one plain call over the bus may take, milliseconds: adapters that wake up take a second or two. */
export const CALL_MS = 10_000;
/** How long the bus may take to let us in, milliseconds. */
export const BUS_MS = 5_000;
/**
 * How long a meter may take to accept a connection, milliseconds. One that advertises does within a second or two, and one
 * that went away meanwhile must not keep the hub from hearing others: nobody can listen while it connects.
 */
export const CONNECT_MS = 12_000;
/** How long a meter's services may take to be known once it is connected, milliseconds: 0.6 s is usual. */
export const SERVICES_MS = 20_000;
/**
 * How long a meter may take for one operation on an attribute, milliseconds: the attribute protocol's own limit is 30 s
 * (Core Specification, volume 3, part F, section 3.3.3), behind which BlueZ gives the link up.
 */
export const ATTRIBUTE_MS = 35_000;
/**
 * How long a pairing may take, milliseconds. The security manager's own limit is 30 s from one message to the next
 * (volume 3, part H, section 3.4), and a person types in one of those gaps.
 */
export const PAIR_MS = 90_000;
/** How long a meter that is to be paired is looked for, milliseconds. */
export const SEARCH_MS = 30_000;
/** How long anybody waits for a connection to be given up, milliseconds. */
export const RELEASE_MS = 2_000;
/**
 * How long a meter that is not heard any more counts as in reach, milliseconds. BlueZ listens for 10 s and pauses for 5,
 * so that a meter which sends all the time may be unheard for that long.
 */
export const REACH_MS = 20_000;
/** The first and the longest pause before something that failed is tried again, milliseconds. */
export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 60_000;
