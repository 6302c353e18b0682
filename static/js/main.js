// The page's wiring: pad and pictures to the server, answers to the view.

import { ApiError, Latest, readImage, readStrokes } from "./api.js";
import { Pad } from "./pad.js";
import { ResultView } from "./result.js";
import { Drawing } from "./strokes.js";
import { tooLarge } from "./words.js";

const find = (selector) => document.querySelector(selector);

const drawing = new Drawing();
const result = new ResultView(find("[data-answer]"));
const latest = new Latest();
const pad = new Pad(find("[data-pad]"), drawing, {
  // An answer about the drawing as it was would be out of date.
  strokeStarted: () => {
    latest.cancel();
    showTools();
  },
  strokeEnded: readDrawing,
});

const undo = find("[data-undo]");
const redo = find("[data-redo]");
const clear = find("[data-clear]");
const submit = find("[data-submit]");

undo.addEventListener("click", () => change(() => drawing.undo()));
redo.addEventListener("click", () => change(() => drawing.redo()));
clear.addEventListener("click", () => change(() => drawing.clear()));
submit.addEventListener("click", readDrawing);

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    const back = key === "z" && !event.shiftKey;
    change(() => (back ? drawing.undo() : drawing.redo()));
  }
});

/** @param {() => boolean} edit of the drawing; says whether it changed anything */
function change(edit) {
  if (pad.isDrawing || !edit()) return;
  pad.redraw();
  if (drawing.isEmpty) {
    latest.cancel();
    result.idle();
    showTools();
    showPreview(null);
  } else {
    readDrawing();
  }
}

function showTools() {
  undo.disabled = !drawing.canUndo;
  redo.disabled = !drawing.canRedo;
  clear.disabled = submit.disabled = drawing.isEmpty;
  find("[data-pad-hint]").hidden = !drawing.isEmpty;
}

function readDrawing() {
  showTools();
  showPreview(null);
  read((signal) => readStrokes(drawing.toRequest(), signal));
}

function read(task, answered = () => {}) {
  result.busy();
  latest.run(task, {
    done: (answer) => {
      answered();
      result.show(answer);
    },
    failed: (error) => {
      result.failed(error instanceof ApiError ? error.message : "Please try again.");
      if (!(error instanceof ApiError)) throw error;
    },
  });
}

// ---- pictures ----

const form = find("[data-drop-zone]");
const input = form.querySelector("input[type=file]");

input.addEventListener("change", () => readPicture(input.files[0]));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  readPicture(input.files[0]);
});

function readPicture(file) {
  if (!file || pad.isDrawing) return;
  showPreview(file);
  const most = Number(form.dataset.maxBytes);
  if (file.size > most) {
    latest.cancel();
    result.failed(tooLarge(file.size, most));
  } else {
    // The drawing gives way only when the answer is about the picture; Undo brings it back.
    read((signal) => readImage(file, signal), () => {
      drawing.clear();
      pad.redraw();
      showTools();
    });
  }
  find("[data-answer]").scrollIntoView({ block: "nearest" });
}

const preview = find("[data-preview]");
const previewImage = find("[data-preview-image]");

// Not every file is a picture that can be shown; the server's message says what is wrong.
previewImage.addEventListener("error", () => (preview.hidden = true));

function showPreview(file) {
  URL.revokeObjectURL(previewImage.src);
  preview.hidden = !file;
  if (file) {
    previewImage.src = URL.createObjectURL(file);
  } else {
    form.reset();
    previewImage.removeAttribute("src");
  }
}

/** Entering a child of the page leaves its parent: count to know when the drag is really gone. */
let dragDepth = 0;

function drag(event, depth) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  dragDepth = depth;
  document.body.classList.toggle("dropping", dragDepth > 0);
}

document.addEventListener("dragenter", (event) => drag(event, dragDepth + 1));
document.addEventListener("dragover", (event) => drag(event, dragDepth));
document.addEventListener("dragleave", (event) => drag(event, dragDepth - 1));
document.addEventListener("drop", (event) => {
  drag(event, 0);
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  // Into the form, so that it shows the name and its button can ask again.
  const chosen = new DataTransfer();
  chosen.items.add(file);
  input.files = chosen.files;
  readPicture(file);
});

// A browser may bring back a reloaded page's buttons and file as they were left.
showTools();
showPreview(null);
