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

// columns: [title, "number" | "long" | ""]; rows of cells, each a text or an element.
function table(caption, columns, lines) {
	const head = columns.map(([title, kind]) => el("th", { class: kind, scope: "col" }, title));
	const body = lines.map((cells) =>
		el(
			"tr",
			{},
			cells.map((cell, i) => el("td", { class: columns[i][1] }, cell)),
		),
	);
	return el(
		"table",
		{},
		el("caption", {}, caption),
		el("thead", {}, el("tr", {}, head)),
		el("tbody", {}, body),
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
