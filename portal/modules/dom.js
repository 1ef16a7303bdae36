// Elements from data. Text goes in as text nodes only: nothing from the archive is ever read as markup.

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [properties] attributes, or on... handlers
 * @param {...(Node | string | number | null | false)} children nothing is made of null and false
 * @returns {any} the element; callers know its kind
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (typeof value === "boolean") made.toggleAttribute(name, value);
    else made.setAttribute(name, String(value));
  }
  const there = children.filter((child) => child !== null && child !== false);
  made.append(...there.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/** Bytes as people read them, with the unit's real name. @param {number | null | undefined} bytes */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "unknown";
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

/** @param {string} name such as geographic_location */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Save bytes under a name, as a download of the browser. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
