// What every page of the service has: head line with account and language, a live region, one route per address.

import { get, Problem } from "./api.js";
import { element } from "./dom.js";
import { held, signInFirst } from "./session.js";
import { language, setLanguage, t } from "./texts.js";

const byId = (id) => document.getElementById(id);

/** Tell it to eyes and ears. @param {string} text @param {boolean} [bad] */
export function say(text, bad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", bad);
}

let later = "";

/** Show another address, or the same one anew, and tell something there. @param {string} hash @param {string} [text] */
export function go(hash, text = "") {
  later = text;
  if (location.hash.slice(1) === hash) again();
  else location.hash = hash;
}

/** Run what a person asked for with its button locked; problems are told, and given back. */
export async function doing(button, act, told = t("working")) {
  if (button?.hasAttribute("disabled")) return null;
  button?.toggleAttribute("disabled", true);
  say(told);
  try {
    const done = await act();
    if (byId("status").textContent === told) say("");
    return done;
  } catch (problem) {
    tell(problem);
    return null;
  } finally {
    button?.toggleAttribute("disabled", false);
  }
}

/** A problem in the archive's words; a session that has ended leads to the sign-in. */
export function tell(problem) {
  if (problem instanceof Problem && problem.status === 401 && !held()) return signInFirst();
  say(problem.message, true);
  if (!(problem instanceof Problem)) throw problem;
}

const LINKS = [
  ["index.html", "nav.search"],
  ["submissions.html", "nav.submissions"],
  ["access.html", "nav.access"],
  ["desk.html", "nav.desk"],
  ["account.html", "nav.account"],
];

/** The head line. @param {any} me answer of GET /v1/me, or null */
export function head(me) {
  const here = location.pathname.split("/").pop() || "index.html";
  const staff = me?.roles.some((role) => ["curator", "data_manager"].includes(role));
  const shown = LINKS.filter(([page]) => page !== "desk.html" || staff);
  const links = shown.map(([page, key]) => {
    const now = page === here ? { "aria-current": "page" } : {};
    return element("a", { href: page, ...now }, page === "account.html" && !me ? t("nav.sign_in") : t(key));
  });
  if (me) links.push(bell(me.unread_notices));
  byId("nav").replaceChildren(...links, languages());
}

function bell(unread) {
  const label = unread ? t("nav.unread", { count: unread }) : t("nav.notices");
  const badge = unread ? element("span", { class: "badge", "aria-hidden": "true" }, unread) : null;
  return element("a", { href: "account.html#notices", "aria-label": label }, t("nav.notices"), badge);
}

function languages() {
  const other = language() === "en" ? "zh" : "en";
  const name = other === "zh" ? "中文" : "English";
  const change = () => {
    setLanguage(other);
    location.reload();
  };
  return element("button", { type: "button", class: "second", lang: other, click: change }, name);
}

/**
 * Start a page: its views by the first word of the hash; the last is taken for every other hash.
 * A view gets (place, the words after it, me) and returns the page's title.
 * @param {Record<string, (place: HTMLElement, rest: string[], me: any) => Promise<string>>} views
 * @param {{open?: string[]}} [options] views that need no sign-in
 */
export async function start(views, { open = [] } = {}) {
  document.documentElement.lang = language();
  let turn = 0;
  const route = async (moved) => {
    const mine = ++turn;
    const [asked, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
    const name = asked in views ? asked : Object.keys(views).pop();
    if (!held() && !open.includes(name)) return signInFirst();
    const place = element("div");
    say(t("asking"));
    try {
      const me = held() ? await get("/v1/me") : null;
      head(me);
      const title = await views[name](place, rest, me);
      if (mine !== turn) return;
      byId("page").replaceChildren(place);
      document.title = `${title} - Biotheca`;
      byId("title").textContent = title;
      if (later || byId("status").textContent === t("asking")) say(later);
      later = "";
      if (moved) byId("title").focus();
    } catch (problem) {
      if (mine !== turn) return;
      head(null);
      tell(problem);
    }
  };
  addEventListener("hashchange", () => route(true));
  again = () => route(false);
  byId("title").tabIndex = -1;
  byId("skip").textContent = t("skip");
  byId("main-title").setAttribute("aria-label", t("nav.home"));
  byId("nav").setAttribute("aria-label", t("nav.main"));
  byId("foot").textContent = t("foot");
  await route(false);
}

let again = () => {};

/** Show the same address anew. */
export const reload = () => again();

/** Ask again with growing pauses until told to stop. @param {() => Promise<boolean>} look whether something moved */
export async function follow(place, look, { first = 1000, most = 20_000 } = {}) {
  let pause = first;
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (!place.isConnected) return;
    try {
      const moved = await look();
      if (moved === null) return;
      pause = moved ? first : Math.min(most, pause * 1.5);
    } catch (problem) {
      if (problem.status && problem.status < 500) return;
      pause = Math.min(most, pause * 2);
    }
  }
}
