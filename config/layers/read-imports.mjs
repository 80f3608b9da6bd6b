/**
 * What a TypeScript file imports, read from its words and strings alone: static imports and re-exports (of types too),
 * `import("…")`, `require("…")` and `new URL("…", import.meta.url)`, by which a worker thread's file is named.
 *
 * @param {string} text
 * @returns {{ specifiers: string[], unreadable: number }} what is imported, in order and possibly more than once, and
 *   how many dynamic imports are not a plain string
 */
export function readImports(text) {
  const tokens = tokenize(text);
  const specifiers = [];
  let unreadable = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at];
    if (word.string || tokens[at - 1]?.text === ".") continue;
    const next = tokens[at + 1];
    if ((word.text === "import" || word.text === "require") && next?.text === "(") {
      const argument = tokens[at + 2];
      const alone = [")", ","].includes(tokens[at + 3]?.text ?? "");
      if (argument?.string && alone) specifiers.push(argument.text);
      else if (word.text === "import") unreadable += 1;
    } else if (word.text === "import" && next?.string) {
      specifiers.push(next.text);
    } else if ((word.text === "import" && next?.text !== ".") || (word.text === "export" && isList(tokens, at + 1))) {
      const found = afterFrom(tokens, at + 1);
      if (found !== null) specifiers.push(found);
    } else if (word.text === "URL" && next?.text === "(" && tokens[at + 4]?.text === "import") {
      const program = tokens[at + 2];
      if (program?.string && /\.[cm]?[jt]s$/.test(program.text)) specifiers.push(program.text);
    }
  }
  return { specifiers, unreadable };
}

/** True for `export { … }`, `export * …` and their `type` forms: only these can have a `from`. */
function isList(tokens, at) {
  const start = tokens[at]?.text === "type" ? at + 1 : at;
  return ["{", "*"].includes(tokens[start]?.text ?? "");
}

/** The string behind the statement's `from`, or null if it has none. A `from` that is itself imported is not it. */
function afterFrom(tokens, start) {
  for (let at = start; at < tokens.length; at += 1) {
    const { text, string } = tokens[at];
    if (!string && text === "from" && tokens[at + 1]?.string) return tokens[at + 1].text;
    if (!string && !/^([\w$]+|[{},*])$/.test(text)) return null;
    if (string) return null;
  }
  return null;
}

/** A regular expression's slash stands where a value may begin: behind one of these, or at the beginning. */
const VALUE_MAY_FOLLOW = /^([([{,;=:!&|?+\-*%<>~^}]|=>|return|typeof|case|in|of|delete|void|throw|await|yield)$/;

const PIECES = {
  space: /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y,
  string: /"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'/y,
  regex: /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y,
  word: /[\p{L}\p{N}_$]+/uy,
};

/** Words, single signs and strings; comments, regular expressions and the text of templates are left out. */
function tokenize(text) {
  const tokens = [];
  /** For each template that is open: how deep in braces its current `${` stands. */
  const templates = [];
  let depth = 0;
  let at = 0;
  const take = (piece) => {
    piece.lastIndex = at;
    const found = piece.exec(text);
    if (found !== null) at = piece.lastIndex;
    return found;
  };
  const skipTemplateText = () => {
    while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
    if (text[at] === "`") {
      tokens.push({ text: "`", string: false });
      at += 1;
    } else if (at < text.length) {
      at += 2;
      depth += 1;
      templates.push(depth);
    }
  };
  while (at < text.length) {
    if (take(PIECES.space) !== null) continue;
    const string = take(PIECES.string);
    if (string !== null) {
      tokens.push({ text: string[1] ?? string[2] ?? "", string: true });
      continue;
    }
    const last = tokens.at(-1);
    const valueMayFollow = last === undefined || (!last.string && VALUE_MAY_FOLLOW.test(last.text));
    if (text[at] === "/" && valueMayFollow && take(PIECES.regex) !== null) {
      tokens.push({ text: "regular expression", string: true });
      continue;
    }
    const word = take(PIECES.word);
    if (word !== null) {
      tokens.push({ text: word[0], string: false });
      continue;
    }
    const sign = text[at];
    at += 1;
    if (sign === "`") {
      skipTemplateText();
      continue;
    }
    if (sign === "{") depth += 1;
    if (sign === "}") {
      depth -= 1;
      if (templates.at(-1) === depth + 1) {
        templates.pop();
        skipTemplateText();
        continue;
      }
    }
    tokens.push({ text: sign, string: false });
  }
  return tokens;
}
