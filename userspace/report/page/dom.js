// Elements without markup: what comes from documents is set as text and as attributes of fixed names only.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
		else if (value === true) node.setAttribute(name, "");
		else if (value !== false && value != null) node.setAttribute(name, value);
	}
	node.append(...children.flat().filter((child) => child != null));
	return node;
}

function el(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
	return fill(document.createElementNS(SVG, tag), attributes, children);
}

function byId(id) {
	return document.getElementById(id);
}

// columns: [title, "number" | "long" | ""]; rows of cells, each a text or an element. On a phone each row is a card whose
// cells bear their column's title: the roles keep it a table to who hears it.
function table(caption, columns, lines) {
	const head = columns.map(([title, kind]) =>
		el("th", { class: kind, scope: "col", role: "columnheader" }, title),
	);
	const cell = (content, [title, kind]) =>
		el("td", { class: kind, role: "cell", "data-title": title }, content);
	const body = lines.map((cells) =>
		el(
			"tr",
			{ role: "row" },
			cells.map((content, i) => cell(content, columns[i])),
		),
	);
	return el(
		"table",
		{ role: "table" },
		el("caption", {}, caption),
		el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
		el("tbody", { role: "rowgroup" }, body),
	);
}

// Enter and space do what a click does, on what is no button by itself.
function pressable(node, action) {
	node.addEventListener("click", action);
	node.addEventListener("keydown", (event) => {
		if (event.key !== "Enter" && event.key !== " ") return;
		event.preventDefault();
		action();
	});
	return node;
}

// Draws a table anew; the button in it that has the focus keeps it.
function replaceTable(id, drawn) {
	const buttons = () => [...byId(id).querySelectorAll("button")];
	const focused = buttons().indexOf(document.activeElement);
	byId(id).replaceChildren(drawn);
	buttons()[focused]?.focus();
}
