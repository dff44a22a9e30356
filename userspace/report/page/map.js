// The service map: nodes in columns by their distance from the clients, rings coloured by outcome.

const MAP = { column: 230, line: 150, row: 195, radius: 42, margin: 80, below: 42, narrow: 560 };

// Without room beside each other the columns stand below each other.
function mapIsNarrow() {
	return byId("map-drawing").clientWidth < MAP.narrow;
}

// A node's column is one more than its caller's; rings of callers stop at the number of nodes.
function mapColumns(nodes, edges) {
	const columns = nodes.map(() => 0);
	for (let pass = 0; pass < nodes.length; pass++) {
		let changed = false;
		for (const { from, to } of edges) {
			if (from === to || columns[to] > columns[from] || columns[from] + 1 >= nodes.length) continue;
			columns[to] = columns[from] + 1;
			changed = true;
		}
		if (!changed) break;
	}
	return columns;
}

function mapPlaces(nodes, edges) {
	const columns = mapColumns(nodes, edges);
	const used = new Map();
	const heights = new Map();
	for (const column of columns) heights.set(column, (heights.get(column) ?? 0) + 1);
	const tallest = Math.max(1, ...heights.values());
	return columns.map((column) => {
		const line = used.get(column) ?? 0;
		used.set(column, line + 1);
		const offset = (tallest - heights.get(column)) / 2;
		const across = (line + offset) * MAP.line;
		return mapIsNarrow()
			? { x: MAP.margin + line * MAP.line, y: 50 + column * MAP.row }
			: { x: MAP.margin + column * MAP.column, y: 50 + across };
	});
}

function ring(node) {
	const length = 2 * Math.PI * MAP.radius;
	const ended = node.count - node.pending;
	let done = 0;
	const arcs = OUTCOMES.filter((outcome) => node[outcome]).map((outcome) => {
		const part = (length * node[outcome]) / ended;
		const arc = svg("circle", {
			class: `ring ${outcome}`,
			r: MAP.radius,
			transform: "rotate(-90)",
			"stroke-dasharray": `${part} ${length - part}`,
			"stroke-dashoffset": -done,
		});
		done += part;
		return arc;
	});
	return arcs.length ? arcs : svg("circle", { class: "ring none", r: MAP.radius });
}

function nodeTitle(node) {
	return node.kind === "client" ? `clients of ${node.name}` : node.name;
}

// What the console calls the resources of services that name theirs.
const AWS_TYPES = {
	dynamodb: "AWS::DynamoDB::Table",
	lambda: "AWS::Lambda::Function",
	s3: "AWS::S3::Bucket",
	sns: "AWS::SNS::Topic",
	sqs: "AWS::SQS::Queue",
};

function nodeType(node) {
	const fixed = { client: "clients", database: "Database::SQL", remote: "remote" };
	return fixed[node.kind] ?? AWS_TYPES[node.origin] ?? node.origin ?? node.kind;
}

function spoken(title, item) {
	const bad = ["fault", "throttle", "error"].map((word) => `${item[word]} ${word}`).join(", ");
	return `${title}: ${item.count} requests, ${formatRate(item.per_minute)}, average ${formatMs(item.average_ms)}, ${bad}`;
}

function mapDetails(title, item, chosen) {
	document.querySelectorAll("#map-drawing [role=button]").forEach((other) => {
		other.classList.toggle("chosen", other === chosen);
		other.setAttribute("aria-pressed", String(other === chosen));
	});
	const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
	byId("map-details").replaceChildren(
		el("h3", {}, title),
		el(
			"dl",
			{ class: "facts" },
			fact("requests", formatCount(item.count)),
			fact("rate", formatRate(item.per_minute)),
			...["average", "p50", "p90", "p95", "p99", "max"].map((name) =>
				fact(name, formatMs(item[`${name}_ms`])),
			),
			...OUTCOMES.map((name) =>
				fact(name, `${formatCount(item[name])} (${formatShare(item[name], item.count)})`),
			),
		),
	);
}

function drawNode(node, place) {
	const title = nodeTitle(node);
	const text = (y, words, kind) => svg("text", { y, "text-anchor": "middle", class: kind }, words);
	const group = svg(
		"g",
		{
			transform: `translate(${place.x} ${place.y})`,
			tabindex: 0,
			role: "button",
			"aria-label": spoken(title, node),
			"aria-pressed": "false",
		},
		svg("circle", { class: "disc", r: MAP.radius }),
		ring(node),
		text(-1, node.average_ms == null ? "–" : formatMs(node.average_ms)),
		text(14, formatRate(node.per_minute), "soft"),
		text(MAP.radius + 20, cut(node.kind === "client" ? "clients" : node.name, 26)),
		text(MAP.radius + 35, node.kind === "client" ? "" : cut(nodeType(node), 28), "soft"),
	);
	return pressable(group, () => mapDetails(title, node, group));
}

// From ring to ring; downwards from below a node's texts.
function edgeEnds(a, b) {
	const gap = MAP.radius + 8;
	if (b.y - a.y > MAP.row / 2 && mapIsNarrow())
		return [a.x, a.y + gap + MAP.below - 8, b.x, b.y - gap - 4];
	const distance = Math.hypot(b.x - a.x, b.y - a.y) || 1;
	const [dx, dy] = [(b.x - a.x) / distance, (b.y - a.y) / distance];
	return [a.x + dx * gap, a.y + dy * gap, b.x - dx * (gap + 4), b.y - dy * (gap + 4)];
}

// In the middle; downwards at the end, where edges that begin at one node are apart.
function edgeText([x1, y1, x2, y2], words) {
	const [x, y] = mapIsNarrow() ? [x2, y2 - 14] : [(x1 + x2) / 2, (y1 + y2) / 2 - 7];
	return svg("text", { x, y, "text-anchor": "middle", class: "soft" }, words);
}

function drawEdge(edge, places, nodes) {
	const a = places[edge.from];
	const loop = edge.from === edge.to;
	const ends = edgeEnds(a, places[edge.to]);
	const path = loop
		? `M ${a.x - 14} ${a.y - MAP.radius - 8} c -20 -44 48 -44 28 0`
		: `M ${ends[0]} ${ends[1]} L ${ends[2]} ${ends[3]}`;
	const title = `${nodeTitle(nodes[edge.from])} → ${nodeTitle(nodes[edge.to])}`;
	const words = `${formatMs(edge.average_ms)} · ${formatRate(edge.per_minute)}`;
	const group = svg(
		"g",
		{ tabindex: 0, role: "button", "aria-label": spoken(title, edge), "aria-pressed": "false" },
		svg("path", { class: "edge", d: path, "marker-end": "url(#arrow)" }),
		svg("path", { class: "edge-hit", d: path }),
		loop ? null : edgeText(ends, words),
	);
	return pressable(group, () => mapDetails(title, edge, group));
}

function drawMapTable(nodes, edges) {
	const line = (title, type, item) => [
		title,
		type,
		formatCount(item.count),
		formatRate(item.per_minute),
		formatMs(item.average_ms),
		formatMs(item.p95_ms),
		badges(item),
	];
	const columns = [
		["Node or call", "long"],
		["Type", ""],
		["Requests", "number"],
		["Rate", "number"],
		["Average", "number"],
		["p95", "number"],
		["Result", ""],
	];
	const cutAt = nodes.length < aggregates.nodes_in_all ? `; ${nodes.length} of ${aggregates.nodes_in_all} nodes` : "";
	const lines = [
		...nodes.map((node) => line(nodeTitle(node), nodeType(node), node)),
		...edges.map((edge) => line(`${nodeTitle(nodes[edge.from])} → ${nodeTitle(nodes[edge.to])}`, "call", edge)),
	];
	byId("map-table").append(table(`Nodes and the calls between them${cutAt}`, columns, lines));
}

function drawMapPicture({ nodes, edges }) {
	const places = mapPlaces(nodes, edges);
	const width = Math.max(...places.map(({ x }) => x)) + MAP.margin + 20;
	const height = Math.max(...places.map(({ y }) => y)) + MAP.radius + 50;
	const arrow = svg(
		"marker",
		{
			id: "arrow",
			viewBox: "0 0 8 8",
			refX: 6,
			refY: 4,
			markerWidth: 7,
			markerHeight: 7,
			orient: "auto",
		},
		svg("path", { d: "M0 0 L8 4 L0 8 z" }),
	);
	byId("map-drawing").replaceChildren(
		svg(
			"svg",
			{ width, height, role: "group", "aria-label": "Service map" },
			svg("defs", {}, arrow),
			edges.map((edge) => drawEdge(edge, places, nodes)),
			nodes.map((node, i) => drawNode(node, places[i])),
		),
	);
}

function drawMap() {
	const { nodes, edges } = aggregates;
	if (!nodes.length) return byId("map-drawing").append("No segments.");
	let narrow = mapIsNarrow();
	drawMapPicture(aggregates);
	window.addEventListener("resize", () => {
		if (narrow === mapIsNarrow()) return;
		narrow = mapIsNarrow();
		drawMapPicture(aggregates);
	});
	drawMapTable(nodes, edges);
	const first = nodes.findIndex(({ kind }) => kind === "service");
	if (first >= 0) mapDetails(nodeTitle(nodes[first]), nodes[first], null);
}
