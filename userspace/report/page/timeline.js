// One trace as a waterfall: its documents put together, each part with a bar over the trace's time.

const PARTS_SHOWN = 1000;
const DEPTH_MAX = 12;

function isObject(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value) {
	return Array.isArray(value) ? value.filter(isObject) : [];
}

// Every segment and subsegment once by its id; documents come replaced already, nested ones may repeat.
function partsOf(documents) {
	const parts = new Map();
	const add = (document, parent) => {
		const known = parts.get(document.id);
		const pending = document.in_progress === true || typeof document.end_time !== "number";
		if (typeof document.start_time !== "number") return;
		if (!known || !pending || known.pending)
			parts.set(document.id, { document, pending, parent: parent ?? document.parent_id, children: [] });
		for (const child of list(document.subsegments)) add(child, document.id);
	};
	documents.forEach((document) => add(document, null));
	return parts;
}

// In order of time under their parents. What has no parent here is a root; a ring of parents has none and is dropped.
function orderedParts(documents) {
	const parts = partsOf(documents);
	const roots = [];
	for (const part of parts.values()) {
		const parent = parts.get(part.parent);
		if (parent && parent !== part) parent.children.push(part);
		else roots.push(part);
	}
	const byStart = (a, b) => a.document.start_time - b.document.start_time;
	const ordered = [];
	const stack = roots
		.sort(byStart)
		.reverse()
		.map((part) => [part, 0]);
	while (stack.length) {
		const [part, depth] = stack.pop();
		ordered.push({ ...part, depth: Math.min(depth, DEPTH_MAX) });
		for (const child of part.children.sort(byStart).reverse()) stack.push([child, depth + 1]);
	}
	return ordered;
}

function own(document) {
	return isObject(document.metadata?.bpfxray) ? document.metadata.bpfxray : {};
}

function exceptions(document) {
	return isObject(document.cause) ? list(document.cause.exceptions) : [];
}

function partClass(document) {
	return ["fault", "throttle", "error"].find((word) => document[word] === true) ?? "ok";
}

function partLabel(document) {
	const sql =
		document.sql?.sanitized_query ??
		(own(document).command && document.sql ? `(${own(document).command})` : "");
	const http = document.http?.request;
	const text = sql || document.aws?.operation || (http ? `${http.method ?? ""} ${http.url ?? ""}` : "");
	return text ? `${document.name}: ${text}` : String(document.name);
}

function bar(kind, from, to) {
	const node = el("span", { class: kind });
	node.style.setProperty("--from", Math.min(1, Math.max(0, from)));
	node.style.setProperty("--to", Math.min(1, Math.max(0, to)));
	return node;
}

// Grey inside of the bar: the time in the queue, and the time behind the first byte.
function phases(document, at) {
	const { queue_ms: queue, first_byte_ms: first } = own(document);
	const bars = [];
	if (queue > 0) bars.push(bar("phase", at(document.start_time), at(document.start_time + queue / 1000)));
	if (first > 0) bars.push(bar("phase", at(document.start_time + first / 1000), at(document.end_time)));
	return bars;
}

function track(part, start, end) {
	const { document } = part;
	const at = (time) => (end > start ? (time - start) / (end - start) : 0);
	const to = part.pending ? 1 : at(document.end_time);
	return el(
		"div",
		{ class: "track" },
		bar(`span ${partClass(document)}`, at(document.start_time), to),
		part.pending ? null : phases(document, at),
	);
}

function facts(part, start) {
	const { document } = part;
	const lines = [];
	const add = (name, value, kind) =>
		value !== undefined &&
		value !== null &&
		value !== "" &&
		lines.push(
			el("dt", {}, name),
			el("dd", { class: kind }, typeof value === "object" ? JSON.stringify(value) : String(value)),
		);
	const ms = (value) => (typeof value === "number" ? formatMs(value) : undefined);
	add("starts at", formatMs((document.start_time - start) * 1000));
	add("queue time", ms(own(document).queue_ms));
	add("time to first byte", ms(own(document).first_byte_ms));
	add("status", document.http?.response?.status);
	add("client", document.http?.request?.client_ip);
	add("user agent", document.http?.request?.user_agent);
	add("SQL", document.sql?.sanitized_query, "sql");
	add("database", document.sql?.url);
	add("rows", own(document).rows);
	add("affected", own(document).affected);
	if (isObject(document.aws))
		for (const [name, value] of Object.entries(document.aws)) if (name !== "xray") add(`aws ${name}`, value);
	add("annotations", document.annotations);
	for (const exception of exceptions(document)) {
		add(exception.type ?? "exception", exception.message ?? "", "fault");
		add("SQLSTATE", /^\d+ \((\w{5})\)/.exec(exception.message ?? "")?.[1]);
	}
	return el("dl", { class: "facts" }, lines);
}

function partLine(part, start, end) {
	const { document } = part;
	const label = el(
		"div",
		{ class: "label", title: partLabel(document).slice(0, 300) },
		partClass(document) === "ok" ? "" : `${partClass(document)} · `,
		cut(partLabel(document), 300),
	);
	label.style.setProperty("--depth", part.depth);
	const time = part.pending ? "pending" : formatMs((document.end_time - document.start_time) * 1000);
	return el(
		"details",
		{},
		el("summary", {}, el("div", { class: "row" }, label, el("div", {}, time), track(part, start, end))),
		facts(part, start),
	);
}

// The times over which the bars below stand.
function scale(start, end) {
	const part = (share) => el("span", {}, formatMs((end - start) * 1000 * share));
	return el(
		"div",
		{ class: "row scale", "aria-hidden": "true" },
		el("div", {}),
		el("div", {}),
		el("div", {}, [0, 0.5, 1].map(part)),
	);
}

function rawDocuments(documents) {
	const pre = el("pre", { tabindex: 0, "aria-label": "Raw documents" });
	const details = el(
		"details",
		{},
		el("summary", {}, `Raw document${documents.length > 1 ? `s (${documents.length})` : ""}`),
		pre,
	);
	details.addEventListener("toggle", () => {
		if (!pre.textContent)
			pre.textContent = documents.map((document) => JSON.stringify(document, null, 2)).join("\n");
	});
	return details;
}

function rowFacts(row) {
	const lines = [
		["method", rowKey(row, "method")],
		["URL", rowKey(row, "url")],
		["status", rowKey(row, "status")],
		["response time", formatUs(rows.us[row])],
		["user agent", rowKey(row, "user_agent")],
		["client", rowKey(row, "client")],
	];
	return el(
		"dl",
		{ class: "facts" },
		lines.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value || "–")]),
	);
}

function timelineBody(row) {
	const documents = list(documentsByRow()[row]);
	if (!documents.length)
		return [
			rowFacts(row),
			el(
				"p",
				{},
				"This trace's documents are not in this file, which holds a sample of them to stay small; they are in the report's input.",
			),
		];
	const parts = orderedParts(documents);
	const start = Math.min(...parts.slice(0, PARTS_SHOWN).map((part) => part.document.start_time));
	const end = Math.max(
		...parts
			.slice(0, PARTS_SHOWN)
			.map((part) => (part.pending ? part.document.start_time : part.document.end_time)),
	);
	const statements = parts.filter((part) => part.document.sql).length;
	const more = parts.length > PARTS_SHOWN ? `; the first ${PARTS_SHOWN} are shown` : "";
	return [
		el(
			"p",
			{},
			`${rowKey(row, "method")} ${cut(rowKey(row, "url"), 300)} → ${rowKey(row, "status") || "no status"}, ${formatUs(rows.us[row])}, ${counted(statements, "database call")}; ${counted(parts.length, "part")} over ${formatMs((end - start) * 1000)}${more}`,
		),
		el(
			"div",
			{ class: "parts" },
			scale(start, end),
			parts.slice(0, PARTS_SHOWN).map((part) => partLine(part, start, end)),
		),
		rawDocuments(documents),
	];
}

function openTimeline(trace) {
	const row = rowOfTrace.get(trace);
	byId("timeline-title").textContent = `Trace ${trace}`;
	byId("timeline-body").replaceChildren(
		...(row === undefined
			? [el("p", {}, "This trace is not among the rows of this file, which holds a sample of them.")]
			: timelineBody(row)),
	);
	byId("timeline").showModal();
}

function startTimeline() {
	byId("timeline-close").addEventListener("click", () => byId("timeline").close());
}
