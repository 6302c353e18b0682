// Light or dark before the first paint: the system's choice, or the visitor's. No module, so that it
// runs while the head is read; the dark colours are a style sheet of their own that this turns on.
(() => {
  const KEY = "inkling-theme";
  const sheet = document.getElementById("dark");
  const system = sheet.media;
  const wanted = matchMedia(system);

  function chosen() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is off: the system's choice then
    }
  }

  function keep(theme) {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // for this page only
    }
  }

  let theme = chosen();

  const isDark = () => (theme ? theme === "dark" : wanted.matches);

  function apply() {
    sheet.media = theme ? (theme === "dark" ? "all" : "not all") : system;
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    document.querySelector("[data-theme-switch]")?.setAttribute("aria-checked", isDark());
    document.dispatchEvent(new Event("themechange"));
  }

  apply();
  wanted.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.querySelector("[data-theme-switch]").addEventListener("click", () => {
      theme = isDark() ? "light" : "dark";
      // Back to what the system says anyway: follow it again from now on.
      if ((theme === "dark") === wanted.matches) theme = null;
      keep(theme);
      apply();
    });
    for (const menu of document.querySelectorAll(".menu")) {
      const close = () => {
        menu.open = false;
        menu.querySelector("summary").focus();
      };
      document.addEventListener("click", ({ target }) => {
        if (!menu.contains(target)) menu.open = false;
        else if (target.closest("button")) close();
      });
      menu.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && menu.open) close();
      });
    }
  });
})();
