from central.readiness import Readiness


def test_ready_is_said_once_when_all_parts_are_up() -> None:
    """Neither a single part nor one that comes twice makes the centre ready, and it says so once."""
    said: list[str] = []
    readiness = Readiness(("http", "broker"), lambda: said.append("ready"))
    readiness.arrived("http")
    readiness.arrived("http")
    assert said == []
    readiness.arrived("broker")
    readiness.arrived("broker")
    assert said == ["ready"]
