"use strict";
// Keeps the page up to date. Text from the server is only ever set as text, never as markup.

(async () => {
  const words = await (await fetch("/words")).json();
  const shown = Number(document.body.dataset.shown);
  const unknown = ["未知", "unknown"];

  const place = (id) => document.getElementById(id);

  const element = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const both = ([chinese, english]) => [
    element("span", { class: "zh" }, chinese), " ",
    element("span", { class: "en", lang: "en" }, english),
  ];
  const state = (name) => words.states[name] || (name ? [name, name] : unknown);
  const kind = (type) => {
    const name = (type || "").replace(/^cn\.onewindow\./, "").replace(/\.v1$/, "");
    return words.facts[name] || (name ? [name, name] : unknown);
  };
  const badge = (name, look) => element("span", { class: `badge ${look}` }, ...both(state(name)));
  const cell = (...children) => element("td", {}, ...children);
  const code = (text) => element("code", {}, text || "—");

  const putFirst = (list, row) => {
    list.prepend(row);
    while (list.children.length > shown) list.lastElementChild.remove();
  };

  const showFact = (fact) => {
    const told = cell(...both(kind(fact.type)));
    if (fact.reason) {
      told.append(" ", element("span", { class: "badge quarantined" }, `隔离 ${fact.reason}`));
    }
    const moment = element("time", { datetime: fact.stored_at }, fact.stored_at.slice(11, 23));
    const sequence = element("td", { class: "right" }, String(fact.sequence ?? "—"));
    putFirst(place("facts"), element("tr", { class: `${fact.state} new` },
      cell(moment), told, cell(fact.ticket || "—"), cell(code(fact.terminal)), sequence));
  };

  const showCase = (item) => {
    const list = place("cases");
    const row = element("tr", { class: "new", "data-id": item.id },
      cell(code(item.number)), cell(item.item_name), cell(item.ticket),
      cell(code(item.terminal)), cell(badge(item.state, item.state)));
    const known = list.querySelector(`tr[data-id="${CSS.escape(item.id)}"]`);
    if (known) known.replaceWith(row);
    else putFirst(list, row);
  };

  const showWindow = (item) => element("article", { class: `window ${item.visit ? "busy" : "free"}` },
    element("h3", {}, String(item.window ?? "?"), element("small", {}, "号窗口")),
    element("p", { class: "number" }, item.visit ? item.visit.ticket : "—"),
    element("p", {}, ...both(item.visit ? state(item.visit.ticket_state) : ["空闲", "free"])),
    element("p", { class: "foot" }, code(item.terminal), " ",
      badge(item.state, item.state || "unknown")));

  const showHall = (hall) => {
    place("windows").replaceChildren(...hall.items.map(showWindow));
    place("queue").replaceChildren(...hall.queue.flatMap((lane) => [
      element("b", {}, `${lane.site} ${lane.lane}`), ` 等候 ${lane.waiting} `,
    ]));
  };

  const showLink = (look, chinese, english) => {
    place("link").className = `badge ${look}`;
    place("link").replaceChildren(...both([chinese, english]));
  };

  const after = encodeURIComponent(document.body.dataset.after);
  const live = new EventSource(`/live?after=${after}`);
  const on = (name, show) => live.addEventListener(name, (event) => show(JSON.parse(event.data)));
  on("fact", showFact);
  on("case", showCase);
  on("hall", showHall);
  live.addEventListener("open", () => showLink("up", "实时", "live"));
  live.addEventListener("error", () => showLink("down", "连接中断,正在重连", "reconnecting"));
})();
