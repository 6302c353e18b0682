// The page's wiring: pad and pictures to the server, answers to the views.

import { AnswerView } from "./answer.js";
import {
  ApiError,
  Asker,
  NetworkError,
  explainImage,
  explainStrokes,
  readImage,
  readStrokes,
} from "./api.js";
import { Boxes } from "./boxes.js";
import { Explorer } from "./explore.js";
import { prepare, drawWhole } from "./ink.js";
import { KeyboardPen } from "./keyboard.js";
import { Pad } from "./pad.js";
import { PictureError, prepared } from "./picture.js";
import { toCurl, toSvg } from "./share.js";
import { Drawing, boxAt, fromColumns } from "./strokes.js";
import { Words } from "./words.js";

/** Undo by a held key, a rubber over many strokes: asked when it is over, in ms. */
const SETTLE = 120;

/** Around a digit's ink, in pad units. */
const MARGIN = 16;

const KEPT = "inkling-drawing";
const PEN_ONLY = "inkling-pen-only";

const find = (name) => document.querySelector(`[data-${name}]`);

const words = new Words(JSON.parse(document.body.dataset.texts));
const drawing = new Drawing();
/** The picture on the stage, or null: `{file, turns, sent, name}`. */
let picture = null;

// ---- the answer ----

const view = new AnswerView(find("answer"), words, { looked: light, chosen: explain });
const padBoxes = new Boxes(find("boxes"));
const photoBoxes = new Boxes(find("photo-boxes"));
const asker = new Asker({
  answered,
  refused: (error) => {
    sending(null);
    clearBoxes();
    view.failed(words.problem(error));
    if (!(error instanceof ApiError || error instanceof PictureError)) throw error;
  },
  late: () => view.notice(words.say("late"), words.say("late_hint")),
  lost: (error) => {
    const name = error instanceof NetworkError ? "lost" : "crowded";
    view.notice(words.say(name), words.say(`${name}_hint`));
  },
});

addEventListener("online", () => asker.hurry());

function answered(answer) {
  sending(null);
  clearBoxes();
  view.show(answer);
  if (picture) {
    photoBoxes.show(answer, answer.surface, words, answer.surface.height / 100);
    [...find("photo-boxes").querySelectorAll(".box:not(.ignored)")].forEach((box, index) => {
      box.addEventListener("click", () => view.pick(index));
      box.addEventListener("pointerenter", () => light(index));
      box.addEventListener("pointerleave", () => light(view.picked));
    });
  } else {
    padBoxes.show(answer, pad.view, words, MARGIN);
  }
  showTools();
}

function clearBoxes() {
  padBoxes.clear();
  photoBoxes.clear();
  pad.light();
}

/** Let one digit shine everywhere: its strokes, its box, its place in the number. */
function light(index) {
  const digit = view.answer?.digits[index];
  view.mark(digit ? index : -1);
  padBoxes.light(digit ? index : -1);
  photoBoxes.light(digit ? index : -1);
  if (digit?.strokes && !picture) {
    const box = find("boxes").children[index];
    pad.light(digit.strokes, box && getComputedStyle(box).borderTopColor);
  } else {
    pad.light();
  }
}

// ---- drawing ----

const pad = new Pad(find("pad"), find("tip"), drawing, {
  started,
  rested: readDrawing,
  ended: () => edited(),
  erased: () => edited(SETTLE),
  full: () => tell("full"),
  penSeen,
  hovered: (point) => {
    if (!view.answer || picture) return;
    const at = point ? boxAt(view.answer.digits.map(({ box }) => box), point, MARGIN) : -1;
    light(at >= 0 ? at : view.picked);
  },
  resized: () => padBoxes.layout(pad.view),
});
new KeyboardPen(find("pad"), find("cursor"), pad, drawing, {
  started,
  ended: () => edited(),
  erased: () => {
    pad.redraw();
    edited();
  },
  said: (down) => tell(down ? "pen_down" : "pen_up"),
});

/** An answer about the drawing as it was would be out of date. */
function started() {
  asker.cancel();
  clearBoxes();
  showTools();
}

/** The drawing has changed. */
function edited(delay = 0) {
  keep();
  clearBoxes();
  showTools();
  if (drawing.isEmpty) {
    asker.cancel();
    view.idle();
    explain();
  } else {
    readDrawing(delay);
  }
}

function readDrawing(delay = 0) {
  view.busy();
  asker.ask((signal) => readStrokes(drawing.toRequest(pad.view), signal), delay);
}

/** @param {() => boolean} edit of the drawing; says whether it changed anything */
function change(edit) {
  if (picture || pad.isDrawing || !edit()) return;
  pad.redraw();
  edited(SETTLE);
}

const TOOLS = {
  undo: () => change(() => drawing.undo()),
  redo: () => change(() => drawing.redo()),
  clear: () => change(() => drawing.clear()),
};
for (const [name, act] of Object.entries(TOOLS)) find(name).addEventListener("click", act);

find("erase").addEventListener("click", () => {
  pad.rubber = !pad.rubber;
  showTools();
});
find("submit").addEventListener("click", () => {
  if (picture) readPicture();
  else if (!drawing.isEmpty) readDrawing();
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    if (key === "z" && !event.shiftKey) TOOLS.undo();
    else TOOLS.redo();
  }
});

/** Buttons are there when they can do something; focus is not lost with one that goes. */
function showTools() {
  const off = {
    undo: Boolean(picture) || !drawing.canUndo,
    redo: Boolean(picture) || !drawing.canRedo,
    erase: Boolean(picture) || (drawing.isEmpty && !pad.rubber),
    clear: Boolean(picture) || drawing.isEmpty,
    submit: !picture && drawing.isEmpty,
  };
  const focused = document.activeElement;
  for (const [name, disabled] of Object.entries(off)) find(name).disabled = disabled;
  if (focused?.disabled) find("pad").focus({ preventScroll: true });
  find("erase").setAttribute("aria-pressed", String(pad.rubber));
  find("pad").classList.toggle("rubber", pad.rubber);
  find("pad-hint").hidden = !drawing.isEmpty;
  find("actions").hidden = !view.answer?.text;
  find("svg").hidden = Boolean(picture);
}

document.addEventListener("themechange", () => {
  pad.redraw();
  light(view.picked);
});

// A reload, a language: the drawing stays. Only in this tab, only until it is closed.

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(drawing.toColumns()));
  } catch {
    // Storage is off or full: then a reload begins anew.
  }
}

function restore() {
  let strokes = null;
  try {
    strokes = fromColumns(JSON.parse(sessionStorage.getItem(KEPT)));
  } catch {
    // Nothing there, or nothing of ours.
  }
  if (!strokes?.length) return;
  drawing.replace(strokes);
  pad.redraw();
  edited();
}

// ---- the pen that keeps fingers away ----

const penSwitch = find("pen-only");

function penSeen() {
  if (!find("pen-row").hidden) return;
  find("pen-row").hidden = false;
  setPenOnly(localStored(PEN_ONLY) !== "off");
}

function setPenOnly(on) {
  pad.penOnly = penSwitch.checked = on;
}

penSwitch.addEventListener("change", () => {
  setPenOnly(penSwitch.checked);
  try {
    localStorage.setItem(PEN_ONLY, penSwitch.checked ? "on" : "off");
  } catch {
    // for this page only
  }
});

function localStored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// ---- pictures ----

const form = find("drop-zone");
const mostBytes = Number(form.dataset.maxBytes);

for (const input of form.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => bring(input.files[0]));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  bring(find("file").files[0]);
});
find("rotate").addEventListener("click", () => {
  picture.turns += 1;
  readPicture();
});
find("close").addEventListener("click", leavePicture);
find("cancel").addEventListener("click", leavePicture);

function bring(file) {
  if (!file || pad.isDrawing) return;
  picture = { file, turns: 0, sent: {}, name: file.name || "picture.png" };
  find("photo").classList.add("blank");
  readPicture();
  find("stage").scrollIntoView({ block: "nearest" });
}

/** The picture takes the stage; the drawing waits beneath it. */
function readPicture() {
  const mine = picture;
  clearBoxes();
  view.busy();
  explain();
  showStage();
  asker.ask(async (signal) => {
    sending(0);
    mine.sent[mine.turns % 4] ??= await prepared(mine.file, mine.turns, mostBytes);
    if (signal.aborted) throw new DOMException("aborted", "AbortError");
    await showPhoto(mine.sent[mine.turns % 4]);
    return readImage(mine.sent[mine.turns % 4], signal, sending);
  });
}

function leavePicture() {
  if (!picture) return;
  picture = null;
  form.reset();
  sending(null);
  showStage();
  edited();
  find("pad").focus({ preventScroll: true });
}

function showStage() {
  find("stage").classList.toggle("with-photo", Boolean(picture));
  find("photo").hidden = !picture;
  find("picture-tools").hidden = !picture;
  find("drawing-tools").hidden = Boolean(picture);
  showTools();
}

const photo = find("photo-image");

async function showPhoto(blob) {
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(blob);
  // Not every file is a picture that can be shown; the server's answer says what is wrong.
  const shown = await photo.decode().then(() => true, () => false);
  find("photo").classList.toggle("blank", !shown);
  if (!shown) return;
  const { style } = find("photo-frame");
  style.aspectRatio = `${photo.naturalWidth} / ${photo.naturalHeight}`;
  style.setProperty("--photo-shape", photo.naturalWidth / photo.naturalHeight);
}

/** How much of the picture is sent, 0 to 1; null: nothing is being sent. */
function sending(share) {
  const bar = find("progress");
  find("sending").hidden = share === null || !picture;
  if (share > 0 && share < 1) bar.value = share;
  else bar.removeAttribute("value");
  find("sending-words").textContent = words.say(share === 1 ? "reading" : "sending");
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
  bring(event.dataTransfer?.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = event.clipboardData?.files[0];
  if (!file) return;
  event.preventDefault();
  bring(file);
});

// ---- examples ----

/** Between points of an example, in units of its picture. */
const SAMPLE = 2;

for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => {
    if (button.dataset.example === "photo") examplePhoto(button.querySelector("img"));
    else exampleStrokes(button.querySelector("svg"));
    find("stage").scrollIntoView({ block: "nearest" });
  });
}

/** The paths of an example's picture become strokes, as large as the pad has room for. */
function exampleStrokes(svg) {
  if (picture) leavePicture();
  const { width, height } = svg.viewBox.baseVal;
  const { width: across, height: down } = pad.view;
  const scale = 0.86 * Math.min(across / width, down / height);
  const [left, top] = [(across - scale * width) / 2, (down - scale * height) / 2];
  let t = 0;
  const strokes = [...svg.querySelectorAll("path")].map((path) => {
    const steps = Math.max(1, Math.ceil(path.getTotalLength() / SAMPLE));
    t += 200;
    return Array.from({ length: steps + 1 }, (_, i) => {
      const { x, y } = path.getPointAtLength((i * path.getTotalLength()) / steps);
      return { x: left + scale * x, y: top + scale * y, t: (t += 8) };
    });
  });
  change(() => {
    drawing.replace(strokes);
    return true;
  });
}

/** A drawn photo, as pixels: it goes the way of every picture. */
async function examplePhoto(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1200, 800];
  await image.decode();
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => bring(new File([blob], "example.jpg", { type: blob.type })), "image/jpeg", 0.9);
}

// ---- copying ----

function tell(name) {
  find("notice").textContent = words.say(name);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("copied");
  } catch {
    tell("not_copied");
  }
}

find("copy-number").addEventListener("click", () => copy(view.answer.text));
find("copy-curl").addEventListener("click", () => {
  copy(toCurl(location.origin, drawing.toRequest(pad.view), picture?.name));
});
find("svg").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toSvg(drawing.strokes)], { type: "image/svg+xml" }));
  link.download = `inkling-${view.answer.text.replaceAll("\n", "-")}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

// ---- what the network sees ----

const explorer = new Explorer(find("explain"), words, (signal) => {
  if (picture) return explainImage(picture.sent[picture.turns % 4], view.chosen, signal);
  return explainStrokes({ ...drawing.toRequest(pad.view), index: view.chosen }, signal);
});

function explain(index = 0) {
  const digit = view?.answer?.digits[index];
  explorer?.about(digit ? { digit, best: Boolean(view.answer.text), ink: inkOf(digit) } : null);
}

/** Draws a digit's ink in its box, cut out of all the rest, onto a canvas. */
function inkOf({ box, strokes }) {
  return (canvas) => {
    const side = Math.max(box.width, box.height, 1) * 1.3;
    const [x, y] = [box.x + (box.width - side) / 2, box.y + (box.height - side) / 2];
    canvas.width = canvas.height = 224;
    const context = canvas.getContext("2d");
    if (strokes) {
      prepare(context, { width: side, height: side }, getComputedStyle(canvas).color);
      context.translate(-x, -y);
      for (const stroke of strokes) drawWhole(context, drawing.strokes[stroke]);
    } else {
      context.drawImage(photo, x, y, side, side, 0, 0, canvas.width, canvas.height);
      context.setTransform(224 / side, 0, 0, 224 / side, (-x * 224) / side, (-y * 224) / side);
    }
    context.strokeStyle = getComputedStyle(canvas).outlineColor;
    context.lineWidth = side / 80;
    context.setLineDash([side / 30, side / 30]);
    context.strokeRect(box.x, box.y, box.width, box.height);
  };
}

// A browser may bring back a reloaded page's form as it was left.
form.reset();
showStage();
view.idle();
restore();
