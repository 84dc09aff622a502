<section class="state {{health.level}}" role="status">
<svg class="sign" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
% if health.level == "green":
<circle cx="50" cy="50" r="46"/><path class="mark" d="M28 52 L44 68 L74 34"/>
% elif health.level == "amber":
<path d="M50 6 L97 90 L3 90 Z"/><path class="mark" d="M50 36 L50 62 M50 75 L50 76"/>
% else:
<rect x="6" y="6" width="88" height="88" rx="10"/><path class="mark" d="M32 32 L68 68 M68 32 L32 68"/>
% end
</svg>
<div>
<h1>{{text.text("web.level." + health.level)}}</h1>
<p class="sentence">{{cell(sentence)}}</p>
% reasons = [reason for reason in health.reasons if not reason.in_status]
% if reasons:
<ul class="reasons">
% for reason in reasons:
<li class="{{reason.level}}">{{cell(text.render(reason.event, reason.fields))}}</li>
% end
</ul>
% end
</div>
</section>

<section class="figures" aria-label="{{text.text("web.figures")}}">
<div class="figure"><b>{{figures.today.updated}}</b><span>{{text.text("web.figure.updated_today")}}</span></div>
<div class="figure{{" some" if figures.today.in_vain else ""}}"><b>{{figures.today.in_vain}}</b><span>{{text.text("web.figure.in_vain_today")}}</span></div>
<div class="figure{{" some" if figures.retry_count else ""}}"><b>{{figures.retry_count}}</b><span>{{text.text("web.figure.retries")}}</span></div>
<div class="figure{{" some" if figures.unmapped_count else ""}}"><b>{{figures.unmapped_count}}</b><span>{{text.text("web.figure.unmapped")}}</span></div>
% if figures.reopened:
<div class="figure some"><b>{{figures.reopened}}</b><span>{{text.text("web.figure.reopened")}}</span></div>
% end
% if figures.open_changes:
<div class="figure some"><b>{{figures.open_changes}}</b><span>{{text.text("web.figure.open_changes")}}</span></div>
% end
</section>

<section>
<div class="heading">
<h2>{{text.text("web.days", count=chart.DAYS)}}</h2>
<p class="legend">
% for series in ("updated", "refused", "failed"):
<span><svg viewBox="0 0 10 10" aria-hidden="true" focusable="false"><rect class="{{series}}" width="10" height="10"/></svg>{{text.text("web.series." + series)}}</span>
% end
</p>
</div>
% axis = max([22] + [bar.up + 22 for bar in figures.bars])
% bottom = max([18] + [bar.down + 18 for bar in figures.bars])
% width, height = chart.SLOT * chart.DAYS, axis + bottom + 34
<div class="days"><svg class="chart" viewBox="0 0 {{width}} {{height}}" role="img" aria-labelledby="chart-title chart-text">
<title id="chart-title">{{text.text("web.days", count=chart.DAYS)}}</title>
<desc id="chart-text">{{text.text("web.days.total", updated=sum(day.updated for day in figures.days), refused=sum(day.refused for day in figures.days), failed=sum(day.failed for day in figures.days))}}</desc>
% for bar in figures.bars:
% day, middle = bar.day, bar.x + chart.SLOT / 2
<g>
<title>{{text.text("web.day", date=day.date.strftime("%d.%m.%Y"), updated=day.updated, refused=day.refused, failed=day.failed)}}</title>
<rect class="slot{{" weekend" if day.is_weekend else ""}}" x="{{bar.x}}" y="0" width="{{chart.SLOT}}" height="{{axis + bottom}}"/>
% for block in bar.blocks:
<rect class="{{block.series}}" x="{{bar.x + (chart.SLOT - chart.BAR) / 2}}" y="{{"%.1f" % (axis + block.top)}}" width="{{chart.BAR}}" height="{{"%.1f" % block.height}}"/>
% end
% if day.updated:
<text class="count" font-size="{{figures.label_size}}" x="{{middle}}" y="{{"%.1f" % (axis - bar.up - 5)}}">{{day.updated}}</text>
% end
% if day.in_vain:
<text class="count in-vain" font-size="{{figures.label_size}}" x="{{middle}}" y="{{"%.1f" % (axis + bar.down + 13)}}">{{day.in_vain}}</text>
% end
<text class="day{{" weekend" if day.is_weekend else ""}}{{" today" if day == figures.today else ""}}" x="{{middle}}" y="{{axis + bottom + 14}}">{{day.date.day}}</text>
% if day.date.day == 1 or bar.x == 0:
<text class="month" x="{{bar.x + 4}}" y="{{axis + bottom + 30}}">{{day.date.strftime("%m.%Y")}}</text>
% end
</g>
% end
<line class="axis" x1="0" y1="{{axis}}" x2="{{width}}" y2="{{axis}}"/>
</svg></div>
</section>

% counted = figures.completeness
% if counted and counted.sum.total:
<section>
<h2>{{text.text("completeness.weeks")}}</h2>
<p class="legend">
% for state in ("with_pos", "mapped", "unmapped", "no_sstu", "ignored"):
<span><svg viewBox="0 0 10 10" aria-hidden="true" focusable="false"><rect class="{{state}}" width="10" height="10"/></svg>{{text.text("web.state." + state)}}</span>
% end
</p>
<div class="wide" tabindex="0"><table class="weeks"><tbody>
% largest = max(week.count.total for week in counted.weeks) or 1
% for week in counted.weeks:
<tr>
<td class="when">{{cell(week.start)}}</td>
<td class="bar"><svg viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{{", ".join(text.text("web.state." + state) + " " + str(getattr(week.count, state)) for state in ("with_pos", "mapped", "unmapped", "no_sstu", "ignored"))}}">
% left = 0
% for state in ("with_pos", "mapped", "unmapped", "no_sstu", "ignored"):
% width = 100 * getattr(week.count, state) / largest
<rect class="{{state}}" x="{{"%.2f" % left}}" width="{{"%.2f" % width}}" height="6"/>
% left += width
% end
</svg></td>
<td class="number">{{week.count.total}}</td>
<td class="number{{" some" if week.count.waiting else " none"}}">{{week.count.waiting}}</td>
</tr>
% end
</tbody></table></div>
% reasons = ["%s: %d" % (text.text("completeness.reason." + name), count) for name, count in counted.reasons.items() if count]
<p class="more">{{"; ".join(reasons)}}</p>
% if counted.oldest:
<p class="more">{{text.text("completeness.oldest", oldest=counted.oldest, days=counted.waiting_days, late=counted.late)}}</p>
% end
<p class="more">{{text.text("completeness.counted", at=counted.counted_at)}} {{text.text("web.words", command="baikaldoc-pos report --waiting")}}</p>
</section>
% end

% if figures.retries:
<section>
<h2>{{text.text("failed.title")}}: {{figures.retry_count}}</h2>
<div class="wide" tabindex="0"><table class="cards">
<thead><tr>
% for column in ("number", "isn", "attempts", "first_failed_at", "next_attempt_at", "outcome", "message"):
<th scope="col" class="{{"number" if column in ("attempts", "count") else ""}}">{{text.text("column." + column)}}</th>
% end
</tr></thead>
<tbody>
% for entry in figures.retries:
<tr>
<td data-label="{{label("number")}}">
% if entry.number:
<a href="{{link.search(text.value(entry.number))}}">{{cell(entry.number)}}</a>
% else:
—
% end
</td>
<td data-label="{{label("isn")}}"><a href="{{link.search(entry.rubric_isn)}}">{{entry.rubric_isn}}</a></td>
<td data-label="{{label("attempts")}}" class="number">{{entry.attempts}}</td>
<td data-label="{{label("first_failed_at")}}" class="when">{{cell(entry.first_failed_at)}}</td>
<td data-label="{{label("next_attempt_at")}}" class="when">{{cell(entry.next_attempt_at)}}</td>
<td data-label="{{label("outcome")}}">{{text.text(outcome(entry.answer.outcome))}}</td>
<td data-label="{{label("message")}}" class="words">{{cell(words(entry.answer))}}</td>
</tr>
% end
</tbody>
</table></div>
<p class="more">{{text.text("web.words", command="baikaldoc-pos failed")}}</p>
% if figures.retry_count > len(figures.retries):
<p class="more">{{text.text("web.retries.more", shown=len(figures.retries), count=figures.retry_count)}}</p>
% end
</section>
% end

% if figures.unmapped:
<section>
<h2>{{text.text("report.unmapped")}}: {{figures.status_count}}</h2>
<p class="hint">{{text.text("web.unmapped.hint")}}</p>
<div class="wide" tabindex="0"><table class="cards">
<thead><tr>
% for column in ("status", "count", "examples"):
<th scope="col" class="{{"number" if column in ("attempts", "count") else ""}}">{{text.text("column." + column)}}</th>
% end
</tr></thead>
<tbody>
% for status in figures.unmapped:
<tr>
<td data-label="{{label("status")}}">{{cell(status.status)}}</td>
<td data-label="{{label("count")}}" class="number">{{status.count}}</td>
<td data-label="{{label("examples")}}">
% for example in status.examples:
<a class="example" href="{{link.search(text.value(example))}}">{{cell(example)}}</a>
% end
</td>
</tr>
% end
</tbody>
</table></div>
% if figures.status_count > len(figures.unmapped):
<p class="more">{{text.text("web.unmapped.more", shown=len(figures.unmapped), count=figures.status_count)}}</p>
% end
</section>
% end

<section>
<h2>{{text.text("status.cycles")}}</h2>
% if figures.cycles:
<div class="wide" tabindex="0"><table class="cards">
<thead><tr>
% for column in ("started_at", "kind"):
<th scope="col">{{text.text("column." + column)}}</th>
% end
% for column in ("found", "updated", "refused", "failed", "unmapped"):
<th scope="col" class="number">{{text.text("column." + column)}}</th>
% end
<th scope="col">{{text.text("column.result")}}</th>
</tr></thead>
<tbody>
% for cycle in figures.cycles:
<tr>
<td class="when" data-label="{{label("started_at")}}">{{cell(cycle.started_at)}}</td>
<td data-label="{{label("kind")}}">{{text.text("kind." + cycle.kind)}}</td>
% counts = cycle.counts
% for column, count in (("found", counts.found), ("updated", counts.updated + counts.confirmed)):
<td data-label="{{label(column)}}" class="number{{"" if count else " none"}}">{{count}}</td>
% end
% for column, count in (("refused", counts.refused), ("failed", counts.failed), ("unmapped", counts.unmapped)):
<td data-label="{{label(column)}}" class="number{{" some" if count else " none"}}">{{count}}</td>
% end
<td data-label="{{label("result")}}" class="words{{" fault" if cycle.error_event else ""}}">{{cell(result(cycle))}}</td>
</tr>
% end
</tbody>
</table></div>
% else:
<p class="hint">{{text.text("status.never")}}</p>
% end
</section>

% if figures.bookmark:
<footer>{{text.text("status.bookmark", at=figures.bookmark)}}</footer>
% end
