// One file's way to the archive: parts of the size the archive says, several at a time, each with its SHA-256.
// The archive is the memory (ListParts): what has arrived with the same digest is never sent again.

import { all, call, post } from "./api.js";

const AT_ONCE = 3;
const TRIES = 7;
const FIRST_PAUSE_MS = 500;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** SHA-256 of bytes in base64, as S3 wants it. @param {ArrayBuffer} bytes */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...digest));
}

/** The person paused; what has arrived stays. */
export class Paused extends Error {}

/** The upload of one chosen file for one declared file. */
export class Upload {
  /** @param {{id: string, name: string}} declared @param {File} file @param {(upload: Upload) => void} told */
  constructor(declared, file, told) {
    this.declared = declared;
    this.file = file;
    this.told = told;
    this.sent = 0; // bytes that the archive has
    this.moving = new Map(); // bytes on their way, by part
    this.state = "waiting"; // waiting, sending, paused, done, failed
    this.problem = null;
    this.open = new Set();
  }

  get bytes() {
    return Math.min(this.file.size, this.sent + [...this.moving.values()].reduce((a, b) => a + b, 0));
  }

  pause() {
    if (this.state !== "sending" && this.state !== "waiting") return;
    this.#be("paused");
    for (const request of this.open) request.abort();
  }

  /** Send what is missing and join it. Never raises: `state` and `problem` tell. */
  async run() {
    this.#be("sending");
    this.problem = null;
    this.sent = 0;
    try {
      const path = `/v1/files/${encodeURIComponent(this.declared.id)}`;
      const opened = await this.#patiently(() => post(`${path}/upload`, { size_bytes: this.file.size }));
      const there = new Map((await this.#patiently(() => all(`${path}/parts`, { limit: 1000 }))).map((p) => [p.number, p]));
      const left = Array.from({ length: opened.part_count }, (_, n) => n + 1);
      const worker = async () => {
        for (let number = left.shift(); number; number = left.shift()) {
          await this.#part(path, opened.part_size_bytes, number, there.get(number));
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, worker));
      await this.#patiently(() => post(`${path}/complete`));
      this.#be("done");
    } catch (problem) {
      if (this.state !== "paused") this.#fail(problem);
    } finally {
      for (const request of this.open) request.abort();
      this.moving.clear();
      this.told(this);
    }
  }

  async #part(path, size, number, there) {
    this.#stopIfPaused();
    const slice = this.file.slice((number - 1) * size, number * size);
    const bytes = await slice.arrayBuffer();
    const digest = await sha256(bytes);
    const whole = there && there.size_bytes === bytes.byteLength && (!there.sha256 || there.sha256 === digest);
    if (!whole) await this.#patiently(() => this.#send(path, number, bytes, digest));
    this.moving.delete(number);
    this.sent += bytes.byteLength;
    this.told(this);
  }

  /** A fresh link for every try, so that none has expired. */
  async #send(path, number, bytes, digest) {
    const wanted = { parts: [{ number, size_bytes: bytes.byteLength, sha256: digest }] };
    const [link] = (await call("POST", `${path}/part-urls`, { body: wanted })).items;
    this.#stopIfPaused();
    await new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch does not tell how much has gone out
      this.open.add(request);
      request.open("PUT", link.url);
      for (const [name, value] of Object.entries(link.headers)) {
        if (!/^(host|content-length)$/i.test(name)) request.setRequestHeader(name, value); // those are the browser's own
      }
      request.upload.onprogress = (event) => {
        this.moving.set(number, event.loaded);
        this.told(this);
      };
      const over = (act) => () => {
        this.open.delete(request);
        this.moving.delete(number);
        act();
      };
      request.onload = over(() => (request.status < 300 ? resolve(null) : reject(new Error(`HTTP ${request.status}`))));
      request.onerror = over(() => reject(new Error("network")));
      request.onabort = over(() => reject(new Paused()));
      request.send(bytes);
    });
  }

  /** Try again with growing pauses; what the archive refuses for good is not asked again. */
  async #patiently(act) {
    for (let turn = 1; ; turn += 1) {
      this.#stopIfPaused();
      try {
        return await act();
      } catch (problem) {
        const refused = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
        if (problem instanceof Paused || refused || turn === TRIES) throw problem;
        await wait(FIRST_PAUSE_MS * 2 ** (turn - 1) * (0.75 + Math.random() / 2));
      }
    }
  }

  #stopIfPaused() {
    if (this.state !== "sending") throw new Paused();
  }

  #fail(problem) {
    this.problem = problem;
    this.#be("failed");
  }

  #be(state) {
    this.state = state;
    this.told(this);
  }
}
