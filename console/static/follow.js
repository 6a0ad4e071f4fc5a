// The audit log as it is written: new rows appear at the top, until one pauses. Without it, pages are read one by one.
"use strict";

const MOST = 300; // rows on the page; with more of them it is read anew

const bar = document.getElementById("follow");
const following = document.getElementById("following");
const pause = document.getElementById("pause");
let held = null; // rows that wait while it is paused
let during = null; // rows that come while the page is read anew, which may know them or not

function row(news) {
  if (held) {
    if (held.length < MOST) held.push(news);
    say();
  } else if (during) {
    during.push(news);
  } else {
    show(news);
  }
}

function show(news) {
  const body = document.querySelector("#rows tbody");
  if (!body || body.rows.length >= MOST) {
    anew();
  } else if (!document.getElementById(news.id)) {
    const made = document.createElement("template");
    made.innerHTML = news.html;
    localise(made.content);
    made.content.firstElementChild.classList.add("new");
    body.prepend(made.content);
  }
}

async function anew() {
  if (during || held) return;
  during = [];
  await refresh();
  const missed = during;
  during = null;
  missed.forEach(row);
}

function say() {
  const more = held && held.length >= MOST ? " or more" : "";
  const waiting = held && (held.length === 1 ? "1 new row waits" : `${held.length}${more} new rows wait`);
  following.textContent = held ? `Paused; ${waiting}.` : "Following: new rows appear at the top.";
  pause.textContent = held ? "Go on" : "Pause";
}

pause.addEventListener("click", () => {
  const waiting = held;
  held = waiting ? null : [];
  say();
  if (waiting && waiting.length >= MOST) anew();
  else if (waiting) waiting.forEach(row);
});

const rows = new EventSource(bar.dataset.follow);
rows.addEventListener("row", (event) => row(JSON.parse(event.data)));
rows.addEventListener("reset", anew);
rows.addEventListener("open", () => {
  connected = true;
  document.getElementById("connection").hidden = true;
  anew();
});
rows.addEventListener("error", () => {
  connected = false;
  document.getElementById("connection").hidden = false;
});
addEventListener("pagehide", () => rows.close());
say();
bar.hidden = false;
