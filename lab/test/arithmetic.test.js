import assert from "node:assert/strict";
import test from "node:test";

import { calculate, plain, shown } from "../arithmetic.js";

const RIGHT = {
  "304.48": 304.48,
  "1.1**60": 1.1 ** 60,
  "6**-12": 6 ** -12,
  "6^-12": 6 ** -12,
  "(1.5/2)^20": 0.75 ** 20,
  "sqrt(2/64)": Math.sqrt(2 / 64),
  "math.sqrt(2 / (300 + 100))": Math.sqrt(1 / 200),
  "np.log(100)": Math.log(100),
  "-2**2": -4,
  "2**3**2": 512,
  "2 - 3 - 4": -5,
  "12/3/2": 2,
  "--3": 3,
  "+1e-3": 1e-3,
  ".5": 0.5,
  "5.": 5,
  "2E3": 2000,
  "0,5": 0.5,
  "\u22122 \u00d7 3": -6,
  "2*pi": 2 * Math.PI,
  "e**2": Math.E ** 2,
  "log(1024)/log(2)": 10,
};

for (const [text, value] of Object.entries(RIGHT)) {
  test(`${text} is ${value}`, () => assert.ok(Math.abs(calculate(text) - value) <= 1e-12 * Math.abs(value)));
}

const WRONG = ["", "   ", "two", "1 2", "(1", "1)", "1/0", "sqrt", "sqrt 2", "1e999", "alert(1)", "constructor", "1+", "2**", "0x10",
  "toString()", "1;2", "__proto__", "a.b", "[1]"];
for (const text of WRONG) {
  test(`${JSON.stringify(text)} is refused with a sentence`, () =>
    assert.throws(() => calculate(text), (error) => error.message.endsWith(".") || error.message.includes(": ")));
}

test("a thousand sums are those of the language", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 1000; i++) {
    let text = (random() * 10).toFixed(3);
    for (let k = 0; k < 4; k++) {
      const sign = ["+", "-", "*", "/", "**"][Math.floor(random() * 5)];
      text = random() < 0.3 ? `(${text})${sign}${(random() * 3 + 0.1).toFixed(2)}` : `${text} ${sign} ${(random() * 3 + 0.1).toFixed(2)}`;
    }
    const value = Function(`return ${text}`)();
    if (Number.isFinite(value)) assert.ok(Math.abs(calculate(text) - value) <= 1e-9 * Math.abs(value), text);
  }
});

test("signs of telephones are put right", () => assert.equal(plain("\u201cA\u201d \u2013 \u2018b\u2019\u00a0"), "\"A\" - 'b' "));
test("values are shown shortly", () => assert.deepEqual([304.4816395, 4.59e-10, 0, 1e7].map(shown), ["304.482", "4.590e-10", "0", "1.000e+7"]));
