% if not found.stories:
<section class="notice">
<h1>{{text.text("search.nothing", query=printable(query))}}</h1>
% if found.excluded:
<p>{{cell(text.render(found.excluded.event, found.excluded.fields))}}</p>
% end
<p>{{text.text("search.nothing.why")}}</p>
<ul>
% for why in ("number", "no_status", "has_status", "ignored"):
<li>{{text.text("search.nothing." + why)}}</li>
% end
% if origin:
<li>{{text.text("search.nothing.origin", at=origin)}}</li>
% end
% if bookmark:
<li>{{text.text("search.nothing.bookmark", at=bookmark)}}</li>
% end
</ul>
</section>
% end
% for story in found.stories:
<section>
<h1>{{text.text("search.rubric", isn=story.isn, number=cell(story.number), document=cell(story.document_isn))}}</h1>
<p class="conclusion{{" settled" if story.conclusion.settled else ""}}">{{cell(text.render(story.conclusion.event, story.conclusion.fields))}}</p>
% if story.changes:
<div class="wide" tabindex="0"><table class="cards">
<thead><tr>
% for column in ("planned_at", "sstu_status", "old_pos", "new_pos", "outcome", "settled_at", "message"):
<th scope="col">{{text.text("column." + column)}}</th>
% end
</tr></thead>
<tbody>
% for row in story.changes:
<tr>
<td data-label="{{label("planned_at")}}" class="when">{{cell(row.planned_at)}}</td>
<td data-label="{{label("sstu_status")}}">{{cell(row.sstu_status)}}</td>
<td data-label="{{label("old_pos")}}">{{cell(row.old_pos)}}</td>
<td data-label="{{label("new_pos")}}">{{cell(row.new_pos)}}</td>
<td data-label="{{label("outcome")}}">{{text.text(outcome(row.outcome))}}</td>
<td data-label="{{label("settled_at")}}" class="when">{{cell(row.settled_at)}}</td>
<td data-label="{{label("message")}}" class="words">{{cell(words(row))}}</td>
</tr>
% end
</tbody>
</table></div>
% if any(row.message or row.system_message for row in story.changes):
<p class="more">{{text.text("web.words", command="baikaldoc-pos history --rubric %s" % story.isn)}}</p>
% end
% else:
<p class="hint">{{text.text("search.no_changes")}}</p>
% end
</section>
% end
% if found.more:
<p class="more">{{text.text("search.more", shown=len(found.stories))}}</p>
% end
