// Makes pages live: without it everything can be read, filtered and retried all the same.
"use strict";

const AT_MOST_EVERY = 1000; // ms between two looks at the page, however much changes
const UNENDED_EVERY = 2000; // ms between two looks at what goes on by itself

// --- times in the reader's zone, with the exact one on hover

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today ? at.toLocaleTimeString() : at.toLocaleString();
    time.dataset.local = "1";
  }
}

function span(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function count() {
  for (const left of document.querySelectorAll("[data-countdown]")) {
    const seconds = (new Date(left.dataset.countdown) - Date.now()) / 1000;
    left.textContent = seconds > 0 ? `${span(seconds)} left` : "any moment now";
  }
}

// --- what has changed is read anew from the server, and only the parts that differ are replaced

let reading = false;
let again = false;
let last = 0;

async function refresh() {
  if (reading || document.hidden) {
    again = true;
    return;
  }
  reading = true;
  const wait = last + AT_MOST_EVERY - Date.now();
  if (wait > 0) await new Promise((done) => setTimeout(done, wait));
  last = Date.now();
  again = false;
  try {
    const address = new URL(location.href);
    address.searchParams.delete("did");
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname.endsWith("/sign-in")) location.assign(answer.url);
    else if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    again = true; // the connection is lost; the next sign of life brings another look
  } finally {
    reading = false;
    if (again && connected) refresh();
  }
}

function replace(fresh) {
  for (const part of document.querySelectorAll("[data-live-part]")) {
    const other = fresh.getElementById(part.id);
    if (!other) continue;
    localise(other);
    const typing = part.dataset.keep !== undefined && part.dataset.keep === other.dataset.keep;
    if (!typing && part.innerHTML !== other.innerHTML) {
      keepChoice(part, other);
      part.replaceWith(other);
      prepare(other);
    }
  }
  count();
  load();
}

// --- what the cluster says comes when it comes: no page waits for it

let loading = false;

async function load() {
  const part = document.querySelector("[data-load]");
  if (!part || loading || location.pathname === part.dataset.load) return;
  loading = true;
  part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(part.dataset.load, { headers: { Accept: "text/html" } });
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (fresh) {
      localise(fresh);
      part.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // the connection is lost; what was shown stays, and the next look loads again
  } finally {
    loading = false;
    part.removeAttribute("aria-busy");
  }
}

// A tab that nobody sees is read anew when it is shown.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && again && !reading) refresh();
});

// What was chosen stays chosen, and the keyboard where it was.
function keepChoice(part, other) {
  for (const box of part.querySelectorAll("input[type=checkbox]:checked")) {
    const same = other.querySelector(`#${CSS.escape(box.id)}`);
    if (same) same.checked = true;
  }
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  if (focused) queueMicrotask(() => document.getElementById(focused)?.focus());
}

let connected = true;

function connect(address) {
  const said = document.getElementById("connection");
  const source = new EventSource(address);
  const look = () => refresh();
  source.addEventListener("state.changed", (event) => {
    if (concerns(JSON.parse(event.data))) look();
  });
  source.addEventListener("reset", look);
  source.addEventListener("open", () => {
    if (!connected) look();
    connected = true;
    said.hidden = true;
  });
  source.addEventListener("error", () => {
    connected = false;
    said.hidden = false;
    if (source.readyState === EventSource.CLOSED) look();
  });
  addEventListener("pagehide", () => source.close());
}

// An instance's page hears of that one alone; a list hears of all.
function concerns(change) {
  const one = location.pathname.match(/\/instances\/([0-9a-f-]{36})/);
  return !one || one[1] === change.instance_id;
}

// --- forms: a button that was pressed says so and cannot be pressed twice; room is shown while one types

function prepare(root) {
  for (const form of root.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      const button = event.submitter || form.querySelector("button");
      button.setAttribute("aria-busy", "true");
      button.setAttribute("aria-disabled", "true");
      button.dataset.was = button.textContent;
      button.textContent = form.dataset.busy || "One moment …";
    });
  }
  for (const form of root.querySelectorAll("form[data-room]")) {
    let waiting;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => room(form), 250);
    });
  }
}

async function room(form) {
  const asked = new URLSearchParams();
  for (const name of ["cpu", "memory", "profile", "db_type"]) {
    const field = form.elements.namedItem(name);
    const value = field && (field.value || field.placeholder);
    if (value) asked.set(name, value);
  }
  const answer = await fetch(`${form.dataset.room}?${asked}`);
  const said = form.querySelector("#room");
  if (answer.ok && said) said.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
}

// The back button shows a page as it was left: what had been sent is not being sent any more.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    const button = form.querySelector("[aria-busy]");
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
    button.textContent = button.dataset.was;
  }
  refresh();
});

localise(document);
prepare(document);
count();
load();
setInterval(count, 1000);
setInterval(() => {
  if (connected && document.querySelector("[data-unended]")) refresh(); // its end changes no instance
}, UNENDED_EVERY);
for (const soon of document.querySelectorAll("[data-retry]")) setTimeout(() => location.reload(), soon.dataset.retry * 1000);
if (document.body.dataset.live && document.querySelector("[data-live-part]")) connect(document.body.dataset.live);
