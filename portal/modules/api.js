// The archive's HTTP API as this page needs it.

/** What the archive answered instead of data, in its own words. */
export class Problem extends Error {
  /** @param {number} status @param {string} detail @param {string} mend */
  constructor(status, detail, mend) {
    super(mend ? `${detail} ${mend}` : detail);
    this.status = status;
  }
}

/** @param {string} path @param {Record<string, string>} [query] */
async function get(path, query = {}) {
  const url = new URL(path, location.origin);
  url.search = new URLSearchParams(query).toString();
  let answer;
  try {
    answer = await fetch(url, { headers: { accept: "application/json" } });
  } catch {
    throw new Problem(0, "The archive cannot be reached.", "Look at your connection and try again.");
  }
  let document = {};
  try {
    document = await answer.json();
  } catch {
    // a proxy's page; the status says enough
  }
  if (!answer.ok) {
    throw new Problem(answer.status, document.detail ?? `The archive answered ${answer.status}.`, document.mend ?? "");
  }
  return document;
}

const record = (accession) => `/v1/records/${encodeURIComponent(accession)}`;

/** A page of hits. @param {string} words @param {string | null} cursor */
export const search = (words, cursor) => get("/v1/search", { q: words, limit: "20", ...(cursor ? { cursor } : {}) });

/** @param {string} accession */
export const show = (accession) => get(record(accession));

/** @param {string} accession @param {string | null} cursor */
export const files = (accession, cursor) =>
  get(`${record(accession)}/files`, { limit: "50", ...(cursor ? { cursor } : {}) });

/** Where a file's bytes are. @param {string} accession @param {string} name */
export const download = (accession, name) => `${record(accession)}/files/${encodeURIComponent(name)}`;
