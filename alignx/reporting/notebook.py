"""HTML of values in notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CARD", "figure_html", "rendered"]

CARD = """
<p><strong>{{ card.source }} to {{ card.target }}</strong>: {{ card.method }}
{%- if card.failed %}. <strong>The alignment failed.</strong>{% endif %}</p>
<table>
<thead><tr><th>words</th><th>ranking</th><th>number</th><th>first answer right</th>
<th>95 % interval</th></tr></thead>
<tbody>
{%- for each in card.accuracies %}
<tr><td>{{ each.words }}</td><td>{{ each.ranking }}</td>
<td>{{ "{:,}".format(each.accuracy.n) }}</td>
<td>{{ "%.1f %%" | format(100 * each.accuracy.precision[1]) }}</td>
{%- set low, high = each.accuracy.interval %}
<td>{{ "%.1f to %.1f %%" | format(100 * low, 100 * high) }}</td></tr>
{%- endfor %}
</tbody>
</table>
<ul>
{%- for use in card.uses %}
<li>{{ "Good" if use.good else "Not good" }} for {{ use.name }}: {{ use.reason }}</li>
{%- endfor %}
{%- for warning in card.warnings %}
<li>Warning: {{ warning }}</li>
{%- endfor %}
</ul>
"""


def rendered(template: str, **values: object) -> str:
    """Fill a template with values, whose text is escaped.

    Examples
    --------
    >>> rendered("<p>{{ word }}</p>", word="<script>")
    '<p>&lt;script&gt;</p>'
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template).render(**values)


def figure_html(axes: Axes, title: str, description: str) -> str:
    """Write a figure on white paper, as dark notebooks set no colors for it."""
    from alignx.reporting.figures.svg import inline_svg

    svg = inline_svg(axes.figure, title, description, "notebook")
    return f'<div style="max-width: 560px; background: white">{svg}</div>'
