import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapter.api.watching.logs import Known
from adapter.api.watching.metrics import Metrics, Queue


def samples(metrics):
    kind, body = metrics.render()
    assert kind.startswith("text/plain")
    families = text_string_to_metric_families(body.decode())
    return {
        (one.name, tuple(v for _, v in sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


def test_everything_is_there(metrics):
    metrics.request(Known("/fhir/{id}"), "POST", 201, 0.02)
    metrics.delivery("ehr", failed=False)
    metrics.delivery("ehr", failed=True)
    metrics.model(500, 2.0)
    with pytest.raises(ValueError), metrics.timed("emission"):
        raise ValueError
    found = samples(metrics)
    assert found[("notewright_documents", ("done",))] == 3
    assert found[("notewright_documents", ("dead",))] == 0
    assert found[("notewright_queue_depth", ())] == 2 and found[("notewright_queue_age_seconds", ())] == 1.5
    assert found[("notewright_http_requests_total", ("POST", "/fhir/{id}", "2xx"))] == 1
    assert found[("notewright_delivery_attempts_total", ("ehr",))] == 2
    assert found[("notewright_delivery_failures_total", ("ehr",))] == 1
    assert found[("notewright_model_tokens_total", ())] == 500
    assert found[("notewright_model_tokens_per_second", ())] == 250
    assert found[("notewright_stage_seconds_count", ("emission",))] == 1
    assert found[("process_resident_memory_bytes", ())] > 1e6


def test_labels_are_bounded(metrics):
    for number in range(1000):
        metrics.request(f"/Patient/{number}", f"VERB{number}", number + 10_000, 0.1)
        metrics.request(Known(f"/made/{number}"), "GET", 200, 0.1)
        metrics.delivery(f"host{number}", failed=True)
        metrics.stage(f"stage{number}", 1.0)
    found = samples(metrics)
    assert found[("notewright_delivery_attempts_total", ("other",))] == 1000
    assert found[("notewright_http_requests_total", ("other", "other", "other"))] == 1000
    assert len({labels for name, labels in found if name == "notewright_http_requests_total"}) == 202
    assert not [labels for _, labels in found if "/Patient" in str(labels) or "VERB" in str(labels)]


def test_a_source_that_fails_is_counted_and_the_rest_is_shown():
    def broken():
        raise OSError("database")

    metrics = Metrics(documents=broken, queue=lambda: Queue(depth=1, age=0.0))
    samples(metrics)
    found = samples(metrics)
    assert found[("notewright_queue_depth", ())] == 1
    assert ("notewright_documents", ("done",)) not in found
    assert found[("notewright_scrape_errors_total", ("documents",))] >= 1


def test_an_unknown_state_is_other():
    metrics = Metrics(documents=lambda: {"Jane Roe": 2, "x": 1}, queue=lambda: Queue(depth=0, age=0.0))
    assert samples(metrics)[("notewright_documents", ("other",))] == 3


def test_tokens_per_second_forget_after_a_minute():
    now = [0.0]
    metrics = Metrics(documents=dict, queue=lambda: Queue(depth=0, age=0.0), clock=lambda: now[0])
    metrics.model(100, 1.0)
    now[0] = 61.0
    assert samples(metrics)[("notewright_model_tokens_per_second", ())] == 0
