// Lists that are longer than a page.

import { get } from "./api.js";
import { element } from "./dom.js";
import { t } from "./texts.js";

/**
 * A button that adds the next page, and goes with the last.
 * @param {string} path @param {Record<string, string>} query @param {string} following the cursor
 * @param {(items: any[]) => void} append @param {(text: string) => void} say
 */
export function more(path, query, following, append, say) {
  let cursor = following;
  const next = async () => {
    const page = await get(path, { ...query, cursor }).catch((problem) => say(problem.message));
    if (!page) return;
    append(page.items);
    cursor = page.next_cursor;
    if (!cursor) button.remove();
  };
  const button = element("button", { class: "second", type: "button", click: next }, t("browse.more"));
  return button;
}
