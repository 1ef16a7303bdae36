// What the archive told a person, newest first, unread ones marked.

import { get, post } from "./api.js";
import { element } from "./dom.js";
import { moment, quiet } from "./forms.js";
import { doing, reload } from "./shell.js";
import { t } from "./texts.js";

/** @param {HTMLElement} place */
export async function notices(place) {
  const list = element("ol", { class: "hits" });
  let page = await get("/v1/me/notices", { limit: 50 });
  if (!page.items.length) {
    place.append(element("p", { class: "quiet" }, t("notices.none")));
    return t("nav.notices");
  }
  list.append(...page.items.map(line));
  place.append(list);
  const more = quiet(t("more"), () =>
    doing(more, async () => {
      page = await get("/v1/me/notices", { limit: 50, cursor: page.next_cursor });
      list.append(...page.items.map(line));
      if (!page.next_cursor) more.remove();
    }),
  );
  if (page.next_cursor) place.append(more);
  return t("nav.notices");
}

function line(notice) {
  const read = (event) =>
    doing(event.target, async () => {
      await post(`/v1/me/notices/${encodeURIComponent(notice.id)}/read`);
      reload();
    });
  const address = `submissions.html#s/${notice.submission}`;
  return element(
    "li",
    { class: notice.read_at ? "" : "unread" },
    element("strong", {}, notice.title),
    element("p", { class: "letter" }, notice.text),
    element("p", { class: "quiet" }, moment(notice.at), "  ", notice.submission ? element("a", { href: address }, t("open")) : null),
    notice.read_at ? null : quiet(t("notices.read"), read),
  );
}
