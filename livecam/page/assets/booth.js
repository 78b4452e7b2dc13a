// The page of a photo booth, and of a guest's photo. What is said is in booth_texts.json.
"use strict";

const LOOK_MS = 150, COUNT_FROM = 3, REST_MS = 30000, SLIDE_MS = 5000, RESULT_MS = 45000;
const $ = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=livecam-token]")?.content;
let texts = {}, state = null, shown = null, counting = 0, shots = null, touched = Date.now(), hides = 0;

async function translate() {
  const all = await (await fetch("booth_texts.json")).json();
  const language = navigator.languages.map((one) => one.slice(0, 2)).find((one) => all[one]) || "en";
  texts = all[language];
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = texts[one.dataset.text];
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", texts[one.dataset.label]);
}

async function ask(path) {
  const answer = await fetch(path, { method: "POST", headers: { "x-livecam-token": token } });
  if (!answer.ok) throw new Error((await answer.json()).message);
}

function wake() {
  touched = Date.now();
  $("idle").hidden = true;
}

// One press for all: a button, a key, a USB button, which is a keyboard.
function shoot() {
  wake();
  if (counting || !state?.is_armed || state.is_lost) return;
  hideResult();
  let left = COUNT_FROM;
  const step = () => {
    $("count").textContent = left || "";
    if (left-- > 0) { counting = setTimeout(step, 1000); return; }
    counting = 0;
    ask("press").catch((error) => say(error.message));
  };
  step();
}

function say(message) {
  $("hint").textContent = message || texts.failed;
}

function flash() {
  $("flash").classList.add("on");
  requestAnimationFrame(() => requestAnimationFrame(() => $("flash").classList.remove("on")));
}

async function look() {
  try {
    state = await (await fetch("state", { cache: "no-store" })).json();
  } catch {
    $("lost").hidden = false;  // the booth itself is gone: it is looked for again
    return;
  }
  $("lost").hidden = !state.is_lost;
  $("shutter").disabled = !state.is_armed || state.is_lost;
  $("automatic").setAttribute("aria-pressed", state.is_automatic);
  const score = state.is_lost ? null : state.score;
  $("bar").style.width = `${100 * (score || 0)}%`;
  $("word").textContent = state.faces && score !== null ? texts[state.word] : texts.nobody;
  if (!counting) $("hint").textContent = "";
  // A press may come from a line on standard input or from the automatic shutter, too.
  if (shots !== null && state.shots > shots) { flash(); hideResult(); wake(); }
  shots = state.shots;
  $("developing").hidden = !state.waiting || counting > 0;
  const newest = state.photos.at(-1);
  if (newest && newest.id !== look.last) {
    if (look.last !== undefined) show(newest);
    look.last = newest.id;
  } else if (!newest && look.last === undefined) {
    look.last = 0;
  }
  rest();
}

function show(photo) {
  shown = photo;
  $("reason").textContent = photo.reason;
  $("take-home").hidden = !state.has_guests;
  if (state.has_guests) $("code").src = `photos/${photo.id}/code.svg`;
  $("print").hidden = !state.prints;
  $("result").hidden = false;
  $("photo").src = `photos/${photo.id}/photo`;
  play("movie", 1);
  hides = Date.now() + RESULT_MS;
  wake();
}

// The moment is played, once as a Live Photo is, then rests on its best frame.
function play(name, times) {
  const movie = $("movie");
  movie.loop = times > 1;
  movie.hidden = false;
  $("photo").hidden = true;
  movie.src = `photos/${shown.id}/${name}`;
  movie.onended = movie.onerror = () => still("photo");
  movie.play().catch(() => still("photo"));
}

function still(name) {
  $("movie").hidden = true;
  $("movie").removeAttribute("src");
  $("photo").hidden = false;
  if (shown) $("photo").src = `photos/${shown.id}/${name}`;
}

function hideResult() {
  $("result").hidden = true;
  $("movie").removeAttribute("src");
  shown = null;
}

// Nobody is there: the photos that were kept are shown in turn.
function rest() {
  if (shown && Date.now() > hides) hideResult();
  const photos = state.photos;
  const is_idle = Date.now() - touched > REST_MS && photos.length > 0 && !shown && !counting;
  $("idle").hidden = !is_idle;
  if (!is_idle) return;
  const photo = photos[Math.floor(Date.now() / SLIDE_MS) % photos.length];
  const source = `photos/${photo.id}/photo`;
  if (!$("slide").src.endsWith(source)) $("slide").src = source;
}

function listen() {
  const doing = (id, work) => $(id).addEventListener("click", () => { wake(); hides = Date.now() + RESULT_MS; work(); });
  doing("shutter", shoot);
  doing("automatic", () => ask(`automatic/${state.is_automatic ? 0 : 1}`));
  doing("screen", () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  doing("see-photo", () => still("photo"));
  doing("see-strip", () => still("strip"));
  doing("see-boomerang", () => play("boomerang", 2));
  doing("print", () => ask(`photos/${shown.id}/print`).catch((error) => { $("reason").textContent = error.message; }));
  doing("keep", hideResult);
  doing("again", () => {
    const { id } = shown;
    ask(`photos/${id}/again`).then(shoot, (error) => { $("reason").textContent = error.message; });
  });
  addEventListener("pointerdown", wake);
  addEventListener("keydown", (event) => {
    if (event.repeat || event.target.closest("button") && event.key === "Enter") return;
    if ([" ", "Enter", "PageDown"].includes(event.key)) { event.preventDefault(); shoot(); }
    if (event.key === "Escape") hideResult();
  });
  // A camera that was away for long ends the stream of pictures: it is asked for again.
  $("live").addEventListener("error", () => setTimeout(() => { $("live").src = `live?${Date.now()}`; }, 1000));
}

async function main() {
  await translate();
  if (!$("booth")) return;
  listen();
  for (;;) {
    await look();
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

main();
