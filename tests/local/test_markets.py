import pytest
import requests

from local.markets import Answer, Markets, compact


def face(request):
    body = compact({"url": request.url, "method": request.method, "ad": "币安"}).encode()
    return Answer(418, {"Content-Type": "application/json;charset=UTF-8", "X-A": "1"}, body)


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Markets({"one.example": face}))
        yield session


def test_a_host_is_answered_by_its_face(session):
    answer = session.put("https://ONE.example:8443/a?b=c")
    assert answer.status_code == 418 and answer.reason == "I'm a Teapot"
    assert answer.json() == {"url": "https://one.example:8443/a?b=c", "method": "PUT", "ad": "币安"}
    assert answer.headers["x-a"] == "1" and answer.encoding == "UTF-8"
    assert answer.raw.status == 418 and answer.elapsed


def test_other_hosts_are_out_of_reach(session):
    with pytest.raises(requests.ConnectionError, match=r"no mock market at two\.example"):
        session.get("https://two.example/")
    with pytest.raises(requests.ConnectionError):
        session.get("https://one.example.evil/")


def test_json_is_compact_and_keeps_its_letters():
    assert compact({"a": [1, "币"]}) == '{"a":[1,"币"]}'
