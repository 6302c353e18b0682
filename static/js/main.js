// The page's wiring: what each controller tells the others.

import { AnswerController } from "./answer-controller.js";
import { CorrectionController } from "./correction-controller.js";
import { Corrections } from "./corrections.js";
import { DrawingController } from "./drawing-controller.js";
import { photoOf, strokesOf } from "./examples.js";
import { ExplanationController } from "./explanation-controller.js";
import { find } from "./page.js";
import { PictureController } from "./picture-controller.js";
import { Recent } from "./recent.js";
import { ShareController } from "./share-controller.js";
import { SharedDrawing } from "./shared.js";
import { Stage } from "./stage.js";
import { Toolbar } from "./toolbar.js";
import { Words } from "./words.js";

const words = new Words(JSON.parse(document.body.dataset.texts));
const stage = new Stage();
const said = (name) => toolbar.tell(name);
const staged = () => {
  toolbar.showStage();
  update();
};
const update = () => {
  correction.update();
  toolbar.update();
};

const answer = new AnswerController(stage, words, {
  asked: () => explanation.wait(),
  settled: () => {
    picture.settle();
    explanation.mute();
  },
  answered: () => correction.recall(),
  chosen: (index) => {
    explanation.explain(index);
    correction.update();
  },
  lit: (strokes, colour) => drawing.pad.light(strokes, colour),
  view: () => drawing.pad.view,
  changed: update,
  edited: (before, after) => correction.record(before, after),
});

const drawing = new DrawingController(stage, answer, {
  changed: () => picture.refuse(""),
  clearing: () => recent.keep(),
  replacing: () => {
    recent.keep();
    shared.leave();
    picture.leave();
  },
  switched: () => toolbar.update(),
  said,
});

const toolbar = new Toolbar(stage, words, answer, drawing.pad);

const picture = new PictureController(stage, words, answer, drawing, {
  taking: () => {
    // Later, it would have the drawing read instead of the picture.
    drawing.lift();
    recent.keep();
    shared.leave();
  },
  asked: () => explanation.clear(),
  staged,
});

const explanation = new ExplanationController(stage, words, answer, drawing);

const recent = new Recent(find("recent"), words, {
  chosen: (strokes) => drawing.replace(() => strokes),
  deleted: (last) => {
    said("deleted");
    if (last) drawing.pad.focus();
  },
  reading: () => ({
    ...(stage.isOwn && stage.isCurrent && answer.shown),
    columns: stage.drawing.toColumns(),
  }),
});

const corrections = new Corrections(find("corrections"), words, (name, wasLast) => {
  said(name);
  if (wasLast) drawing.pad.focus();
});

const correction = new CorrectionController(stage, words, answer, corrections);

const shared = new SharedDrawing(find("shared"), {
  opened: (strokes) => {
    recent.keep();
    drawing.lift();
    picture.leave();
    stage.isShared = true;
    drawing.lend(strokes);
    staged();
  },
  drawn: (strokes) => {
    answer.clearBoxes();
    drawing.pad.redraw(undefined, strokes);
  },
  played: () => (answer.shown ? answer.showBoxes() : drawing.read()),
  left: (focused) => {
    stage.isShared = false;
    staged();
    drawing.giveBack();
    if (focused) drawing.pad.focus();
  },
  damaged: () => picture.refuse(words.say("link_damaged")),
});

new ShareController(stage, answer, drawing, said);

for (const button of document.querySelectorAll("[data-example]")) {
  const image = button.querySelector("img");
  button.addEventListener("click", () => {
    if (image) picture.bring(photoOf(image));
    else drawing.replace((view) => strokesOf(button.querySelector("svg"), view));
  });
}

addEventListener("hashchange", () => shared.open());
find("submit").addEventListener("click", () => (stage.picture ? picture.read() : drawing.read()));
document.addEventListener("themechange", () => {
  drawing.pad.redraw();
  answer.light();
});

staged();
answer.clear();
drawing.restore();
await shared.open();
if (!stage.isShared) {
  if (!stage.drawing.isEmpty) {
    drawing.pad.redraw();
    drawing.read();
    toolbar.update();
  }
  picture.restore();
}

// The page comes first. Where no worker is allowed, it opens with the server alone.
if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done));
navigator.serviceWorker?.register("/service-worker.js").catch(() => {});
