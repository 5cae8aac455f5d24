from central.readiness import Readiness


def test_ready_is_said_once_when_all_parts_are_up() -> None:
    """One part alone, even twice, does not make the centre ready; all of them do, once."""
    said: list[str] = []
    readiness = Readiness(("http", "broker"), lambda: said.append("ready"))
    readiness.arrived("http")
    readiness.arrived("http")
    assert said == []
    readiness.arrived("broker")
    readiness.arrived("broker")
    assert said == ["ready"]
