"use strict";

const EVERY_MS = 2000;
const ROLES = {
  card: "社保卡读卡器", identity: "身份证阅读器", code: "扫码枪", document: "高拍仪",
  rating: "评价器", display: "显示屏", lamp: "指示灯", voice: "语音", key: "按键", slip: "打印机",
};
const STATES = {
  online: "正常", offline: "断开", power_off: "断电", no_device: "未找到", hardware_error: "故障",
  user_error: "操作有误", busy: "忙", starting: "启动中",
};
const CLOCKS = { synced: "已校时", holdover: "未校时", unknown: "不可信" };

const id = (name) => document.getElementById(name);

function card(verdict, title, value, ...lines) {
  const box = document.createElement("div");
  box.className = "card " + verdict;
  const head = document.createElement("p");
  const lamp = document.createElement("span");
  lamp.className = "lamp";
  head.append(lamp, title);
  const middle = document.createElement("p");
  middle.className = "value";
  middle.textContent = value;
  box.append(head, middle);
  for (const line of lines.filter(Boolean)) {
    const text = document.createElement("p");
    text.textContent = line;
    box.append(text);
  }
  return box;
}

const mib = (bytes) => (bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0) + " MiB";
const known = (value, text) => (value === undefined || value === null ? "" : text(value));

function device(told) {
  const verdict = told.state === "online" ? "good" : told.state === "starting" ? "warn" : "bad";
  const box = card(verdict, `${ROLES[told.role] || told.role} ${told.device}`,
    `${STATES[told.state] || told.state} ${told.state}`, ...(verdict === "good" ? [] : [told.text_zh, told.text_en]));
  box.dataset.device = told.device;
  return box;
}

function line(told, health) {
  const verdict = told.line ? (health.centre === "ready" ? "good" : "warn") : "bad";
  return card(verdict, "线路 Line", told.line ? "已连接 connected" : "断开 down",
    `中心 centre: ${health.centre}`,
    known(health.centre_contact_s, (s) => `${Math.round(s)} 秒前有应答 last heard ${Math.round(s)} s ago`),
    told.line ? "" : "请检查网线与时钟 check the network cable and the clock");
}

function clock(health) {
  const verdict = { synced: "good", holdover: "warn" }[health.clock] || "bad";
  return card(verdict, "时钟 Clock", `${CLOCKS[health.clock]} ${health.clock}`,
    health.at.replace("T", " ").slice(0, 19),
    known(health.clock_offset_s, (s) => `与中心相差 ahead of the centre: ${s.toFixed(1)} s`),
    health.clock === "unknown" ? "请校准时间 set the time" : "");
}

function outbox(health) {
  const verdict = health.outbox_set_aside ? "bad" : health.outbox_depth > 0 ? "warn" : "good";
  return card(verdict, "待发记录 Outbox", String(health.outbox_depth),
    known(health.outbox_oldest_s, (s) => `最早 ${Math.round(s)} 秒前 the oldest waits ${Math.round(s)} s`),
    known(health.outbox_set_aside, (name) => `已损坏,请联系技术员 damaged, save it: ${name}`));
}

function spool(health) {
  return card(health.spool_depth ? "warn" : "good", "待传页面 Spool", String(health.spool_depth ?? "–"),
    known(health.spool_bytes, mib));
}

function certificate(health) {
  const days = health.certificate_days_left;
  return card(days < 0 ? "bad" : days < 14 ? "warn" : "good", "证书 Certificate",
    `${days} 天 days`, days < 14 ? "请更换证书 issue a new one" : "");
}

function machine(health) {
  const now = (health.throttled || []).join(", ");
  const before = (health.throttled_before || []).join(", ");
  return card(now ? "bad" : before ? "warn" : "good", "主机 Machine",
    `磁盘可用 disk free ${mib(health.disk_free_bytes)}`,
    known(health.rss_bytes, (bytes) => `内存 memory ${mib(bytes)}`),
    known(health.temperature_c, (c) => `温度 temperature ${c.toFixed(0)} °C`),
    known(health.bytes_written_today, (bytes) => `今日写入 written today ${mib(bytes)}`),
    now && `供电或散热不足 check power and cooling: ${now}`,
    before && `启动以来 since the start: ${before}`);
}

function row(found) {
  const line = document.createElement("tr");
  line.dataset.usb = found.usb_id;
  const name = `${found.manufacturer} ${found.product}`.trim();
  for (const text of [`${found.usb_id}\n${found.place}`, name || "–"]) {
    const cell = document.createElement("td");
    cell.textContent = text;
    line.append(cell);
  }
  const how = document.createElement("td");
  const ways = found.ways.map((way) => way.toml).filter(Boolean);
  for (const lines of ways) {
    const code = document.createElement("pre");
    code.textContent = lines;
    how.append(code);
  }
  if (ways.length === 0) how.textContent = "没有适用的驱动 no driver fits it";
  line.append(how);
  return line;
}

function show(told) {
  id("terminal").textContent = told.terminal;
  id("version").textContent = `${told.site} · ${told.version}`;
  id("devices").replaceChildren(...told.devices.map(device));
  id("unconfigured").replaceChildren(...told.unconfigured.map(row));
  id("unknown").hidden = told.unconfigured.length === 0;
  const health = told.health;
  id("parts").replaceChildren(...(health === null
    ? [card("bad", "磁盘 Disk", "无应答 does not answer", "请更换存储卡 replace the card")]
    : [line(told, health), clock(health), outbox(health), spool(health), certificate(health), machine(health)]));
}

async function look() {
  try {
    const answer = await fetch("/api/status");
    if (answer.ok) show(await answer.json());
    id("silent").hidden = answer.ok;
  } catch {
    id("silent").hidden = false;
  }
  setTimeout(look, EVERY_MS);
}

id("address").textContent = location.origin;
look();
