// Copy buttons of code samples. Without this script, the samples are text to select.

/** How long a button says what it has done, in ms. */
const SAID = 2000;

const live = document.querySelector("[data-copied]");

for (const button of document.querySelectorAll("[data-copy]")) {
  const name = button.querySelector("span");
  const [before, done] = [name.textContent, live.dataset.copied];
  let timer = 0;
  button.addEventListener("click", async () => {
    const code = button.closest("figure").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      name.textContent = live.textContent = done;
    } catch {
      // Browsers allow it over HTTPS alone; what is selected can be copied by keyboard.
      getSelection().selectAllChildren(code);
      live.textContent = live.dataset.selected;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      name.textContent = before;
      live.textContent = "";
    }, SAID);
  });
}
