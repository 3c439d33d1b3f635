"use strict";
(() => {
const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
// state lives in the address: #sort=TABLE.COLUMN.desc&q=text&... so that a view can be sent and the back button works
const read = () => new URLSearchParams(location.hash.slice(1));
const write = (name, value) => {
const state = read();
if (value) state.set(name, value); else state.delete(name);
const text = state.toString();
if (text) location.hash = text; else history.pushState(null, "", location.pathname + location.search), apply();
};
const value = (row, column) => {
const cell = row.cells[column];
const given = cell && cell.dataset.v;
return given !== undefined && given !== "" ? Number(given) : cell && cell.dataset.v === "" ? null : cell ? cell.textContent.trim().toLowerCase() : null;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
const sort = (table, column, down) => {
const body = table.tBodies[0];
const rows = all("tr", body);
rows.forEach((row, i) => { if (row.dataset.at === undefined) row.dataset.at = i; });
const keyed = rows.map(row => ({row, key: column === null ? Number(row.dataset.at) : value(row, column)}));
keyed.sort((a, b) => a.key === null || b.key === null ? (a.key === null) - (b.key === null)
: (down ? -1 : 1) * compare(a.key, b.key) || a.row.dataset.at - b.row.dataset.at);
body.append(...keyed.map(k => k.row));
all("thead th", table).forEach((head, i) => {
if (i === column) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
});
};
// two runs of an item's page beside each other, and the next item on which they disagree
const sides = state => {
const [a, b] = ["a", "b"].map(side => state.get(side) || "");
all("[data-side]").forEach(field => { field.value = state.get(field.dataset.side) || ""; });
all("section[data-run]").forEach(part => { part.hidden = Boolean(a) && part.dataset.run !== a && part.dataset.run !== b; });
const link = document.getElementById("apart"), island = document.getElementById("ahead");
if (link && island) {
const {runs, next} = JSON.parse(island.textContent);
const [i, j] = [runs.indexOf(a), runs.indexOf(b)].sort((x, y) => x - y);
const place = i >= 0 && i < j ? next[i * runs.length - i * (i + 1) / 2 + j - i - 1] : "";
link.hidden = !place;
if (place) link.href = place + location.hash; else link.removeAttribute("href");
}
all("a[data-keep]").forEach(place => { place.hash = a ? location.hash : ""; });
};
const apply = () => {
const state = read();
const [id, name, way] = (state.get("sort") || "").split(".");
all("table[data-sort]").forEach(table => {
const heads = all("thead th", table);
const column = table.id === id ? heads.findIndex(head => head.dataset.c === name) : -1;
if (column >= 0) sort(table, column, way === "desc"); else if (table.dataset.sorted) sort(table, null, false);
table.dataset.sorted = column >= 0 ? "1" : "";
});
all("[data-filter]").forEach(field => {
const wanted = state.get(field.dataset.filter) || "";
if (field.value !== wanted) field.value = wanted;
});
const text = (state.get("q") || "").toLowerCase();
const chosen = all("[data-filter]").map(field => field.dataset.filter).filter(name => name !== "q" && state.get(name));
let shown = 0, total = 0;
all("tr[data-row]").forEach(row => {
const fits = (!text || row.textContent.toLowerCase().includes(text))
&& chosen.every(name => row.dataset[name] === undefined || row.dataset[name].split(" ").includes(state.get(name)));
row.hidden = !fits;
total += 1; shown += fits;
});
sides(state);
all("[data-count]").forEach(place => { place.textContent = text || chosen.length ? `${shown} of ${total} shown` : ""; });
};
all("table[data-sort]").forEach(table => all("thead th[data-c]", table).forEach(head => {
const button = document.createElement("button");
button.type = "button";
button.append(...head.childNodes);
head.append(button);
button.addEventListener("click", () => {
const now = head.getAttribute("aria-sort");
const first = head.dataset.first || "desc";
const other = first === "desc" ? "asc" : "desc";
const way = now === null ? first : (now === "descending") === (first === "desc") ? other : "";
write("sort", way && `${table.id}.${head.dataset.c}.${way}`);
});
}));
all("[data-filter]").forEach(field => {
field.addEventListener("change", () => write(field.dataset.filter, field.value));
if (field.type === "search") field.addEventListener("input", () => {
const state = read();
if (field.value) state.set("q", field.value); else state.delete("q");
history.replaceState(null, "", state.size ? "#" + state : location.pathname + location.search);
apply();
});
});
all("[data-side]").forEach(field => field.addEventListener("change", () => write(field.dataset.side, field.value)));
all("[data-clear]").forEach(button => button.addEventListener("click", () => {
history.pushState(null, "", location.pathname + location.search);
apply();
}));
all("[data-script]").forEach(part => { part.hidden = false; });
addEventListener("hashchange", apply);
addEventListener("popstate", apply);
apply();
})();
