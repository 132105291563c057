/**
 * Read a number that a reader wrote as a calculation, such as `1.1**60`, `sqrt(2/64)` or `6^-12`. Nothing is evaluated
 * as a program: this is a parser of sums, products, powers and a few functions.
 */

const FUNCTIONS = { sqrt: Math.sqrt, exp: Math.exp, log: Math.log, log2: Math.log2, log10: Math.log10, abs: Math.abs };
const CONSTANTS = { pi: Math.PI, e: Math.E };
const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|((?:math|np)\.)?([a-z]\w*)|(\*\*|[-+*/^()]))/iy;

/**
 * Put right what keyboards of telephones make of signs.
 * @param {string} text
 */
export function plain(text) {
  return text
    .replace(/[\u2212\u2013\u2014]/g, "-")
    .replace(/[\u00d7\u00b7\u22c5]/g, "*")
    .replace(/[\u201c\u201d\u201e]/g, '"')
    .replace(/[\u2018\u2019\u201a]/g, "'")
    .replace(/\u00a0/g, " ");
}

/**
 * @param {string} text
 * @returns {number}
 * @throws {Error} with a sentence for the reader
 */
export function calculate(text) {
  const source = plain(text).trim().replace(/^(-?\d+),(\d+)$/, "$1.$2");
  const tokens = tokenize(source);
  let at = 0;
  const next = () => tokens[at];
  const take = (/** @type {string} */ wanted) => next() === wanted && (at++, true);

  function sum() {
    let value = product();
    for (;;) {
      if (take("+")) value += product();
      else if (take("-")) value -= product();
      else return value;
    }
  }

  function product() {
    let value = signed();
    for (;;) {
      if (take("*")) value *= signed();
      else if (take("/")) value /= signed();
      else return value;
    }
  }

  /** A sign binds less than a power: -2**2 is -4. */
  function signed() {
    if (take("-")) return -signed();
    if (take("+")) return signed();
    return power();
  }

  function power() {
    const base = atom();
    return take("**") || take("^") ? base ** signed() : base;
  }

  function atom() {
    const token = next();
    at += 1;
    if (typeof token === "number") return token;
    if (token === "(") return closed(sum());
    if (Object.hasOwn(CONSTANTS, token)) return CONSTANTS[token];
    if (Object.hasOwn(FUNCTIONS, token)) {
      if (!take("(")) throw new Error(`Write ${token} with brackets, such as ${token}(2).`);
      return FUNCTIONS[token](closed(sum()));
    }
    throw new Error(token === undefined ? "Something is missing at the end." : `This is not expected here: ${token}`);
  }

  function closed(/** @type {number} */ value) {
    if (!take(")")) throw new Error("A bracket is not closed.");
    return value;
  }

  const value = sum();
  if (at < tokens.length) throw new Error(`This is not expected here: ${next()}`);
  if (!Number.isFinite(value)) throw new Error("This is no finite number.");
  return value;
}

/** @param {string} source */
function tokenize(source) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Error(`This is no number: ${source.slice(from).trim().slice(0, 20)}`);
    tokens.push(match[1] ? Number(match[1]) : (match[3] ?? match[4]));
    if (TOKEN.lastIndex === from) break;
  }
  if (!tokens.length) throw new Error("Write a number, or a calculation such as 1.1**60.");
  return tokens;
}

/**
 * The value in a form to look at.
 * @param {number} value
 */
export function shown(value) {
  return value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6)
    ? String(Number(value.toPrecision(6)))
    : value.toExponential(3);
}
