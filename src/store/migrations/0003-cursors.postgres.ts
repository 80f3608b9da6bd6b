/** `0003-cursors.ts` on PostgreSQL. */
export const CURSORS_POSTGRES = `
ALTER TABLE glucohub.meters ADD COLUMN cursor text COLLATE "C";
`;
