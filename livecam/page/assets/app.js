"use strict";
// The page of `livecam review`. On a server it asks for what it shows; written as a folder
// (`--static`), `window.livecamStatic` is set and everything lies beside it.

const STATIC = window.livecamStatic || null;
const TOKEN = document.querySelector("meta[name=livecam-token]").content; // "" for guests
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const TILE = { width: 220, height: 182, gap: 12 };
const COLUMNS = 10; // of the pictures that hold filmstrips
const STRIP_HEIGHT = 90;
const LOOK_AGAIN_MS = 1500;
const SAID_MS = 6000, SLIDE_MS = 4000;
const MOST_STARS = 5; // those of a favourite
const $ = (id) => document.getElementById(id);

let all = []; // what the list says of each
let moments = []; // those of them that the gallery shows
let gains = null; // what a report of `livecam pick` would change, where one was named
let gaining = false; // whether only those are shown
let better = null; // the one of them that is looked at
const ticked = new Set(); // ids of those that are to be applied
let selecting = false; // whether moments are being selected
const selected = new Set(); // ids of those that are
let looked = null; // whether the rest is looked at, how many have a score, how many cannot have one
let isLost = false; // whether the server did not answer the last time
let words = []; // from which score on which word says it
let mark = ""; // of the list, so that it is sent only when it changed
let open = null; // the moment that is looked at: { moment, facts, at }
let shown = new Map(); // tiles in the page, by position
let canUndo = false;
const factsOf = new Map(); // the last few, by id and stamp

function asMoment([id, stamp, kind, name, taken, score, duration, stars]) {
  return { id, stamp, kind, name, taken, score, duration, stars: stars || 0 };
}

function media(moment, name) {
  if (STATIC) return `moments/${moment.id}/${name === "movie" ? "movie.mp4" : name}`;
  return `media/${moment.id}/${moment.stamp}/${name}`;
}

function say(text) {
  $("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, SAID_MS);
}

function word(exact) {
  const score = Math.round(100 * exact) / 100; // as it is shown
  return words.find(([least]) => score >= least)[1];
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function when(moment) {
  return new Date(moment.taken * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

function day(moment) {
  // As people write it, and as it sorts: 2026-05-17.
  const at = new Date(moment.taken * 1000), two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

const KINDS = { "live-photo": "live", "motion-photo": "motion", video: "movie" };

// ---- Talking to the server

async function ask(path) {
  const answer = await fetch(path);
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({ message: answer.statusText, hint: "" }));
  throw new Error(problem.message + (problem.hint ? ` (${problem.hint})` : ""));
}

async function change(path, what = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Livecam-Token": TOKEN },
    body: JSON.stringify(what),
  });
  const told = await answer.json().catch(() => ({ message: answer.statusText }));
  say(told.message + (told.hint ? ` (${told.hint})` : ""));
  if (answer.ok) {
    // At once, though the list says it too: the next key may come before the list.
    if (!path.startsWith("api/gains") && !path.endsWith("/undo")) canUndo = true;
    await look();
  }
  return answer.ok;
}

async function look() {
  if (STATIC) return take({ ...STATIC, is_looking: false, exports: [] });
  const answer = await fetch("api/moments", mark ? { headers: { "If-None-Match": mark } } : {});
  if (isLost) {
    isLost = false;
    say("livecam is back");
    drawCount();
  }
  if (answer.status === 200) {
    mark = answer.headers.get("ETag");
    take(await answer.json());
  }
  return undefined;
}

function take(list) {
  const focused = document.activeElement.closest(".item");
  const focusedId = focused && focused.dataset.id;
  all = list.moments.map(asMoment);
  words = list.words;
  canUndo = Boolean(TOKEN && list.can_undo);  // kept by the server: a reload loses no step
  gains = TOKEN ? list.gains || null : null;
  choose();
  $("folder").textContent = list.folder;
  looked = TOKEN ? list.looked || null : null;
  isSearching = list.is_looking;
  drawCount();
  const known = new Set(all.map((one) => one.id));
  for (const id of selected) if (!known.has(id)) selected.delete(id);
  drawMany();
  $("empty").hidden = all.length > 0 || list.is_looking;
  $("undo").hidden = !canUndo;
  if (!$("export").options.length) {
    for (const name of list.exports) $("export").append(make("option", { value: name, textContent: name.replace("-", " ") }));
  }
  for (const item of shown.values()) item.remove();
  shown = new Map();
  layOut();
  const at = focusedId ? moments.findIndex((one) => one.id === focusedId) : -1;
  if (at >= 0) focusTile(at);
  drawGains();
  take.looking = list.is_looking || Boolean(gains && gains.is_working) || Boolean(looked && looked[0]);
  const problem = (list.problems || []).at(-1);
  if (problem && problem !== take.problem) say(problem);
  take.problem = problem;
}

let isSearching = false;

function drawCount() {
  $("count").textContent = `${all.length} moment${all.length === 1 ? "" : "s"}${isSearching ? ", looking for more …" : ""}`;
}

// ---- Several at a time

function drawMany() {
  const [isOn, scored, failed] = looked || [0, all.length, 0];
  $("look-at-all").hidden = !looked || scored + failed >= all.length;
  $("look-at-all").textContent = isOn ? `Stop (${scored} of ${all.length} looked at)` : "Look at all";
  $("select").setAttribute("aria-pressed", String(selecting));
  $("select").hidden = STATIC !== null;
  $("many").hidden = !selecting || gaining;
  $("many-said").textContent = `${selected.size} selected`;
  for (const id of ["download-many", "trash-many"]) $(id).disabled = !selected.size;
  $("trash-many").hidden = !TOKEN;
}

function redraw() {
  for (const item of shown.values()) item.remove();
  shown = new Map();
  layOut();
}

function selectSeveral() {
  selecting = !selecting;
  selected.clear();
  drawMany();
  redraw();
}

function choice(moment, name, chosen, toggle) {
  // A button on a tile, which takes the moment or leaves it.
  const button = make("button", { type: "button", className: "tick", textContent: name });
  button.setAttribute("aria-pressed", String(chosen));
  button.setAttribute("aria-label", `${name} ${moment.name}`);
  button.addEventListener("click", () => toggle(button));
  return button;
}

function downloadMany() {
  say("being made; the browser saves it");
  make("a", { href: `zip?moments=${[...selected].join(",")}`, download: "" }).click();
}

async function trashMany() {
  $("trash-many").disabled = true;
  if (await change("api/trash", { moments: [...selected] })) selected.clear();
  drawMany();
}

// ---- Slideshow: each moment once, as a Live Photo plays, then its key photo

function startSlides() {
  if (!moments.length) return;
  $("show").hidden = false;
  $("show").focus();
  if ($("show").requestFullscreen) $("show").requestFullscreen().catch(() => {});
  slide(0);
}

function slide(at) {
  const moment = moments[(at + moments.length) % moments.length], movie = $("slide-movie");
  slide.at = at;
  clearTimeout(slide.timer);
  const rest = () => {
    movie.hidden = true;
    clearTimeout(slide.timer);
    slide.timer = setTimeout(() => slide(at + 1), SLIDE_MS);
  };
  $("slide").src = media(moment, "photo.jpg");
  $("slide").alt = moment.name;
  $("slide-said").textContent = when(moment);
  movie.hidden = true;
  if (moment.kind === "video" || CALM.matches) { rest(); return; }
  movie.onplaying = () => { movie.hidden = false; };
  movie.onended = rest;
  movie.onerror = rest;
  movie.src = media(moment, "movie");
  movie.play().catch(rest);
  slide.timer = setTimeout(rest, 4 * SLIDE_MS); // a movie that never comes
}

function endSlides() {
  clearTimeout(slide.timer);
  const movie = $("slide-movie");
  movie.onerror = null;
  movie.removeAttribute("src");
  movie.load();
  $("show").hidden = true;
  if (document.fullscreenElement) document.exitFullscreen();
  $("slides").focus();
}

// ---- What a report would change

function choose() {
  // Which moments the gallery shows, and in which order.
  const only = $("only").value, wanted = $("find").value.trim().toLowerCase();
  moments = all.filter((moment) => (!only || moment.kind === only || (only === "favourites" && moment.stars === MOST_STARS)) &&
    (!wanted || `${moment.name} ${when(moment)} ${day(moment)}`.toLowerCase().includes(wanted)));
  // What was never looked at has no score, and comes last either way.
  const scored = (moment, sign) => (moment.score === null ? 2 : sign * moment.score);
  const orders = {
    oldest: (a, b) => a.taken - b.taken, best: (a, b) => scored(a, -1) - scored(b, -1),
    worst: (a, b) => scored(a, 1) - scored(b, 1),
  };
  if ($("order").value in orders) moments.sort(orders[$("order").value]);
  $("sift").hidden = gaining || all.length < 2;
  $("found").textContent = moments.length === all.length ? "" : `${moments.length} of ${all.length}`;
  if (!gaining || !gains) return;
  const byId = new Map(all.map((moment) => [moment.id, moment]));
  moments = gains.rows.filter(([id]) => byId.has(id)).map(([id, gain]) => ({ ...byId.get(id), gain }));
}

function drawGains() {
  $("kinds").hidden = !gains;
  $("gain-bar").hidden = !gains || !gaining;
  if (!gains) return;
  const known = new Set(gains.rows.map(([id]) => id));
  for (const id of ticked) if (!known.has(id)) ticked.delete(id);
  $("all").setAttribute("aria-pressed", String(!gaining));
  $("gaining").setAttribute("aria-pressed", String(gaining));
  $("gaining").textContent = `Would gain (${gains.rows.length})`;
  const goes = gains.in_place ? "the old photos go into the trash" : "the old photos stay beside the new ones";
  $("gain-said").textContent = [gains.said, ...gains.problems].filter(Boolean).join("; ") ||
    `Click one: now and better side by side, y or n. When you apply, ${goes}.`;
  $("tick-all").textContent = ticked.size === gains.rows.length && ticked.size ? "Tick none" : "Tick all";
  $("tick-all").disabled = !gains.rows.length;
  $("apply").textContent = `Apply ${ticked.size}`;
  $("apply").disabled = !ticked.size || gains.is_working;
  $("take-back").hidden = !gains.applied;
  $("take-back").textContent = `Take back ${gains.applied}`;
  $("take-back").disabled = gains.is_working;
}

function sift() {
  choose();
  window.scrollTo(0, 0);
  redraw();
}

function tick(id, isTicked) {
  if (isTicked) ticked.add(id); else ticked.delete(id);
  drawGains();
  for (const item of shown.values()) {
    const button = item.querySelector(".tick");
    if (button && item.dataset.id === id) button.setAttribute("aria-pressed", String(isTicked));
  }
}

function tickAll() {
  const isAll = ticked.size === gains.rows.length;
  for (const [id] of gains.rows) tick(id, !isAll);
}

async function showBetter(id) {
  const at = moments.findIndex((one) => one.id === id);
  if (at < 0) { location.hash = "gain"; return; }
  const moment = moments[at];
  better = { moment, at };
  stopPlaying();
  open = null;
  $("gallery").hidden = true;
  $("moment").hidden = true;
  $("better").hidden = false;
  $("better-name").textContent = `${moment.name} · ${when(moment)}`;
  $("better-at").textContent = `${at + 1} of ${moments.length}${ticked.has(id) ? ", taken" : ""}`;
  for (const [name, picture, text] of [["now", "photo.jpg", "now"], ["then", "better.jpg", "better"]]) {
    $(name).removeAttribute("src");
    $(name).src = media(moment, picture);
    $(name).alt = `${moment.name}, ${text}`;
  }
  $("now-caption").textContent = "now";
  $("then-caption").textContent = "is being made …";
  $("better-name").focus({ preventScroll: true });
  try {
    const facts = await ask(`api/moments/${id}/better`);
    if (!better || better.moment !== moment) return;
    better.facts = facts;
    const sizes = facts.now_wh ? facts.now_wh.join("x") : "";
    $("now-caption").textContent = sizes ? `now: ${sizes}` : "now";
    $("then-caption").textContent = `better by ${moment.gain.toFixed(2)}: ${facts.size_wh.join("x")}` +
      (facts.note ? `; ${facts.note}` : "");
    drawSizes();
    const next = moments[at + 1];
    if (next) new Image().src = media(next, "better.jpg"); // while this one is looked at
  } catch (problem) {
    if (better && better.moment === moment) $("then-caption").textContent = problem.message;
  }
}

function drawSizes() {
  // True sizes, beside each other: a frame of a movie may have a tenth of a photo's pixels.
  const isSame = $("same-size").getAttribute("aria-pressed") === "true";
  const { size_wh: then } = better.facts, now = better.facts.now_wh || then;
  const widest = Math.max(now[0], then[0]);
  for (const [name, [wide]] of [["now", now], ["then", then]]) {
    const share = isSame ? 100 : 100 * wide / widest;
    $(name).style.width = `${share}%`;
    $(name).style.height = `${share}%`;
  }
}

function decide(isTaken) {
  const { moment, at } = better;
  tick(moment.id, isTaken);
  const next = moments[at + 1];
  location.hash = next ? `gain/${next.id}` : "gain";
}

async function applyTicked() {
  $("apply").disabled = true;
  await change("api/gains", { moments: [...ticked] });
  keepLooking.soon();
}

async function takeBack() {
  $("take-back").disabled = true;
  await change("api/gains/undo");
  keepLooking.soon();
}

function route() {
  const [place, id] = location.hash.slice(1).split("/");
  const wasGaining = gaining;
  gaining = place === "gain" && gains !== null;
  if (gaining !== wasGaining) {
    choose();
    for (const item of shown.values()) item.remove();
    shown = new Map();
    drawGains();
  }
  if (gaining && id) { showBetter(id); return; }
  if (place && place !== "gain") { show(place); return; }
  leave();
}

async function keepLooking() {
  try {
    await look();
  } catch {
    isLost = true;
    $("count").textContent = "livecam does not answer; it is asked again";
  }
  if (!STATIC) keepLooking.timer = setTimeout(keepLooking, take.looking ? LOOK_AGAIN_MS : 4 * LOOK_AGAIN_MS);
}
keepLooking.soon = () => {
  clearTimeout(keepLooking.timer);
  keepLooking.timer = setTimeout(keepLooking, LOOK_AGAIN_MS);
};

// ---- The gallery: only what is on the screen is in the page

function columns() {
  // Two on a phone; the rest of the width is shared out among them.
  return Math.max(2, Math.floor(($("grid").clientWidth + TILE.gap) / (TILE.width + TILE.gap)));
}

function layOut() {
  if ($("gallery").hidden) return;
  const across = columns(), step = TILE.height + TILE.gap;
  const wide = ($("grid").clientWidth - TILE.gap * (across - 1)) / across;
  document.documentElement.style.setProperty("--tile", `${wide}px`);
  $("grid").style.height = `${Math.ceil(moments.length / across) * step}px`;
  const top = Math.max(0, window.scrollY - $("grid").offsetTop);
  const first = Math.max(0, Math.floor(top / step) - 2) * across;
  const last = Math.min(moments.length, (Math.ceil((top + window.innerHeight) / step) + 2) * across);
  for (const [at, item] of shown) {
    if ((at < first || at >= last) && !item.contains(document.activeElement)) { item.remove(); shown.delete(at); }
  }
  for (let at = first; at < last; at += 1) {
    const item = shown.get(at) || makeTile(at);
    item.style.left = `${(at % across) * (wide + TILE.gap)}px`;
    item.style.top = `${Math.floor(at / across) * step}px`;
  }
}

function makeTile(at) {
  const moment = moments[at];
  const picture = make("span", { className: "picture" });
  picture.append(make("img", { src: media(moment, "thumb.jpg"), alt: "", loading: "lazy", decoding: "async" }));
  const words = make("span", { className: "words" },
    make("span", { className: "name", textContent: when(moment), title: moment.name }));
  if (moment.stars) words.append(make("span", { className: "stars", textContent: `★${moment.stars}` }));
  if (moment.score !== null) {
    words.append(make("span", { className: word(moment.score), textContent: moment.score.toFixed(2) }));
  }
  picture.append(make("span", { className: "badge", textContent: KINDS[moment.kind] }));
  const tile = make("button", { type: "button", className: "tile" }, picture, words);
  const item = make("div", { className: "item" }, tile);
  if (moment.gain !== undefined) {
    words.append(make("span", { className: "good", textContent: `+${moment.gain.toFixed(2)}` }));
    const button = choice(moment, "take", ticked.has(moment.id),
      () => tick(moment.id, !ticked.has(moment.id)));
    button.setAttribute("aria-label", `Take the better photo of ${moment.name}`);
    item.append(button);
  } else if (selecting) {
    item.append(choice(moment, "select", selected.has(moment.id), (button) => {
      if (!selected.delete(moment.id)) selected.add(moment.id);
      button.setAttribute("aria-pressed", String(selected.has(moment.id)));
      drawMany();
    }));
  }
  item.setAttribute("role", "listitem");
  item.dataset.id = moment.id;
  tile.setAttribute("aria-label", `${moment.name}, ${when(moment)}` +
    (moment.score === null ? "" : `, score ${moment.score.toFixed(2)}, ${word(moment.score)}`) +
    (moment.stars ? `, ${moment.stars} stars` : ""));
  item.setAttribute("aria-posinset", at + 1);
  item.setAttribute("aria-setsize", moments.length);
  tile.addEventListener("click", () => { location.hash = gaining ? `gain/${moment.id}` : moment.id; });
  // A movie may be long, and have to be made playable first: it is played when it is asked for.
  const plays = moment.kind !== "video";
  tile.addEventListener("mouseenter", () => { if (plays && !CALM.matches) playIn(picture, moment); });
  tile.addEventListener("mouseleave", () => rest(picture));
  tile.addEventListener("focusout", () => rest(picture));
  tile.addEventListener("keydown", (event) => moveInGrid(event, at, () => playIn(picture, moment)));
  $("grid").append(item);
  shown.set(at, item);
  return item;
}

function playIn(picture, moment) {
  // As a Live Photo does: once, then it rests on the key photo.
  if (picture.querySelector("video")) return;
  const video = make("video", { src: media(moment, "movie"), muted: true, playsInline: true });
  video.addEventListener("ended", () => video.remove());
  video.addEventListener("error", () => video.remove());
  picture.append(video);
  video.play().catch(() => video.remove());
}

function rest(picture) {
  const video = picture.querySelector("video");
  if (video) { video.pause(); video.removeAttribute("src"); video.load(); video.remove(); }
}

function moveInGrid(event, at, play) {
  const across = columns();
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across,
    Home: -at, End: moments.length - 1 - at };
  if (event.key === "p" || event.key === "P") { play(); return; }
  if (!(event.key in steps)) return;
  event.preventDefault();
  focusTile(Math.min(moments.length - 1, Math.max(0, at + steps[event.key])));
}

function focusTile(at) {
  const row = Math.floor(at / columns()), step = TILE.height + TILE.gap;
  const top = $("grid").offsetTop + row * step;
  const head = document.querySelector("header").offsetHeight;
  if (top < window.scrollY + head) window.scrollTo({ top: top - head - TILE.gap });
  if (top + TILE.height > window.scrollY + window.innerHeight) {
    window.scrollTo({ top: top + TILE.height + TILE.gap - window.innerHeight });
  }
  layOut();
  const item = shown.get(at);
  if (item) item.firstChild.focus({ preventScroll: true });
}

// ---- One moment

async function factsFor(moment) {
  const name = `${moment.id}-${moment.stamp}`;
  if (!factsOf.has(name)) {
    const found = STATIC ? await fromScript(moment) : await ask(`api/moments/${moment.id}`);
    factsOf.set(name, found);
    if (factsOf.size > 20) factsOf.delete(factsOf.keys().next().value);
  }
  return factsOf.get(name);
}

const waiting = new Map(); // for scripts that are being loaded, by moment
window.livecamFacts = (facts) => { waiting.get(facts.id)(facts); };

function fromScript(moment) {
  // A page that is opened from disk may load scripts, and nothing else.
  return new Promise((resolve, reject) => {
    waiting.set(moment.id, resolve);
    const script = make("script", { src: `moments/${moment.id}/facts.js` });
    script.addEventListener("error", () => reject(new Error("the folder is not whole")));
    document.head.append(script);
  });
}

async function show(id, keepAt = null) {
  const moment = all.find((one) => one.id === id);
  if (!moment) { leave(); return; }
  better = null;
  $("better").hidden = true;
  const isNew = !open || open.moment.id !== id;
  $("gallery").hidden = true;
  $("moment").hidden = false;
  stopPlaying();
  open = { moment, facts: null, at: 0 };
  $("name").textContent = `${moment.name} · ${when(moment)}`;
  $("large").src = media(moment, "photo.jpg");
  $("large").alt = `The key photo of ${moment.name}`;
  $("caption").textContent = "the frames are being looked at …";
  for (const part of ["score", "reason"]) $(part).textContent = "";
  $("strip").replaceChildren();
  $("people").replaceChildren();
  $("curve").replaceChildren();
  $("parts").replaceChildren();
  if (isNew) { window.scrollTo(0, 0); $("name").focus({ preventScroll: true }); }
  let facts;
  try {
    facts = await factsFor(moment);
  } catch (problem) {
    $("caption").textContent = problem.message;
    return;
  }
  if (!open || open.moment !== moment) return;
  open.facts = facts;
  open.at = keepAt === null ? facts.key ?? facts.best : Math.min(keepAt, facts.frames.length - 1);
  drawTools();
  drawStrip();
  drawPeople();
  choosePart();
  select(open.at);
}

function leave() {
  stopPlaying();
  const left = open || better;
  const at = left ? moments.findIndex((one) => one.id === left.moment.id) : -1;
  open = null;
  better = null;
  $("moment").hidden = true;
  $("better").hidden = true;
  $("gallery").hidden = false;
  layOut();
  if (at >= 0) focusTile(at);
}

function drawTools() {
  const { moment, facts } = open;
  for (const picture of document.querySelectorAll("#panes .picture")) {
    picture.style.aspectRatio = `${facts.size_wh[0]} / ${facts.size_wh[1]}`;
  }
  $("files").replaceChildren();
  facts.files.forEach((name, number) => {
    const href = STATIC ? `moments/${moment.id}/files/${encodeURIComponent(name)}` : `files/${moment.id}/${number}`;
    $("files").append(make("a", { href, textContent: name, download: "" }), " ");
  });
  $("make").hidden = !TOKEN || moment.kind === "video";
  $("trash").hidden = !TOKEN;
  drawStar();
  $("export").parentElement.hidden = STATIC !== null;
  $("make-export").hidden = STATIC !== null;
  // Of a folder's page only the key photo lies beside it as a picture of its own.
  $("against").querySelector("[value=shutter]").disabled = facts.shutter_s === null || STATIC !== null;
  $("against").querySelector("[value=best]").disabled = STATIC !== null;
  $("against").querySelector("[value=key]").disabled = facts.key === null;
}

function cellStyle(facts, cell, url) {
  const [width, height] = facts.size_wh;
  const wide = Math.max(1, Math.round(width * STRIP_HEIGHT / height));
  return {
    width: `${wide}px`, height: `${STRIP_HEIGHT}px`, backgroundImage: `url("${url}")`,
    backgroundPosition: `-${(cell % COLUMNS) * wide}px -${Math.floor(cell / COLUMNS) * STRIP_HEIGHT}px`,
  };
}

function drawStrip() {
  const { moment, facts } = open, url = media(moment, "strip.jpg");
  facts.cells.forEach((at, cell) => {
    const frame = facts.frames[at];
    const picture = make("i");
    Object.assign(picture.style, cellStyle(facts, cell, url));
    const kind = at === facts.key ? "cell key" : at === facts.best ? "cell best" : "cell";
    const item = make("div", { className: kind, id: `cell-${at}` },
      picture, frame.score.toFixed(2));
    item.setAttribute("role", "option");
    item.setAttribute("aria-label", `${frame.time_s.toFixed(2)} s, ${frame.score.toFixed(2)} ${frame.word}` +
      (at === facts.key ? ", the key photo" : at === facts.best ? ", the best frame" : ""));
    item.addEventListener("click", () => { select(at); $("strip").focus({ preventScroll: true }); });
    $("strip").append(item);
  });
}

function fromLeft(faces) {
  return faces.filter((face) => face.counts).sort((a, b) => a.box_xyxy[0] - b.box_xyxy[0]);
}

function peopleOf(facts) {
  const people = new Map();
  for (const frame of facts.frames) {
    for (const face of fromLeft(frame.faces)) people.set(face.person, face.place || "the face");
  }
  return people;
}

function drawPeople() {
  const { moment, facts } = open;
  for (const [person, place] of peopleOf(facts)) {
    if (STATIC && !STATIC.faces) continue;
    const row = make("div", { className: "row" });
    row.setAttribute("aria-label", `${place} through all frames`);
    row.setAttribute("role", "group");
    const button = make("button", { type: "button", textContent: `Follow ${place}` });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const isOpen = row.childElementCount > 0;
      button.setAttribute("aria-expanded", String(!isOpen));
      row.replaceChildren();
      if (isOpen) return;
      facts.cells.forEach((at, cell) => {
        const picture = make("i", { title: `${facts.frames[at].time_s.toFixed(2)} s` });
        picture.dataset.at = at;
        picture.style.backgroundImage = `url("${media(moment, `face-${person}.jpg`)}")`;
        picture.style.backgroundSize = `${64 * Math.min(COLUMNS, facts.cells.length)}px auto`;
        picture.style.backgroundPosition = `-${(cell % COLUMNS) * 64}px -${Math.floor(cell / COLUMNS) * 64}px`;
        picture.addEventListener("click", () => select(at));
        row.append(picture);
      });
      markFaces();
    });
    $("people").append(button, row);
  }
}

function markFaces() {
  for (const picture of document.querySelectorAll("#people i")) {
    picture.classList.toggle("at", Number(picture.dataset.at) === open.at);
  }
}

function valueOf(frame, part) {
  if (!part) return frame.score;
  const counting = frame.faces.filter((face) => face.counts);
  const faces = counting.length ? counting : frame.faces;
  if (!faces.length) return frame.parts[part] ?? 0;
  return Math.min(...faces.map((face) => face.parts[part] ?? 1));
}

function choosePart() {
  const { facts } = open;
  const names = new Set();
  for (const frame of facts.frames) {
    for (const face of frame.faces) Object.keys(face.parts).forEach((name) => names.add(name));
  }
  if (!names.size) Object.keys(facts.frames[0].parts).forEach((name) => names.add(name));
  const before = $("part").value;
  $("part").replaceChildren(make("option", { value: "", textContent: "whole score" }));
  for (const name of names) $("part").append(make("option", { value: name, textContent: name }));
  $("part").value = names.has(before) ? before : "";
}

const SVG = "http://www.w3.org/2000/svg";

function drawCurve() {
  const { facts } = open, part = $("part").value;
  const end = Math.max(facts.duration_s, facts.frames.at(-1).time_s) || 1;
  const curve = $("curve");
  curve.setAttribute("viewBox", "0 0 1000 100");
  curve.replaceChildren();
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("class", "line");
  line.setAttribute("points", facts.frames.map((frame) =>
    `${1000 * frame.time_s / end},${97 - 94 * valueOf(frame, part)}`).join(" "));
  curve.append(line);
  const marks = [["best", facts.frames[facts.best].time_s], ["at", facts.frames[open.at].time_s]];
  if (facts.key !== null) marks.push(["key", facts.frames[facts.key].time_s]);
  if (facts.shutter_s !== null) marks.push(["shutter", facts.shutter_s]);
  for (const [name, time] of marks) {
    const bar = document.createElementNS(SVG, "line");
    bar.setAttribute("class", name);
    for (const [key, value] of [["x1", 1000 * time / end], ["x2", 1000 * time / end], ["y1", 0], ["y2", 100]]) {
      bar.setAttribute(key, value);
    }
    curve.append(bar);
  }
}

function drawParts(frame) {
  const rows = [];
  const table = (title, parts) => {
    if (title) rows.push(make("h3", { textContent: title }));
    for (const [name, value] of Object.entries(parts)) {
      const meter = make("meter", { min: 0, max: 1, value });
      meter.setAttribute("aria-label", name);
      rows.push(make("div", { className: "part" }, make("span", { textContent: name }), meter,
        make("span", { textContent: value.toFixed(2) })));
    }
    if ("composure" in parts) rows.push(make("p", { textContent: "composure: 0.50 is as usual for this person" }));
  };
  for (const face of fromLeft(frame.faces)) {
    table(face.place ? `${face.place}: ${face.score.toFixed(2)}` : "", face.parts);
  }
  if (!rows.length) table("", frame.parts);
  $("parts").replaceChildren(...rows);
}

function lossText(facts) {
  // A phone's photo has many times the pixels of its movie's frames.
  if (!facts.photo_wh) return "";
  const [now, then] = [facts.photo_wh, facts.size_wh];
  if (then[0] * then[1] >= now[0] * now[1]) return "";
  return ` (${then.join("x")}; the photo has ${now.join("x")})`;
}

function timeText(facts, at) {
  const names = [];
  if (at === facts.key) names.push("the key photo");
  if (at === facts.best) names.push("the best frame");
  if (at === nearest(facts, facts.shutter_s)) names.push("at the shutter");
  return `${facts.frames[at].time_s.toFixed(3)} s${names.length ? `, ${names.join(", ")}` : ""}`;
}

function nearest(facts, time) {
  if (time === null) return -1;
  return facts.frames.reduce((best, frame, at) =>
    (Math.abs(frame.time_s - time) < Math.abs(facts.frames[best].time_s - time) ? at : best), 0);
}

function pictureOf(at) {
  // Of a folder's page only the filmstrip's small frames and the movie lie beside it.
  const { moment, facts } = open;
  return at === facts.key ? media(moment, "photo.jpg") : media(moment, `frame-${at}.jpg`);
}

function select(at) {
  if (!open || !open.facts) return;
  const { facts } = open;
  stopPlaying();
  open.at = Math.min(facts.frames.length - 1, Math.max(0, at));
  const frame = facts.frames[open.at];
  if (STATIC && open.at !== facts.key) seek(frame.time_s); else $("large").src = pictureOf(open.at);
  $("large").alt = `Frame at ${frame.time_s.toFixed(2)} s of ${open.moment.name}`;
  $("caption").textContent = timeText(facts, open.at);
  $("score").textContent = `${frame.score.toFixed(2)} ${frame.word}`;
  $("score").className = frame.word;
  const told = open.at === facts.key ? facts.composed : "";
  $("reason").textContent = [facts.reasons[open.at] || frame.why, told].filter(Boolean).join("; ");
  $("make").disabled = open.at === facts.key;
  $("make").textContent = `Make key photo${lossText(facts)}`;
  for (const cell of $("strip").children) {
    const isIt = cell.id === `cell-${open.at}`;
    cell.setAttribute("aria-selected", String(isIt));
    if (isIt) {
      $("strip").setAttribute("aria-activedescendant", cell.id);
      const left = cell.offsetLeft - $("strip").offsetLeft;
      $("strip").scrollTo({ left: left - $("strip").clientWidth / 2 });
    }
  }
  drawParts(frame);
  drawCurve();
  compare();
  markFaces();
}

function compare() {
  const { facts } = open, against = $("against").value;
  const at = { key: facts.key, best: facts.best, shutter: nearest(facts, facts.shutter_s) }[against];
  $("other").hidden = at === undefined || at === null || at < 0;
  if ($("other").hidden) return;
  $("compared").src = STATIC ? media(open.moment, "photo.jpg") : pictureOf(at);
  const frame = facts.frames[at];
  $("compared").alt = `Frame at ${frame.time_s.toFixed(2)} s`;
  $("compared-caption").textContent = `${timeText(facts, at)}: ${frame.score.toFixed(2)} ${frame.word}`;
}

function setZoom(isActual) {
  $("zoom").setAttribute("aria-pressed", String(isActual));
  for (const picture of document.querySelectorAll("#panes .picture")) {
    picture.classList.toggle("actual", isActual);
    if (isActual) showFace(picture);
  }
}

function showFace(picture) {
  // At full size the faces are what one wants to see.
  const image = picture.querySelector("img"), face = open.facts.frames[open.at].faces[0];
  const scale = image.naturalWidth / open.facts.size_wh[0] || 1;
  const [left, top, right, bottom] = face ? face.box_xyxy : [0, 0, ...open.facts.size_wh];
  picture.scrollTo(scale * (left + right) / 2 - picture.clientWidth / 2,
    scale * (top + bottom) / 2 - picture.clientHeight / 2);
}

function startPlaying() {
  const player = $("player");
  $("large").hidden = true;
  player.hidden = false;
  player.src = media(open.moment, "movie");
  player.currentTime = 0;
  player.onended = () => { stopPlaying(); select(open.facts ? open.facts.key ?? open.facts.best : 0); };
  player.onerror = () => { stopPlaying(); say("this movie cannot be played here"); };
  player.play().catch(() => stopPlaying());
  $("play").textContent = "Stop";
}

function seek(time) {
  const player = $("player");
  if (!player.src) player.src = media(open.moment, "movie");
  player.hidden = false;
  $("large").hidden = true;
  player.currentTime = time + 0.002;
}

function stopPlaying() {
  const player = $("player");
  player.onended = null;
  player.onerror = null;
  player.pause();
  player.hidden = true;
  player.removeAttribute("src");
  player.load();
  $("large").hidden = false;
  $("play").textContent = "Play";
}

function drawStar() {
  const isFavourite = open.moment.stars === MOST_STARS;
  $("star").hidden = !TOKEN;
  $("star").setAttribute("aria-pressed", String(isFavourite));
  $("star").textContent = isFavourite ? "★ Favourite" : "☆ Favourite";
}

async function star() {
  const { moment } = open;
  if (!await change(`api/moments/${moment.id}/star`, { is_on: moment.stars !== MOST_STARS })) return;
  if (!isOpen(moment.id)) return;
  open.moment = all.find((one) => one.id === moment.id) || moment;
  drawStar();
}

function isOpen(id) {
  return open !== null && open.moment.id === id; // or else somebody has gone on meanwhile
}

async function makeKey() {
  const { moment, at } = open;
  $("make").disabled = true;
  const isDone = await change(`api/moments/${moment.id}/key`, { frame: at });
  if (!isOpen(moment.id)) return;
  if (isDone) await show(moment.id, at);
  else $("make").disabled = false;
}

async function remove() {
  const at = moments.findIndex((one) => one.id === open.moment.id);
  if (!await change(`api/moments/${open.moment.id}/trash`)) return;
  const next = moments[Math.min(at, moments.length - 1)];
  location.hash = next ? next.id : "";
}

async function undo() {
  const id = open && open.moment.id;
  if (await change("api/undo") && id && isOpen(id)) await show(id);
}

function go(step) {
  const at = moments.findIndex((one) => one.id === open.moment.id) + step;
  if (at >= 0 && at < moments.length) location.hash = moments[at].id;
}

// ---- Keys and buttons

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isField = event.target.matches("select, input, textarea");
  if (!$("show").hidden) {
    const steps = { ArrowRight: () => slide(slide.at + 1), ArrowLeft: () => slide(slide.at - 1),
      Escape: endSlides, q: endSlides };
    if (event.key in steps) { event.preventDefault(); steps[event.key](); }
    return;
  }
  if ($("keys").open) return;
  if (event.key === "?" && !isField) { $("keys").showModal(); return; }
  if (event.key === "u" && !isField && canUndo) { undo(); return; }
  if (better && !isField) {
    const answers = { y: () => decide(true), n: () => decide(false), z: () => $("same-size").click(),
      ArrowLeft: () => { if (better.at) location.hash = `gain/${moments[better.at - 1].id}`; },
      ArrowRight: () => { if (moments[better.at + 1]) location.hash = `gain/${moments[better.at + 1].id}`; },
      Escape: () => { location.hash = "gain"; } };
    if (event.key in answers) { event.preventDefault(); answers[event.key](); }
    return;
  }
  if (!open || isField) return;
  const keys = {
    ArrowLeft: () => select(open.at - 1), ArrowRight: () => select(open.at + 1),
    Home: () => select(0), End: () => select(open.facts.frames.length - 1),
    Escape: () => { location.hash = ""; }, p: () => $("play").click(),
    k: () => { if (!$("make").hidden && !$("make").disabled) makeKey(); },
    f: () => { if (TOKEN) star(); },
    z: () => $("zoom").click(), n: () => go(1), b: () => go(-1),
    c: () => { $("against").value = $("against").value ? "" : open.facts.key !== null ? "key" : STATIC ? "" : "best"; compare(); },
  };
  if (!(event.key in keys) || (!open.facts && event.key !== "Escape")) return;
  event.preventDefault();
  keys[event.key]();
});

$("back").addEventListener("click", () => { location.hash = ""; });
$("newer").addEventListener("click", () => go(-1));
$("older").addEventListener("click", () => go(1));
$("play").addEventListener("click", () => ($("player").hidden || $("player").paused ? startPlaying() : (stopPlaying(), select(open.at))));
$("make").addEventListener("click", makeKey);
$("trash").addEventListener("click", remove);
$("star").addEventListener("click", star);
$("help").addEventListener("click", () => $("keys").showModal());
$("end-help").addEventListener("click", () => $("keys").close());
$("undo").addEventListener("click", undo);
for (const id of ["only", "order"]) $(id).addEventListener("change", sift);
$("find").addEventListener("input", sift);
$("all").addEventListener("click", () => { location.hash = ""; });
$("gaining").addEventListener("click", () => { location.hash = "gain"; });
$("tick-all").addEventListener("click", tickAll);
$("apply").addEventListener("click", applyTicked);
$("take-back").addEventListener("click", takeBack);
$("yes").addEventListener("click", () => decide(true));
$("no").addEventListener("click", () => decide(false));
$("better-back").addEventListener("click", () => { location.hash = "gain"; });
$("same-size").addEventListener("click", () => {
  const isSame = $("same-size").getAttribute("aria-pressed") !== "true";
  $("same-size").setAttribute("aria-pressed", String(isSame));
  if (better.facts) drawSizes();
});
$("zoom").addEventListener("click", () => setZoom($("zoom").getAttribute("aria-pressed") !== "true"));
$("against").addEventListener("change", compare);
$("part").addEventListener("change", drawCurve);
$("make-export").addEventListener("click", () => {
  say("being made; the browser saves it");
  make("a", { href: `export/${open.moment.id}/${$("export").value}`, download: "" }).click();
});
$("look-at-all").addEventListener("click", async () => {
  await change("api/look", { is_on: !looked[0] });
  keepLooking.soon();
});
$("select").addEventListener("click", selectSeveral);
$("download-many").addEventListener("click", downloadMany);
$("trash-many").addEventListener("click", trashMany);
$("slides").addEventListener("click", startSlides);
$("end-slides").addEventListener("click", endSlides);
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement && !$("show").hidden) endSlides();
});
$("curve").addEventListener("click", (event) => {
  const { facts } = open, end = Math.max(facts.duration_s, facts.frames.at(-1).time_s) || 1;
  const area = $("curve").getBoundingClientRect();
  select(nearest(facts, end * (event.clientX - area.left) / area.width));
});
window.addEventListener("scroll", layOut, { passive: true });
window.addEventListener("resize", layOut);
window.addEventListener("hashchange", route);

keepLooking().then(() => { if (location.hash.length > 1) route(); });
