"use strict";
// Joins the stream to the page: each event has htmx fetch the parts that may have changed.
// The browser's own EventSource reconnects, with the id of the last event that it saw.

(() => {
  const MARKS = 1000;
  const place = (id) => document.getElementById(id);
  const due = new Set();

  const refresh = (...names) => {
    if (due.size === 0) {
      setTimeout(() => {
        const now = [...due];
        due.clear();
        for (const name of now) htmx.trigger(document.body, name);
      });
    }
    for (const name of names) due.add(name);
  };

  const newest = () => Number(place("facts").querySelector("tr")?.dataset.cursor ?? 0);
  let marked = newest();

  // Light up the facts that are new, and say when each was on the screen.
  const markNew = () => {
    for (const row of place("facts").querySelectorAll("tr")) {
      const cursor = Number(row.dataset.cursor);
      if (cursor <= marked) break;
      row.classList.add("new");
      const detail = row.querySelector("time").dateTime;
      requestAnimationFrame(() => performance.mark(`fact ${cursor}`, { detail }));
      performance.clearMarks(`fact ${cursor - MARKS}`);
    }
    marked = Math.max(marked, newest());
  };

  const showPanel = ({ terminal, version }) => {
    const panel = place(`panel-${terminal}`);
    if (!panel) return;
    panel.src = `/panels/${encodeURIComponent(terminal)}.png?v=${encodeURIComponent(version)}`;
    panel.hidden = false;
  };

  const showLink = (look, chinese, english) => {
    const beside = document.createElement("span");
    beside.className = "en";
    beside.lang = "en";
    beside.textContent = english;
    place("link").className = `badge ${look}`;
    place("link").replaceChildren(chinese, " ", beside);
  };

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "facts") markNew();
  });

  const after = encodeURIComponent(document.body.dataset.after);
  const live = new EventSource(`/live?after=${after}`);
  live.addEventListener("fact", () => refresh("fact"));
  live.addEventListener("case", () => refresh("case"));
  live.addEventListener("hall", () => refresh("hall"));
  live.addEventListener("panel", (event) => showPanel(JSON.parse(event.data)));
  live.addEventListener("open", () => {
    showLink("up", "实时", "live");
    refresh("fact", "case", "hall");
  });
  live.addEventListener("error", () => showLink("down", "连接中断,正在重连", "reconnecting"));
})();
