// An answer in words. Pure: no DOM. webapp/words.py says the same where there is no JavaScript.

/** Other readings less likely than this are not worth words; the bars show them all. */
const NOTABLE = 0.01;

/** Other readings that are named. */
const MOST = 3;

/** What was read, as one sentence. */
export function sentence(answer) {
  if (answer.status === "empty") return "There is no ink to read.";
  if (answer.status === "not_a_number") return "This does not look like a digit.";
  const verb = answer.status === "unsure" ? "could be" : "looks like";
  return `This ${verb} ${withArticle(answer.text)}.`;
}

/** How sure, and what else it could be. */
export function detail(answer) {
  if (answer.status === "empty") return "In a picture, more contrast may help.";
  const sure = `${percent(answer.confidence)} sure.`;
  const others = othersOf(answer);
  if (others.length === 0) return sure;
  if (answer.status === "not_a_number") {
    return `${sure} If it is one, perhaps ${withArticle(others[0].text)}.`;
  }
  return `${sure} Or ${others.map((o) => `${o.text} (${percent(o.confidence)})`).join(", ")}.`;
}

/** Why a file is not sent; both sizes in bytes. */
export function tooLarge(size, most) {
  const [has, can] = [size, most].map((bytes) => `${(bytes / 2 ** 20).toFixed(1)}\u00a0MB`);
  return `This picture has ${has}; at most ${can} can be read.`;
}

/** A share of 1 as a percentage, its sign never alone on a line. */
export function percent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** The likeliest of what else it could be: another digit, or none at all. */
function othersOf({ status, alternatives, digits }) {
  const others = [...alternatives];
  const isDigit = digits[0].is_digit ?? 1;
  if (status !== "not_a_number") others.push({ text: "no digit", confidence: 1 - isDigit });
  return others
    .filter((other) => other.confidence >= NOTABLE)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MOST);
}

function withArticle(digit) {
  return `${digit === "8" ? "an" : "a"} ${digit}`;
}
