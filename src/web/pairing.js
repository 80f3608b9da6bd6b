/**
 * The part of a meter's card by which it is paired: a button, then what the pairing asks. `tools` has `call` (asks the hub
 * and throws with a sentence) and `part` (makes an element with text).
 */
export function pairingDesk({ call, part, changed }) {
  /** The newest pairing of each port, as the hub told it. */
  const told = new Map();
  /** Elements stay the same while a question does, so that drawing anew takes nobody's half-typed digits away. */
  const shown = new Map();

  return {
    /** Takes what the hub tells of a pairing. */
    take(pairing) {
      told.set(pairing.port, pairing);
      changed();
    },
    /** The element for an unpaired meter's card. */
    partOf(port) {
      const pairing = told.get(port) ?? null;
      const key = pairing === null ? "none" : `${pairing.pairing} ${pairing.state} ${pairing.digits}`;
      const known = shown.get(port);
      if (known?.key === key) return known.element;
      const element = make(port, pairing);
      shown.set(port, { key, element });
      return element;
    },
  };

  function make(port, pairing) {
    const box = part("div", "pairing");
    const problem = part("p", "bad");
    problem.setAttribute("role", "alert");
    const send = async (path, body) => {
      problem.textContent = "";
      try {
        const headers = { "content-type": "application/json" };
        const answer = await call(path, { method: "POST", headers, body: JSON.stringify(body) });
        told.set(port, await answer.json());
        changed();
      } catch (error) {
        problem.textContent = error.message;
      }
    };
    const button = (label, press) => {
      const element = part("button", "", label);
      element.type = "button";
      element.addEventListener("click", press);
      return element;
    };
    const reply = (body) => send(`/pairings/${encodeURIComponent(pairing.pairing)}`, body);
    if (pairing !== null) box.append(part("p", pairing.state === "failed" ? "warning" : "", pairing.detail));
    if (pairing === null || pairing.state === "failed") {
      box.append(button("Pair with this meter", () => send("/pairings", { port })));
    } else if (pairing.state === "passkey") {
      box.append(digitsForm(reply));
    } else if (pairing.digits !== null) {
      box.append(part("p", "digits", pairing.digits));
    }
    if (pairing?.state === "confirm") {
      box.append(
        button("Yes", () => reply({ yes: true })),
        " ",
        button("No", () => reply({ yes: false })),
      );
    }
    box.append(problem);
    return box;
  }

  function digitsForm(reply) {
    const form = part("form", "");
    const label = part("label", "", "Six digits ");
    const input = part("input", "");
    input.inputMode = "numeric";
    input.pattern = "[0-9]{6}";
    input.maxLength = 6;
    input.autocomplete = "off";
    input.required = true;
    label.append(input);
    const button = part("button", "", "Pair");
    button.type = "submit";
    form.append(label, " ", button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void reply({ digits: input.value });
    });
    return form;
  }
}
