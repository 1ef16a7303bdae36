// Whole lists to take away, however many pages the archive gives them in.

import { whole } from "./api.js";
import { element, save } from "./dom.js";

/**
 * A link to a list that comes in pages; pressed, it fetches every page and saves them as one file.
 * @param {string} href @param {string} file its name @param {string} name of the link @param {(text: string) => void} say
 */
export function entire(href, file, name, say) {
  const press = async (event) => {
    event.preventDefault();
    say(`${file} is being put together.`);
    try {
      save(await whole(href, (pages) => say(pages === 1 ? "One page is here." : `${pages} pages are here.`)), file);
      say(`${file} is whole.`);
    } catch (problem) {
      say(problem.message);
    }
  };
  return element("a", { href, click: press }, name);
}
