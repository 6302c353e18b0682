// "Try it" on the page of the interface: sends the sample, or the visitor's last drawing, and shows the answer.

import { fromText } from "./link.js";
import { kept } from "./recent.js";
import { Drawing } from "./strokes.js";

const root = document.querySelector("[data-try]");
const said = document.querySelector("[data-try-said]");
const answer = document.querySelector("[data-try-answer]");
const own = root.querySelector("[data-own]");
const [last] = kept();

root.querySelector("[data-body]").addEventListener("click", ({ target }) => send(target.dataset.body));
own.hidden = !last;
own.addEventListener("click", () => {
  const drawing = new Drawing();
  drawing.replace(fromText(last.ink));
  send(JSON.stringify({ strokes: drawing.toColumns() }));
});

async function send(body) {
  said.textContent = "Sending…";
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(root.dataset.try, { method: "POST", headers, body });
    answer.querySelector("code").textContent = inLines(await response.json());
    answer.hidden = false;
    said.textContent = `The answer is below, with status ${response.status}.`;
  } catch {
    said.textContent = "There was no answer. Please try again.";
  }
}

/** JSON in lines; numbers stand side by side. */
function inLines(value) {
  const side = (numbers) => numbers.replace(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]");
  return JSON.stringify(value, null, 2).replace(/\[[\s\d.,e+-]*\]/g, side);
}
