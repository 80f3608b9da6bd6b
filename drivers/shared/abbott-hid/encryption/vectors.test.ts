import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hex, latin1Bytes, unhex } from "../../../../src/kit/bytes.js";
import { Handshake, readChallenge } from "./challenge.js";
import { bytesOf, cmac, helpingKeys } from "./cmac.js";
import { derivedKey } from "./keys.js";
import { SecureReports } from "./secure-report.js";
import { speck64 } from "./speck.js";

const FILE = new URL("../../../../../shared/vectors/set-b/freestyle-libre2-encryption-dummykeys.json", import.meta.url);

type Vector = Readonly<Record<string, string>> & { readonly expected: Readonly<Record<string, string>> };

/** Numbers are written with the highest byte first. */
const turned = (text: string): Uint8Array => unhex(text).reverse();
const plain = (bytes: Uint8Array): string => hex(bytes).replaceAll(" ", "");

describe.skipIf(!existsSync(FILE))("the samples of the encryption, with keys that are none", () => {
  test("come out exactly, each of them", () => {
    const vectors: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8")).vectors;
    const ran: string[] = [];
    let handshake: Handshake | null = null;
    for (const vector of vectors) {
      const { expected, input_hex = "", input_text = "" } = vector;
      // One key stands for all four constants.
      const key = turned(vector["key_hex"] ?? "");
      if (expected["ciphertext_hex"] !== undefined) {
        const block = turned(input_hex);
        const view = new DataView(block.buffer);
        const sealed = speck64(key)({ x: view.getUint32(4, true), y: view.getUint32(0, true) });
        expect(plain(bytesOf(sealed).reverse())).toBe(expected["ciphertext_hex"]);
        ran.push("block");
      } else if (expected["k1_hex"] !== undefined) {
        const { k1, k2 } = helpingKeys(speck64(key));
        expect([k1, k2].map((one) => plain(bytesOf(one).reverse()))).toEqual([expected["k1_hex"], expected["k2_hex"]]);
        ran.push("helping keys");
      } else if (expected["mac_wire_hex"] !== undefined) {
        expect(plain(cmac(key)(unhex(input_hex)))).toBe(expected["mac_wire_hex"]);
        ran.push("check");
      } else if (expected["derived_key_hex"] !== undefined) {
        expect(vector["label"]).toBe("AuthrEnc");
        expect(plain(derivedKey(key, "AuthrEnc", latin1Bytes(input_text)).reverse())).toBe(expected["derived_key_hex"]);
        ran.push("key");
      } else if (expected["message_hex"] !== undefined) {
        const challenge = readChallenge(unhex(input_hex));
        expect(challenge).not.toBeNull();
        if (challenge === null) continue;
        const keys = { authEnc: key, authMac: key, sessionEnc: key, sessionMac: key };
        handshake = new Handshake(
          keys,
          latin1Bytes(vector["serial"] ?? ""),
          challenge,
          unhex(vector["host_nonce_hex"] ?? ""),
        );
        const content = handshake.answer();
        expect(`14${plain(Uint8Array.of(content.length))}${plain(content)}`).toBe(expected["message_hex"]);
        expect(expected["message_hex"]).toContain(expected["encrypted_nonces_hex"]);
        ran.push("challenge");
      } else if (expected["report_hex"] !== undefined && handshake !== null) {
        expect(plain(new SecureReports(handshake.sessionKeys()).seal(unhex(input_hex)))).toBe(expected["report_hex"]);
        ran.push("host");
      } else if (expected["plain_hex"] !== undefined && handshake !== null) {
        const { report, counter } = new SecureReports(handshake.sessionKeys()).open(unhex(input_hex));
        expect([plain(report), counter]).toEqual([expected["plain_hex"], 5]);
        ran.push("reader");
      }
    }
    expect(ran).toEqual(["block", "helping keys", "check", "check", "check", "key", "challenge", "host", "reader"]);
    expect(ran).toHaveLength(vectors.length);
  });
});
