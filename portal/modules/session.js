// Who is signed in. Tokens live in this tab's sessionStorage and travel in headers only, never in an address.

const KEPT = "biotheca.session";
const AFTER = "biotheca.after";

/** @returns {{token: string, access_token: string, refresh_token: string, email: string} | null} */
export function held() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** @param {any} tokens as POST /v1/sign-in gives them @param {string} email */
export function keep(tokens, email) {
  const { token, access_token, refresh_token } = tokens;
  const before = held();
  const kept = { token, access_token, refresh_token: refresh_token ?? before?.refresh_token ?? "", email };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

export const forget = () => sessionStorage.removeItem(KEPT);

/** Go and sign in, and come back here. */
export function signInFirst() {
  sessionStorage.setItem(AFTER, location.pathname + location.hash);
  location.assign("account.html#sign-in");
}

/** Where somebody was before signing in; once. A page of ours, whatever stands in the storage. */
export function backTo() {
  const wanted = sessionStorage.getItem(AFTER) ?? "";
  sessionStorage.removeItem(AFTER);
  return /^\/[a-z]+\.html(#[\w/.-]*)?$/.test(wanted) ? wanted : "/submissions.html";
}
