// Files: pictures come by fields, drops and pastes, anywhere on the page; others go by download.

/** @param {HTMLFormElement} form with the fields */
export function watchFiles(form, bring) {
  const given = (file) => file && bring(file);
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => given(input.files[0]));
  }
  form.addEventListener("submit", (event) => event.preventDefault());

  // Entering a child of the page leaves its parent: count to know when the drag is really gone.
  let depth = 0;
  const drag = (event, change) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  document.addEventListener("dragenter", (event) => drag(event, 1));
  document.addEventListener("dragover", (event) => drag(event, 0));
  document.addEventListener("dragleave", (event) => drag(event, -1));
  document.addEventListener("drop", (event) => {
    drag(event, -Infinity);
    given(event.dataTransfer?.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    bring(file);
  });
}

/** Save a file with the visitor's downloads. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
