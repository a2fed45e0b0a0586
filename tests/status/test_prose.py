"""What Markdown of operators becomes: whole, safe, and below the headings of the page."""

import pytest

from portal.status import prose

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("- a\n  - b\n", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
        ("~~gone~~", "<p><s>gone</s></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>\n'),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)
def test_markdown_is_whole_and_safe(text: str, html: str):
    assert prose.to_html(text) == html


def test_a_table_is_a_table():
    html = prose.to_html("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert "<th>a</th>" in html
    assert "<td>2</td>" in html
    assert "style" not in html
    assert prose.to_text("| a | b |\n|---|--:|\n| 1 | 2 |").split() == ["a", "b", "1", "2"]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n# c", [3, 4, 3]),
        ("## a\n#### b", [3, 4]),
        ("###### a", [3]),
        ("# a\n## b\n### c\n#### d\n##### e", [3, 4, 5, 6, 6]),
    ],
)
def test_headings_come_below_those_of_the_page_without_a_gap(text: str, levels: list[int]):
    html = prose.to_html(text)
    found = [int(part[0]) for part in html.split("<h")[1:]]
    assert found == levels


@pytest.mark.parametrize(
    ("text", "address", "after"),
    [
        ("See https://a.example/x.", "https://a.example/x", ".</p>"),
        ("(https://a.example/x)", "https://a.example/x", ")</p>"),
        ("https://a.example/x_(y), so", "https://a.example/x_(y)", ", so</p>"),
        ("https://a.example/?a=1&b=2", "https://a.example/?a=1&amp;b=2", "</p>"),
        ("- https://a.example", "https://a.example", "</li>"),
    ],
)
def test_a_bare_address_is_a_link(text: str, address: str, after: str):
    link = f'<a href="{address}" rel="nofollow noopener">{address}</a>{after}'
    assert link in prose.to_html(text)


@pytest.mark.parametrize(
    "text",
    ["`https://a.example`", "```\nhttps://a.example\n```", "ftp://a.example", "https:// and so"],
)
def test_what_is_no_address_or_code_is_no_link(text: str):
    assert "<a" not in prose.to_html(text)


def test_a_link_is_not_linked_twice():
    assert prose.to_html("[https://a.example](https://b.example)").count("<a") == 1


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")],
)
def test_names_are_listed_as_in_a_sentence(names: list[str], text: str):
    assert prose.listed(names) == text
