// Chats with POST /api/chat. Everything from the server is put in as text, never as markup.
"use strict";

const log = document.getElementById("log");
const form = document.getElementById("ask");
const input = document.getElementById("question");
const send = form.querySelector("button");
const examples = document.getElementById("examples");
let session = null;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show(item) {
  log.append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

function row(list, name, content) {
  const cell = element("dd");
  cell.append(content);
  list.append(element("dt", name), cell);
}

function bullets(lines) {
  const list = element("ul");
  for (const line of lines) list.append(element("li", line));
  return list;
}

function reasons(answer) {
  const details = element("details");
  details.append(element("summary", "How this was found"));
  const list = element("dl");
  if (answer.english) row(list, "means", answer.english);
  if (answer.linked.length) {
    row(list, "linked", bullets(answer.linked.map((link) => `${link.label ?? link.id} (${link.id})`)));
  }
  if (answer.not_linked.length) row(list, "unknown", answer.not_linked.join(", "));
  if (answer.form) row(list, "form", element("code", answer.form));
  if (answer.facts.length) row(list, "facts", bullets(answer.facts));
  if (answer.sparql) row(list, "SPARQL", element("pre", answer.sparql.trim()));
  const sure = answer.confidence === null ? "" : `${Math.round(answer.confidence * 100)} % sure, `;
  row(list, "took", `${sure}${Math.round(answer.milliseconds)} ms`);
  details.append(list);
  return details;
}

function choices(entities) {
  const group = element("div", undefined, "choices");
  for (const { id, label, description } of entities) {
    const button = element("button", description ? `${label} (${description})` : label ?? id);
    button.type = "button";
    button.addEventListener("click", () => ask(description || label || id));
    group.append(button);
  }
  return group;
}

function fill(item, answer) {
  item.className = `answer ${answer.outcome}`;
  item.replaceChildren(element("p", answer.message));
  if (answer.outcome === "asked_back") item.append(choices(answer.entities));
  item.append(reasons(answer));
}

async function ask(question) {
  examples.replaceChildren();
  show(element("li", question, "question"));
  const item = show(element("li", undefined, "answer waiting"));
  item.append(element("p", "…"));
  send.disabled = true;
  try {
    const response = await fetch("/api/chat", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ session, question }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    session = answer.session;
    fill(item, answer);
  } catch (error) {
    item.className = "answer error";
    const gone = error instanceof TypeError || error instanceof SyntaxError;
    item.replaceChildren(element("p", gone ? "The server does not answer." : error.message));
  } finally {
    send.disabled = false;
    item.scrollIntoView({ block: "end" });
    input.focus();
  }
}

async function start() {
  session = null;
  log.replaceChildren();
  examples.replaceChildren();
  const graph = await (await fetch("/api/graph")).json();
  document.getElementById("about").textContent =
    `Graph “${graph.name}”: ${graph.entities.toLocaleString("en")} entities, ${graph.triples.toLocaleString("en")} facts`;
  for (const question of graph.examples) {
    const button = element("button", question);
    button.type = "button";
    button.addEventListener("click", () => ask(question));
    examples.append(button);
  }
  input.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = input.value.trim();
  if (!question || send.disabled) return;
  input.value = "";
  ask(question);
});
document.getElementById("reset").addEventListener("click", start);
start();
