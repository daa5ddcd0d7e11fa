const TEXTS = {
  tr: {
    bot: "bot", typing: "yazıyor…", upload_photo: "fotoğraf gönderiyor…", upload_document: "dosya gönderiyor…",
    offline: "bağlanıyor…", write: "Mesaj", send: "Gönder", commands: "Komutlar", language: "Dil", user: "Kişi",
    block: "Botu engelle", unblock: "Engeli kaldır", start: "Başlat", edited: "düzenlendi", other: "başka…",
    ask: "Kişi numarası (eksi sayı: grup)", failed: "Gönderilemedi", copied: "Kopyalandı", today: "Bugün",
    down: "En alta in", photo: "Fotoğraf", group: "Grup",
  },
  en: {
    bot: "bot", typing: "typing…", upload_photo: "sending a photo…", upload_document: "sending a file…",
    offline: "connecting…", write: "Message", send: "Send", commands: "Commands", language: "Language", user: "Person",
    block: "Block the bot", unblock: "Unblock", start: "Start", edited: "edited", other: "other…",
    ask: "Number of the person (negative: a group)", failed: "Not sent", copied: "Copied", today: "Today",
    down: "Scroll down", photo: "Photo", group: "Group",
  },
};
const PEOPLE = { 1: "Sen", 2: "Ayşe", 3: "Mehmet" };
const STYLES = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre" };
const BLOCKS = ["PRE", "BLOCKQUOTE"];
const TAPPED = ["bot_command", "mention", "hashtag", "cashtag", "text_mention"];
const PRESS_SECONDS = 15;
const ACTION_SECONDS = 5;

const $ = (id) => document.getElementById(id);
const [log, input, menu] = [$("log"), $("text"), $("menu")];
const own = new Map();
const early = new Map();
let here, news, words, poll, sent, recalled, unread, actionTimer, toastTimer;
let follows = true;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...here, ...body }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function enter() {
  const number = parseInt(location.hash.slice(1), 10) || 1;
  here = { chat: number, user: number > 0 ? number : 1 };
  news = { epoch: "", revision: 0, menu: [] };
  [sent, recalled, unread] = [[], 0, 0];
  own.clear();
  poll?.abort();
  poll = new AbortController();
  follow(poll.signal);
}

async function follow(signal) {
  while (!signal.aborted) {
    const known = news.revision;
    try {
      const query = new URLSearchParams({ ...here, after: known, epoch: news.epoch });
      const answer = await fetch(`/page/news?${query}`, { signal });
      if (!answer.ok) throw new Error(answer.status);
      const fresh = await answer.json();
      if (signal.aborted) return;
      show(fresh);
      if (fresh.revision === known) await sleep(1);
    } catch {
      if (signal.aborted) return;
      setStatus(words?.offline ?? "…", false);
      await sleep(1);
    }
  }
}

function show(fresh) {
  news = fresh;
  words = TEXTS[fresh.person.language] ?? TEXTS.en;
  if (fresh.reset) {
    log.replaceChildren();
    sent = fresh.messages.filter((m) => m.mine).map((m) => m.text);
    recalled = sent.length;
  }
  const added = fresh.messages.filter(place);
  follows ||= fresh.reset || added.some((m) => m.mine);
  if (added.length) $("about")?.remove();
  if (!follows) unread += added.length;
  dress();
  keepBottom();
  fresh.answers.forEach(settle);
  if (fresh.action) act(fresh.action);
  else if (!actionTimer || added.length) rest();
}

function dress() {
  document.documentElement.lang = news.person.language;
  $("bot").textContent = here.chat < 0 ? `${news.bot} · ${words.group} ${-here.chat}` : news.bot;
  document.title = unread && document.hidden ? `(${unread}) ${news.bot}` : news.bot;
  $("language").value = news.person.language;
  input.placeholder = news.keyboard?.input_field_placeholder || words.write;
  const titles = { send: "send", commands: "commands", language: "language", user: "user", block: "block", down: "down" };
  for (const [id, word] of Object.entries(titles)) {
    $(id).title = words[word];
    $(id).ariaLabel = words[word];
  }
  $("start").textContent = words.start;
  $("unblock").textContent = words.unblock;
  const { blocked } = news.person;
  const empty = !log.querySelector(".message");
  if (empty && news.about) log.replaceChildren(make("div", { id: "about", className: "about", textContent: news.about }));
  $("unblock").hidden = !blocked;
  $("start").hidden = blocked || !empty;
  $("composer").hidden = blocked;
  $("block").hidden = blocked || here.chat < 0;
  dressUsers();
  dressKeyboard();
}

function dressUsers() {
  const options = Object.entries(PEOPLE).map(([id, name]) => new Option(`${id} · ${name}`, id));
  if (!(here.chat in PEOPLE)) options.push(new Option(here.chat, here.chat));
  options.push(new Option(words.other, "other"));
  $("user").replaceChildren(...options);
  $("user").value = here.chat;
}

function dressKeyboard() {
  const rows = news.keyboard?.keyboard ?? [];
  $("keyboard").hidden = !rows.length || news.person.blocked;
  $("keyboard").replaceChildren(...rows.map((row) => make("div", { className: "row" },
    ...row.map((key) => make("button", { type: "button", textContent: key.text, onclick: () => say(key.text) })))));
}

function dressDown() {
  follows = log.scrollHeight - log.scrollTop - log.clientHeight < 90;
  if (follows) unread = 0;
  $("down").hidden = follows;
  $("down").firstChild.textContent = unread || "";
}

function keepBottom() {
  if (follows) log.scrollTop = log.scrollHeight;
  dressDown();
}

function setStatus(text, busy) {
  $("status").textContent = text;
  $("status").className = busy ? "busy" : "";
}

function act(action) {
  setStatus(words[action] ?? words.typing, true);
  clearTimeout(actionTimer);
  actionTimer = setTimeout(rest, ACTION_SECONDS * 1000);
}

function rest() {
  clearTimeout(actionTimer);
  actionTimer = 0;
  setStatus(words.bot, false);
}

function place(message) {
  const old = $(`m${message.id}`);
  if (message.deleted) {
    old?.remove();
    return false;
  }
  const node = draw(message);
  const day = new Date(message.date * 1000).toDateString();
  node.dataset.day = day;
  if (old) {
    old.replaceWith(node);
    node.style.animation = "none";
    return false;
  }
  if (log.lastElementChild?.dataset.day !== day) log.append(drawDay(day));
  log.append(node);
  return true;
}

function drawDay(day) {
  const today = day === new Date().toDateString();
  const text = new Date(day).toLocaleDateString(news.person.language, { day: "numeric", month: "long" });
  const node = make("span", { className: "day", textContent: today ? words.today : text });
  node.dataset.day = day;
  return node;
}

function draw(message) {
  const bubble = make("div", { className: "bubble" });
  if (here.chat < 0 && message.name && !message.mine) bubble.append(make("div", { className: "name", textContent: message.name }));
  if (message.reply) bubble.append(make("div", { className: "reply", textContent: message.reply }));
  if (message.photo) bubble.append(drawPhoto(message.photo));
  if (message.document) bubble.append(drawFile(message.document));
  if (message.text) {
    const body = make("div", { className: "body" });
    const entities = message.entities.map((e) => ({ ...e, end: e.offset + e.length }));
    fill(body, message.text, 0, message.text.length, entities);
    body.append(drawMeta(message));
    bubble.append(body);
  } else bubble.append(drawMeta(message));
  const node = make("article", { id: `m${message.id}`, className: message.mine ? "message mine" : "message" }, bubble);
  if (message.photo) node.style.width = `${Math.max(message.photo.width, 200)}px`;
  if (message.buttons.length) node.append(drawButtons(message));
  return node;
}

function drawMeta(message) {
  const time = new Date(message.date * 1000).toLocaleTimeString(news.person.language, { hour: "2-digit", minute: "2-digit" });
  return make("span", { className: "meta", textContent: message.edited ? `${words.edited} ${time}` : time });
}

function drawPhoto(photo) {
  const image = make("img", { src: photo.url, width: photo.width, height: photo.height, alt: words.photo });
  const open = () => {
    $("viewer").firstChild.src = photo.url;
    $("viewer").showModal();
  };
  return make("button", { className: "photo", type: "button", onclick: open }, image);
}

function drawFile(file) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M12 4v12m-5-5l5 5 5-5M5 20h14");
  icon.append(path);
  const size = file.size < 1024 ? `${file.size} B` : file.size < 1048576 ? `${(file.size / 1024).toFixed(1)} KB` : `${(file.size / 1048576).toFixed(1)} MB`;
  return make("a", { className: "file", href: file.url, download: file.name }, icon, make("b", { textContent: file.name }), make("small", { textContent: size }));
}

function drawButtons(message) {
  const rows = message.buttons.map((row) => make("div", { className: "row" }, ...row.map((button) => drawButton(message, button))));
  return make("div", { className: "keys" }, ...rows);
}

function drawButton(message, button) {
  if (button.url) return make("a", { textContent: button.text, ...outside(button.url) });
  const node = make("button", { type: "button", textContent: button.text });
  node.onclick = () => button.copy_text ? copy(button.copy_text.text) : press(node, message.id, button.callback_data);
  return node;
}

async function press(node, message, data) {
  if (data === undefined || node.classList.contains("busy")) return;
  node.classList.add("busy");
  try {
    const { id } = await post("/page/press", { message, data });
    own.set(id, node);
    if (early.has(id)) settle(early.get(id));
    setTimeout(() => own.delete(id) && node.classList.remove("busy"), PRESS_SECONDS * 1000);
  } catch {
    node.classList.remove("busy");
    toast(words.failed);
  }
}

function settle(answer) {
  if (!own.has(answer.id)) {
    early.set(answer.id, answer);
    return;
  }
  own.get(answer.id).classList.remove("busy");
  own.delete(answer.id);
  early.delete(answer.id);
  if (answer.text && answer.alert) {
    $("alert").firstChild.textContent = answer.text;
    $("alert").showModal();
  } else if (answer.text) toast(answer.text);
}

function fill(node, text, start, end, entities) {
  const queue = [...entities];
  let at = start;
  while (queue.length) {
    const entity = queue.shift();
    const to = Math.min(entity.end, end);
    const inner = queue.filter((e) => e.offset < to);
    const later = queue.filter((e) => e.end > to).map((e) => ({ ...e, offset: Math.max(e.offset, to) }));
    const child = drawEntity(entity, text.slice(entity.offset, to));
    fill(child, text, entity.offset, to, inner);
    node.append(text.slice(at, entity.offset), child);
    at = BLOCKS.includes(child.tagName) && text[to] === "\n" ? to + 1 : to;
    queue.splice(0, queue.length, ...later);
  }
  node.append(text.slice(at, end));
}

function drawEntity(entity, text) {
  const { type } = entity;
  if (type === "text_link" || type === "url") return make("a", outside(entity.url ?? text));
  if (type === "email") return make("a", outside(`mailto:${text}`));
  if (type === "bot_command") return make("span", { className: "tap", onclick: () => say(text) });
  if (TAPPED.includes(type)) return make("span", { className: "tap" });
  if (type === "spoiler") return make("span", { className: "spoiler", onclick: open });
  if (type === "blockquote") return make("blockquote");
  if (type === "expandable_blockquote") return make("blockquote", { className: "long", onclick: open });
  const node = make(STYLES[type] ?? "span");
  if (entity.language) node.dataset.language = entity.language;
  if (type === "code" || type === "pre") node.onclick = () => getSelection().isCollapsed && copy(text);
  return node;
}

function open(event) {
  event.currentTarget.classList.toggle("open");
}

function outside(url) {
  const full = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`;
  const safe = /^(https?|mailto|tg):/i.test(full);
  return { ...(safe && { href: full }), title: full, target: "_blank", rel: "noopener noreferrer" };
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(words.copied);
}

function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 3500);
}

async function say(text) {
  closeMenu();
  try {
    await post("/page/say", { text });
    if (sent.at(-1) !== text) sent.push(text);
    recalled = sent.length;
    return true;
  } catch {
    toast(words?.failed ?? "…");
    return false;
  }
}

async function submit() {
  const text = input.value;
  if (!text.trim()) return;
  write("");
  if (!(await say(text))) write(text);
}

function write(text) {
  input.value = text;
  typed();
}

function typed() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
  $("send").disabled = !input.value.trim();
  if (/^\/\w*$/.test(input.value)) openMenu(input.value.slice(1).toLowerCase());
  else closeMenu();
}

function openMenu(prefix) {
  const found = news.menu.filter((c) => c.command.startsWith(prefix));
  menu.replaceChildren(...found.map((c) => {
    const item = make("li", { onclick: () => write("") || say(`/${c.command}`) },
      make("b", { textContent: `/${c.command}` }), make("span", { textContent: c.description }));
    item.setAttribute("role", "option");
    return item;
  }));
  menu.hidden = !found.length;
  $("commands").classList.toggle("on", !menu.hidden);
}

function closeMenu() {
  menu.hidden = true;
  $("commands").classList.remove("on");
}

function choose(step) {
  const items = [...menu.children];
  const at = items.findIndex((item) => item.ariaSelected === "true");
  items[at]?.removeAttribute("aria-selected");
  const item = items.at((at < 0 && step < 0 ? items.length : at) + step) ?? items[0];
  item.ariaSelected = "true";
  item.scrollIntoView({ block: "nearest" });
}

function recall(step) {
  if (input.value && input.value !== sent[recalled]) return false;
  recalled = Math.min(Math.max(recalled + step, 0), sent.length);
  write(sent[recalled] ?? "");
  closeMenu();
  return true;
}

input.onkeydown = (event) => {
  if (event.isComposing) return;
  const chosen = menu.hidden ? null : menu.querySelector("[aria-selected=true]");
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === "Enter" && !event.shiftKey) chosen ? chosen.click() : submit();
  else if (event.key === "Tab" && !menu.hidden) write(`${(chosen ?? menu.firstChild).firstChild.textContent} `);
  else if (event.key === "Escape") closeMenu();
  else if (step && !menu.hidden) choose(step);
  else if (!step || event.shiftKey || !recall(step)) return;
  event.preventDefault();
};
input.oninput = typed;
log.onscroll = dressDown;
new ResizeObserver(keepBottom).observe(log);
$("composer").onsubmit = (event) => {
  event.preventDefault();
  submit();
  input.focus();
};
$("commands").onclick = () => (menu.hidden ? openMenu("") : closeMenu());
$("down").onclick = () => log.scrollTo({ top: log.scrollHeight, behavior: "smooth" });
$("start").onclick = () => say("/start");
$("block").onclick = () => post("/page/user", { blocked: true });
$("unblock").onclick = () => post("/page/user", { blocked: false });
$("language").onchange = () => post("/page/user", { language: $("language").value });
$("user").onchange = () => {
  const chosen = $("user").value === "other" ? prompt(words.ask) : $("user").value;
  if (parseInt(chosen, 10)) location.hash = parseInt(chosen, 10);
  else dressUsers();
};
$("viewer").onclick = () => $("viewer").close();
window.onhashchange = enter;
document.onvisibilitychange = () => news.person && dress();
typed();
enter();
