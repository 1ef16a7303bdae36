// What the page shows, by its address: ?q=words is a search, ?browse=open and ?images=all are lists, #CRA000001 a record, else the page as it stands.

import { showBrowse } from "./browse.js";
import { element } from "./dom.js";
import { showImages } from "./images.js";
import { showRecord } from "./record.js";
import { showResults } from "./results.js";

const RECORD = /^#([A-Za-z]{3,6}\d[\w.-]*)$/;
const byId = (id) => document.getElementById(id);
const form = byId("search");
const places = { results: byId("results"), record: byId("record") };
const title = document.title;
let turn = 0;

/** @param {string} text @param {boolean} [bad] */
function say(text, bad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", bad);
}

async function route() {
  const mine = ++turn;
  const query = new URLSearchParams(location.search);
  const words = query.get("q")?.trim() ?? "";
  const list = query.get("browse") ?? query.get("images") ?? "";
  const accession = RECORD.exec(decodeURIComponent(location.hash))?.[1];
  places.record.hidden = !accession;
  const asked = Boolean(accession || words || list);
  places.results.hidden = Boolean(accession) || !(words || list);
  byId("ways").hidden = asked && !byId(location.hash.slice(1));
  document.body.classList.toggle("asked", asked);
  form.elements.q.value = words;
  document.title = title;
  if (!asked) return say("");
  say("Asking the archive …");
  const place = accession ? places.record : places.results;
  const inside = element("div");
  place.replaceChildren(inside);
  // An answer that comes after the next question is nobody's.
  const tell = (text, bad) => mine === turn && say(text, bad);
  try {
    if (accession) await showRecord(inside, accession, tell);
    else if (words) await showResults(inside, words, tell);
    else if (query.has("images")) await showImages(inside, query, tell);
    else await showBrowse(inside, list, query.get("order"), tell);
  } catch (problem) {
    tell(problem.message, true);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = form.elements.q.value.trim();
  history.pushState(null, "", `${location.pathname}?q=${encodeURIComponent(words)}`);
  route();
});
addEventListener("popstate", route);
addEventListener("hashchange", route);
route();
