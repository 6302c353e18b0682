// The pattern of <ink-number>, with the cases of tests/test_pattern.py.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement = class {};
globalThis.customElements = { get: () => true };
const { expressionOf } = await import("../../component/ink-number.js");

const CASES = {
  "0": [["7"], ["", "77", "a"]],
  "0{4}": [["1998"], ["199", "19988"]],
  "00/00/0000": [["23/11/1999"], ["23/11/99"]],
  "-?0+(.00)?": [["5", "-5.25"], ["5.2", "--5"]],
  "0{5}|0{9}": [["12345", "123456789"], ["123456"]],
  "\\+0{2,3}": [["+49"], ["49"]],
  "2\\00?": [["20", "207"], ["2", "217"]],
  "\\5": [["5"], [""]],
  "\\1{2}": [["11"], ["1"]],
  "-0{2}?.00": [["-.50", "-12.50"], ["-1.50"]],
  "0+?.00": [[".50", "1.50"], ["50"]],
  "((0{3},)*0{3}|0{1,2})": [["123,456", "12"], ["1234"]],
};

for (const [pattern, [inside, outside]] of Object.entries(CASES)) {
  test(`the texts of ${pattern}`, () => {
    const expression = expressionOf(pattern);
    for (const text of inside) assert.ok(expression.test(text), text);
    for (const text of outside) assert.ok(!expression.test(text), text);
  });
}
