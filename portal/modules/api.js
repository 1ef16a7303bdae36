// The archive's HTTP API as the pages need it: one way to ask, one kind of problem, a session renewed once.

import { forget, held, keep } from "./session.js";

/** What the archive answered instead of data, in its own words. */
export class Problem extends Error {
  /** @param {number} status @param {any} body an RFC 9457 document */
  constructor(status, body) {
    super([body.detail ?? `The archive answered ${status}.`, body.mend].filter(Boolean).join(" "));
    this.status = status;
    this.rule = body.rule ?? "";
    this.findings = body.findings ?? [];
  }
}

/**
 * @typedef {{query?: Record<string, string | number | null | undefined>, body?: any, type?: string,
 *   headers?: Record<string, string>, as?: "json" | "text" | "blob", open?: boolean}} Asked
 *   `open`: asked as nobody, whoever is signed in
 */

/** @param {string} method @param {string} path @param {Asked} [asked] @returns {Promise<any>} */
export async function call(method, path, asked = {}) {
  let answer = await ask(method, path, asked);
  if (answer.status === 401 && !asked.open && held() && (await renewed())) answer = await ask(method, path, asked);
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  if (answer.status === 204) return null;
  if (asked.as === "blob") return answer.blob();
  return asked.as === "text" ? answer.text() : answer.json();
}

/** @param {string} method @param {string} path @param {Asked} asked */
async function ask(method, path, { query = {}, body, type, headers = {}, open = false }) {
  const url = new URL(path, location.origin);
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (given.length) url.search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const sent = { accept: "application/json, */*;q=0.5", ...headers };
  if (body !== undefined) sent["content-type"] = type ?? "application/json";
  const session = open ? null : held();
  if (session) sent.authorization = `Bearer ${session.token}`;
  const plain = body === undefined || type ? body : JSON.stringify(body);
  try {
    return await fetch(url, { method, headers: sent, body: plain });
  } catch {
    throw new Problem(0, { detail: "The archive cannot be reached.", mend: "Look at your connection and try again." });
  }
}

let renewing = null;

/** A new token for the refresh token, asked for once however many calls wait for it. */
function renewed() {
  renewing ??= renew().finally(() => (renewing = null));
  return renewing;
}

async function renew() {
  const session = held();
  if (session?.refresh_token) {
    const body = { refresh_token: session.refresh_token };
    const answer = await ask("POST", "/v1/refresh", { body, open: true });
    if (answer.ok) {
      keep(await answer.json(), session.email);
      return true;
    }
  }
  forget();
  return false;
}

export const get = (path, query = {}) => call("GET", path, { query });
export const post = (path, body = undefined) => call("POST", path, { body: body ?? {} });

/** Everything of a list, page by page. @param {string} path @param {Record<string, any>} [query] */
export async function all(path, query = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: 200, ...query, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/**
 * A whole export: page after page, as the header Link names them, as one text.
 * @param {string} path @param {(pages: number) => void} told after each page @returns {Promise<Blob>}
 */
export async function whole(path, told) {
  const pages = [];
  let type = "";
  for (let next = path; next; ) {
    const answer = await ask("GET", next, {});
    if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
    pages.push(await answer.blob());
    type = answer.headers.get("content-type") ?? "";
    told(pages.length);
    next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? "";
  }
  return new Blob(pages, { type });
}

const record = (accession) => `/v1/records/${encodeURIComponent(accession)}`;

/** A page of hits. @param {string} words @param {string | null} cursor */
export const search = (words, cursor) => get("/v1/search", { q: words, limit: "20", cursor });

/** @param {string} accession */
export const show = (accession) => get(record(accession));

/** @param {string} accession @param {string | null} cursor */
export const files = (accession, cursor) => get(`${record(accession)}/files`, { limit: "50", cursor });

/** What uses a record: experiments with their datasets and runs. @param {string} accession @param {string | null} cursor */
export const uses = (accession, cursor) => get(`${record(accession)}/uses`, { limit: "50", cursor });

/** Where a file's bytes are. @param {string} accession @param {string} name */
export const download = (accession, name) => `${record(accession)}/files/${encodeURIComponent(name)}`;
