// An answer in words. Pure: no DOM.

/** Other readings less likely than this are not worth words; the bars show them all. */
const NOTABLE = 0.01;

/** Below this confidence a reading is only a guess. */
const DOUBTFUL = 0.6;

/** What was read, as one sentence. */
export function sentence(answer) {
  if (answer.status === "empty") return "There is no ink to read.";
  if (!answer.text) return "This does not look like a digit.";
  const doubtful = answer.status === "unsure" || answer.confidence < DOUBTFUL;
  const verb = doubtful ? "could be" : "looks like";
  return `This ${verb} ${answer.text === "8" ? "an" : "a"} ${answer.text}.`;
}

/** How sure, and what else it could be. */
export function detail(answer) {
  if (answer.status === "empty") {
    return "In a picture, more contrast may help.";
  }
  if (!answer.text) return "";
  const sure = `${percent(answer.confidence)} sure.`;
  const others = answer.alternatives.filter((other) => other.confidence >= NOTABLE);
  if (others.length === 0) return sure;
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
