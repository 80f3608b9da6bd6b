/**
 * What a driver noted at the end of its last whole session with a meter, so that the next one reads only what is new
 * (a Bluetooth meter's last record, by number and time). Only the driver understands it.
 */
export const CURSORS = `
ALTER TABLE meters ADD COLUMN cursor TEXT;
`;
