"""Uses the client that run.sh generated: create, list, fetch a picture, change, be refused, delete."""
import os
import uuid
from http import HTTPStatus

from holdfast_client import AuthenticatedClient
from holdfast_client.api.services import get_service_badge, list_services
from holdfast_client.api.sites import create_site, delete_site, get_site, patch_site
from holdfast_client.models import Problem, Site, SiteDraft, SitePatch

client = AuthenticatedClient(
    base_url=os.environ.get("HOLDFAST_URL", "http://127.0.0.1:8080").rstrip("/"),
    token=os.environ["HOLDFAST_TOKEN"],
)
key = "CLIENT-" + uuid.uuid4().hex[:8].upper()
ref = "key:" + key


def expect(answer, status, kind=None):
    """The parsed answer, when it has the status and the type that the document promises."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.content.decode()}"
    assert kind is None or isinstance(answer.parsed, kind), f"not a {kind}: {answer.parsed!r}"
    return answer.parsed


draft = SiteDraft.from_dict({"key": key, "name": "Generated client", "kind": "office", "country": "DE"})
answer = create_site.sync_detailed(client=client, body=draft)
site = expect(answer, HTTPStatus.CREATED, Site)
etag = answer.headers["ETag"]
assert (site.key, site.name, site.version) == (key, "Generated client", 1), site
print(f"created {site.key}, ETag {etag}")

try:
    services = expect(list_services.sync_detailed(client=client, limit=5), HTTPStatus.OK)
    assert len(services.items) <= 5 and services.seq >= 1, (len(services.items), services.seq)
    print(f"listed {len(services.items)} services at position {services.seq}")

    for service in services.items[:1]:
        badge = expect(get_service_badge.sync_detailed(f"key:{service.key}", client=client), HTTPStatus.OK, str)
        assert badge.startswith("<svg"), badge
        print(f"fetched the badge of {service.key}, {len(badge)} characters of SVG")

    change = SitePatch.from_dict({"description": "changed by the generated client"})
    answer = patch_site.sync_detailed(ref, client=client, body=change, if_match=etag)
    changed = expect(answer, HTTPStatus.OK, Site)
    assert changed.version == 2 and changed.description == "changed by the generated client", changed
    assert answer.headers["ETag"] != etag
    print(f"changed {key} to version {changed.version}")

    answer = patch_site.sync_detailed(ref, client=client, body=change, if_match=etag)
    problem = expect(answer, HTTPStatus.PRECONDITION_FAILED, Problem)
    assert problem.code == "precondition_failed", problem
    print(f"a stale ETag is refused: {problem.title}")

    nameless = SiteDraft.from_dict({"name": "", "kind": "office"})
    problem = expect(create_site.sync_detailed(client=client, body=nameless),
                     HTTPStatus.UNPROCESSABLE_ENTITY, Problem)
    assert any(error.pointer == "/name" for error in problem.errors), problem
    print(f"a site without a name is refused: {problem.errors[0].detail}")
finally:
    answer = delete_site.sync_detailed(ref, client=client)

assert answer.status_code == HTTPStatus.NO_CONTENT, answer.content
problem = expect(get_site.sync_detailed(ref, client=client), HTTPStatus.NOT_FOUND, Problem)
assert problem.code == "not_found", problem
print(f"deleted {key}")
