from typing import Any

from central.web.parts import Parts


def test_a_fault_of_ours_is_a_problem_without_a_traceback(
    caller: Any, parts: Parts, store: Any
) -> None:
    """Whatever breaks inside, the caller gets one sentence and the same shape."""
    store.do(lambda link: link.exec_driver_sql("DROP TABLE case_event"))
    answer = caller.get("/api/v1/cases")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert "case_event" not in answer.text


def test_a_wrong_method_is_a_problem(caller: Any) -> None:
    """A route that exists for another method says so."""
    answer = caller.post("/facts", "teller")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_answer_carries_the_strict_headers(client: Any) -> None:
    """Pages, data and errors alike forbid foreign scripts, sniffing and caching."""
    for path in ("/", "/healthz", "/nothing", "/static/live.js"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
