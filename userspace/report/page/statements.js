// The statements with the most time in all, and those that look like an N+1 query.

const REPEATED_MIN = 10;

function repetition(statement) {
	const open = () => openTimeline(statement.example_trace);
	if (!statement.requests_with_repetition) return formatCount(statement.most_in_one_request);
	return el(
		"span",
		{},
		el("span", { class: "badge error" }, "N+1?"),
		` more than ${REPEATED_MIN} times in ${counted(statement.requests_with_repetition, "request")}, ${formatCount(statement.most_in_one_request)} times in one: `,
		el(
			"button",
			{ type: "button", class: "link", onclick: open },
			cut(statement.example_url || statement.example_trace, 80),
		),
	);
}

function drawStatements() {
	const { statements, statements_in_all: all } = aggregates;
	const columns = [
		["Statement", "long"],
		["Database", ""],
		["Times", "number"],
		["In all", "number"],
		["Average", "number"],
		["p95", "number"],
		["Max", "number"],
		["Result", ""],
		["Most in one request", "long"],
	];
	const caption =
		statements.length < all
			? `The ${statements.length} of ${formatCount(all)} statements with the most time`
			: `${counted(all, "statement")}, most time in all first`;
	byId("statement-table").replaceChildren(
		table(
			caption,
			columns,
			statements.map((statement) => [
				el("code", {}, cut(statement.text, 600)),
				cut(statement.database, 60),
				formatCount(statement.count),
				formatMs(statement.total_ms),
				formatMs(statement.average_ms),
				formatMs(statement.p95_ms),
				formatMs(statement.max_ms),
				badges(statement),
				repetition(statement),
			]),
		),
	);
}
