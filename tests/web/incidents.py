"""An incident that is opened by a form, and a page as text."""

from tests.people import Person

KEY = "0123456789"


def text_of(answer, status: int = 200) -> str:
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text
    return str(text)


def open_one(person: Person, **fields: str) -> str:
    form = {
        "title": "Slow answers",
        "message": "We look.",
        "impact": "major",
        "status": "investigating",
        "audiences": "public",
        "key": KEY,
    }
    answer = person.post("/panel/incidents/new", **{**form, **fields})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"])
