// Traces: filtered, grouped by one of their keys, and listed.

const GROUPS_SHOWN = 100;
const LIST_STEP = 50;

// How many of the list are shown, until a button asks for more.
let listShown = LIST_STEP;

const filter = { health: true, key: "url", value: null };

// Rows that pass the filters; the brush and the chosen group are left out when the caller shows them itself.
function chosenRows({ brushed = true, grouped = true } = {}) {
	const chosen = [];
	for (let row = 0; row < rowCount; row++) {
		if (!filter.health && rows.flags[row] & ROW_HEALTH) continue;
		if (brushed && !brushHas(rows.us[row])) continue;
		if (grouped && filter.value !== null && rowKey(row, filter.key) !== filter.value) continue;
		chosen.push(row);
	}
	return chosen;
}

function groupRows(chosen) {
	const groups = new Map();
	for (const row of chosen) {
		const key = rowKey(row, filter.key);
		let group = groups.get(key);
		if (!group)
			groups.set(
				key,
				(group = { key, count: 0, pending: 0, ok: 0, error: 0, throttle: 0, fault: 0, times: [] }),
			);
		group.count++;
		if (rowIsPending(row)) {
			group.pending++;
			continue;
		}
		group[rowOutcome(row)]++;
		group.times.push(rows.us[row]);
	}
	const list = [...groups.values()].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
	for (const group of list) group.times.sort((a, b) => a - b);
	return list;
}

function average(times) {
	return times.length ? times.reduce((a, b) => a + b, 0) / times.length : null;
}

function shareBar(share) {
	const node = el("span", { class: "share", "aria-hidden": "true" });
	node.style.setProperty("--part", share);
	return node;
}

function groupLine(group, whole, changed) {
	const choose = () => {
		filter.value = filter.value === group.key ? null : group.key;
		changed();
	};
	const time = (us) => (group.times.length ? formatUs(us) : "–");
	return [
		el(
			"button",
			{
				type: "button",
				class: "link",
				"aria-pressed": String(filter.value === group.key),
				onclick: choose,
			},
			cut(group.key || "(none)", 300),
		),
		formatCount(group.count),
		el(
			"span",
			{},
			shareBar(group.count / (whole || 1)),
			` ${formatShare(group.count, whole)}`,
		),
		time(average(group.times)),
		time(percentile(group.times, 50)),
		time(percentile(group.times, 95)),
		time(percentile(group.times, 100)),
		badges(group),
	];
}

function drawGroups(changed) {
	const chosen = chosenRows({ grouped: false });
	const groups = groupRows(chosen);
	const title = byId("group-key").selectedOptions[0].textContent;
	const columns = [
		[title, "long"],
		["Traces", "number"],
		["Share", "number"],
		["Average", "number"],
		["Median", "number"],
		["p95", "number"],
		["Max", "number"],
		["Result", ""],
	];
	const more = groups.length > GROUPS_SHOWN ? `; the ${GROUPS_SHOWN} largest are shown` : "";
	replaceTable(
		"groups",
		table(
			`${counted(groups.length, "group")}${more}. A group's name filters the list below.`,
			columns,
			groups.slice(0, GROUPS_SHOWN).map((group) => groupLine(group, chosen.length, changed)),
		),
	);
}

const ORDERS = {
	slow: (a, b) => rows.us[b] - rows.us[a],
	new: (a, b) => rows.start_us[b] - rows.start_us[a],
	bad: (a, b) => (rows.flags[b] & 3) - (rows.flags[a] & 3) || rows.us[b] - rows.us[a],
};

function listLine(row) {
	const open = () => openTimeline(rows.trace[row]);
	const outcome = rowIsPending(row) ? { pending: 1 } : { [rowOutcome(row)]: 1 };
	return [
		el(
			"button",
			{
				type: "button",
				class: "link",
				onclick: open,
				"aria-label": `Timeline of trace ${rows.trace[row]}`,
			},
			rows.trace[row].slice(-12),
		),
		`+${(rows.start_us[row] / 1e6).toFixed(3)} s`,
		rowKey(row, "method"),
		cut(rowKey(row, "url") || "(none)", 300),
		rowKey(row, "status") || "–",
		formatUs(rows.us[row]),
		badges(outcome),
		cut(rowKey(row, "client"), 60),
	];
}

function drawList() {
	const chosen = chosenRows();
	const shown = chosen.sort(ORDERS[byId("order").value]).slice(0, listShown);
	const columns = [
		["Trace", ""],
		["Start", "number"],
		["Method", ""],
		["URL", "long"],
		["Status", "number"],
		["Response time", "number"],
		["Result", ""],
		["Client", ""],
	];
	const left = chosen.length - shown.length;
	const caption = `${counted(chosen.length, "trace")}${left ? `, ${shown.length} are shown` : ""}`;
	replaceTable("list", table(caption, columns, shown.map(listLine)));
	byId("list-more").hidden = !left;
	byId("list-more").textContent = `Show ${Math.min(left, LIST_STEP)} more`;
	const parts = [];
	if (!filter.health) parts.push("without health checks");
	if (!brushIsAll()) parts.push(byId("brush-text").textContent);
	if (filter.value !== null) parts.push(`only ${cut(filter.value || "(none)", 80)}`);
	byId("filter-text").textContent =
		`${formatCount(chosen.length)} of ${formatCount(rowCount)} traces${parts.length ? `: ${parts.join(", ")}` : ""}`;
	byId("group-reset").hidden = filter.value === null;
}

function startTraces(changed) {
	byId("group-key").addEventListener("change", (event) => {
		filter.key = event.target.value;
		filter.value = null;
		changed();
	});
	byId("health").addEventListener("click", (event) => {
		filter.health = !filter.health;
		event.target.setAttribute("aria-pressed", String(!filter.health));
		changed();
	});
	byId("group-reset").addEventListener("click", () => {
		filter.value = null;
		byId("group-key").focus();
		changed();
	});
	byId("order").addEventListener("change", drawList);
	byId("list-more").addEventListener("click", () => {
		const first = listShown;
		listShown += LIST_STEP;
		drawList();
		byId("list").querySelectorAll("tbody button")[first]?.focus();
	});
}
